#!/usr/bin/env bash
# run.sh: what `make dist` made is what others rely on: names, exports, imports, calling convention, linking,
# installation. The last line counts.
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=build/test/dist
rm -rf $work
mkdir -p $work
passed=0 failed=0

scripts/need.sh binutils pkg-config g++ || exit 1
for platform in linux-x86_64 windows-x86_64 windows-i686; do scripts/dist.sh $platform || exit 1; done

# check TITLE COMMAND...: the command prints what is wrong, or nothing.
check() {
    local title=$1 wrong
    shift
    if wrong=$("$@" 2>&1) && [[ -z $wrong ]]; then
        passed=$((passed + 1))
        echo "ok $title"
    else
        failed=$((failed + 1))
        echo "FAIL $title"
        sed 's/^/    /' <<<"$wrong"
    fi
}

# What tests/abi_exports.sh finds about names and calling convention: it has a line for each check.
exports() { # PLATFORM LIBRARY
    local line
    while IFS= read -r line; do
        echo "$1: $line"
        case $line in
        "ok: "*) passed=$((passed + 1)) ;;
        "FAILED: "*) failed=$((failed + 1)) ;;
        esac
    done < <(tests/abi_exports.sh "$2" "$1" 2>&1 || echo "FAILED: abi_exports.sh ended with an error")
}

# Prints how two sorted lists of words differ.
differ() { diff --label wanted --label found -U0 <(sort -u <<<"$1") <(sort -u <<<"$2") | grep -v '^@@'; true; }

# ---- names ----

files() {
    differ "$(printf '%s\n' libnegossp.so negossp.h negossp.pc negossp)" "$(ls dist/linux-x86_64)"
    local machine
    for machine in x86_64 i686; do
        differ "$(printf '%s\n' negossp.dll libnegossp.dll.a negossp.h negossp.def)" "$(ls dist/windows-$machine)"
    done
}
check "names of the files" files

# ---- Linux ----

so=dist/linux-x86_64/libnegossp.so
exports linux-x86_64 $so
linux_soname() { differ "libnegossp.so" "$(readelf -d $so | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"; }
check "linux: soname" linux_soname
linux_needs() { readelf -d $so | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^(libc|libm|libgcc_s|ld-linux-x86-64)\.so\.'; true; }
check "linux: needs the C library only" linux_needs
linux_stripped() { readelf -SW $so | grep -oE '\.debug_[a-z]+'; test -s build/debug/linux-x86_64/libnegossp.so.debug; }
check "linux: stripped, with the debug information kept" linux_stripped

cat >$work/linked.c <<'END'
#include <negossp.h>
#include <stdio.h>

/* Linked against the library, by name; prints its first package. */
int main(void) {
    ULONG count = 0;
    PSecPkgInfoA packages = NULL;
    SECURITY_STATUS status = EnumerateSecurityPackagesA(&count, &packages);
    if (status != SEC_E_OK || !count) return 1;
    printf("%s\n", packages[0].Name);
    return FreeContextBuffer(packages) == SEC_E_OK ? 0 : 1;
}
END
run_linked() { # COMMAND...: prints what is wrong
    local output
    output=$("$@" 2>&1) || echo "status $?: $output"
    grep -qi negotiate <<<"$output" || echo "printed: $output"
}
pkg() { env PKG_CONFIG_PATH="$1" pkg-config --cflags --libs negossp; }
linux_links() {
    local flags
    flags=$(pkg "$root/dist/linux-x86_64") || return
    # shellcheck disable=SC2086 # a list of flags
    gcc -std=c11 -Wall -Wextra -Werror $work/linked.c -o $work/linked $flags &&
        g++ -std=c++11 -Wall -Wextra -Werror -x c++ $work/linked.c -o $work/linked++ -x none $flags || return
    run_linked env LD_LIBRARY_PATH=dist/linux-x86_64 $work/linked
    run_linked env LD_LIBRARY_PATH=dist/linux-x86_64 $work/linked++
}
check "linux: links from C and C++ with pkg-config" linux_links
linux_installs() {
    local flags
    make -s install DESTDIR="$root/$work/destdir" PREFIX=/opt/negossp >/dev/null || return
    # A relocatable .pc: the installed tree works wherever it is.
    mv $work/destdir/opt/negossp $work/moved
    flags=$(pkg "$root/$work/moved/lib/pkgconfig") || return
    # shellcheck disable=SC2086
    gcc -std=c11 $work/linked.c -o $work/linked-moved $flags || return
    run_linked env LD_LIBRARY_PATH=$work/moved/lib $work/linked-moved
    $work/moved/bin/negossp --version >/dev/null || echo "the tool does not run"
}
check "linux: installs, and may be moved" linux_installs

# ---- Windows ----

# DLLs that both Wine 8 and Windows 10 have.
known_dlls='kernel32|ntdll|advapi32|msvcrt|userenv|ws2_32|ole32'

imports() { # MACHINE
    "$1-w64-mingw32-objdump" -p dist/windows-$1/negossp.dll | sed -n 's/.*DLL Name: \(.*\)\.dll$/\1/Ip' | grep -viE "^($known_dlls)$"
    true
}
image() { # MACHINE FORMAT
    local headers name
    headers=$("$1-w64-mingw32-objdump" -p dist/windows-$1/negossp.dll)
    # Address-space layout randomisation and no execution of data, as every DLL of today.
    for name in "file format $2" DYNAMIC_BASE NX_COMPAT; do grep -q "$name" <<<"$headers" || echo "not $name"; done
}
for machine in x86_64 i686; do
    exports windows-$machine dist/windows-$machine/negossp.dll
    check "windows-$machine: imports only what Wine 8 and Windows 10 have" imports $machine
done
check "windows-x86_64: image" image x86_64 pei-x86-64
check "windows-i686: image" image i686 pei-i386

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
