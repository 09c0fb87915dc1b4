#!/usr/bin/env bash
# Two throw-away Active Directory domains that trust each other, each with its Samba domain controller: AD.EXAMPLE.TEST
# (EXAMPLE), the server's, and EVIL.TEST (EVIL), whose domain controller is the tests'. All of it is in namespaces of its own
# (network, processes, mounts): nothing outside sees it, and it ends with the command. Ready in about twenty seconds; needs
# root, for the packages and for the namespaces.
#
#   samba-trust.sh possible            status 0 if this machine lets us make such namespaces
#   samba-trust.sh run DIR -- COMMAND...   runs the command beside the domain controllers; DIR is made, and removed afterwards
#
# In DIR:
#   krb5.conf              clients' configuration, with both realms
#   example, evil          what samba-ad.sh has of a domain: both have the same accounts and passwords
#   */samba.pid            the first process of each domain controller; all of them have mounts of their own
#   evil/trust.keytab      the key of krbtgt/AD.EXAMPLE.TEST@EVIL.TEST, with which tickets pass from one to the other
# The trust is between forests and goes both ways. The domain controllers' addresses are 127.0.0.10 and 127.0.0.20.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
. "$here/samba-controller.sh"

password='Passw0rd!'
# The first is the DNS server of both: it asks the second for what it does not have itself.
use_example() { dir=$top/example realm=AD.EXAMPLE.TEST domain=ad.example.test netbios=EXAMPLE host=dc1 address=127.0.0.10 forwarder=127.0.0.20; }
use_evil() { dir=$top/evil realm=EVIL.TEST domain=evil.test netbios=EVIL host=dc2 address=127.0.0.20 forwarder=; }

write_configuration() {
    print_client_defaults >"$top/krb5.conf"
    cat >>"$top/krb5.conf" <<END
[realms]
    AD.EXAMPLE.TEST = {
        kdc = 127.0.0.10
    }
    EVIL.TEST = {
        kdc = 127.0.0.20
    }
[domain_realm]
    .ad.example.test = AD.EXAMPLE.TEST
    ad.example.test = AD.EXAMPLE.TEST
    .evil.test = EVIL.TEST
    evil.test = EVIL.TEST
END
    printf '127.0.0.1 localhost\n127.0.0.10 dc1.ad.example.test\n127.0.0.20 dc2.evil.test\n' >"$top/hosts"
}

make_trust() {
    use_example
    samba-tool domain trust create evil.test --type=forest -s "$dir/smb.conf" -U "Administrator@EVIL.TEST%$password" \
        >"$dir/log/trust.log" 2>&1
}

inside() { # COMMAND...
    local pids=()
    begin_inside "$top"
    use_example
    write_configuration
    export KRB5_CONFIG=$top/krb5.conf
    use_names "$address" "$top"
    for which in example evil; do
        (use_$which && provision) &
        pids+=($!)
    done
    wait "${pids[0]}" && wait "${pids[1]}"
    for which in evil example; do
        use_$which
        start_controller
    done
    wait_for "the trust" make_trust
    use_evil
    samba-tool domain exportkeytab -s "$dir/smb.conf" --principal=krbtgt/AD.EXAMPLE.TEST@EVIL.TEST "$dir/trust.keytab" \
        >"$dir/log/keytab.log" 2>&1
    SAMBA_TRUST=$top "$@"
}

verb=${1:-}
shift || true
case $verb in
inside)
    top=$1
    inside "${@:2}"
    ;;
*) run_separately "$verb" "$@" ;;
esac
