#!/bin/sh
# wine.sh 64|32|10 PROGRAM.exe [ARGUMENT...]: runs a Windows program under Wine in a prefix of this checkout.
# wine.sh 64|32|10 --prepare: makes the prefix. wine.sh 64|32|10 --stop: ends what still runs in it.
# 64 is the machine's own Wine; 32, of as many bits, and 10, of that version, are in chroots (see wine_chroot.sh).
# Setting: PREFIX  a word: which prefix, where something is to be changed in it (by default the one for all). A path is
#                  ignored: it comes from `make PREFIX=`.
#
# Exit status 77, with the reason on standard output, when this Wine is not available on this machine.
# The program's environment has only the caller's NEGOSSP_*, TEST_*, TZ and RUST_BACKTRACE:
# a winbind, a gss-ntlmssp or a Kerberos cache of the machine must not change a result. Where Wine itself is to use Samba's
# ntlm_auth and MIT's Kerberos, TEST_SMB_CONF and TEST_KRB5_CONFIG name their configurations; no other mechanism is plugged in.
# TEST_PATH: a folder whose programs Wine finds first.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bits=$1
shift

case $bits in
64) "$root/scripts/need.sh" wine wine64 ;;
32 | 10) chroot=$("$root/scripts/wine_chroot.sh" "$bits") || { echo "$chroot"; exit 77; } ;;
*) echo "wine.sh: 64, 32 or 10" >&2; exit 2 ;;
esac

prefix=$root/build/wine/prefix$bits
case ${PREFIX:-/} in */*) ;; *) prefix=$prefix-$PREFIX ;; esac
mkdir -p "$root/build/wine"

# Runs a command with Wine's environment, in the chroot where it has one, in the present folder.
in_wine() {
    set -- HOME="$root/build/wine" XDG_RUNTIME_DIR="$root/build/wine" PATH="${TEST_PATH:+$TEST_PATH:}/usr/local/bin:/usr/bin:/bin" LANG=C.UTF-8 WINEPREFIX="$prefix" \
        WINEDEBUG="${WINEDEBUG:--all}" WINEDLLOVERRIDES="${WINEDLLOVERRIDES:-mscoree,mshtml=}" \
        ${TEST_SMB_CONF:+SMB_CONF_PATH="$TEST_SMB_CONF"} ${TEST_KRB5_CONFIG:+KRB5_CONFIG="$TEST_KRB5_CONFIG" GSS_MECH_CONFIG=/dev/null} "$@"
    for name in $(env | sed -n 's/^\(NEGOSSP_[A-Z0-9_]*\|TEST_[A-Z0-9_]*\|TZ\|RUST_BACKTRACE\)=.*/\1/p'); do
        eval "value=\$$name"
        set -- "$name=$value" "$@"
    done
    if [ "$bits" = 64 ]; then
        exec env -i "$@"
    else
        exec "$root/scripts/wine_chroot.sh" "$bits" "$root" env -i "$@"
    fi
}

prepare() {
    [ -e "$prefix/.ready" ] && return
    # Only one caller at a time.
    exec 9>"$prefix.lock"
    flock 9
    [ -e "$prefix/.ready" ] && return
    rm -rf "$prefix"
    (in_wine wineboot --init) >"$prefix.log" 2>&1 9>&- || { cat "$prefix.log" >&2; exit 1; }
    (in_wine wineserver --wait) >/dev/null 2>&1 9>&-
    touch "$prefix/.ready"
    exec 9>&-
}

case $1 in
--prepare) prepare ;;
--stop) [ ! -e "$prefix/.ready" ] || (in_wine wineserver --kill) >/dev/null 2>&1 || true ;; # not running is what is asked for
*) prepare; in_wine wine "$@" ;;
esac
