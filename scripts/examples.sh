#!/bin/sh
# examples.sh PLATFORM...: compiles the example programs for each of dist's platforms into build/examples/PLATFORM, with
# the library beside them on Windows, where programs find their DLLs.
set -eu
cd "$(dirname "$0")/.."
flags="-std=c11 -O2 -g -Wall -Wextra -Werror"
# What the programs have in common, and what each has of its own.
common="http base64 library"
server="http_server authentication files run"
client="http_client"

# compile PROGRAM NAME...: from these files of examples.
compile() {
    program=$1
    shift
    newest=$(ls -t "$program" examples/*.[ch] "dist/$platform/negossp.h" 2>/dev/null | head -n 1)
    [ "$newest" != "$program" ] || return 0
    sources=
    for name; do sources="$sources examples/$name.c"; done
    # shellcheck disable=SC2086 # lists
    "$compiler" $flags $definitions -Idist/"$platform" -o "$program" $sources $libraries
}

for platform; do
    out=build/examples/$platform
    mkdir -p "$out"
    case $platform in
    linux-*)
        compiler=gcc suffix= libraries="-ldl -lpthread" definitions=-D_GNU_SOURCE
        ;;
    windows-*)
        compiler=${platform#windows-}-w64-mingw32-gcc suffix=.exe libraries=-lws2_32
        # mingw's own printf, which knows %zu.
        definitions="-D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0601"
        [ "$out/negossp.dll" -nt "dist/$platform/negossp.dll" ] || cp "dist/$platform/negossp.dll" "$out/"
        ;;
    esac
    # shellcheck disable=SC2086 # lists
    compile "$out/http_server$suffix" $server $common
    # shellcheck disable=SC2086 # lists
    compile "$out/http_client$suffix" $client $common
    # Windows does not fork.
    case $platform in
    linux-*)
        program=$out/prefork
        newest=$(ls -t "$program" examples/prefork/*.[ch] "dist/$platform/negossp.h" 2>/dev/null | head -n 1)
        # shellcheck disable=SC2086 # likewise
        [ "$newest" = "$program" ] ||
            "$compiler" $flags $definitions -Idist/"$platform" -o "$program" examples/prefork/*.c -Ldist/"$platform" -lnegossp \
                -Wl,-rpath,"$PWD/dist/$platform"
        ;;
    esac
done
