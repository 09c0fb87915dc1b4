#!/usr/bin/env bash
# core.sh: negossp-core by itself: its tests, its dependencies, and a build for a target without an operating system,
# where files, clock, threads and random numbers are not available.
set -uo pipefail
cd "$(dirname "$0")/../.."
mkdir -p build/test
[[ -z ${HOME:-} ]] || PATH=$PATH:$HOME/.cargo/bin
passed=0 failed=0 skipped=0
target=wasm32-unknown-unknown

# Counts a command as one test.
one() { # NAME COMMAND...
    if "${@:2}"; then passed=$((passed + 1)); else echo "FAIL $1"; failed=$((failed + 1)); fi
}

dependencies() {
    local tree
    tree=$(scripts/toolchain.sh linux tree -p negossp-core -e normal --prefix none --target x86_64-unknown-linux-gnu \
        --target x86_64-pc-windows-gnu) || return
    [[ $tree == negossp-core\ * ]] &&
        ! grep -E '^(arc-swap|getrandom|libc|parking_lot|serde|serde_core|toml|windows-sys) ' <<<"$tree"
}

# `make check` installs nothing.
has_target() {
    [[ -d $(rustc --print target-libdir --target $target) ]] ||
        { [[ ${NEED:-} != tell ]] && rustup target add $target </dev/null; }
}

scripts/cargo-test.sh scripts/toolchain.sh linux test -p negossp-core --no-fail-fast -- --show-output |
    tee build/test/core-cargo.txt
read -r passed _ failed _ skipped _ < <(grep -E '^[0-9]+ passed, ' build/test/core-cargo.txt || echo 0 passed, 1 failed, 0 skipped)

one "dependencies of negossp-core" dependencies
if has_target; then
    one "negossp-core for $target" scripts/toolchain.sh linux build -q -p negossp-core --target $target
else
    echo "SKIPPED: core: negossp-core for $target: rustup target add $target"
    skipped=$((skipped + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
