#!/usr/bin/env bash
# A throw-away Active Directory domain on loopback: the KDC of a Samba domain controller, with users, groups, services
# and keytabs. Its tickets have PACs. Ready in about ten seconds; needs root, for the packages and for Samba's own files.
#
#   samba-ad.sh start [DIR]          makes the domain in DIR (build/samba-ad; emptied first if it is such a domain) and
#                                    prints what `env` prints
#   samba-ad.sh env [DIR]            the lines `export NAME=VALUE` that a client or a server of the domain wants
#   samba-ad.sh stop [DIR]           ends the domain controller and removes DIR
#   samba-ad.sh halt [DIR]           ends the domain controller and leaves DIR as it is
#   samba-ad.sh resume [DIR]         begins it again, where it was
#   samba-ad.sh twin DIR -- FROM     makes a second domain controller of the domain in FROM, which must be halted: a copy that
#                                    knows of no channels, on an address of its own
#   samba-ad.sh run [DIR] -- COMMAND...   runs the command in that environment, with the domain there while it lasts
#
# Settings: OWNER     process id; when that process is gone, the domain controller ends too (not with `run`)
#           NETLOGON  1: Netlogon, its endpoint mapper, LDAP and the domain's DNS too, on an address in 127.0.0.0/8 that nothing
#                     else listens on, which is then SAMBA_AD_ADDRESS
#
# Realm AD.EXAMPLE.TEST, domain EXAMPLE, no other port than the KDC's unless NETLOGON is set. All passwords are Passw0rd!.
# Besides users and services there is the computer GAMES$, made as any user may make one. In DIR:
#   krb5.conf              clients' configuration
#   users.keytab           alice (in webusers, webadmins, weblocal and, by webusers, in everybody), bob, jörg, disabled,
#                          expired
#   USER.ccache            a ticket-granting ticket of alice, bob and jörg
#   http.keytab            the keys of all services; server.keytab, rc4.keytab and web1.keytab those of one
#   krbtgt.keytab          the domain's own key
#   svc_http.keytab        the keys of HTTP/server's account, under its own name
#   sids                   the SIDs of the domain, its users and its groups: NAME SID
# Services:
#   HTTP/server            of the user svc_http, with AES keys; it may act for its clients towards HTTP/web1
#   HTTP/rc4               of the user svc_rc4, with an RC4 key only
#   HTTP/web1, host/web1   of the computer WEB1$; web1.keytab is as a joined machine has it
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"

realm=AD.EXAMPLE.TEST domain=ad.example.test netbios=EXAMPLE password='Passw0rd!'
packages=(samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba krb5-user)

parse_arguments samba-ad "$@"

print_env() {
    cat <<END
export SAMBA_AD='$dir'
export KRB5_CONFIG='$dir/krb5.conf'
export KRB5CCNAME='FILE:$dir/alice.ccache'
export KRB5_KTNAME='FILE:$dir/http.keytab'
export KRB5RCACHEDIR='$dir/rcache'
END
    [[ ! -s $dir/address ]] || echo "export SAMBA_AD_ADDRESS='$(cat "$dir/address")'"
}

# Where it listens.
address() { cat "$dir/address" 2>/dev/null || echo 127.0.0.1; }

# Process ids are reused, so only a Samba of this folder counts. It is recognised by the folder that it writes to, since it
# changes its command line. All of its processes are of one group.
is_samba() { [[ $(readlink "/proc/$1/fd/1" 2>/dev/null) == "$dir/log/samba.out" ]]; }
members() { ps -e -o pid=,pgid= | awk -v group="$1" '$2 == group { print $1 }'; }

stop() {
    halt
    [[ ! -e $mark ]] || rm -rf --one-file-system "$dir"
}

halt() {
    local group i member
    [[ ! -s $dir/samba.group ]] || kill -CONT -- "-$(cat "$dir/samba.group")" 2>/dev/null || true
    if [[ -s $dir/samba.group ]]; then
        group=$(cat "$dir/samba.group")
        for ((i = 0; i < 100; i++)); do
            local left=
            for member in $(members "$group"); do
                ! is_samba "$member" || left+=" $member"
            done
            [[ -n $left ]] || break
            # shellcheck disable=SC2086 # a list of processes
            if ((i < 50)); then kill $left 2>/dev/null || true; else kill -9 $left 2>/dev/null || true; fi
            sleep 0.05
        done
    fi
}

listens() { (exec 3<>"/dev/tcp/$(address)/$1") 2>/dev/null; }

