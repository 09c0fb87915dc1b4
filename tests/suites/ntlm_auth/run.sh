#!/usr/bin/env bash
# run.sh [samba] [wine64] [wine10]: negossp as ntlm_auth, beside Samba's program and under unmodified Wine. All without arguments.
#
#   samba   conversations of both programs with each other, and the same lines to both: same answers, or an explained
#           difference. CONVERSATIONS: how many (1000)
#   wine64  Wine 8's NTLM, as client and as server, with itself and with negossp.dll as the peer; WinHTTP; Wine's own NTLM tests
#   wine10  the same with Wine 10
#
# NTLM_AUTH: the program to test, instead of dist/linux-x86_64/negossp, freshly made. NEGOSSP_DIST: as in winetest/run.sh.
set -euo pipefail
{ # read as a whole before it runs, so that it may be edited meanwhile
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
parts=("$@")
((${#parts[@]})) || parts=(samba wine64 wine10)
out=$root/build/ntlm_auth
mkdir -p "$out/bin" "$out/tests/include/wine"
[[ -n ${NTLM_AUTH:-} ]] || "$root/scripts/dist.sh" linux-x86_64
ln -sf "$(realpath "${NTLM_AUTH:-$root/dist/linux-x86_64/negossp}")" "$out/bin/ntlm_auth"

passed=0 failed=0 skipped=0
count() { # LOG
    read -r p _ f _ s _ < <(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped' "$1" | tail -n 1 | tr -d '\r') || f=1 p=0 s=0
    grep -v '^[0-9]* passed' "$1" | tr -d '\r' || true
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

accounts() { # FOLDER [LINE]: an account file with alice, and a configuration
    rm -f "$1/accounts"
    printf 'Passw0rd!\n' | "$out/bin/negossp" account add alice --file "$1/accounts" >/dev/null
    printf '[server]\nnetbios_computer = "SERVER"\n[accounts]\nfile = "accounts"\ndomain = "EXAMPLE"\n%s\n' "${2:-}" >"$1/negossp.toml"
}
ln -sf "$(realpath "$out/bin/ntlm_auth")" "$out/bin/negossp"

samba() {
    "$root/scripts/need.sh" winbind python3
    accounts "$out" $'[authorities]\nthrottle_after = 100000'
    python3 "$here/samba.py" "$out/bin/ntlm_auth" /usr/bin/ntlm_auth "$out" >"$out/samba.log" || true
    count "$out/samba.log"
}

wine() { # 64|10 [server-seals]
    local bits=$1 folder=$out/wine$1 why source library
    why=$("$root/scripts/wine.sh" "$bits" --prepare) || {
        echo "SKIPPED: ntlm-auth-wine$bits: $why"
        skipped=$((skipped + 1))
        return
    }
    mkdir -p "$folder"
    "$root/scripts/need.sh" gcc-mingw-w64-x86-64 python3
    [[ -n ${NEGOSSP_DIST:-} ]] || "$root/scripts/dist.sh" windows-x86_64
    library=$(realpath "${NEGOSSP_DIST:-$root/dist/windows-x86_64}")
    x86_64-w64-mingw32-gcc -std=gnu11 -O1 -Wall -Wextra -Werror -o "$folder/sspi.exe" "$here/sspi.c" -lsecur32
    cp "$library/negossp.dll" "$folder/"
    # The program stands within the checkout, which is all that a chroot sees.
    cp -L "$out/bin/ntlm_auth" "$folder/ntlm_auth"
    accounts "$folder" $'[ntlm]\nloopback_check = false'
    cat "$root/tests/suites/winetest/accounts" >>"$folder/accounts"
    source=$("$root/tests/suites/programs/fetch.sh" wine dlls/secur32/tests include/wine/test.h include/wine/debug.h)
    cp "$source"/include/wine/{test,debug}.h "$out/tests/include/wine/"
    [[ -e $out/tests/tests.exe ]] ||
        x86_64-w64-mingw32-gcc -O1 -w -I"$out/tests/include" -o "$out/tests/tests.exe" "$root/tests/suites/winetest/testlist.c" \
            "$source"/dlls/secur32/tests/*.c -lsecur32 -lcrypt32 -ladvapi32 -lws2_32 -lntdll
    cp "$out/tests/tests.exe" "$folder/"
    export TEST_PATH=$folder NEGOSSP_CONFIG=negossp.toml WINEDLLOVERRIDES="secur32=b;mscoree,mshtml="
    (cd "$folder" && timeout --kill-after=10 120 "$root/scripts/wine.sh" "$bits" sspi.exe ${2:-}) >"$folder/sspi.log" 2>&1 </dev/null || true
    count "$folder/sspi.log"
    x86_64-w64-mingw32-gcc -std=gnu11 -O1 -Wall -Wextra -Werror -o "$folder/winhttp.exe" "$here/winhttp.c" -lwinhttp
    coproc web { cd "$folder" && exec python3 "$here/httpd.py" "$folder/ntlm_auth"; }
    read -r port <&"${web[0]}"
    (cd "$folder" && timeout --kill-after=10 120 "$root/scripts/wine.sh" "$bits" winhttp.exe "$port") >"$folder/winhttp.log" 2>&1 </dev/null || true
    exec {web[1]}>&-
    wait "$web_PID" || true
    count "$folder/winhttp.log"
    (cd "$folder" && timeout --kill-after=10 120 "$root/scripts/wine.sh" "$bits" tests.exe ntlm) >"$folder/ntlm.log" 2>&1 </dev/null || true
    # Their last line: "0020:ntlm: 234 tests executed (0 marked as todo, 0 as flaky, 0 failures), 0 skipped."
    tr -d '\r' <"$folder/ntlm.log" | sed -n 's/^\(ntlm.c:[0-9]*\): Test failed: /FAIL wine'"$bits"': \1: /p'
    read -r all wrong < <(tr -d '\r' <"$folder/ntlm.log" |
        sed -n 's/.*ntlm: \([0-9]*\) tests executed (.* \([0-9]*\) failures\{0,1\}), .*/\1 \2/p') || { all=0 wrong=1; echo "FAIL wine$bits: Wine's tests did not end"; }
    echo "wine$bits: $all checks of Wine's own, $wrong failing"
    passed=$((passed + all - wrong)) failed=$((failed + wrong))
}

trap 'for bits in 64 10; do "$root/scripts/wine.sh" $bits --stop >/dev/null 2>&1 || true; done' EXIT
for part in "${parts[@]}"; do
    case $part in
    samba) samba ;;
    wine64) wine 64 ;;
    wine10) wine 10 ;;
    *) echo "run.sh: samba, wine64 or wine10" >&2; exit 2 ;;
    esac
done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
exit
}
