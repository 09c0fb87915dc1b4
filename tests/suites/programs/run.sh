#!/usr/bin/env bash
# run.sh [-v] [--only PART] [PROGRAM-PLATFORM]...: builds real programs from Debian's source packages, with our library in the
# place of the system's, and has real clients or servers authenticate with them. Without arguments: all of them.
# --only: the checks whose names contain PART. The last line counts.
#
#   squid-wine64 squid-wine32  Squid's negotiate_sspi_auth and ntlm_sspi_auth, for Windows, run by Debian's Squid
#   squid-linux                negotiate_sspi_auth with negossp.h in place of <windows.h>
#   curl-wine64 curl-linux     curl with SSPI in place of GSSAPI, as a client of Debian's Apache, of pyspnego and of the example server
#   ntlmauth-linux             negossp as ntlm_auth, run by Debian's Squid by helper lines as for Samba's
#   freeradius-linux           the same, run by Debian's FreeRADIUS for MS-CHAP
#   mariadb-wine64 mariadb-wine32   MariaDB's GSSAPI plugin for Windows in a server of its own, asked by Debian's mariadb
#   freerdp-linux freerdp3-linux    Debian's FreeRDP as a server, unmodified, with xfreerdp as its client: Debian 12's, and Debian 13's
#                                   in the chroot that has Wine 10
#   go-wine64 go-wine32        a program of ours that makes the calls of Go's packages for SSPI, as server and client
#   firebird-wine64 firebird-wine32   Firebird's plugin Win_Sspi in a server and a client of its own
#   libpq-wine64               PostgreSQL's client library for Windows, in a client of ours; also with Debian's PostgreSQL
#   sspilib-linux              PyPI's sspilib, with this library in the place of the one that its wheel carries: its own tests
#   node-wine64                node-expose-sspi, npm's prebuilt addon, in npm's Node.js for Windows; skipped without npm
#   mod_authn_ntlm-linux       an Apache module for Windows, under Debian's Apache; its source is on GitHub, and skipped without
#
# Sources and builds are kept in build/programs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
here=tests/suites/programs
all=(squid-wine64 squid-wine32 squid-linux curl-wine64 curl-linux mariadb-wine64 mariadb-wine32 ntlmauth-linux freeradius-linux
    freerdp-linux freerdp3-linux go-wine64 go-wine32 firebird-wine64 firebird-wine32 libpq-wine64 sspilib-linux node-wine64 mod_authn_ntlm-linux)

options=() wanted=()
while (($#)); do
    case $1 in
    -v) options+=("$1") ;;
    --only) options+=("$1" "$2"); shift ;;
    *-*) wanted+=("$1") ;;
    *) sed -n '2,/^set /p' "${BASH_SOURCE[0]}" | sed -n 's/^# \{0,1\}//p'; exit 2 ;;
    esac
    shift
done
((${#wanted[@]})) || wanted=("${all[@]}")

# What a program is built from, and runs with. FreeRDP is Debian's own.
declare -A sources=([squid]=squid [curl]=curl [mariadb]="mariadb plugin/auth_gssapi include"
    [firebird]="firebird3.0 src/auth/trusted" [libpq]="postgresql-15 src/interfaces/libpq src/include src/common src/port")
declare -A repositories=(
    [mod_authn_ntlm]="https://github.com/TQsoft-GmbH/mod_authn_ntlm 4a6cb71581b77e7c58cdbcb04eafc3388e782d00 src")
declare -A needs=([squid]="squid g++" [curl]="apache2-bin libapache2-mod-auth-gssapi openssl gcc"
    [mariadb]="mariadb-client-core mariadb-plugin-gssapi-client" [ntlmauth]=squid [freeradius]="freeradius freeradius-utils"
    [go]=golang-go [firebird]=firebird-dev [libpq]=postgresql-15 [mod_authn_ntlm]="apache2-dev gcc"
    [freerdp]="freerdp2-shadow-x11 freerdp2-x11 xvfb" [freerdp3]=xvfb)
# These load the DLL from the system's folder only.
in_system=" curl-wine64 go-wine64 go-wine32 "

# 77: this machine cannot have the program; why is on standard output.
prepare() { # PROGRAM PLATFORM
    local platform status source=
    case $2 in
    linux) platform=linux-x86_64 ;;
    wine64) platform=windows-x86_64 ;;
    wine32) platform=windows-i686 ;;
    *) echo "run.sh: linux, wine64 or wine32" >&2; return 2 ;;
    esac
    if [[ $2 == wine* ]]; then
        scripts/wine.sh "${2#wine}" --prepare || return
        scripts/need.sh "g++-mingw-w64-$(tr _ - <<<"${platform#windows-}")" || return
    fi
    if [[ ${repositories[$1]:-} ]]; then
        # shellcheck disable=SC2086
        source=$($here/fetch_git.sh "$1" ${repositories[$1]}) || { status=$?; echo "$source"; return $status; }
    fi
    if [[ $1 == node ]]; then
        source=$($here/fetch_npm.sh node) || { status=$?; echo "$source"; return $status; }
        # It wants Windows 8.1; Wine 8 is Windows 7 by default.
        scripts/wine.sh 64 reg add 'HKCU\Software\Wine\AppDefaults\node.exe' /v Version /d win10 /f >&2 || return
    fi
    if [[ $1 == sspilib ]]; then
        source=$($here/fetch_sspilib.sh) || { status=$?; echo "$source"; return $status; }
    fi
    scripts/dist.sh $platform || return
    [[ $1 != curl ]] || { scripts/dist.sh linux-x86_64 && scripts/examples.sh linux-x86_64; } || return
    # shellcheck disable=SC2086 # lists
    scripts/need.sh make ${needs[$1]:-} || return
    if [[ $1 == freerdp3 ]]; then
        scripts/wine_chroot.sh 10 >/dev/null || { scripts/wine_chroot.sh 10; return; }
        scripts/wine_chroot.sh 10 --install freerdp3-shadow-x11 freerdp3-x11 >&2 || return
    fi
    if [[ ${sources[$1]:-} ]]; then
        # shellcheck disable=SC2086
        source=$($here/fetch.sh ${sources[$1]}) || return
    fi
    [[ -e $here/$1/Makefile ]] || return 0
    make -s -j"$(nproc)" -f "$here/$1/Makefile" SOURCE="$source" PLATFORM=$platform >&2 || return
    [[ $in_system != *" $1-$2 "* ]] || install_in_system "${2#wine}" $platform
}

# A prefix of its own, with the library in the system's folder.
install_in_system() { # BITS PLATFORM
    local system=build/wine/prefix$1-system-dll/drive_c/windows/system32
    PREFIX=system-dll scripts/wine.sh "$1" --prepare || return
    # Functions that are not ours are forwarded to the system's own DLL, which was moved aside.
    mkdir -p "$system/negossp"
    [[ -e $system/negossp/secur32.dll ]] || mv "$system/secur32.dll" "$system/negossp/"
    install -C -m 755 "dist/$2/secur32.dll" "$system/"
}

export RUNLEVEL=1 # the packages start no daemons of their own
tests/suites/interop/run.sh prepare
scripts/dist.sh linux-x86_64
scripts/need.sh krb5-kdc krb5-admin-server krb5-user >&2
ready=()
for name in "${wanted[@]}"; do
    status=0
    why=$(prepare "${name%-*}" "${name##*-}") || status=$?
    case $status in
    0) ready+=("$name") ;;
    77) options+=(--skip "$name: $why") ;;
    *) exit 1 ;;
    esac
done
LC_ALL=C.UTF-8 build/venv/bin/python $here/main.py "${options[@]}" "${ready[@]}"
