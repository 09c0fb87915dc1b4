#!/usr/bin/env bash
# run.sh [ARGUMENT...]: builds MIT's acceptor and gives the same conversations to it and to ours
# (main.rs).
set -euo pipefail
{ # read as a whole before it runs, so that it may be edited meanwhile
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
out=$root/build/differential
mkdir -p "$out"
skip() {
    echo "SKIPPED: differential: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
"$root/scripts/need.sh" gcc libkrb5-dev gss-ntlmssp || skip "needs gcc, libkrb5-dev and gss-ntlmssp"
# MIT's acceptor has the same mechanisms as ours, whatever else the machine's configuration names.
ntlm=$(dpkg -L gss-ntlmssp | grep '/gssntlmssp\.so$')
echo "gssntlmssp_v1 1.3.6.1.4.1.311.2.2.10 $ntlm" >"$out/mech"
export GSS_MECH_CONFIG=$out/mech
gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror -o "$out/mit_acceptor" "$here/mit_acceptor.c" -lgssapi_krb5
cd "$root"
MIT_ACCEPTOR=$out/mit_acceptor exec scripts/toolchain.sh linux test -q --test differential -- "$@"
}
