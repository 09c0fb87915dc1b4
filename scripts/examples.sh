#!/bin/sh
# examples.sh PLATFORM...: compiles the example servers for each of dist's platforms into build/examples/PLATFORM, with
# the library beside it on Windows, where programs find their DLLs.
set -eu
cd "$(dirname "$0")/.."
flags="-std=c11 -O2 -g -Wall -Wextra -Werror"

for platform; do
    out=build/examples/$platform
    mkdir -p "$out"
    case $platform in
    linux-*)
        compiler=gcc program=$out/http_server libraries="-ldl -lpthread" definitions=-D_GNU_SOURCE
        ;;
    windows-*)
        compiler=${platform#windows-}-w64-mingw32-gcc program=$out/http_server.exe libraries=-lws2_32
        # mingw's own printf, which knows %zu.
        definitions="-D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0601"
        [ "$out/negossp.dll" -nt "dist/$platform/negossp.dll" ] || cp "dist/$platform/negossp.dll" "$out/"
        ;;
    esac
    newest=$(ls -t "$program" examples/*.[ch] "dist/$platform/negossp.h" 2>/dev/null | head -n 1)
    # shellcheck disable=SC2086 # lists of flags
    [ "$newest" = "$program" ] ||
        "$compiler" $flags $definitions -Idist/"$platform" -o "$program" examples/*.c $libraries
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
