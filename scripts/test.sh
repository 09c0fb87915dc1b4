#!/usr/bin/env bash
# test.sh check|all|PART...: runs suites, each of which prints `N passed, N failed, N skipped` and a line
# `SKIPPED: name: reason` for what it could not run, and sums them up in a last line of the same form.
# `check` installs nothing, and says what is missing.
# A suite that prints no such line, or that ends with another status than 0 although it counts no failure, has failed.
#
# What a suite prints is kept in build/test/PART.log, and shown when it fails.
#
# `all` runs in two lanes, beside each other: most suites keep one processor busy, or none. Within a lane order is kept, and what
# uses the same Wine prefix is in the same lane.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/test
export CARGO_TERM_COLOR=never
# Tests that need a realm have their own. The machine's default realm may be somebody else's, whose KDCs are not to be asked.
export KRB5_CONFIG=/dev/null

# Not in `all`: miri, which needs a nightly compiler and many minutes.
check_parts=(rustfmt clippy fuzz-check bench-check core rust)
first_lane=(build c-linux c-valgrind c-wine64 c-wine10 conformance-wine64 system-wine64 winetest-wine64 prefix-wine64 interop interop-wine64
    interop-kerberos interop-kerberos-wine64 interop-token-wine10 interop-domain-wine64 http ntlm-auth programs demo)
second_lane=(core rust ccache kdc-proxy differential dist privilege c-asan c-tsan c-wine32 conformance-linux conformance-wine32 system-wine32 winetest-wine32 prefix-wine32 programs-wine32
    demo-wine32 interop-domain interop-winbind interop-trust)

# How each part is run.
part() {
    case $1 in
    rustfmt) one "rustfmt" scripts/toolchain.sh linux fmt --all --check ;;
    clippy) one "clippy" scripts/toolchain.sh linux clippy -q --workspace --all-targets -- -D warnings ;;
    fuzz-check) one "fuzz-check" fuzz_check ;;
    bench-check) one "bench-check" bench_check ;;
    build) one "build" make --no-print-directory all ;;
    core) tests/suites/core.sh ;;
    rust) scripts/cargo-test.sh ;;
    ccache) tests/suites/ccache/run.sh ;;
    kdc-proxy) kdc_proxy ;;
    differential) tests/suites/differential/run.sh ;;
    dist) tests/suites/dist/run.sh ;;
    privilege) tests/suites/privilege/run.sh ;;
    c-linux) tests/suites/c/run.sh linux ;;
    c-valgrind) tests/suites/c/run.sh valgrind ;;
    c-asan) tests/suites/c/run.sh asan ;;
    c-tsan) tests/suites/c/run.sh tsan ;;
    c-wine64) tests/suites/c/run.sh wine64 ;;
    c-wine32) tests/suites/c/run.sh wine32 ;;
    c-wine10) tests/suites/c/run.sh wine10 ;;
    conformance-linux) tests/suites/conformance/run.sh linux ;;
    conformance-wine64) tests/suites/conformance/run.sh wine64 ;;
    conformance-wine32) tests/suites/conformance/run.sh wine32 ;;
    interop) interop_linux ;;
    interop-wine64) interop_wine64 http ;;
    interop-kerberos) interop_linux kerberos ;;
    interop-kerberos-wine64) interop_wine64 kerberos kerberos_http ;;
    interop-domain) interop_linux domain ;;
    interop-winbind) interop_linux winbind ;;
    interop-trust) interop_linux trust ;;
    interop-domain-wine64) interop_wine64 domain domain_http,domain_ldap ;;
    interop-token-wine10) interop_token 10 ;;
    system-wine64) tests/suites/system/run.sh wine64 ;;
    system-wine32) tests/suites/system/run.sh wine32 ;;
    prefix-wine64) tests/suites/prefix/run.sh wine64 ;;
    prefix-wine32) tests/suites/prefix/run.sh wine32 ;;
    winetest-wine64) tests/suites/winetest/run.sh wine64 ;;
    winetest-wine32) tests/suites/winetest/run.sh wine32 ;;
    miri) scripts/cargo-test.sh tests/suites/miri.sh ;;
    http) tests/suites/http/run.sh ;;
    ntlm-auth) tests/suites/ntlm_auth/run.sh ;;
    programs) alone programs tests/suites/programs/run.sh squid-wine64 squid-linux curl-wine64 curl-linux mariadb-wine64 \
        ntlmauth-linux freeradius-linux freerdp-linux freerdp3-linux go-wine64 firebird-wine64 libpq-wine64 sspilib-linux node-wine64 \
        mod_authn_ntlm-linux ;;
    programs-wine32) alone programs tests/suites/programs/run.sh squid-wine32 mariadb-wine32 go-wine32 firebird-wine32 ;;
    demo) scripts/demo.sh linux wine64 ;;
    demo-wine32) scripts/demo.sh wine32 ;;
    *) echo "no such part: $1"; return 2 ;;
    esac
}

