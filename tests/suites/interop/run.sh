#!/usr/bin/env bash
# Interoperability with other implementations, all on this machine: curl, gss-ntlmssp, pyspnego, requests-ntlm,
# httpx-ntlm, impacket; for Kerberos MIT, Heimdal, curl, requests-kerberos.
#
#   run.sh [-v] [PART]   runs the checks (those whose names contain PART, or those in PART*.py, of PART,PART...; -v: durations, traces)
#   run.sh kerberos [-v] [PART]   the same of the Kerberos checks, with a KDC of their own
#   run.sh domain [-v] [PART]     the same of the checks of a domain, with a Samba domain controller of their own
#   run.sh winbind [-v] [PART]    the same of the checks of winbind, on a member of a domain of their own
#   run.sh trust [-v] [PART]      the same of the checks of a trust, beside two domains of their own that trust each other
#   run.sh prepare       only installs what is missing
#   run.sh record        writes tests/data/exchanges anew
#
# One line per check (ok, FAIL, SKIPPED) and last `N passed, N failed, N skipped`; status 1 if one failed.
# Settings: NEGOSSP_LIB          the library (else target/release's or target/debug's, whichever is newer)
#           NEGOSSP_HTTP_SERVER  command that serves HTTP at a port, which is appended; else the example server
#                                with that library, if it is built, else a server of the suite's own
#           VENV                 where the Python clients are installed (build/venv)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
venv=${VENV:-$root/build/venv}
packages=(python3-venv python3-gssapi gss-ntlmssp curl chromium)
kerberos_packages=(libgssapi3-heimdal python3-requests-kerberos krb5-kdc krb5-admin-server krb5-user)
clients=$here/requirements.txt

die() { echo "run.sh: $*" >&2; exit 2; }

# Debian's Python, for its compiled gssapi module; the rest from PyPI.
install_clients() {
    local stamp
    stamp=$venv/.complete-$(cksum <"$clients" | cut -d' ' -f1)
    [[ -e $stamp ]] && return
    rm -rf "$venv"
    /usr/bin/python3 -m venv --system-site-packages "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check -r "$clients" || die "cannot install the clients"
    : >"$stamp"
}

find_library() {
    [[ -n ${NEGOSSP_LIB:-} ]] && return
    NEGOSSP_LIB=$(ls -t "$root"/target/{release,debug}/libnegossp.so 2>/dev/null | head -1) || true
    [[ -n $NEGOSSP_LIB ]] || die "no libnegossp.so; build it, or set NEGOSSP_LIB"
}

find_http_server() {
    local example=$root/build/examples/linux-x86_64/http_server
    if [[ -z ${NEGOSSP_HTTP_SERVER:-} && -x $example ]]; then
        NEGOSSP_HTTP_SERVER="$example --library $NEGOSSP_LIB --port"
    fi
    export NEGOSSP_HTTP_SERVER=${NEGOSSP_HTTP_SERVER:-}
}

suite=suite.py
inside=()
case ${1:-} in
winbind) infra=$root/tests/infra/samba-member.sh ;;
trust) infra=$root/tests/infra/samba-trust.sh ;;
*) infra= ;;
esac
if [[ -n $infra ]]; then
    if ! "$infra" possible; then
        echo "SKIPPED: $1: no namespaces can be made here for domain controllers"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
    fi
    inside=("$infra" run "${TMPDIR:-/tmp}/negossp-$1-$$" --)
fi
if [[ ${1:-} == kerberos || ${1:-} == domain || -n $infra ]]; then
    suite=$1_suite.py
    packages+=("${kerberos_packages[@]}")
    export RUNLEVEL=1 # the packages start no KDC of their own
    shift
fi

mkdir -p "$(dirname "$venv")"
exec 9>"$venv.lock"
flock 9
"$root/scripts/need.sh" "${packages[@]}" >&2
install_clients
exec 9>&-

export PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore LC_ALL=C.UTF-8
case ${1:-} in
prepare) ;;
record) exec "$venv/bin/python" "$here/record.py" "$root/tests/data/exchanges" ;;
*)
    find_library
    find_http_server
    exec "${inside[@]}" "$venv/bin/python" "$here/$suite" "$NEGOSSP_LIB" "$@"
    ;;
esac