write_configuration() { # PORT
    local services=kdc
    [[ ! -e $dir/address ]] || services='kdc rpc dns ldap'
    print_client_defaults >"$dir/krb5.conf"
    cat >>"$dir/krb5.conf" <<END
    kdc_timesync = 0
    # Newer MIT needs these allowed explicitly.
    allow_weak_crypto = true
    allow_rc4 = true
[realms]
    $realm = {
        kdc = $(address):$1
    }
[domain_realm]
    .$domain = $realm
END
    cat >"$dir/smb.conf" <<END
[global]
    netbios name = DC1
    realm = $realm
    workgroup = $netbios
    server role = active directory domain controller
    server services = $services
    krb5 port = $1
    kpasswd port = 0
    interfaces = $(address)/8
    bind interfaces only = yes
    disable netbios = yes
    tls enabled = no
    private dir = $dir/private
    lock directory = $dir/lock
    state directory = $dir/state
    cache directory = $dir/cache
    binddns dir = $dir/bind-dns
    pid directory = $dir/run
    ncalrpc dir = $dir/run/ncalrpc
    winbindd socket directory = $dir/run/winbindd
    ntp signd socket directory = $dir/run/ntp_signd
    log file = $dir/log/samba.log
    logging = file
    log level = 1
    load printers = no
[sysvol]
    path = $dir/state/sysvol
    read only = no
[netlogon]
    path = $dir/state/sysvol/$domain/scripts
    read only = no
END
}

# An address that nothing listens on; two runs that look at the same time hardly find the same.
take_address() {
    local i
    for ((i = 0; i < 20; i++)); do
        echo "127.$((1 + RANDOM % 250)).$((RANDOM % 250)).$((1 + RANDOM % 250))" >"$dir/address"
        listens 135 || return 0
    done
    die "no free address"
}

provision() {
    local dns=NONE
    [[ ! -e $dir/address ]] || dns=SAMBA_INTERNAL
    samba-tool domain provision -s /dev/null --realm="$realm" --domain="$netbios" --server-role=dc --dns-backend="$dns" \
        --host-name=dc1 --host-ip="$(address)" --adminpass="$password" --targetdir="$dir" >"$dir/log/provision.log" 2>&1 ||
        { tail -n 20 "$dir/log/provision.log" >&2; die "samba-tool does not make a domain"; }
    write_configuration 88 # in place of the one that samba-tool left
    DIR=$dir DOMAIN=$domain PASSWORD=$password /usr/bin/python3 "$here/samba_accounts.py" >"$dir/log/accounts.log" 2>&1 ||
        { tail -n 20 "$dir/log/accounts.log" >&2; die "no accounts"; }
}

# The KDC on some free port. Another process may take the port before the KDC does: then it is tried with another one.
start_samba() {
    local port pid i j
    for ((i = 0; i < 10; i++)); do
        port=$((20000 + RANDOM % 12000))
        ! listens "$port" || continue
        write_configuration "$port"
        setsid samba -F -M single -s "$dir/smb.conf" >>"$dir/log/samba.out" 2>&1 </dev/null &
        pid=$!
        echo "$pid" >"$dir/samba.group"
        for ((j = 0; j < 400; j++)); do
            kill -0 "$pid" 2>/dev/null || break
            if listens "$port" && ticket alice alice 2>>"$dir/log/kinit.log"; then
                [[ -z ${OWNER:-} ]] || watch_owner is_samba "$pid" &
                return
            fi
            sleep 0.05
        done
        kill -9 "$pid" 2>/dev/null || true
    done
    tail -n 20 "$dir"/log/samba.* >&2
    die "samba does not start"
}

start() {
    [[ $(id -u) == 0 ]] || die "needs root"
    may_use_folder
    RUNLEVEL=1 "$root/scripts/need.sh" "${packages[@]}" >&2 # RUNLEVEL: no daemons of the packages' own
    stop
    mkdir -p "$dir"/{rcache,log,run,lock,cache,state}
    chmod 700 "$dir"
    : >"$mark"
    [[ ${NETLOGON:-} != 1 ]] || take_address
    eval "$(print_env)"
    write_configuration 88
    provision
    start_samba
    ticket bob bob
    ticket jörg jörg
}

case $verb in
halt) halt ;;
resume)
    eval "$(print_env)"
    start_samba
    ;;
twin)
    [[ -e ${command[0]:?FROM}/.samba-ad && ! -e $dir ]] || die "twin DIR -- FROM"
    cp -a "${command[0]}" "$dir"
    rm -rf "$dir"/{address,samba.group,run/*,log/*} "$dir"/private/schannel_store.tdb
    NETLOGON=1 take_address
    eval "$(print_env)"
    start_samba
    ;;
*) run_verb ;;
esac
