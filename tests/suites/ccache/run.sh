#!/bin/sh
# Credential caches of each kind, shared with MIT's kinit, kvno and klist in a realm of its own.
set -eu
cd "$(dirname "$0")/../../.."
scripts/need.sh krb5-kdc krb5-admin-server krb5-user heimdal-kcm sssd-kcm >&2
NEGOSSP_TEST_CCACHE=1 exec scripts/cargo-test.sh tests/infra/mit-kdc.sh run build/ccache-kdc -- \
    scripts/toolchain.sh linux test --test it kerberos::ccache_programs -- --show-output
