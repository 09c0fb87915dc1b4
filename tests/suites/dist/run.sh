#!/usr/bin/env bash
# run.sh: checks what others rely on in the result of `make dist`: names, exports, imports, calling convention,
# linking, installation. The last line counts.
set -uo pipefail
cd "$(dirname "$0")/../../.."
root=$PWD
work=build/test/dist
rm -rf $work
mkdir -p $work
passed=0 failed=0 skipped=0

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

# Prints how two sorted lists of words differ.
differ() { diff --label wanted --label found -U0 <(sort -u <<<"$1") <(sort -u <<<"$2") | grep -v '^@@'; true; }

# ---- names ----

files() {
    differ "$(printf '%s\n' include libnegossp.so{,.1} negossp.h negossp.pc negossp ntlm_auth)" "$(ls dist/linux-x86_64)"
    local machine
    for machine in x86_64 i686; do
        differ "$(printf '%s\n' {negossp,secur32}.{dll,def,lib} lib{negossp,secur32}.dll.a negossp-check.exe negossp.h)" "$(ls dist/windows-$machine)"
    done
}
check "names of the files" files

# The functions: those that the .def file of 64-bit Windows lists.
names_in() { awk 'on && NF { sub(/@.*/, "", $1); print $1 } $1 == "EXPORTS" { on = 1 }' "$1"; }
functions=$(names_in dist/windows-x86_64/negossp.def)
check "functions are listed" test "$(wc -l <<<"$functions")" -gt 30

# ---- Linux ----

