#!/usr/bin/env bash
# run.sh wine64|wine32: what the library forwards to the system's own secur32.dll, tested by a program that finds the library
# under that name beside it: TLS by Schannel and by WinHTTP to a server on loopback, functions that are not SSPI's, and outbound
# credentials of the user who runs the program, with a ticket where this Wine has Kerberos.
set -euo pipefail
{ # read as a whole before it runs, so that it may be edited meanwhile
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
case ${1:?wine64 or wine32} in
wine64) machine=x86_64 bits=64 ;;
wine32) machine=i686 bits=32 ;;
esac
out=$root/build/system/$1
mkdir -p "$out"
"$root/scripts/need.sh" "gcc-mingw-w64-${machine/_/-}" openssl
why=$("$root/scripts/wine.sh" $bits --prepare) || {
    echo "SKIPPED: system-$1: $why"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
"$root/scripts/dist.sh" "windows-$machine"
"$machine-w64-mingw32-gcc" -std=gnu11 -O1 -Wall -Wextra -Werror -o "$out/tls.exe" "$here/tls.c" -lwinhttp -lws2_32
cp "$root/dist/windows-$machine/secur32.dll" "$out/"

# A server with a certificate of its own.
cd "$out"
[[ -e key.pem ]] || openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2>/dev/null
exec 3< <(exec openssl s_server -accept 127.0.0.1:0 -key key.pem -cert cert.pem -www 2>&1)
server=$!
trap 'kill $server 2>/dev/null || true; for PREFIX in "" system; do PREFIX=$PREFIX "$root/scripts/wine.sh" $bits --stop; done' EXIT
port=
while read -r -t 10 line <&3; do
    if [[ $line =~ ^ACCEPT\ .*:([0-9]+)$ ]]; then port=${BASH_REMATCH[1]}; break; fi
done
[[ -n $port ]] || { echo "openssl does not listen"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
cat <&3 >/dev/null &

passed=0 failed=0
run() { # LABEL ARGUMENT...
    local status=0 p f
    echo "---- $1"
    shift
    WINEDLLOVERRIDES="secur32=n,b;mscoree,mshtml=" timeout 120 "$root/scripts/wine.sh" $bits tls.exe "$port" "$@" >log.txt 2>&1 || status=$?
    tr -d '\r' <log.txt | grep -vE '^[0-9]+ passed, ' || true
    if read -r p _ f _ < <(tr -d '\r' <log.txt | grep -E '^[0-9]+ passed, [0-9]+ failed, 0 skipped$'); then
        passed=$((passed + p)) failed=$((failed + f))
    else
        echo "FAIL ended with status $status before its last check"
        failed=$((failed + 1))
    fi
}
run "beside the program"

# In the system's folder, for programs that search for DLLs nowhere else; the system's own is moved into a folder there.
export PREFIX=system
"$root/scripts/wine.sh" $bits --prepare
windows=$root/build/wine/prefix$bits-system/drive_c/windows
system=$windows/system32
mkdir -p "$system/negossp"
[[ -e $system/negossp/secur32.dll ]] || mv "$system/secur32.dll" "$system/negossp/"
cp -f secur32.dll "$system/"
mkdir -p alone && cp -f tls.exe alone/
cd alone
run "in the system's folder" system32
unset PREFIX

# The user's own outbound credentials are the system's, call by call.
cd "$out"
mkdir -p builtin
"$machine-w64-mingw32-gcc" -std=gnu11 -O1 -Wall -Wextra -Werror -o outbound.exe "$here/outbound.c" -lsecur32
cp outbound.exe builtin/
printf '[accounts]\nfile = "accounts"\n[ntlm]\nloopback_check = false\n' >outbound.toml
printf 'alice:1000:%s:FC525C9683E8FE067095BA2DDC971889:[U          ]:LCT-00000000:\n' XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX >accounts
chmod 600 accounts
printf '[global]\nworkgroup = NOWHERE\nwinbindd socket directory = %s/none\n' "$out" >smb.conf
export TEST_SMB_CONF=$out/smb.conf TEST_KRB5_CONFIG=$out/realm/krb5.conf NEGOSSP_CONFIG=outbound.toml
# In a realm whose alice has a ticket.
(
    eval "$(OWNER=$$ "$root/tests/infra/mit-kdc.sh" start "$out/realm")"
    kvno -q HTTP/server.example.test@EXAMPLE.TEST
    sed -i "s#^\[libdefaults\]#&\n    default_ccache_name = $KRB5CCNAME#" "$KRB5_CONFIG"
)
outbound() { # OVERRIDE FOLDER ARGUMENT...
    (cd "$2" && WINEDLLOVERRIDES="secur32=$1;mscoree,mshtml=" timeout 120 "$root/scripts/wine.sh" $bits outbound.exe "${@:3}") | tr -d '\r'
}
echo "---- outbound credentials"
outbound b builtin report >builtin.txt || true
outbound n,b . report >ours.txt || true
if grep -q '^Negotiate, usage 0x2: acquire 0,' builtin.txt && diff builtin.txt ours.txt; then
    passed=$((passed + 1))
else
    echo "FAIL outbound credentials answer otherwise than the system's"
    failed=$((failed + 1))
fi
ticket=()
! grep -q 'with a ticket: 1' builtin.txt || ticket=(ticket)
((bits != 64 || ${#ticket[@]})) || { echo "FAIL this Wine has no Kerberos"; failed=$((failed + 1)); }
outbound n,b . both "${ticket[@]}" >both.txt || true
grep -vE '^[0-9]+ passed, ' both.txt || true
read -r p _ f _ < <(tail -n 1 both.txt)
passed=$((passed + p)) failed=$((failed + f))
"$root/tests/infra/mit-kdc.sh" stop "$out/realm"

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
}
