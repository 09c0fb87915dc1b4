#!/usr/bin/env bash
# run.sh linux|valgrind|asan|tsan|wine64|wine32|wine10 [GROUP[.TEST]]: builds the C tests for one platform and runs them,
# once for each configuration in config/.
#
# NEGOSSP_DIST: the folder with the library to test, instead of dist/PLATFORM, freshly made.
set -euo pipefail
{ # read as a whole before it runs, so that it may be edited meanwhile
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
what=${1:?linux, valgrind, asan, tsan, wine64, wine32 or wine10}
only=${2:-}
[[ $what != native ]] || what=linux
out=$root/build/c/$what
mkdir -p "$out"
[[ -z ${NEGOSSP_DIST:-} ]] || NEGOSSP_DIST=$(realpath "$NEGOSSP_DIST")
# Everything below is named relative to here, which Windows programs understand too.
cd "$out"
tests=../../../tests
rm -rf config && cp -r "$here/config" config
printf '[server]\ndns_computer = "%s"\n' "$(head -c 40000 /dev/zero | tr '\0' x)" >config/internal.toml

passed=0 failed=0 skipped=0
finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [[ $failed == 0 ]] || exit 1
    exit 0
}
skip_all() {
    echo "SKIPPED: c-$what: $*"
    skipped=$((skipped + 1))
    finish
}

