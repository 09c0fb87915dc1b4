#!/usr/bin/env bash
# A throw-away Active Directory domain and a member of it, for what asks winbindd: a Samba domain controller with all that a
# member needs of one, and this machine as the member MEMBER1, joined with `net ads join`, with its winbindd. All of it is in
# namespaces of its own (network, processes, mounts): nothing outside sees it, and it ends with the command. Ready in about
# twenty seconds; needs root, for the packages and for the namespaces.
#
#   samba-member.sh possible            status 0 if this machine lets us make such namespaces
#   samba-member.sh run DIR -- COMMAND...   runs the command as on the member; DIR is made, and removed afterwards
#   samba-member.sh winbindd start|stop DIR   within the command: begins or ends winbindd
#
# The accounts, and what else is in DIR, are samba-ad.sh's; smb.conf there is the domain controller's, member/smb.conf the
# member's. The domain controller's address is 127.0.0.10.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
. "$here/samba-controller.sh"

realm=AD.EXAMPLE.TEST domain=ad.example.test netbios=EXAMPLE password='Passw0rd!' host=dc1 address=127.0.0.10 forwarder=

write_configuration() {
    print_client_defaults >"$dir/krb5.conf"
    cat >>"$dir/krb5.conf" <<END
[realms]
    $realm = {
        kdc = $address
        kpasswd_server = $address
    }
[domain_realm]
    .$domain = $realm
    $domain = $realm
END
    printf '127.0.0.1 localhost member1.%s member1\n%s dc1.%s dc1\n' "$domain" "$address" "$domain" >"$dir/hosts"
    samba_configuration "$dir/member" MEMBER1 127.0.0.1 >"$dir/member/smb.conf"
    cat >>"$dir/member/smb.conf" <<END
    security = ads
    # "secrets and keytab" would write /etc/krb5.keytab
    kerberos method = dedicated keytab
    dedicated keytab file = FILE:$dir/member1.keytab
    idmap config * : backend = tdb
    idmap config * : range = 100000-199999
    idmap config $netbios : backend = rid
    idmap config $netbios : range = 200000-299999
END
}

start_winbindd() {
    setsid winbindd -F --no-process-group -s "$dir/member/smb.conf" >>"$dir/member/log/winbindd.out" 2>&1 </dev/null &
    echo $! >"$dir/winbindd.pid"
    wait_for winbindd wbinfo -t
}

stop_winbindd() {
    local pid i
    pid=$(cat "$dir/winbindd.pid")
    kill "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$pid"
}

inside() { # COMMAND...
    begin_inside "$dir"
    mkdir -p "$dir"/member/{private,lock,state,cache,log,run}
    write_configuration
    use_names "$address" "$dir"
    folders "$dir/member"
    export KRB5_CONFIG=$dir/krb5.conf
    provision
    start_controller
    wait_for "membership" net ads join -s "$dir/member/smb.conf" -U "Administrator%$password" --no-dns-updates
    start_winbindd
    SAMBA_MEMBER=$dir "$@"
}

verb=${1:-}
shift || true
case $verb in
inside)
    dir=$1
    inside "${@:2}"
    ;;
winbindd)
    dir=${2:?}
    export KRB5_CONFIG=$dir/krb5.conf
    "${1:?}_winbindd"
    ;;
*) run_separately "$verb" "$@" ;;
esac
