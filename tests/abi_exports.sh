#!/bin/sh
# abi_exports.sh LIBRARY linux-x86_64|windows-x86_64|windows-i686: what a built library exports, held against def/
# and against mingw's own import library of secur32. Prints one line per check; fails if one fails.
set -eu
cd "$(dirname "$0")/.."
library=$1
platform=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

say() { # NAME STATUS
    if [ "$2" -eq 0 ]; then echo "ok: $1"; else echo "FAILED: $1"; failed=1; fi
}

# check NAME EXPECTED ACTUAL: two lists are the same.
check() {
    if diff "$2" "$3" >"$work/diff"; then say "$1" 0; else cat "$work/diff"; say "$1" 1; fi
}

machine=${platform#*-}
definition=def/$machine/negossp.def
[ "$platform" != linux-x86_64 ] || definition=def/x86_64/negossp.def
# Name@bytes on i686, Name elsewhere.
sed -n 's/^ *\([A-Za-z]\{1,\}\(@[0-9]*\)\{0,1\}\)$/\1/p' "$definition" | grep -v '^EXPORTS' | sort >"$work/listed"
sed 's/@.*//' "$work/listed" | sort >"$work/names"

case $platform in
linux-x86_64)
    nm -D --defined-only "$library" | awk '$2 == "T" {print $3}' | sort >"$work/exported"
    check "exported names" "$work/names" "$work/exported"
    exit "$failed"
    ;;
esac

tool=$machine-w64-mingw32-
"${tool}objdump" -p "$library" >"$work/headers"
# The lines of one table, with a space around each bracket.
table() { sed -n "/^\[*$1/,/^\$/p" "$work/headers" | sed -n '2,$ { s/[][]/ /g; /^[[:space:]]*[0-9]/p }'; }
table 'Ordinal\/Name Pointer' | awk '{print $1, $NF}' >"$work/ordinals"
table 'Export Address Table' | awk '{print $1, $(NF - 2)}' >"$work/addresses"
cut -d' ' -f2 "$work/ordinals" | sort >"$work/exported"
check "exported names, undecorated" "$work/names" "$work/exported"

# What mingw's import library of secur32 calls the same functions.
system=$("${tool}gcc" -print-file-name=libsecur32.a)
prefix=
[ "$machine" = x86_64 ] || prefix=_
symbols() { "${tool}nm" "$1" 2>/dev/null | awk '$2 == "T" {print $3}' | sed "s/^$prefix//" | sort -u; }
symbols "$system" >"$work/system"
"${tool}dlltool" --kill-at --input-def "$definition" --dllname negossp.dll --output-lib "$work/lib.a"
symbols "$work/lib.a" >"$work/ours"
check "the import library has what the definition lists" "$work/listed" "$work/ours"
# Functions that both have must be called the same, bytes included; what only we have is newer than mingw.
for name in $(cat "$work/names"); do
    grep -E "^$name(@|\$)" "$work/system" || true
done | sort >"$work/expected"
known=$(sed 's/@.*//' "$work/expected")
for name in $known; do grep -E "^$name(@|\$)" "$work/listed"; done | sort >"$work/actual"
check "names and bytes as in mingw's libsecur32.a ($(wc -l <"$work/expected") of $(wc -l <"$work/names") functions)" \
    "$work/expected" "$work/actual"

# Each callee takes its own arguments off the stack: `ret $bytes` ends it.
if [ "$machine" = i686 ]; then
    base=$(awk '/^ImageBase/ {print $2}' "$work/headers")
    while read -r ordinal name; do
        rva=$(awk -v o="$ordinal" '$1 == o {print $2; exit}' "$work/addresses")
        start=$(printf '%d' "$((0x$base + 0x$rva))")
        bytes=$(sed -n "s/^$name@//p" "$work/listed")
        "${tool}objdump" -d --no-show-raw-insn --start-address="$start" --stop-address="$((start + 32768))" "$library" >"$work/code"
        popped=$(awk '/\tret/ {n = $NF; sub(/.*\$/, "", n); print n ~ /^0x/ ? n : 0; exit}' "$work/code")
        echo "$name@$((${popped:-999}))"
    done <"$work/ordinals" | sort >"$work/popped"
    check "each callee pops its arguments" "$work/listed" "$work/popped"

    # A program whose references are decorated links against the import library.
    cat >"$work/use.c" <<'C'
#include "negossp.h"
int main(void) { return InitSecurityInterfaceW() == 0 || AcceptSecurityContext(0, 0, 0, 0, 0, 0, 0, 0, 0) == 0; }
C
    status=0
    "${tool}gcc" -Iinclude "$work/use.c" "$work/lib.a" -o "$work/use.exe" || status=1
    say "a program with decorated references links" "$status"
    "${tool}objdump" -p "$work/use.exe" | grep -A40 'DLL Name: negossp.dll' | grep -qw AcceptSecurityContext || status=1
    say "and asks for undecorated names" "$status"
fi
exit "$failed"
