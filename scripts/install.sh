#!/bin/sh
# install.sh DESTDIR PREFIX: installs what dist/linux-x86_64 holds, building it first only where it is missing: root
# need not have a compiler.
set -eu
cd "$(dirname "$0")/.."
to=$1$2
dist=dist/linux-x86_64
[ -e $dist/libnegossp.so.1 ] || scripts/dist.sh linux-x86_64

install -D -m 755 $dist/libnegossp.so.1 "$to/lib/libnegossp.so.1"
ln -sfn libnegossp.so.1 "$to/lib/libnegossp.so"
install -D -m 755 $dist/negossp "$to/bin/negossp"
# In a folder of its own: it would hide Samba's program of that name.
mkdir -p "$to/lib/negossp"
ln -sf ../../bin/negossp "$to/lib/negossp/ntlm_auth"
install -D -m 644 $dist/negossp.h "$to/include/negossp.h"
install -d "$to/include/negossp/compat"
install -m 644 $dist/include/negossp/compat/*.h "$to/include/negossp/compat/"
# For `negossp wine install`, where they were built.
for platform in windows-x86_64 windows-i686; do
    for file in secur32.dll negossp-check.exe; do
        [ ! -e "dist/$platform/$file" ] || install -D -m 644 "dist/$platform/$file" "$to/lib/negossp/$platform/$file"
    done
done
mkdir -p "$to/lib/pkgconfig"
scripts/pkgconfig.sh .. ../../include >"$to/lib/pkgconfig/negossp.pc"
chmod 644 "$to/lib/pkgconfig/negossp.pc"
for file in README.md COMPATIBILITY.md LICENSE-MIT LICENSE-APACHE; do
    [ ! -e $file ] || install -D -m 644 $file "$to/share/doc/negossp/$file"
done
# The loader finds only libraries in its cache; inside a DESTDIR the packager updates it.
[ -n "$1" ] || [ "$(id -u)" != 0 ] || ldconfig
echo "installed under $to"