so=dist/linux-x86_64/libnegossp.so
# Those on tokens exist on Linux alone; on Windows they are the system's.
linux_functions=$functions$'\n'$(sed -n 's/^pub .*extern "system" fn \(Negossp[A-Za-z]*\).*/\1/p' src/entry/exports/unix_token.rs)
# Some linkers add the version itself, as an absolute symbol.
linux_exports() { differ "${linux_functions//$'\n'/@@NEGOSSP_1$'\n'}@@NEGOSSP_1" "$(nm -D --defined-only $so | awk '$2 != "A" {print $3}')"; }
check "linux: exports exactly the functions, each with its version" linux_exports
linux_soname() {
    differ "libnegossp.so.1" "$(readelf -d $so | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"
    differ "libnegossp.so.1" "$(readlink $so)"
}
check "linux: soname" linux_soname
linux_symbolic() { readelf -d $so | grep -q 'FLAGS).*SYMBOLIC' || echo "its own names may be another library's"; }
check "linux: binds its own names to itself" linux_symbolic
linux_needs() { readelf -d $so | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^(libc|libm|libgcc_s|ld-linux-x86-64)\.so\.'; true; }
check "linux: needs the C library only" linux_needs
linux_stripped() { readelf -SW $so | grep -oE '\.debug_[a-z]+'; test -s build/debug/linux-x86_64/libnegossp.so.1.debug; }
check "linux: stripped, with the debug information kept" linux_stripped

declared() {
    local header
    header=$(gcc -E -P dist/linux-x86_64/negossp.h)
    for name in $linux_functions; do grep -qw "$name" <<<"$header" || echo "negossp.h does not declare $name"; done
}
check "linux: negossp.h declares every function" declared

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
    [[ $($work/moved/lib/negossp/ntlm_auth --version) == Version\ * ]] || echo "it does not run as ntlm_auth"
    [[ $(dist/linux-x86_64/ntlm_auth --version) == Version\ * ]] || echo "it does not run as ntlm_auth in dist"
}
check "linux: installs, and may be moved" linux_installs
# Sources that are written for Windows, which mingw compiles too, with the installed headers of the same names.
linux_compat() {
    local flags header source
    flags="-I$(PKG_CONFIG_PATH="$root/$work/moved/lib/pkgconfig" pkg-config --variable=compatdir negossp) -Wall -Wextra -Werror -pedantic"
    for source in tests/suites/dist/compat/*.c; do
        # shellcheck disable=SC2086
        gcc -std=c11 $flags -c $source -o $work/compat.o && g++ -std=c++17 $flags -x c++ -c $source -o $work/compat.o
        x86_64-w64-mingw32-gcc -std=c11 -Wall -Wextra -Werror -fsyntax-only $source
    done
    for header in security sspi secext ntsecapi; do
        # shellcheck disable=SC2086
        g++ -std=c++11 $flags -fsyntax-only -x c++ - <<<"#include <$header.h>"
    done
    # shellcheck disable=SC2086
    gcc -std=c11 $flags tests/suites/dist/compat/packages.c -o $work/compat -L$work/moved/lib -lnegossp || return
    run_linked env LD_LIBRARY_PATH=$work/moved/lib $work/compat
}
check "linux: sources written for Windows stay as they are" linux_compat

# ---- Windows ----

# DLLs that both Wine 8 and Windows 10 have.
known_dlls='kernel32|ntdll|advapi32|msvcrt|userenv|ws2_32|ole32|iphlpapi'

# All exports of the DLLs, under either of their names: on Windows there is more than SSPI.
everything=$(names_in dist/windows-x86_64/secur32.def)
same_library() { cmp dist/windows-$1/negossp.dll dist/windows-$1/secur32.dll; } # MACHINE
imports() { # MACHINE
    "$1-w64-mingw32-objdump" -p dist/windows-$1/negossp.dll | sed -n 's/.*DLL Name: \(.*\)\.dll$/\1/Ip' | grep -viE "^($known_dlls)$"
    true
}
exported() { # OBJDUMP DLL
    "$1" -p "$2" | awk '/\[Ordinal\/Name Pointer\] Table/ {on = 1; next} on && /\[ *[0-9]+\]/ {print $NF} on && NF == 0 {exit}'
}
exports() { differ "$everything" "$(exported "$1-w64-mingw32-objdump" dist/windows-$1/negossp.dll)"; } # MACHINE
listed() { # MACHINE
    differ "$functions" "$(names_in dist/windows-$1/negossp.def)"
    differ "$everything" "$(names_in dist/windows-$1/secur32.def)"
}
# Programs linked to mingw's import library, or that use what Wine's own DLL exports, find the same names in ours.
nothing_lacks() { # NAMES
    comm -23 <(sort -u <<<"$1") <(sort -u <<<"$everything")
}
mingw_s() { # MACHINE
    nothing_lacks "$(import_symbols "$1" "$("$1-w64-mingw32-gcc" -print-file-name=libsecur32.a)" | sed 's/^_\(.*\)@.*/\1/')"
}
wine_s() {
    local dll
    dll=$(dpkg -L libwine 2>/dev/null | grep '/x86_64-windows/secur32\.dll$') || { echo "Wine's secur32.dll is not to be found"; return; }
    [[ $(exported x86_64-w64-mingw32-objdump "$dll" | wc -l) -ge 80 ]] || echo "not the 80 names of Wine 8's"
    nothing_lacks "$(exported x86_64-w64-mingw32-objdump "$dll")"
}
image() { # MACHINE FORMAT
    local headers name
    headers=$("$1-w64-mingw32-objdump" -p dist/windows-$1/negossp.dll)
    # Address-space layout randomisation and no execution of data, as in all current DLLs.
    for name in "file format $2" DYNAMIC_BASE NX_COMPAT; do grep -q "$name" <<<"$headers" || echo "not $name"; done
}
# What callers of a function are to be linked with: in the import library of mingw, for those that it has, as in ours.
import_symbols() { "$1-w64-mingw32-nm" "$2" 2>/dev/null | sed -n 's/.* T \(.*\)/\1/p'; }
same_symbols() { # MACHINE LIBRARY NAMES
    local ours theirs name
    ours=$(import_symbols "$1" "dist/windows-$1/lib$2.dll.a")
    theirs=$(for library in secur32 sspicli; do
        import_symbols "$1" "$("$1-w64-mingw32-gcc" -print-file-name=lib$library.a)"
    done | sort -u)
    differ "$3" "$(sed 's/@.*//' <<<"$ours" | if [[ $1 == i686 ]]; then sed 's/^_//'; else cat; fi)"
    for name in $(sed 's/@.*//' <<<"$theirs"); do
        local stated wanted
        stated=$(grep -E "^$name(@|$)" <<<"$ours") || continue
        wanted=$(grep -E "^$name(@|$)" <<<"$theirs")
        [[ $stated == "$wanted" ]] || echo "$stated in ours, $wanted in mingw's"
    done
}
# What a module imports from another may be replaced; its own functions are bound when it is linked.
imports_no_sspi() { # MACHINE
    local imported
    imported=$("$1-w64-mingw32-objdump" -p dist/windows-$1/negossp.dll | awk '$1 ~ /^[0-9a-f]+$/ && NF == 3 {print $3}')
    [[ $(wc -l <<<"$imported") -ge 50 ]] || echo "only these imports are found: $imported"
    comm -12 <(sort -u <<<"$imported") <(sort -u <<<"$everything")
}
# In a prefix of its own: other suites stop theirs when they end.
wine() { # MACHINE ARGUMENT...
    local bits=64
    [[ $1 == x86_64 ]] || bits=32
    PREFIX=dist timeout 300 "$root/scripts/wine.sh" $bits "${@:2}" </dev/null
}
# Runs a program of ours under Wine, beside the DLL.
in_wine() { # MACHINE PROGRAM [ARGUMENT...]: prints what it prints, and a status that is not 0
    # Standard error also has what Wine says of its own services.
    (cd $work/$1 && wine "$@" 2>/dev/null || echo "status $?")
}
own_table() { # MACHINE
    "$1-w64-mingw32-gcc" -O1 -Wall -Wextra -Werror tests/suites/dist/table.c -o $work/$1/table.exe && in_wine $1 table.exe negossp.dll
}
# clang and lld stand for Microsoft's compiler and linker.
links_as_msvc() { # MACHINE
    local at=$work/$1 triple=i686-pc-windows-msvc machine=x86 llvm=i386 exit=ExitProcess@4
    [[ $1 != x86_64 ]] || triple=x86_64-pc-windows-msvc machine=x64 llvm=i386:x86-64 exit=ExitProcess
    printf 'LIBRARY kernel32.dll\nEXPORTS\n%s\n' $exit >$at/kernel32.def
    llvm-dlltool -k -m $llvm -d $at/kernel32.def -l $at/kernel32.lib &&
        clang --target=$triple -O1 -Wall -Wextra -Werror -ffreestanding -c tests/suites/dist/msvc.c -o $at/msvc.obj || return
    local name
    for name in negossp secur32; do
        lld-link /nologo /machine:$machine /subsystem:console /entry:start /nodefaultlib /safeseh:no /out:$at/msvc-$name.exe $at/msvc.obj \
            dist/windows-$1/$name.lib $at/kernel32.lib || return
        WINEDLLOVERRIDES="mscoree,mshtml=;secur32=n,b" in_wine $1 msvc-$name.exe
    done
}
scripts/need.sh clang lld
for machine in x86_64 i686; do
    mkdir -p $work/$machine
    cp dist/windows-$machine/{negossp,secur32}.dll $work/$machine/
    check "windows-$machine: imports no name that it exports" imports_no_sspi $machine
    if why=$(wine $machine --prepare 2>&1); then
        check "windows-$machine: its tables have its own functions" own_table $machine
        check "windows-$machine: links as Microsoft's linker does, and runs" links_as_msvc $machine
        wine $machine --stop
    else
        skipped=$((skipped + 2))
        echo "SKIPPED: windows-$machine in Wine: $why"
    fi