# The fuzz targets compile. They are not linked: an empty file spares compiling libFuzzer.
fuzz_check() {
    : >build/test/libnone.a
    CUSTOM_LIBFUZZER_PATH=$PWD/build/test/libnone.a scripts/toolchain.sh linux check -q --locked --manifest-path fuzz/Cargo.toml \
        --target-dir target/fuzz
}

# The benchmarks that need no peer's library compile. Not benches/peers/sspi-rs: it has 200 dependencies, and nothing of this
# library's, which therefore cannot break it.
bench_check() {
    scripts/toolchain.sh linux check -q --locked --manifest-path benches/floor/Cargo.toml --target-dir target/bench &&
        gcc -fsyntax-only -Wall -Wextra -Werror benches/driver.c &&
        gcc -fsyntax-only -Wall -Wextra -Werror -Iinclude benches/peers/sspi.c
}

# KDCs with the feature kdc-proxy. In a folder of its own: the library with the feature has the same name as the one without, which
# other suites take from target/debug. It fails too if no test of proxies has run.
kdc_proxy() {
    scripts/cargo-test.sh scripts/toolchain.sh linux test --no-fail-fast --features kdc-proxy --target-dir target/kdc-proxy --test it kdc:: \
        -- --show-output && grep -q '^test kdc::proxy::.* ok$' build/test/cargo.txt
}

# The interoperability checks, with the example server on either system.
interop_linux() { # [ARGUMENT...]
    scripts/dist.sh linux-x86_64 && scripts/examples.sh linux-x86_64 &&
        NEGOSSP_LIB=$PWD/dist/linux-x86_64/libnegossp.so NEGOSSP_LIBRARY=$PWD/dist/linux-x86_64/libnegossp.so \
            NEGOSSP_HTTP_SERVER="$PWD/build/examples/linux-x86_64/http_server --port" tests/suites/interop/run.sh "$@"
}
interop_wine64() { # [ARGUMENT...]
    scripts/dist.sh linux-x86_64 && scripts/dist.sh windows-x86_64 && scripts/examples.sh windows-x86_64 &&
        scripts/wine.sh 64 --prepare &&
        NEGOSSP_LIB=$PWD/dist/linux-x86_64/libnegossp.so \
            NEGOSSP_HTTP_SERVER="$PWD/scripts/wine.sh 64 $PWD/build/examples/windows-x86_64/http_server.exe --port" \
            tests/suites/interop/run.sh "$@"
}

# Access tokens of a Windows server, under the machine's Wine or another one.
interop_token() { # 64|10
    local why out=build/token-server
    why=$(scripts/wine.sh "$1" --prepare) || { echo "SKIPPED: interop-token-wine$1: $why"; echo "0 passed, 0 failed, 1 skipped"; return; }
    mkdir -p $out
    scripts/dist.sh linux-x86_64 && scripts/dist.sh windows-x86_64 && cp dist/windows-x86_64/negossp.dll $out/ &&
        x86_64-w64-mingw32-gcc -std=gnu11 -O1 -Wall -Wextra -Werror -o $out/token_server.exe tests/suites/interop/token_server/token_server.c &&
        NEGOSSP_LIB=$PWD/dist/linux-x86_64/libnegossp.so \
            NEGOSSP_TOKEN_SERVER="$PWD/scripts/wine.sh $1 $PWD/$out/token_server.exe negossp.dll" \
            tests/suites/interop/run.sh kerberos kerberos_token
}

