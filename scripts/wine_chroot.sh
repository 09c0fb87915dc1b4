#!/bin/sh
# wine_chroot.sh 32|10: makes a Debian chroot with another Wine than the machine's, once, and prints its path: 32 is Debian 12's
# Wine 8 of 32 bits, 10 is Debian 13's Wine 10 of 64 bits.
# wine_chroot.sh 32|10 --install PACKAGE...: installs Debian packages in it that are missing.
# wine_chroot.sh 32|10 FOLDER COMMAND [ARGUMENT...]: runs a command in it, with FOLDER visible under the same path.
#
# A chroot, because wine32:i386 cannot be installed everywhere (its libraries must match the machine's to the version), and
# because a machine has one Wine.
# It lives outside the checkout, so that it is made once per machine: NEGOSSP_CACHE, by default /var/cache/negossp.
# Mounts are made in the command's own mount namespace and end with it: none remains to be unmounted, and nothing can
# be deleted through one.
#
# Exit status 77, with the reason on standard output, when it is not available.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${NEGOSSP_CACHE:-/var/cache/negossp}
case ${1:-} in
32) name=wine32 suite=bookworm architecture=i386 packages="wine wine32" what="32-bit Wine" ;;
10) name=wine10 suite=trixie architecture=amd64 packages="wine wine64" what="Wine 10" ;;
*) echo "wine_chroot.sh: 32 or 10" >&2; exit 2 ;;
esac
shift
chroot=$cache/$name

unavailable() {
    echo "$1"
    exit 77
}

make_chroot() {
    [ "$(id -u)" = 0 ] || unavailable "$what needs a chroot, and that needs root"
    unshare -m true 2>/dev/null || unavailable "$what needs a chroot with mounts of its own, and this machine allows none"
    mkdir -p "$cache" || unavailable "$cache cannot be written"
    exec 9>"$cache/$name.lock"
    flock 9
    [ -e "$chroot/.ready" ] && return
    "$here/need.sh" debootstrap >&2 || unavailable "debootstrap cannot be installed"
    echo "making a chroot with $what in $chroot (once, a minute or three)" >&2
    rm -rf --one-file-system "$chroot"
    # The archive that the machine itself uses; debootstrap has a default of its own.
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null | sed -n 's/ bookworm$//p' | head -n 1)
    # shellcheck disable=SC2086 # a list of names
    {
        debootstrap --arch=$architecture --variant=minbase $suite "$chroot" ${mirror:+"$mirror"} &&
            { [ ! -e /etc/apt/apt.conf.d/99proxy ] || cp /etc/apt/apt.conf.d/99proxy "$chroot/etc/apt/apt.conf.d/"; } &&
            chroot "$chroot" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
                apt-get install -y -q --no-install-recommends $packages
    } >"$cache/$name.log" 2>&1 </dev/null ||
        unavailable "a chroot with $what could not be made: $(tail -n 1 "$cache/$name.log") (log: $cache/$name.log)"
    rm -rf "$chroot/var/cache/apt" "$chroot/var/lib/apt/lists"
    touch "$chroot/.ready"
    exec 9>&-
}

[ -e "$chroot/.ready" ] || make_chroot

if [ $# = 0 ]; then
    echo "$chroot"
    exit
fi

if [ "$1" = --install ]; then
    shift
    chroot "$chroot" dpkg -s "$@" >/dev/null 2>&1 && exit
    {
        chroot "$chroot" apt-get update -q &&
            chroot "$chroot" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
                apt-get install -y -q --no-install-recommends "$@" # RUNLEVEL: no daemons of the packages' own
    } >"$cache/$name-install.log" 2>&1 </dev/null || { cat "$cache/$name-install.log" >&2; exit 1; }
    rm -rf "$chroot/var/cache/apt" "$chroot/var/lib/apt/lists"
    exit
fi

folder=$1
shift
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare -m --propagation private sh -eu -c '
    chroot=$1 folder=$2 here=$3
    shift 3
    mkdir -p "$chroot$folder"
    mount --bind "$folder" "$chroot$folder"
    mount --rbind /dev "$chroot/dev"
    mount -t proc proc "$chroot/proc"
    cp -f /etc/hosts /etc/hostname "$chroot/etc/" 2>/dev/null || true
    exec chroot "$chroot" sh -c "cd \"\$1\" 2>/dev/null || cd \"\$2\"; shift 2; exec \"\$@\"" sh "$here" "$folder" "$@"
' sh "$chroot" "$folder" "$PWD" "$@"
