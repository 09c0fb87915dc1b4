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

realm=AD.EXAMPLE.TEST domain=ad.example.test netbios=EXAMPLE password='Passw0rd!' address=127.0.0.10
packages=(samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba krb5-user winbind iproute2)

separate() { unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private "$@"; }

write_configuration() {
    print_client_defaults >"$dir/krb5.conf"
    cat >>"$dir/krb5.conf" <<END
[realms]
    $realm = {
        kdc = $address
    }
[domain_realm]
    .$domain = $realm
    $domain = $realm
END
    printf 'search %s\nnameserver %s\n' "$domain" "$address" >"$dir/resolv.conf"
    printf '127.0.0.1 localhost member1.%s member1\n%s dc1.%s dc1\n' "$domain" "$address" "$domain" >"$dir/hosts"
    samba_configuration "$dir" DC1 "$address" >"$dir/smb.conf"
    cat >>"$dir/smb.conf" <<END
    server role = active directory domain controller
    server services = s3fs, rpc, ldap, cldap, kdc, winbindd, dns
    binddns dir = $dir/bind-dns
    ntp signd socket directory = $dir/run/ntp_signd
    dns forwarder =
    tls enabled = no
[sysvol]
    path = $dir/state/sysvol
    read only = no
[netlogon]
    path = $dir/state/sysvol/$domain/scripts
    read only = no
END
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

samba_configuration() { # DIR NAME ADDRESS
    cat <<END
[global]
    netbios name = $2
    realm = $realm
    workgroup = $netbios
    interfaces = $3/8
    bind interfaces only = yes
    disable netbios = yes
    private dir = $1/private
    lock directory = $1/lock
    state directory = $1/state
    cache directory = $1/cache
    pid directory = $1/run
    ncalrpc dir = $1/run/ncalrpc
    log file = $1/log/samba.log
    logging = file
    load printers = no
    disable spoolss = yes
END
}

# Samba's folders, for processes that see these mounts. That of winbindd's socket is compiled in.
folders() { # DIR
    local name
    for name in run/samba var/lib/samba var/cache/samba var/log/samba; do
        mkdir -p "/$name" "$1/places/$name"
        mount --bind "$1/places/$name" "/$name"
    done
}

provision() {
    samba-tool domain provision -s /dev/null --realm="$realm" --domain="$netbios" --server-role=dc --dns-backend=SAMBA_INTERNAL \
        --host-name=dc1 --host-ip="$address" --adminpass="$password" --targetdir="$dir" >"$dir/log/provision.log" 2>&1 ||
        { tail -20 "$dir/log/provision.log" >&2; die "samba-tool does not make a domain"; }
    write_configuration # in place of the one that samba-tool left
    samba_spnupdate -s "$dir/smb.conf" >"$dir/log/spn.log" 2>&1 # ldap/dc1 and others, which members ask for
    DIR=$dir DOMAIN=$domain PASSWORD=$password /usr/bin/python3 "$here/samba_accounts.py" >"$dir/log/accounts.log" 2>&1 ||
        { tail -20 "$dir/log/accounts.log" >&2; die "no accounts"; }
}

wait_for() { # WHAT COMMAND...
    local i
    for ((i = 0; i < 600; i++)); do
        ! "${@:2}" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    tail -20 "$dir"/log/samba.* "$dir"/member/log/* >&2 || true
    die "$1 does not start"
}
serves() { (exec 3<>"/dev/tcp/$address/88" 4<>"/dev/tcp/$address/389" 5<>"/dev/tcp/$address/135" 6<>"/dev/tcp/$address/445"); }

start_controller() {
    # shellcheck disable=SC2016 # for that shell
    unshare --mount --propagation private bash -c '
        source "$1"; folders "$2/dc"; exec samba -F --no-process-group -M single -s "$2/smb.conf"' \
        bash "${BASH_SOURCE[0]}" "$dir" >>"$dir/log/samba.out" 2>&1 </dev/null &
    wait_for "the domain controller" serves
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

# The first process of the namespaces.
inside() {
    ip link set lo up
    for name in log run lock cache state rcache bind-dns member dc; do mkdir -p "$dir/$name"; done
    for name in private lock state cache log run; do mkdir -p "$dir/member/$name"; done
    write_configuration
    mount --bind "$dir/resolv.conf" /etc/resolv.conf
    mount --bind "$dir/hosts" /etc/hosts
    folders "$dir/member"
    provision
    start_controller
    export KRB5_CONFIG=$dir/krb5.conf
    wait_for "membership" net ads join -s "$dir/member/smb.conf" -U "Administrator%$password" --no-dns-updates
    start_winbindd
    SAMBA_MEMBER=$dir "$@"
}

[[ ${BASH_SOURCE[0]} == "$0" ]] || return 0

verb=${1:-}
shift || true
case $verb in
possible) separate true 2>/dev/null ;;
run)
    dir=${1:?}
    [[ $dir == /* ]] || dir=$PWD/$dir
    [[ ${2:-} == -- && $# -gt 2 ]] || die "run DIR -- COMMAND..."
    [[ ! -e $dir ]] || die "$dir is there already"
    RUNLEVEL=1 "$root/scripts/need.sh" "${packages[@]}" >&2 # RUNLEVEL: no daemons of the packages' own
    trap 'rm -rf --one-file-system "$dir"' EXIT
    trap 'exit 130' INT TERM
    mkdir -p "$dir"
    chmod 755 "$dir"
    separate "${BASH_SOURCE[0]}" inside "$dir" "${@:3}"
    ;;
inside)
    dir=$1
    inside "${@:2}"
    ;;
winbindd)
    dir=${2:?}
    export KRB5_CONFIG=$dir/krb5.conf
    "${1:?}_winbindd"
    ;;
*)
    sed -n '2,/^set /p' "${BASH_SOURCE[0]}" | sed -n 's/^# \{0,1\}//p'
    exit 2
    ;;
esac
