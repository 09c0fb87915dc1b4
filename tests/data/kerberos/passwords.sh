#!/usr/bin/env bash
# Writes passwords_mit.keytab and passwords_samba.keytab: the keys that MIT's KDC and Samba's Active Directory make of the
# password "Pässw0rd!" for a service, a computer and a user. Nothing is started; needs krb5-kdc, krb5-admin-server, samba.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin
password='Pässw0rd!'
rm -f "$here"/passwords_*.keytab

cat >"$work/krb5.conf" <<END
[libdefaults]
default_realm = EXAMPLE.COM
END
cat >"$work/kdc.conf" <<END
[realms]
EXAMPLE.COM = {
 database_name = $work/principal
 key_stash_file = $work/stash
 supported_enctypes = aes256-sha1:normal aes128-sha1:normal aes256-sha2:normal aes128-sha2:normal arcfour-hmac:normal
}
END
mit() { KRB5_CONFIG=$work/krb5.conf KRB5_KDC_PROFILE=$work/kdc.conf "$@"; }
mit kdb5_util create -s -P master -r EXAMPLE.COM
for principal in HTTP/web1.example.com 'WEB1$' svc-web; do
    mit kadmin.local -q "addprinc -pw $password $principal"
    mit kadmin.local -q "ktadd -norandkey -k $here/passwords_mit.keytab $principal"
done

samba() { samba-tool "$@" -s "$work/ad/etc/smb.conf"; }
samba-tool domain provision --realm=AD.EXAMPLE.COM --domain=EXAMPLE --server-role=dc --dns-backend=NONE \
    --adminpass='Passw0rd!x' --targetdir="$work/ad" --host-name=dc1 --host-ip=127.0.0.1
samba user create svc-web "$password"
samba computer create WEB1 --service-principal-name=HTTP/web1.ad.example.com
samba user setpassword 'WEB1$' --newpassword="$password"
for principal in svc-web 'WEB1$'; do
    samba domain exportkeytab "$here/passwords_samba.keytab" --principal="$principal"
done
