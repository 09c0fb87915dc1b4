# shellcheck shell=bash
# A Samba domain controller with all that members of its domain and domains that trust it need, in namespaces (network,
# processes, mounts) that nothing outside sees and that end with the command; sourced by the scripts that run one or more.
#
# Settings: realm, domain, netbios, password   the domain's
#           host, address, forwarder   the domain controller's, and the DNS server that it asks, if any
#           dir                        its folder
controller_packages=(samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba krb5-user winbind iproute2)

separate() { unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private "$@"; }

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

controller_configuration() {
    samba_configuration "$dir" "${host^^}" "$address"
    cat <<END
    server role = active directory domain controller
    server services = s3fs, rpc, ldap, cldap, kdc, winbindd, dns
    binddns dir = $dir/bind-dns
    ntp signd socket directory = $dir/run/ntp_signd
    dns forwarder = $forwarder
    tls enabled = no
[sysvol]
    path = $dir/state/sysvol
    read only = no
[netlogon]
    path = $dir/state/sysvol/$domain/scripts
    read only = no
END
}

# The domain, with the accounts of samba_accounts.py.
provision() {
    mkdir -p "$dir"/{log,run,lock,cache,state,rcache,bind-dns,dc}
    samba-tool domain provision -s /dev/null --realm="$realm" --domain="$netbios" --server-role=dc --dns-backend=SAMBA_INTERNAL \
        --host-name="$host" --host-ip="$address" --adminpass="$password" --targetdir="$dir" >"$dir/log/provision.log" 2>&1 ||
        { tail -n 20 "$dir/log/provision.log" >&2; die "samba-tool does not make a domain"; }
    controller_configuration >"$dir/smb.conf"
    samba_spnupdate -s "$dir/smb.conf" >"$dir/log/spn.log" 2>&1 # ldap/HOST and others, which members ask for
    DIR=$dir DOMAIN=$domain PASSWORD=$password /usr/bin/python3 "$here/samba_accounts.py" >"$dir/log/accounts.log" 2>&1 ||
        { tail -n 20 "$dir/log/accounts.log" >&2; die "no accounts"; }
}

# Samba's folders, for processes that see these mounts. That of winbindd's socket is compiled in.
folders() { # DIR
    local name
    for name in run/samba var/lib/samba var/cache/samba var/log/samba; do
        mkdir -p "/$name" "$1/places/$name"
        mount --bind "$1/places/$name" "/$name"
    done
}

wait_for() { # WHAT COMMAND...
    local i
    for ((i = 0; i < 600; i++)); do
        ! "${@:2}" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    tail -n 20 "$dir"/log/samba.* "$dir"/member/log/* >&2 || true
    die "$1 does not start"
}
serves() { (exec 3<>"/dev/tcp/$address/88" 4<>"/dev/tcp/$address/389" 5<>"/dev/tcp/$address/135" 6<>"/dev/tcp/$address/445"); }

start_controller() {
    # shellcheck disable=SC2016 # for that shell
    unshare --mount --propagation private bash -c '
        source "$1"; folders "$2/dc"; exec samba -F --no-process-group -M single -s "$2/smb.conf"' \
        bash "${BASH_SOURCE[0]}" "$dir" >>"$dir/log/samba.out" 2>&1 </dev/null &
    echo $! >"$dir/samba.pid"
    wait_for "the domain controller" serves
}

# The first process of the namespaces: its network, its name services, and DIR in memory, since Samba's databases wait for the
# disk at every change.
begin_inside() { # DIR
    ip link set lo up
    mount -t tmpfs -o mode=755 tmpfs "$1"
}
use_names() { # SERVER DIR: DNS, and the lines of DIR/hosts
    printf 'search %s\nnameserver %s\n' "$domain" "$1" >"$2/resolv.conf"
    mount --bind "$2/resolv.conf" /etc/resolv.conf
    mount --bind "$2/hosts" /etc/hosts
}

# `possible` and `run DIR -- COMMAND...`; the latter calls the script's `inside DIR COMMAND...` in the namespaces.
run_separately() { # VERB ARGUMENT...
    local verb=$1
    shift
    case $verb in
    possible) separate true 2>/dev/null ;;
    run)
        dir=${1:?}
        [[ $dir == /* ]] || dir=$PWD/$dir
        [[ ${2:-} == -- && $# -gt 2 ]] || die "run DIR -- COMMAND..."
        [[ ! -e $dir ]] || die "$dir is there already"
        RUNLEVEL=1 "$root/scripts/need.sh" "${controller_packages[@]}" >&2 # RUNLEVEL: no daemons of the packages' own
        trap 'rm -rf --one-file-system "$dir"' EXIT
        trap 'exit 130' INT TERM
        mkdir -p "$dir"
        chmod 755 "$dir"
        separate "$0" inside "$dir" "${@:3}"
        ;;
    *)
        sed -n '2,/^set /p' "$0" | sed -n 's/^# \{0,1\}//p'
        exit 2
        ;;
    esac
}
