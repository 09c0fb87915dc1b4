#!/bin/bash
# run.sh [ARGUMENT...]: mutation tests with cargo-mutants, of the files in mutants.toml: each mutant is the project with one
# small fault, which the Rust tests must notice. Fails if one is missed that equivalent.txt does not list.
# Arguments are cargo-mutants's: `--file src/authority/chain.rs`, `--shard 0/8`, `--re Throttle`, `--list`.
# Results are in build/mutants/mutants.out: missed.txt, caught.txt, and the log and diff of each mutant.
set -eu
cd "$(dirname "$0")/../../.."
version=27.1.0
"$PWD/scripts/need.sh" gcc libc6-dev
PATH=$PATH:$HOME/.cargo/bin
# In a folder of its own: it is not the version that the user may have.
tool=$PWD/build/mutants/cargo-mutants-$version
[ -x "$tool/bin/cargo-mutants" ] || cargo install --locked --quiet --version "$version" --root "$tool" cargo-mutants

settings=tests/suites/mutants/mutants.toml
case " $* " in
*" --file"* | *" -f"*)
    # cargo-mutants would add the files to the settings' patterns.
    settings=build/mutants/mutants.toml
    sed '/^examine_globs/,/^]/d' tests/suites/mutants/mutants.toml >"$settings"
    ;;
esac

run() {
    "$tool/bin/cargo-mutants" mutants --workspace --config "$settings" --output build/mutants --colors never "$@"
}
case " $* " in
*" --list "*) run "$@"; exit ;;
esac
all=--all
[ $# = 0 ] || all=
# 2: some were missed; 3: some did not end, which counts as noticed.
status=0
run --no-times "$@" || status=$?
case $status in
0 | 2 | 3) ;;
*) exit "$status" ;;
esac
exec python3 tests/suites/mutants/compare.py $all build/mutants/mutants.out tests/suites/mutants/equivalent.txt
