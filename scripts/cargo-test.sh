#!/bin/sh
# cargo-test.sh [COMMAND...]: runs the Rust tests, or the command, and sums cargo's counts. A test that prints a SKIPPED
# line, or that is marked as ignored, counts as skipped.
set -eu
cd "$(dirname "$0")/.."
log=build/test/cargo.txt
mkdir -p build/test
status=0
# Compilers that tests of the header call; klist and credential cache managers for tests of caches; wbclient.h, to check our structures
# against.
scripts/need.sh gcc g++ gcc-mingw-w64-x86-64 gcc-mingw-w64-i686 krb5-user heimdal-kcm sssd-kcm libwbclient-dev
[ $# -gt 0 ] || set -- scripts/toolchain.sh linux test --no-fail-fast -- --show-output
"$@" >"$log" 2>&1 </dev/null || status=$?
cat "$log"
sed -n 's/^test \(.*\) \.\.\. ignored\(, \)\{0,1\}\(.*\)$/SKIPPED: \1: \3/p' "$log"
awk -v status="$status" '
    /^test result:/ { passed += $4; failed += $6; skipped += $8 }
    /^ *SKIPPED: / { passed--; skipped++ }
    # A command that skips every test has not passed.
    END { if (passed < 0) passed = 0 }
    # Cargo failed without a failing test: something did not compile.
    END { if (status && !failed) failed = 1; printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$log"
exit "$status"
