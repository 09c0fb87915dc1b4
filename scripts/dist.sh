#!/bin/sh
# dist.sh linux-x86_64|windows-x86_64|windows-i686: builds the library for one platform and lays out dist/PLATFORM.
# Debug information goes to build/debug/PLATFORM.
set -eu
cd "$(dirname "$0")/.."
platform=$1
out=dist/$platform
debug=build/debug/$platform
mkdir -p "$out" "$debug"
# Only one caller at a time.
exec 9>"build/dist-$platform.lock"
flock 9

# Copies a binary without its debug information, which is stored separately; does nothing if it is unchanged.
install_binary() { # TOOL-PREFIX FROM TO
    [ ! "$3" -nt "$2" ] || return 0
    name=$(basename "$3")
    "$1"objcopy --only-keep-debug "$2" "$debug/$name.debug"
    "$1"objcopy --strip-unneeded "$2" "$3.new"
    (cd "$debug" && "$1"objcopy --add-gnu-debuglink="$name.debug" "$OLDPWD/$3.new")
    mv "$3.new" "$3"
}

case $platform in
linux-x86_64)
    scripts/toolchain.sh linux build -q --release --lib --bins
    # The name that the loader asks for, and the one for linking.
    install_binary '' target/release/libnegossp.so "$out/libnegossp.so.1"
    ln -sfn libnegossp.so.1 "$out/libnegossp.so"
    install_binary '' target/release/negossp "$out/negossp"
    # The tool under the name of Samba's helper.
    ln -sf negossp "$out/ntlm_auth"
    scripts/pkgconfig.sh . include >"$out/negossp.pc"
    install -d "$out/include/negossp/compat"
    install -C -m 644 include/negossp/compat/*.h "$out/include/negossp/compat/"
    ln -sfn ../negossp.h "$out/include/negossp.h"
    ;;
windows-*)
    machine=${platform#windows-}
    tool=$machine-w64-mingw32-
    scripts/need.sh llvm
    llvm_machine=i386
    [ "$machine" = i686 ] || llvm_machine=i386:x86-64
    scripts/toolchain.sh "$platform" build -q --release --lib
    built=target/$machine-win7-windows-gnu/release/negossp.dll
    [ -e "$built" ] || built=target/debian/$machine-win7-windows-gnu/release/negossp.dll
    install_binary "$tool" "$built" "$out/negossp.dll"
    # The same library under the name of the system's.
    install -C -m 755 "$out/negossp.dll" "$out/secur32.dll"
    # What tells a user whether the library is in place. The same from every checkout.
    "${tool}gcc" -std=gnu11 -O2 -s -static -Wall -Wextra -Wl,--no-insert-timestamp -o "$out/negossp-check.exe.new" src/bin/negossp-check/*.c
    install -C -m 755 "$out/negossp-check.exe.new" "$out/negossp-check.exe"
    rm "$out/negossp-check.exe.new"
    for name in negossp secur32; do
        install -C -m 644 "def/$machine/$name.def" "$out/$name.def"
        # Undecorated names in the DLL; on i686 the symbols that callers link carry `_` and `@bytes` all the same.
        "${tool}dlltool" --kill-at --input-def "$out/$name.def" --dllname $name.dll --output-lib "$out/lib$name.dll.a"
        # The same for Microsoft's linker.
        llvm-dlltool -k -m $llvm_machine -d "$out/$name.def" -D $name.dll -l "$out/$name.lib"
    done
    ;;
*)
    echo "dist.sh: linux-x86_64, windows-x86_64 or windows-i686" >&2
    exit 2
    ;;
esac
install -C -m 644 include/negossp.h "$out/negossp.h"
