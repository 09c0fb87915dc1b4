#!/usr/bin/env bash
# Writes the tickets of this folder anew; needs root, for tests/infra/samba-ad.sh. The keys in them are those of
# throw-away realms.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../../.." && pwd)

record() { # NAME CCACHE SERVER KEYTAB
    "$here/record.py" "$2" "$3" "$4" krbtgt.keytab >"$here/$1.txt"
    echo "$1"
}

in_samba() {
    local ad=ad.example.test
    cd "$SAMBA_AD"
    kvno -q HTTP/{server,rc4,web1}.$ad
    record samba-aes256 alice.ccache HTTP/server.$ad http.keytab
    record samba-rc4 alice.ccache HTTP/rc4.$ad http.keytab
    record samba-machine alice.ccache HTTP/web1.$ad web1.keytab
    record samba-krbtgt alice.ccache krbtgt/AD.EXAMPLE.TEST krbtgt.keytab
    KRB5CCNAME=jörg.ccache kvno -q HTTP/server.$ad
    record samba-not-ascii jörg.ccache HTTP/server.$ad http.keytab
    # An enterprise name, and the computer's ticket to itself on behalf of alice.
    KRB5CCNAME=enterprise.ccache kinit -E "alice@$ad" <<<'Passw0rd!' >/dev/null
    KRB5CCNAME=enterprise.ccache kvno -q HTTP/server.$ad
    record samba-enterprise enterprise.ccache HTTP/server.$ad http.keytab
    export KRB5CCNAME=FILE:web1.ccache
    kinit -k -t web1.keytab 'web1$'
    kvno -q -U alice -k web1.keytab --out-cache s4u.ccache 'web1$'
    record samba-s4u2self s4u.ccache 'web1$' web1.keytab
}

in_mit() {
    local name
    cd "$(dirname "$KRB5_CONFIG")"
    printf 'ktadd -q -k krbtgt.keytab -norandkey krbtgt/EXAMPLE.TEST\n' | "$root/tests/infra/mit-kdc.sh" admin "$PWD" >/dev/null
    for name in aes256-sha1 aes128-sha1 aes256-sha2 aes128-sha2 rc4; do
        kvno -q HTTP/$name.example.test
        record "mit-$name" alice.ccache HTTP/$name.example.test http.keytab
    done
    KRB5CCNAME=alice-admin.ccache kvno -q HTTP/aes256-sha2.example.test
    record mit-two-components alice-admin.ccache HTTP/aes256-sha2.example.test http.keytab
}

case ${1:-} in
samba) in_samba ;;
mit) in_mit ;;
*)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    "$root/tests/infra/samba-ad.sh" run "$work/samba" -- bash -c 'eval "$("$1/tests/infra/samba-ad.sh" env "$2")"; exec "$3" samba' \
        - "$root" "$work/samba" "$here/record.sh"
    "$root/tests/infra/mit-kdc.sh" run "$work/mit" -- "$here/record.sh" mit
    ;;
esac
