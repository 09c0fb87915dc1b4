#!/usr/bin/env bash
# run.sh wine64|wine32: `negossp wine`, and a whole Wine prefix that has the library in the place of secur32.dll.
#
# First what the command does for one program: what it puts where, what it refuses to touch, what it restores. Then for all
# programs of the prefix: negossp-check.exe, Wine's own tests of secur32 as in the winetest suite, and those of winhttp and
# wldap32 that ask no host of the Internet, with the same result as before.
set -euo pipefail
{ # read as a whole before it runs, so that it may be edited meanwhile
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
case ${1:?wine64 or wine32} in
wine64) machine=x86_64 bits=64 ;;
wine32) machine=i686 bits=32 ;;
*) echo "run.sh: wine64 or wine32" >&2; exit 2 ;;
esac
what=prefix-$1
out=$root/build/prefix/$1
rm -rf "$out"
mkdir -p "$out/program" "$out/other" "$out/include/wine"
export PREFIX=install
why=$("$root/scripts/wine.sh" $bits --prepare) || {
    echo "SKIPPED: $what: $why"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
trap '"$root/scripts/wine.sh" $bits --stop' EXIT
"$root/scripts/need.sh" "gcc-mingw-w64-${machine/_/-}" mingw-w64-tools
"$root/scripts/dist.sh" linux-x86_64
"$root/scripts/dist.sh" "windows-$machine"
source=$("$root/tests/suites/programs/fetch.sh" wine dlls/secur32/tests dlls/winhttp/tests dlls/wldap32/tests \
    include/wine/test.h include/wine/debug.h 'include/*.idl')

# The command under test, in a prefix of its own.
printf '#!/bin/sh\nexec "%s/scripts/wine.sh" %s "$@"\n' "$root" $bits >"$out/wine"
chmod +x "$out/wine"
export WINE=$out/wine WINEPREFIX=$root/build/wine/prefix$bits-install
windows=$WINEPREFIX/drive_c/windows
rm -rf "$windows/negossp" "$WINEPREFIX/negossp.installed"
unset NEGOSSP_CONFIG
cd "$out"

passed=0 failed=0
check() { # WHAT STATUS-WANTED COMMAND...: its exit status; output in said.txt, if it is the command under test
    local status=0 said=other.txt
    [[ $3 != negossp ]] || said=said.txt
    "${@:3}" >$said 2>&1 || status=$?
    if [[ $status == "$2" ]]; then
        passed=$((passed + 1))
    else
        echo "FAIL $1: status $status"
        sed 's/^/     /' $said
        failed=$((failed + 1))
    fi
}
negossp() { "$root/dist/linux-x86_64/negossp" wine "$@"; }
says() { grep -qxF "$(printf '%b' "$1")" said.txt; }
registry() { "$WINE" reg "$@" 2>/dev/null | tr -d '\r'; }
overrides() { registry query 'HKCU\Software\Wine' /s | grep -i secur32 || true; }
files() { (cd "$windows" && find . program other -iname '*secur32*' -o -iname negossp 2>/dev/null | sort | xargs -r md5sum 2>/dev/null) || true; }

# Left by a run that ended early.
for key in 'HKCU\Software\Wine\DllOverrides' 'HKCU\Software\Wine\AppDefaults\server.exe\DllOverrides'; do
    registry delete "$key" /v secur32 /f >/dev/null || true
done
cp "$root/dist/windows-$machine/negossp-check.exe" program/Server.exe
cp "$root/dist/windows-$machine/negossp-check.exe" other/server.exe

echo "---- one program"
check "not in place at first" 1 negossp check program/Server.exe
check "that is said" 0 says 'negossp\t0'
check "install" 0 negossp install program/Server.exe
check "the program says that it is in place" 0 says 'negossp\t1'
check "with a configuration" 0 says 'configuration_state\tin force'
check "which is there" 0 test -s "$windows/negossp/negossp.toml"
check "check" 0 negossp check program/Server.exe
check "reached through sspicli.dll" 0 says 'sspicli\t1'
check "reached through security.dll" 0 says 'security\t1'
check "the DLL of the distribution" 0 cmp program/secur32.dll "$root/dist/windows-$machine/secur32.dll"
cp "$windows/negossp/negossp.toml" first.toml
echo '# changed' >>"$windows/negossp/negossp.toml"
check "install twice" 0 negossp install program/Server.exe
check "a configuration is never replaced" 1 cmp "$windows/negossp/negossp.toml" first.toml
# The override is for the name, which another program has too.
check "another program of that name" 0 negossp install other/server.exe
check "remove" 0 negossp remove program/Server.exe
check "its DLL is gone" 1 test -e program/secur32.dll
check "the other program keeps its own" 0 negossp check other/server.exe
check "remove twice" 1 negossp remove program/Server.exe
rm other/server.exe
check "remove without the program" 0 negossp remove other/server.exe
check "everything as before" 0 test "$(ls program other)" = "$(printf 'other:\n\nprogram:\nServer.exe')"
check "no override is left" 0 test -z "$(overrides)"

echo "---- what somebody else has put there"
registry add 'HKCU\Software\Wine\AppDefaults\server.exe\DllOverrides' /v secur32 /d builtin /f >/dev/null
check "install over an override" 0 negossp install program/Server.exe
check "check" 0 negossp check program/Server.exe
check "remove" 0 negossp remove program/Server.exe
check "the override is restored" 0 grep -q 'REG_SZ *builtin$' <(overrides)
registry delete 'HKCU\Software\Wine\AppDefaults\server.exe\DllOverrides' /v secur32 /f >/dev/null
# A native DLL that is not this library.
cp program/Server.exe program/secur32.dll
check "install beside somebody else's DLL" 1 negossp install program/Server.exe
check "it is as it was" 0 cmp program/secur32.dll program/Server.exe
check "no override was made" 0 test -z "$(overrides)"
rm program/secur32.dll
# The same name to Wine.
cp program/Server.exe program/SECUR32.DLL
check "install beside somebody else's DLL in capitals" 1 negossp install program/Server.exe
rm program/SECUR32.DLL
# A name that somebody has linked before it is written.
echo precious >precious
for name in secur32.negossp-new secur32.dll.negossp-new; do ln -sf "$PWD/precious" program/$name; done
check "install beside links" 0 negossp install program/Server.exe
check "what they lead to is as it was" 0 grep -qx precious precious
check "remove" 0 negossp remove program/Server.exe
rm program/*.negossp-new
# Wine goes by the name that it is given, and looks beside that.
mkdir -p linked several
ln -s ../program/Server.exe linked/alias.exe
check "install for a link" 0 negossp install linked/alias.exe
check "the DLL is beside it" 0 cmp linked/secur32.dll "$root/dist/windows-$machine/secur32.dll"
check "it says that it is in place" 0 bash -c '"$WINE" linked/alias.exe --probe 2>/dev/null | grep -q "^negossp=1"'
check "remove" 0 negossp remove linked/alias.exe
cp program/Server.exe $'several/with\ttab.exe'
check "a name with a tab" 1 negossp install $'several/with\ttab.exe'
# At the same time.
for n in 1 2 3 4; do cp program/Server.exe "several/several $n.exe"; done
for n in 1 2 3 4; do negossp install "several/several $n.exe" >/dev/null 2>&1 & done
wait $(jobs -p | tail -n 4) || true
for n in 1 2 3 4; do check "remove one of four" 0 negossp remove "several/several $n.exe"; done
check "nothing is left of them" 0 test -z "$(overrides)" -a ! -e several/secur32.dll
echo text >program/text.exe
check "what is no program" 3 negossp install program/text.exe
check "no program at all" 3 negossp install program/none.exe
check "without libraries" 1 negossp install program/Server.exe --from "$out/include"
check "no prefix" 1 env WINEPREFIX="$out/include" "$root/dist/linux-x86_64/negossp" wine install program/Server.exe
check "neither program nor --prefix" 2 negossp install
check "nothing was changed" 0 test -z "$(overrides)" -a ! -e program/secur32.dll

echo "---- the whole prefix"
cp "$source"/include/wine/{test,debug}.h include/wine/
"$machine-w64-mingw32-widl" -h -o include/httprequest.h -I "$source/include" "$source/include/httprequest.idl"
internet='WinHttpSendRequest|secure_connection|client_cert_authentication|request_parameter_defaults|empty_headers_param|chunked_read'
internet+='|max_http_automatic_redirects|IWinHttpRequest|passport_auth|websocket|resolve_timeout|timeouts|WinHttpQueryOption'
internet+='|WinHttpOpenRequest|connect_error|WinHttpGetProxyForUrl|WinHttpDetectAutoProxyConfigUrl'
sed -E "/^START_TEST *\(winhttp\)/,\$ { /^    test_($internet)\(/d }" "$source/dlls/winhttp/tests/winhttp.c" >winhttp.c
"$machine-w64-mingw32-gcc" -O1 -g -w -Iinclude -o tests.exe "$here/testlist.c" winhttp.c "$source/dlls/winhttp/tests/url.c" \
    "$source"/dlls/wldap32/tests/{parse,ber}.c -lwinhttp -lwldap32 -lcrypt32 -ladvapi32 -lws2_32 -lole32 -loleaut32 -luuid -lntdll
run_tests() { # FOLDER: failed checks and the number of checks of each test
    local test
    mkdir -p "$1"
    for test in winhttp url parse ber; do
        timeout --kill-after=10 120 "$WINE" tests.exe $test >"$1/$test.log" 2>&1 </dev/null || true
        tr -d '\r' <"$1/$test.log" | grep -E 'Test failed:|tests executed' | sed -E 's/^[0-9a-f]+:([a-z]+: )/\1/' >"$1/$test" || true
    done
}
# The tests of secur32, with the accounts that they log on with. Checks that fail: FOLDER/TEST.failed.
secur32_tests=(main negotiate ntlm schannel secur32)
mkdir -p secur32
cp "$root"/tests/suites/winetest/{config.toml,accounts} secur32/
"$machine-w64-mingw32-gcc" -O1 -g -w -Iinclude -o secur32/tests.exe "$root/tests/suites/winetest/testlist.c" \
    "$source"/dlls/secur32/tests/*.c -lsecur32 -lcrypt32 -ladvapi32 -lws2_32 -lntdll
printf '[global]\nworkgroup = NOWHERE\nwinbindd socket directory = %s/none\n' "$out" >smb.conf
printf '[libdefaults]\ndefault_realm = NOWHERE.TEST\ndns_lookup_kdc = false\ndefault_keytab_name = FILE:%s/none\ndefault_ccache_name = FILE:%s/none\n' \
    "$out" "$out" >krb5.conf
run_secur32_tests() { # FOLDER
    local test log
    for test in "${secur32_tests[@]}"; do
        log=$PWD/$1/$test.log
        (cd secur32 && TEST_SMB_CONF=$out/smb.conf TEST_KRB5_CONFIG=$out/krb5.conf NEGOSSP_CONFIG=config.toml \
            timeout --kill-after=10 120 "$WINE" tests.exe $test) >"$log" 2>&1 </dev/null || true
        tr -d '\r' <"$log" | sed -n 's/^\([a-z0-9]*\.c:[0-9]*\): \(.*: \)\?Test failed: .*/\1/p' | sort -u >"$1/$test.failed"
        grep -q "$test: [0-9]* tests executed" "$log" || echo "$test.c: ended before its last check" >>"$1/$test.failed"
    done
}
# Nothing fails that does not fail with Wine's own, or is explained.
no_worse() { # TEST
    local explained
    explained=$(sed -n 's/^\([a-z0-9]*\.c:[0-9]*\) .*/\1/p' "$root/tests/suites/winetest/explained.txt")
    ! grep -vxF -e "$explained" "ours/$1.failed" | grep -vxFf "builtin/$1.failed" -
}
run_tests builtin
run_secur32_tests builtin
for test in "${secur32_tests[@]}"; do
    check "Wine's $test runs" 1 grep -q 'ended before' builtin/$test.failed
