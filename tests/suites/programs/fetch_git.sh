#!/usr/bin/env bash
# fetch_git.sh NAME URL COMMIT FOLDER: gets a folder of a commit, which its number vouches for, into build/programs/src/NAME and
# prints that path. Setting: GIT_MIRRORS  a prefix to use instead of https://github.com/.
#
# Exit status 77, with the reason on standard output, where the repository cannot be reached.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
name=$1 url=${2/#https:\/\/github.com\//${GIT_MIRRORS:-https://github.com/}} commit=$3 folder=$4
out=$PWD/build/programs/src/$name
if [[ $(cat "$out/.complete" 2>/dev/null) != "$commit" ]]; then
    scripts/need.sh git ca-certificates >&2
    rm -rf "$out"
    mkdir -p "$out"
    git -C "$out" init -q
    GIT_TERMINAL_PROMPT=0 timeout 60 git -C "$out" fetch -q --depth 1 "$url" "$commit" >&2 || {
        echo "its source is in a repository only that does not answer: $url"
        exit 77
    }
    git -C "$out" -c advice.detachedHead=false checkout -q FETCH_HEAD -- "$folder"
    rm -rf "$out/.git"
    echo "$commit" >"$out/.complete"
fi
echo "$out"
