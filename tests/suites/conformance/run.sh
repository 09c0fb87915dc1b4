#!/usr/bin/env bash
# run.sh linux|wine64|wine32 [NAME]: checks the library, and under Wine also Wine's own secur32, against what SSPI's documentation
# promises: every promise, or those whose name begins with NAME.
#
# Wine's secur32 is a reference: where it breaks a promise, wine-differs.txt says so, and why. A difference that is not
# listed fails, and so does one that is listed and does not occur.
set -euo pipefail
{ # read as a whole before it runs, so that it may be edited meanwhile
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
what=${1:?linux, wine64 or wine32}
only=${2:-}
out=$root/build/conformance/$what
mkdir -p "$out"
cd "$out"
rm -rf config && cp -r "$here/config" config
export NEGOSSP_CONFIG=config/default.toml
unset NEGOSSP_ACCOUNTS

passed=0 failed=0 skipped=0
finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [[ $failed == 0 ]] || exit 1
    exit 0
}
skip_all() {
    echo "SKIPPED: conformance-$what: $*"
    skipped=$((skipped + 1))
    finish
}

sources=("$here"/*.c "$root"/tests/suites/c/{abi,harness,conversation,message,platform}.c)
flags=(-std=gnu11 -O1 -g -Wall -Wextra -Werror -I"$root/include")
compile() { # COMPILER OUTPUT ARGUMENT...
    if [[ ! -e $2 || -n $(find "$here" "$root/tests/suites/c" "$root/include" -newer "$2" -print -quit) ]]; then
        "$1" "${flags[@]}" -o "$2" "${@:3}"
    fi
}

# Checks every promise of the library and writes results-LABEL.txt. A promise that ends the process is named there, and the next
# process continues with the one after it.
promises() { # LABEL ARGUMENT...
    local label=$1 results=results-$1.txt log=log-$1.txt after=() at status
    shift
    : >"$results"
    while :; do
        status=0
        "${runner[@]}" "$program" "$@" ${only:+--only "$only"} "${after[@]}" >"$log" 2>&1 </dev/null || status=$?
        tr -d '\r' <"$log" >>"$results"
        ! grep -q '^END' "$log" || return 0
        at=$(tr -d '\r' <"$log" | sed -n 's/^AT //p' | tail -n 1)
        if [[ -z $at || " ${after[*]} " == *" $at "* ]]; then
            echo "FAIL $label: ended with status $status: $(tail -n 1 "$log")" | tee -a "$results"
            return 0
        fi
        grep -q "^FAIL ${at//./\\.}:" "$log" || echo "FAIL $at: crashes ($(tail -n 1 "$log" | tr -d '\r'); status $status)" >>"$results"
        after=(--after "$at")
    done
}

# Adds up the results of the promises.
judge() { # LABEL
    local results=results-$1.txt
    echo "---- $1"
    grep -A 1 '^FAIL' "$results" | grep -v '^--' || true
    grep '^SKIP ' "$results" | sed 's/^SKIP /SKIPPED: /' || true
    passed=$((passed + $(grep -c '^ok ' "$results" || true)))
    failed=$((failed + $(grep -c '^FAIL ' "$results" || true)))
    skipped=$((skipped + $(grep -c '^SKIP ' "$results" || true)))
}

# One test more, by its outcome.
count() { # NAME COMMAND...
    if "${@:2}"; then passed=$((passed + 1)); else echo "FAIL $1" && failed=$((failed + 1)); fi
}

runner=()
case $what in
linux)
    "$root/scripts/need.sh" gcc libc6-dev
    "$root/scripts/dist.sh" linux-x86_64
    compile gcc conformance "${sources[@]}" -ldl -lpthread
    program=./conformance
    promises libnegossp.so "$root/dist/linux-x86_64/libnegossp.so"
    judge libnegossp.so
    ;;
wine64 | wine32)
    if [[ $what == wine64 ]]; then machine=x86_64 bits=64; else machine=i686 bits=32; fi
    why=$("$root/scripts/wine.sh" $bits --prepare) || skip_all "$why"
    "$root/scripts/need.sh" "gcc-mingw-w64-${machine/_/-}"
    "$root/scripts/dist.sh" "windows-$machine"
    # Wine's secur32 has its NTLM from a program of Samba's, and its Kerberos from MIT's library; without them there is none.
    ntlm=(winbind libgssapi-krb5-2)
    if [[ $bits == 64 ]]; then RUNLEVEL=1 "$root/scripts/need.sh" "${ntlm[@]}"; else "$root/scripts/wine_chroot.sh" 32 --install "${ntlm[@]}"; fi
    compile "$machine-w64-mingw32-gcc" conformance.exe "${sources[@]}"
    compile "$machine-w64-mingw32-gcc" detach.dll -shared "$here/detach/detach.c"
    program=conformance.exe
    trap '"$root/scripts/wine.sh" $bits --stop' EXIT
    runner=("$root/scripts/wine.sh" "$bits")

    # In the place of secur32.dll, as for a program that uses the library.
    built=$root/dist/windows-$machine
    cp "$built/negossp.dll" negossp.dll
    cp "$built/$([[ -e $built/secur32.dll ]] && echo secur32.dll || echo negossp.dll)" secur32.dll
    WINEDLLOVERRIDES="secur32=n,b;mscoree,mshtml=" promises secur32.dll secur32.dll
    judge secur32.dll

    # Under its own name it keeps the same promises, except for what secur32 exports besides.
    promises negossp.dll negossp.dll
    elsewhere=$(sed -n 's/^SKIP \(.*\): only secur32.dll exports it$/\1/p' results-negossp.dll.txt)
    outcomes() { sed -nE 's/^(ok|FAIL) ([^:]*).*/\1 \2/p' "$1" | grep -vF "${elsewhere:-no such name}"; }
    same() { diff <(outcomes results-secur32.dll.txt) <(outcomes results-negossp.dll.txt); }
    count "negossp.dll differs from secur32.dll" same

    # Not in a domain, even if this machine is in one.
    rm -f secur32.dll
    printf '[global]\nworkgroup = NOWHERE\nwinbindd socket directory = %s/none\n' "$out" >smb.conf
    printf '[libdefaults]\ndefault_realm = NOWHERE.TEST\ndns_lookup_kdc = false\ndefault_keytab_name = FILE:%s/none\ndefault_ccache_name = FILE:%s/none\n' \
        "$out" "$out" >krb5.conf
    export TEST_SMB_CONF=$out/smb.conf TEST_KRB5_CONFIG=$out/krb5.conf
    promises reference 'C:\windows\system32\secur32.dll' --reference
    echo "---- Wine's secur32"
    read -r kept broken unreached < <("$here/differs.awk" -v bits="$bits" -v only="$only" -v report=report.txt "$here/wine-differs.txt" results-reference.txt)
    cat report.txt
    passed=$((passed + kept)) failed=$((failed + broken)) skipped=$((skipped + unreached))
    [[ $unreached == 0 ]] || echo "SKIPPED: $unreached promises of Wine's secur32: they need an established context, and its NTLM server needs a domain"
    ;;
*)
    echo "run.sh: linux, wine64 or wine32" >&2
    exit 2
    ;;
esac
finish
}
