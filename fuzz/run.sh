#!/bin/bash
# run.sh [SECONDS [TARGET...]]: fuzzes each target for so many seconds (60), beginning with fuzz/corpus.
# What it finds stays in build/fuzz: the corpus grown so far, a log of each target, and inputs that crash, for
# `cargo +nightly fuzz run TARGET FILE`.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
cargo +nightly fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
targets=${*:-$(sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | tail -n +2)}
out=$PWD/build/fuzz
failed=
for target in $targets; do
    mkdir -p "$out/corpus/$target" "$out/artifacts/$target" "fuzz/corpus/$target"
    echo "fuzz $target, $seconds s"
    options=(--target-dir "$out/target")
    # Races are seen only if the standard library is built with the sanitizer too.
    if [[ $target == two_threads ]]; then
        rustup component add rust-src --toolchain nightly >/dev/null 2>&1
        options=(--sanitizer thread --build-std --target-dir "$out/target-thread")
        export TSAN_OPTIONS=halt_on_error=1
    fi
    if cargo +nightly fuzz run "${options[@]}" "$target" \
        "$out/corpus/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="$out/artifacts/$target/" >"$out/$target.log" 2>&1; then
        sed -n 's/^stat::number_of_executed_units: */  inputs tried: /p' "$out/$target.log"
    else
        grep -E 'panicked|ERROR|SUMMARY|^error' -A 3 "$out/$target.log" || tail -n 20 "$out/$target.log"
        failed="$failed $target"
    fi
done
[ -z "$failed" ] || { echo "FAILED:$failed (logs and inputs are in build/fuzz)"; exit 1; }