done
for machine in x86_64 i686; do
    check "windows-$machine: imports only what Wine 8 and Windows 10 have" imports $machine
    check "windows-$machine: exports exactly the functions, undecorated" exports $machine
    check "windows-$machine: negossp.def lists them" listed $machine
    check "windows-$machine: libnegossp.dll.a agrees with mingw's libsecur32.a" same_symbols $machine negossp "$functions"
    check "windows-$machine: libsecur32.dll.a agrees with mingw's libsecur32.a" same_symbols $machine secur32 "$everything"
    check "windows-$machine: exports all that mingw's libsecur32.a has" mingw_s $machine
    check "windows-$machine: one library under both names" same_library $machine
done
# Functions that are stubs in Wine's DLL end the program that calls them: they must not be forwarded there.
wine_stubs() {
    local dll name
    dll=$(dpkg -L libwine 2>/dev/null | grep '/x86_64-windows/secur32\.dll$')
    for name in $(x86_64-w64-mingw32-nm "$dll" | sed -n 's/.* T __wine_stub_//p'); do
        grep -qE "fn $name\(.*a stub in Wine;|ForwardedFunction::new\(c\"$name\", true\)|initiate!\($name," src/entry/exports/windows/{forwarded,with_contexts}.rs ||
            echo "$name would be passed on"
    done
}
scripts/need.sh libwine
check "windows: Wine's stubs are not called" wine_stubs
check "windows: exports all that Wine's secur32.dll does" wine_s
check "windows-x86_64: image" image x86_64 pei-x86-64
check "windows-i686: image" image i686 pei-i386

