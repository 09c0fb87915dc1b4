#!/bin/sh
# miri.sh: the C boundary under Miri, which checks every pointer access. Needs `rustup component add miri
# --toolchain nightly`; takes some minutes. Fails if Miri reports an error.
set -eu
cd "$(dirname "$0")/../.."
# Files and the clock are the machine's; a handle's words and FreeContextBuffer's records are addresses stored as
# integers.
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance"
if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "SKIPPED: miri: rustup component add miri --toolchain nightly"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
cargo +nightly miri test --lib entry
cargo +nightly miri test --test it handles::table
cargo +nightly miri test --test it abi::accept::memory_may_be_shared_and_unaligned
