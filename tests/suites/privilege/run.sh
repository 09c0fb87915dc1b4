#!/usr/bin/env bash
# run.sh: which account a client gets, with accounts and name services made for it: root in namespaces of its own, with its own
# /etc/passwd, /etc/group and nsswitch.conf and a name service that can fail. And what a thread reaches that acts as a client.
set -euo pipefail
{ # read as a whole before it runs, so that it may be edited meanwhile
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
out=$root/build/privilege
mkdir -p "$out"
if [[ ${1:-} != inside ]]; then
    if [[ $(id -u) != 0 ]] || ! unshare -m true 2>/dev/null; then
        echo "SKIPPED: privilege: needs root, and namespaces"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
    fi
    "$root/scripts/need.sh" gcc libc6-dev linux-libc-dev util-linux
    if [[ -z ${NEGOSSP_DIST:-} ]]; then
        "$root/scripts/dist.sh" linux-x86_64
        NEGOSSP_DIST=$root/dist/linux-x86_64
    fi
    export NEGOSSP_DIST
    gcc -O1 -Wall -Wextra -Werror -shared -fPIC -DMODE="\"$out/stub/mode\"" -o "$out/libnss_stub.so.2" "$here/nss_stub.c"
    install -C -m 755 "$NEGOSSP_DIST/libnegossp.so" "$out/libnegossp.so.1" # the name that linked programs ask for
    gcc -std=gnu11 -O1 -Wall -Wextra -Werror -I"$root/include" -o "$out/logon" "$here/logon.c" "$out/libnegossp.so.1" -Wl,-rpath,"$out"
    gcc -std=gnu11 -O1 -Wall -Wextra -Werror -o "$out/private_fs" "$here/private_fs.c"
    exec unshare -m --propagation private "$here/run.sh" inside
fi

cd "$out"
mkdir -p stub
mount -t tmpfs none stub
bind() { # FILE: what standard input has, in the place of the file
    cat >"stub/${1##*/}"
    mount --bind "stub/${1##*/}" "$1"
}
bind /etc/passwd <<X
root:x:0:0::/root:/bin/sh
daemon:x:1:1::/:/bin/false
postgres:x:5:5::/:/bin/sh
alice:x:20001:20001::/:/bin/sh
bob:x:20002:50::/:/bin/sh
nobody:x:65534:65534::/:/bin/false
X
bind /etc/group <<X
root:x:0:
staff:x:50:
alice:x:20001:
audio:x:29:alice
X
bind /etc/nsswitch.conf <<X
passwd: files stub
group: files stub
X
export LD_LIBRARY_PATH=$out
hash=$(printf Password | iconv -t UTF-16LE | openssl dgst -md4 -provider legacy -r 2>/dev/null | cut -d' ' -f1) || hash=
[[ -n $hash ]] || hash=a4f49c406510bdcab6824ee7c30fd852
for user in root daemon postgres alice bob stranger; do
    echo "$user:1000:$(printf 'X%.0s' {1..32}):${hash^^}:[U          ]:LCT-00000000:"
done >stub/accounts
chmod 600 stub/accounts

passed=0 failed=0
# A server that is not root and may change users, as systemd starts it with AmbientCapabilities.
service=(setpriv --reuid 20003 --regid 20003 --clear-groups --inh-caps +setuid,+setgid --ambient-caps +setuid,+setgid)
server=() # how the server is started
configure() { # TOKENS: the table's lines
    printf '[accounts]\nfile = "accounts"\ndomain = "EXAMPLE"\n[ntlm]\nloopback_check = false\n[tokens]\n%s\n' "$1" >stub/negossp.toml
    chmod 600 stub/negossp.toml
    chown 20003 stub/negossp.toml stub/accounts
    [[ ${#server[@]} != 0 ]] || chown 0 stub/negossp.toml stub/accounts
}
expect() { # MODE USER EXPECTED
    local got
    echo "$1" >stub/mode
    got=$(NEGOSSP_CONFIG=$out/stub/negossp.toml "${server[@]}" ./logon "$2" 2>&1) || got+=" (ended with $?)"
    if [[ $got == "$2 $3" ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $2, the name service is $1: $got, and not: $2 $3"
    fi
}
none=8009030b # SEC_E_NO_IMPERSONATION

chmod 755 stub
as_both() {
    for credentials in effective file-system; do
        as=0
        [[ ${#server[@]} == 0 ]] || as=20003
        configure "credentials = \"$credentials\""
        [[ $credentials == file-system ]] || as=20001
        expect silent alice "uid=20001 gid=20001 groups=29,20001 as=$as"
        expect groups alice "uid=20001 gid=20001 groups=29,4242,20001 as=$as"
        # A group is missing from the answer, perhaps one that files are closed to.
        expect down alice $none
        # Not the system's own users, under whatever name.
        for user in root daemon postgres; do expect silent "$user" $none; done
        expect silent bob $none # his group
        expect silent stranger $none
        expect down stranger $none
    done
    configure 'min_uid = 5
min_gid = 5'
    expect silent postgres "uid=5 gid=5 groups=5 as=5"
    expect silent bob "uid=20002 gid=50 groups=50 as=20002"
    expect silent daemon $none
    configure 'users = { stranger = "postgres", alice = { uid = 20007, gid = 20008 } }'
    expect silent stranger "uid=5 gid=5 groups=5 as=5"
    expect down alice "uid=20007 gid=20008 groups=20008 as=20007"
    expect down stranger $none
}
as_both
server=("${service[@]}")
as_both

# A server that is in many groups: as many as are read at once, and more.
server=()
configure ''
for many in 64 65 300; do
    server=(setpriv --groups "$(seq -s, 1000 $((999 + many)))")
    expect silent alice "uid=20001 gid=20001 groups=29,20001 as=20001"
done
server=("${service[@]}")

# A thread that cannot go back: it says so, or ends the process.
broken() { # EXPECTED
    local got
    echo silent >stub/mode
    got=$(NEGOSSP_CONFIG=$out/stub/negossp.toml "${server[@]}" ./logon --break alice 2>/dev/null) || got+=" (ended with $?)"
    if [[ $got == "$1" ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL a thread that cannot go back: $got, and not: $1"
    fi
}
configure ''
broken "reverts: $none"
configure 'abort_on_failed_revert = true'
broken " (ended with 134)"

# What the kernel decides by all of a caller's users, or by the effective one, and not by the one for files: with "file-system"
# that is the server, and with "effective" the client.
reaches() { # OPTION FILE EXPECTED
    local got
    echo silent >stub/mode
    got=$(NEGOSSP_CONFIG=$out/stub/negossp.toml "${server[@]}" ./logon "$1" "$2" alice 2>&1) || got+=" (ended with $?)"
    if [[ $got == "$3" ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL alice's thread, $1 $2, a server of user $as, credentials = $credentials: $got, and not: $3"
    fi
}
# Mounts a user's private FUSE file system at stub/private-UID; fails, and says why, if that cannot be done here.
skipped=0
fuse=/dev/fuse
[[ -e $fuse ]] || modprobe fuse 2>/dev/null || true
[[ -e $fuse ]] || { fuse=stub/fuse && mknod "$fuse" c 10 229; } || true
private_fs() { # UID [fixed]
    mkdir -p "stub/private-$1${2:-}"
    ./private_fs "$fuse" "stub/private-$1${2:-}" "$@"
}
with_private_fs() {
    for as in 0 20003; do
        local got
        if ! why=$(private_fs "$as" 2>&1); then
            echo "SKIPPED: a private FUSE file system of user $as: ${why//$'\n'/; }"
            skipped=$((skipped + 1))
            continue
        fi
        # It serves its user and nobody else, or the test shows nothing.
        got=$(setpriv --reuid "$as" --regid "$as" --clear-groups cat "stub/private-$as/caller" 2>&1) || true
        got+=", $(setpriv --reuid 20001 --regid 20001 --clear-groups cat "stub/private-$as/caller" 2>&1 | sed 's/.*: //')" || true
        if [[ $got != "asked for $as, Permission denied" ]]; then
            failed=$((failed + 1))
            echo "FAIL a private FUSE file system of user $as: $got"
        fi
    done
    for as in 0 20003; do
        server=("${service[@]}")
        [[ $as != 0 ]] || server=()
        for credentials in effective file-system; do
            configure "credentials = \"$credentials\""
            for owner in 0 20003; do
                mountpoint -q "stub/private-$owner" || continue
                if [[ $credentials == file-system && $owner == "$as" ]]; then
                    # The server's user passes, and the file system hears of the client, whom it may check itself.
                    reaches --read "stub/private-$owner/caller" "opened asked for 20001"
                else
                    reaches --read "stub/private-$owner/caller" EACCES
                fi
            done
            if [[ $credentials == file-system && $as == 0 ]]; then
                # Unless not even root may here: in a container.
                if (: >>/proc/sys/kernel/core_pattern) 2>/dev/null; then reaches --write /proc/sys/kernel/core_pattern "opened "; fi
            else
                reaches --write /proc/sys/kernel/core_pattern EACCES
            fi
        done
    done
}
trap 'for owner in 0 20003 0fixed; do umount -l "stub/private-$owner" 2>/dev/null || true; done' EXIT
with_private_fs

# Where every file is everybody's, and stays so: the message must not only name a command that changes nothing.
without_permissions() {
    local file=$out/stub/private-0fixed/caller hint="if that has no effect in this file system, use another one" got
    if ! why=$(private_fs 0 fixed 2>&1); then
        echo "SKIPPED: a file system without permissions: ${why//$'\n'/; }"
        skipped=$((skipped + 1))
        return
    fi
    chmod go-w "${file%/*}" "$file"
    got=$(NEGOSSP_CONFIG=$file "$NEGOSSP_DIST/negossp" config check 2>&1) || true
    if [[ $got == *"others may replace files in its folder (chmod go-w "*"; $hint)"* ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL a configuration where chmod changes nothing: $got"
    fi
}
without_permissions

echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 ]]
exit
}