# What each function removes from the stack when it returns, read from its machine code, compared with what callers
# expect. The first return counts: tables of addresses, which follow the code, may look like others.
disassembled() { # SYMBOL DLL: by whichever of the names at its address objdump knows the function
    local address alias code
    address=$(i686-w64-mingw32-nm "$2" | awk -v symbol="$1" '$3 == symbol { print $1; exit }')
    for alias in "$1" $(i686-w64-mingw32-nm "$2" | awk -v address="$address" '$1 == address { print $3 }'); do
        # Its own block: objdump sometimes goes on with functions that follow.
        code=$(i686-w64-mingw32-objdump -d --disassemble="$alias" "$2" | awk '/>:$/ { found = 1 } found && /^$/ { exit } found')
        [[ $code != *'>:'* ]] || { echo "$code"; return; }
    done
}
pops() {
    local dll=$1 symbol name stated code
    for symbol in $(import_symbols i686 dist/windows-i686/libsecur32.dll.a); do
        name=${symbol#_} name=${name%@*} stated=${symbol##*@}
        code=$(disassembled "$symbol" "$dll" | sed -n 's/^ *[0-9a-f]*:\t[^\t]*\t\(ret.*\)/\1/p' | sed -n 1p)
        # A body shared with another function of the same arguments is reached by a jump.
        if [[ -z $code ]]; then
            symbol=$(disassembled "$symbol" "$dll" | sed -n 's/.*\tjmp .*<\(.*\)>$/\1/p' | head -n 1)
            code=$(disassembled "$symbol" "$dll" | sed -n 's/^ *[0-9a-f]*:\t[^\t]*\t\(ret.*\)/\1/p' | sed -n 1p)
        fi
        case $code in
        ret | "ret ") popped=0 ;;
        "ret    \$"* | "ret \$"*) popped=$((${code##*\$})) ;;
        *) popped="?($code)" ;;
        esac
        [[ $popped == "$stated" ]] || echo "$name pops $popped bytes, its callers expect $stated"
    done
}
unstripped=target/i686-win7-windows-gnu/release/negossp.dll
[[ -e $unstripped ]] || unstripped=target/debian/i686-win7-windows-gnu/release/negossp.dll
check "windows-i686: each function pops what its callers expect" pops $unstripped

echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