# Runs a command under a lock, so that commands with the same name do not run at once.
alone() { # NAME COMMAND...
    flock "build/test/$1.lock" "${@:2}"
}

# A command whose exit status is its whole result.
one() {
    local name=$1
    shift
    if "$@"; then echo "1 passed, 0 failed, 0 skipped"; else echo "$name failed"; echo "0 passed, 1 failed, 0 skipped"; return 1; fi
}

# Runs one part and prints its result in one piece; keeps its counts for the sum.
run() {
    local name=$1 log=build/test/$1.log start=$SECONDS status counts note= p f s
    timeout --kill-after=10 "${PART_TIMEOUT:-1800}" bash -c 'part "$1"' bash "$name" >"$log" 2>&1 </dev/null
    status=$?
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
    if [[ -z $counts ]]; then
        counts="0 passed, 1 failed, 0 skipped" note=" (no count: it ended with status $status)"
    elif [[ $status != 0 && $counts == *" 0 failed"* ]]; then
        counts=${counts/ 0 failed/ 1 failed} note=" (ended with status $status)"
    fi
    read -r p _ f _ s _ <<<"$counts"
    echo "$p $f $s" >"build/test/$name.counts"
    grep -oE '(SKIPPED|MISSING): .*' "$log" | sort -u >"build/test/$name.skips"
    {
        printf '%-23s %s%s  [%d s]\n' "$name" "$counts" "$note" $((SECONDS - start))
        if ((f > 0)); then
            echo "---- $log"
            grep -E '^(FAIL|---- .* stdout ----)|FAILED|error(\[|:)|panicked at' "$log" | head -n 40
            echo "---- its end"
            tail -n "${TEST_LINES:-60}" "$log"
            echo "----"
        fi
    } >"build/test/$name.shown"
    cat "build/test/$name.shown"
}
export -f part alone one fuzz_check bench_check kdc_proxy interop_linux interop_wine64 interop_token

case ${1:-all} in
check) lanes=("${check_parts[*]}"); export NEED=tell ;;
all) lanes=("${first_lane[*]}" "${second_lane[*]}") ;;
*) lanes=("$*") ;;
esac

passed=0 failed=0 skipped=0 skips=()

# 32-bit Wine is not available everywhere: one line reports that for all parts that need it.
if [[ " ${lanes[*]} " == *wine32\ * ]] && ! why=$(scripts/wine.sh 32 --prepare 2>build/test/wine32.log </dev/null); then
    names=$(tr ' ' '\n' <<<"${lanes[*]}" | grep 'wine32$' | paste -sd' ')
    skips+=("SKIPPED: $names: ${why:-$(tail -n 1 build/test/wine32.log)}")
    for i in "${!lanes[@]}"; do lanes[i]=$(tr ' ' '\n' <<<"${lanes[i]}" | grep -v 'wine32$' | paste -sd' '); done
    skipped=1
fi

for lane in "${lanes[@]}"; do
    for name in $lane; do run "$name"; done &
done
wait

for name in ${lanes[*]}; do
    read -r p f s <"build/test/$name.counts"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    while IFS= read -r line; do skips+=("$line"); done <"build/test/$name.skips"
done
if ((${#skips[@]})); then
    printf '%s\n' "${skips[@]}" | awk '!seen[$0]++ { order[++n] = $0 }
        END { for (i = 1; i <= n; i++) print order[i] (seen[order[i]] > 1 ? " (" seen[order[i]] " times)" : "") }'
fi
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
