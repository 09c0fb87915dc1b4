#!/bin/sh
# Makes a certificate for 127.0.0.1 and the one that signs it, for the tests of KDC proxies.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
$new -x509 -days 36500 -subj "/CN=negossp test CA" -keyout "$work/ca.key" -out ca.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
$new -subj "/CN=127.0.0.1" -keyout key.pem -out "$work/server.csr"
printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > "$work/extensions"
openssl x509 -req -days 36500 -in "$work/server.csr" -CA ca.pem -CAkey "$work/ca.key" \
    -CAcreateserial -CAserial "$work/serial" -extfile "$work/extensions" -out cert.pem
