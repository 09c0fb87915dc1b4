#!/bin/sh
# need.sh PACKAGE...: installs the Debian packages that are missing. Quick, and quiet, when none is.
# NEED=tell: only tells which are missing, on standard error; what needs them is left to fail, or to be skipped.
set -eu

missing=
for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) in
    ii*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0
if [ "${NEED:-}" = tell ]; then
    echo "MISSING:$missing: apt-get install$missing" >&2
    exit 0
fi

if [ "$(id -u)" != 0 ]; then
    echo "missing packages; as root: apt-get install$missing" >&2
    exit 1
fi
echo "installing$missing" >&2
# Only one caller at a time.
exec 9>"${TMPDIR:-/tmp}/negossp-need.lock"
flock 9
export DEBIAN_FRONTEND=noninteractive
install() {
    # shellcheck disable=SC2086 # a list of names
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=600 $missing </dev/null 9>&- # daemons that a package starts
}
# The package lists may be absent (a fresh container) or older than the archive.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install >"$log" 2>&1 || { apt-get update -q && install; } >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
