#!/usr/bin/env bash
# fetch_npm.sh NAME: installs the packages of tests/suites/programs/NAME/package-lock.json, which has their checksums, into
# build/programs/src/NAME and prints that path. They may be for Windows. None of their scripts is run.
#
# Exit status 77, with the reason on standard output, without npm or its registry.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
name=$1
here=tests/suites/programs/$name
out=$PWD/build/programs/src/$name
if ! cmp -s "$here/package-lock.json" "$out/.complete"; then
    command -v npm >/dev/null || { echo "npm is not installed"; exit 77; }
    rm -rf "$out"
    mkdir -p "$out"
    cp "$here"/package*.json "$out/"
    (cd "$out" && timeout 120 npm ci --force --ignore-scripts --omit=dev --no-audit --no-fund) >"$out.log" 2>&1 || {
        grep -E 'npm (error|ERR!)' "$out.log" | head -n 3 >&2
        echo "npm's registry has not given its packages"
        exit 77
    }
    cp "$here/package-lock.json" "$out/.complete"
fi
echo "$out"
