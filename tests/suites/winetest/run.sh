#!/usr/bin/env bash
# run.sh wine64|wine32 [TEST]: Wine's own tests of secur32.dll, from Debian's source package of Wine, run with this library in the
# place of secur32.dll and with Wine's builtin. Their authors run them on Windows: what they expect is what Windows does.
#
# A check that fails with this library, and not with Wine's builtin, is a failure here unless explained.txt names it. So is a
# line of explained.txt that does not occur. A check that is marked as failing on Wine ("todo") may do either.
#
# NEGOSSP_DIST: the folder with the library to test, instead of dist/PLATFORM, freshly made.
set -euo pipefail
{ # read as a whole before it runs, so that it may be edited meanwhile
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
what=${1:?wine64 or wine32}
case $what in
wine64) machine=x86_64 bits=64 ;;
wine32) machine=i686 bits=32 ;;
*) echo "run.sh: wine64 or wine32" >&2; exit 2 ;;
esac
tests=(${2:-main negotiate ntlm schannel secur32})
out=$root/build/winetest/$what
mkdir -p "$out/ours" "$out/builtin" "$out/include/wine"

passed=0 failed=0
why=$("$root/scripts/wine.sh" $bits --prepare) || {
    echo "SKIPPED: winetest-$what: $why"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
trap '"$root/scripts/wine.sh" $bits --stop' EXIT
"$root/scripts/need.sh" "gcc-mingw-w64-${machine/_/-}"
[[ -n ${NEGOSSP_DIST:-} ]] || "$root/scripts/dist.sh" "windows-$machine"
library=$(realpath "${NEGOSSP_DIST:-$root/dist/windows-$machine}")
source=$("$root/tests/suites/programs/fetch.sh" wine dlls/secur32/tests dlls/winhttp/tests dlls/wldap32/tests \
    include/wine/test.h include/wine/debug.h 'include/*.idl')

# Of Wine's headers only those of the tests: the others are mingw's, as for programs.
cd "$out"
cp "$source"/include/wine/{test,debug}.h include/wine/
"$machine-w64-mingw32-gcc" -O1 -g -w -Iinclude -o tests.exe "$here/testlist.c" "$source"/dlls/secur32/tests/*.c \
    -lsecur32 -lcrypt32 -ladvapi32 -lws2_32 -lntdll
cp tests.exe builtin/
cp tests.exe "$library/secur32.dll" "$here"/{config.toml,accounts} ours/

# Wine's NTLM is Samba's ntlm_auth, and its Kerberos MIT's library: in no domain, even if this machine is in one.
printf '[global]\nworkgroup = NOWHERE\nwinbindd socket directory = %s/none\n' "$out" >smb.conf
printf '[libdefaults]\ndefault_realm = NOWHERE.TEST\ndns_lookup_kdc = false\ndefault_keytab_name = FILE:%s/none\ndefault_ccache_name = FILE:%s/none\n' \
    "$out" "$out" >krb5.conf
export TEST_SMB_CONF=$out/smb.conf TEST_KRB5_CONFIG=$out/krb5.conf NEGOSSP_CONFIG=config.toml

# Runs one test in a folder: the checks that failed in FOLDER/TEST.failed, a line of "TEST: FILE:LINE: MESSAGE" each.
run() { # FOLDER TEST
    local log=$1/$2.log status=0
    (cd "$1" && timeout --kill-after=10 120 "$root/scripts/wine.sh" $bits tests.exe "$2") >"$log" 2>&1 </dev/null || status=$?
    tr -d '\r' <"$log" | sed -n "s/^\([a-z0-9]*\.c:[0-9]*\): \(.*: \)\?Test failed: /\1: /p" >"$1/$2.failed"
    grep -q "$2: [0-9]* tests executed" "$log" || echo "$2.c: ended with status $status before its last check" >>"$1/$2.failed"
}

explained() { sed -n 's/^\([a-z0-9]*\.c:[0-9]*\) .*/\1/p' "$here/explained.txt"; }
for test in "${tests[@]}"; do
    WINEDLLOVERRIDES="secur32=b;mscoree,mshtml=" run builtin "$test"
    WINEDLLOVERRIDES="secur32=n,b;mscoree,mshtml=" run ours "$test"
    count=$(tr -d '\r' <"ours/$test.log" | sed -n "s/.*$test: \([0-9]*\) tests executed.*/\1/p")
    same=0
    while IFS= read -r line; do
        place=$(sed 's/^\([^:]*:[0-9]*\): .*/\1/' <<<"$line")
        if grep -qF "$place: " "builtin/$test.failed" || explained | grep -qxF "$place"; then
            same=$((same + 1))
        else
            echo "FAIL $line"
            failed=$((failed + 1))
        fi
    done <"ours/$test.failed"
    while IFS= read -r place; do
        if [[ $place == "$test".c:* ]] && ! grep -qF "$place: " "ours/$test.failed"; then
            echo "FAIL $place is explained, and does not fail"
            failed=$((failed + 1))
        fi
    done < <(explained)
    echo "$test: ${count:-no} checks, $same failing as with Wine's builtin or explained"
    passed=$((passed + ${count:-0} - $(wc -l <"ours/$test.failed")))
done
echo "$passed passed, $failed failed, 0 skipped"
[[ $failed == 0 ]] || exit 1
exit 0
}