flags=(-std=gnu11 -O1 -g -fno-omit-frame-pointer -Wall -Wextra -Werror)
# layout.c checks the structures at compile time and belongs to the header.
mapfile -t sources < <(ls "$here"/*.c | grep -v /layout.c)
linux_libraries=(-ldl -lpthread)

# Only when something has changed: compiling takes longer than most of the tests.
compile() { # COMPILER OUTPUT ARGUMENT...
    local compiler=$1 output=$2
    shift 2
    if [[ ! -e $output ]] || [[ -n $(find "$here" "$root/include" "${library:-$here}" -newer "$output" -print -quit) ]]; then
        "$compiler" "${flags[@]}" -o "$output" "$@"
    fi
}

# A library of this checkout, built by the nightly compiler with a sanitizer, the standard library included.
sanitized() { # address|thread
    rustc +nightly --version >/dev/null 2>&1 || skip_all "needs the nightly compiler (rustup toolchain install nightly)"
    local sysroot build_std=()
    sysroot=$(rustc +nightly --print sysroot)
    if [[ -e $sysroot/lib/rustlib/src/rust/library/Cargo.lock ]] ||
        rustup component add rust-src --toolchain nightly >/dev/null 2>&1; then
        build_std=(-Zbuild-std=std,panic_unwind)
    elif [[ $1 == thread ]]; then
        skip_all "needs rust-src of the nightly compiler: without it the standard library's locks look like races"
    fi
    runtime=$(ls "$sysroot"/lib/rustlib/x86_64-unknown-linux-gnu/lib/librustc*_rt."${what}".a 2>/dev/null) ||
        skip_all "the nightly compiler has no runtime for it"
    (cd "$root" && RUSTFLAGS="-Zsanitizer=$1 -Cdebuginfo=1 -Cforce-frame-pointers=yes" \
        cargo +nightly build -q --lib "${build_std[@]}" --target x86_64-unknown-linux-gnu --target-dir "target/$what") ||
        { echo "the library could not be built with -Zsanitizer=$1"; failed=1; finish; }
    library=$root/target/$what/x86_64-unknown-linux-gnu/debug
}

runner=()
export NEGOSSP_TEST_EFFORT=${NEGOSSP_TEST_EFFORT:-100}
case $what in
linux | valgrind)
    if [[ -n ${NEGOSSP_DIST:-} ]]; then
        library=$NEGOSSP_DIST
    elif [[ $what == linux ]]; then
        "$root/scripts/dist.sh" linux-x86_64
        library=$root/dist/linux-x86_64
    else
        # Not the release build: there the optimizer compares the payload of a None before it checks the tag. That is sound,
        # but memcheck cannot distinguish it from the use of an uninitialised value.
        (cd "$root" && scripts/toolchain.sh linux build -q --lib)
        library=$root/target/debug
    fi
    file=$library/libnegossp.so
    "$root/scripts/need.sh" gcc libc6-dev
    compile gcc harness -I"$root/include" "${sources[@]}" "${linux_libraries[@]}"
    # The name that linked programs ask for.
    install -C "$file" libnegossp.so.1
    compile gcc linked -I"$root/include" "$here/linked/linked.c" ./libnegossp.so.1 -Wl,-rpath,'$ORIGIN'
    compile gcc first_call -I"$root/include" "$here/first_call/first_call.c" -rdynamic "${linux_libraries[@]}"
    if [[ $what == linux ]]; then
        "$root/scripts/need.sh" libwinpr2-dev
        beside=(-I"$root/include" "$here/beside/beside.c" "${linux_libraries[@]}" -Wl,--no-as-needed,-rpath,'$ORIGIN')
        compile gcc beside "${beside[@]}"
        compile gcc beside-own -DOWN_NAMES -rdynamic "${beside[@]}"
        compile gcc beside-winpr "${beside[@]}" -lwinpr2
        compile gcc beside-both "${beside[@]}" ./libnegossp.so.1 -lwinpr2
        compile gcc beside-both-turned "${beside[@]}" -lwinpr2 ./libnegossp.so.1
    else
        "$root/scripts/need.sh" valgrind libc6-dbg
        # Optimised Rust reads an enum's payload before its tag and discards it. Reads of uninitialised memory are therefore
        # left to Miri (tests/suites/miri.sh), which interprets the program before optimisation.
        # What is only "possibly" lost is reachable by pointers into its middle, as Arc and HashMap keep them.
        runner=(valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect
            --errors-for-leak-kinds=definite,indirect --undef-value-errors=no --num-callers=30)
        NEGOSSP_TEST_EFFORT=4
    fi
    ;;
asan | tsan)
    if [[ $what == asan ]]; then sanitizer=address; else sanitizer=thread; fi
    sanitized $sanitizer
    file=$library/libnegossp.so
    # The runtime is the Rust compiler's, in the program, where the library finds it. The program itself goes without.
    compile gcc harness -I"$root/include" "${sources[@]}" -rdynamic -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive \
        "${linux_libraries[@]}" -lm -lrt
    export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:abort_on_error=0:exitcode=99
    export TSAN_OPTIONS=halt_on_error=0:exitcode=99:second_deadlock_stack=1
    NEGOSSP_TEST_EFFORT=20
    ;;
wine64 | wine32 | wine10)
    machine=x86_64 bits=${what#wine}
    [[ $what != wine32 ]] || machine=i686
    [[ -n ${NEGOSSP_DIST:-} ]] || "$root/scripts/dist.sh" "windows-$machine"
    library=${NEGOSSP_DIST:-$root/dist/windows-$machine}
    "$root/scripts/need.sh" "gcc-mingw-w64-${machine/_/-}"
    compile "$machine-w64-mingw32-gcc" harness.exe "${sources[@]}"
    compile "$machine-w64-mingw32-gcc" linked.exe "$here/linked/linked.c" "$library/libnegossp.dll.a"
    cp "$library/negossp.dll" .
    "$root/scripts/dist.sh" linux-x86_64
    "$root/scripts/need.sh" gcc libc6-dev
    compile gcc harness-linux -I"$root/include" "${sources[@]}" "${linux_libraries[@]}"
    file=negossp.dll
    why=$("$root/scripts/wine.sh" $bits --prepare) || skip_all "$why"
    trap '"$root/scripts/wine.sh" $bits --stop' EXIT
    runner=("$root/scripts/wine.sh" "$bits")
    NEGOSSP_TEST_EFFORT=$((NEGOSSP_TEST_EFFORT / 2)) # every lock and every page goes by way of Wine's server
    ;;
*)
    echo "run.sh: linux, valgrind, asan, tsan, wine64, wine32 or wine10" >&2
    exit 2
    ;;
esac
program=./harness linked=./linked
[[ $what != wine* ]] || program=harness.exe linked=linked.exe

# Runs the program for one configuration and adds up its counts.
run() { # LABEL CONFIGURATION COMMAND...
    local label=$1 log status=0 counts
    export NEGOSSP_TEST_CONFIGURATION=$2 NEGOSSP_CONFIG=config/$2.toml NEGOSSP_TEST_EXCHANGES=$tests/data/exchanges
    shift 2
    log=log-${label//[^a-z0-9-]/_}.txt
    echo "---- $label"
    timeout --kill-after=10 "${TEST_TIMEOUT:-600}" "${runner[@]}" "$@" >"$log" 2>&1 </dev/null || status=$?
    tr -d '\r' <"$log" | grep -v '^ok ' || true
    counts=$(tr -d '\r' <"$log" | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' | tail -n 1)
    if [[ -z $counts ]]; then
        echo "FAIL $label: ended with status $status before its last test"
        counts="0 passed, 1 failed, 0 skipped"
    elif [[ $status != 0 && $counts == *" 0 failed"* ]]; then
        echo "FAIL $label: ended with status $status"
        counts=${counts/ 0 failed/ 1 failed}
    fi
    local p f s _
    read -r p _ f _ s _ <<<"$counts"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

unset NEGOSSP_ACCOUNTS
if [[ -n $only ]]; then
    run "$only" "${NEGOSSP_TEST_CONFIGURATION:-default}" "$program" "$file" names "$only"
    finish
fi
run names default "$program" "$file" names
# Tests of tokens, and of what else differs in a later Wine.
if [[ $what == wine10 ]]; then
    run wine-user-name wine-user-name "$program" "$file" names
    finish
fi
# The same functions, found in another way: one stress run is enough.
NEGOSSP_TEST_EFFORT=$((NEGOSSP_TEST_EFFORT / 10)) run tables default "$program" "$file" tables
for configuration in complete limits half-open no-accounts absent-accounts malformed absent internal strict address require-mic tokens tokens-file-system; do
    run $configuration $configuration "$program" "$file" names
done
for zone in UTC Asia/Kolkata America/St_Johns; do
    TZ=$zone run "lifetime, TZ $zone" lifetime "$program" "$file" names
done
# A context is passed from one process to another: to one with another key, to one whose key is missing, and to one with the
# same.
for configuration in export-write export-own-key absent-key export-read; do
    run $configuration $configuration "$program" "$file" names
done
# By two processes with nothing in common but a file, which Windows has none of: once.
if [[ $what == linux ]]; then
    rm -f config/imports
    run "export-once, first" export-once "$program" "$file" names export_once
    run "export-once, again" export-once "$program" "$file" names export_again
fi
# And from one system to another.
on_linux() { # CONFIGURATION
    local wine=("${runner[@]}")
    runner=()
    run "$1, on Linux" "$1" ./harness-linux "$root/dist/linux-x86_64/libnegossp.so" names
    runner=("${wine[@]}")
}
if [[ $what == wine* ]]; then
    on_linux export-write
    run "export-read, under Wine" export-read "$program" "$file" names
    run "export-write, under Wine" export-write "$program" "$file" names
    on_linux export-read
fi
[[ $what != wine* ]] || run wine-user-name wine-user-name "$program" "$file" names
[[ $what == *san ]] || run linked default "$linked"
[[ $what != linux ]] || run "first call" default ./first_call "$file"
# In one process with other libraries that have the same names.
if [[ $what == linux ]]; then
    ours=./libnegossp.so.1
    for program in beside{-own,-winpr,-both,-both-turned}; do run "$program" default ./$program $ours; done
    run "beside, WinPR 2 before" default ./beside libwinpr2.so.2 $ours
    run "beside, WinPR 2 after" default ./beside $ours libwinpr2.so.2
    # WinPR 3 is Debian 13's, which is in a chroot.
    chroot=("$root/scripts/wine_chroot.sh" 10)
    if why=$("${chroot[@]}") && "${chroot[@]}" --install libwinpr3-3; then
        runner=("${chroot[@]}" "$root")
        run "beside, WinPR 3 before" default ./beside libwinpr3.so.3 $ours
        run "beside, WinPR 3 after" default ./beside $ours libwinpr3.so.3
    else
        echo "SKIPPED: beside WinPR 3: $why"
        skipped=$((skipped + 1))
    fi
fi
finish
}