done
for test in winhttp url ber; do
    check "Wine's $test runs" 0 grep -q "$test: .* 0 failures" builtin/$test
done
files >files.before
check "not in place at first" 1 negossp check --prefix
# An installation that was interrupted when the system's own had been moved.
check "install" 0 negossp install --prefix
rm "$windows/system32/secur32.dll"
check "remove after an interruption" 0 negossp remove --prefix
files >files.after
check "every file is restored" 0 diff files.before files.after
check "install" 0 negossp install --prefix
check "check" 0 negossp check --prefix
check "the system's own is kept" 0 test -s "$windows/system32/negossp/secur32.dll"
check "install twice" 0 negossp install --prefix
check "check again" 0 negossp check --prefix
run_tests ours
for test in winhttp url parse ber; do
    check "Wine's $test as before" 0 diff builtin/$test ours/$test
done
run_secur32_tests ours
for test in "${secur32_tests[@]}"; do
    check "Wine's $test no worse than before" 0 no_worse $test
done
mkdir -p page
cp "$root/dist/windows-$machine/negossp-check.exe" page/
check "negossp-check.exe" 0 bash -c 'cd page && timeout 120 "$WINE" negossp-check.exe'
check "its page says so" 0 grep -q 'negossp is in place, and logons work' page/negossp-check.txt
check "the system's client logs on to it" 0 awk '/client system as the check.s user, server found/ { n = NR } /logged on\r?$/ && n && !/not/ { ok = 1 } END { exit !ok }' \
    page/negossp-check.txt
check "remove" 0 negossp remove --prefix
files >files.after
check "every file is restored" 0 diff files.before files.after
check "and every override" 0 test -z "$(overrides)"
check "not in place any more" 1 negossp check --prefix
check "negossp-check.exe says so" 1 bash -c 'cd page && timeout 120 "$WINE" negossp-check.exe'

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
exit
}
