#!/bin/sh
# Records what MIT krb5 (libkrb5-dev) reads from each case: CASE.N.conf are its files, the first of
# which counts most, and CASE.mit what it reads. @DIR@ in a case is the folder of the files.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
gcc -Wall -o "$dir/mit" mit.c -lkrb5
cp -r ./*.conf include "$dir"
find "$dir" -type f -name '*' ! -name mit -exec sed -i "s|@DIR@|$dir|g" {} +
for first in "$dir"/*.1.conf; do
    base=${first%.1.conf}
    KRB5_CONFIG=$(ls "$base".*.conf | paste -sd:) "$dir/mit" | sed "s|$dir|@DIR@|g" \
        > "$(basename "$base").mit"
done
