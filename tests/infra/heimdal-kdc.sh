#!/usr/bin/env bash
# A throw-away Heimdal realm on loopback: a KDC and a password service with users, services, keytabs and tickets, ready in about
# a second.
#
#   heimdal-kdc.sh prepare          installs or unpacks what is needed; fails with the reason if that cannot be done
#   heimdal-kdc.sh start [DIR]      makes the realm in DIR (build/heimdal-kdc; emptied first if it is such a realm) and prints
#                                   what `env` prints
#   heimdal-kdc.sh env [DIR]        the lines `export NAME=VALUE` that a client or a server of the realm wants
#   heimdal-kdc.sh stop [DIR]       ends the KDC and removes DIR
#   heimdal-kdc.sh run [DIR] -- COMMAND...   runs the command in that environment, with the realm there while it lasts
#   heimdal-kdc.sh admin [DIR]      Heimdal's kadmin -l, commands on standard input
#   heimdal-kdc.sh kinit DIR -- ARGUMENT...   Heimdal's kinit
#
# Settings: OWNER   process id; when that process is gone, the KDC ends too (not with `run`)
#
# Debian's heimdal-kdc conflicts with krb5-kdc, which other tests install. So it is not installed but unpacked, into
# build/heimdal-kdc-packages; its libraries that conflict with nothing are installed.
#
# Realm HEIMDAL.TEST, no DNS. In DIR:
#   krb5.conf              clients' configuration, MIT's and Heimdal's; the password service is reached by UDP only
#   kdc.log kpasswdd.log   what the KDC and the password service log
#   users.keytab           the keys of alice and bob
#   USER.ccache            a forwardable ticket-granting ticket of alice and bob, made by MIT's kinit
#   server.ccache          one of HTTP/server.heimdal.test, the service's own
#   http.keytab            the keys of all services but `absent`
# Users, with the password Passw0rd!:
#   alice bob              keys of all enctypes; alice's other name is alice@upn.test
#   of-ENCTYPE             a key of that enctype only
#   changing               for changes of the password, which policy wants to have 8 characters
#   expired pwexpired pwchange disabled   the account or its password is expired, or must be changed, or is disabled
# Services:
#   server                 keys of all enctypes; forwarding a ticket to it is approved (OK-AS-DELEGATE), it may act for its
#                          clients towards HTTP/aes256-sha1
#   aes256-sha1 aes128-sha1 aes256-sha2 aes128-sha2 rc4 des3   a key of that enctype only
#   absent                 in the KDC only: no keytab has its key
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"

realm=HEIMDAL.TEST domain=heimdal.test password='Passw0rd!'
packages=(libgssapi3-heimdal libhx509-5-heimdal libcap-ng0 libedit2 krb5-user)
unpacked_packages=(
    heimdal-kdc heimdal-clients libhdb9-heimdal libkdc2-heimdal libkadm5srv8-heimdal libkadm5clnt7-heimdal libsl0-heimdal
    libkafs0-heimdal
)
unpacked=$root/build/heimdal-kdc-packages

declare -A enctypes=(
    [aes256-sha1]=aes256-cts-hmac-sha1-96 [aes128-sha1]=aes128-cts-hmac-sha1-96 [aes256-sha2]=aes256-cts-hmac-sha384-192
    [aes128-sha2]=aes128-cts-hmac-sha256-128 [rc4]=arcfour-hmac-md5 [des3]=des3-cbc-sha1
)

parse_arguments heimdal-kdc "$@"

print_env() {
    cat <<END
export KRB5_CONFIG='$dir/krb5.conf'
export KRB5CCNAME='FILE:$dir/alice.ccache'
export KRB5_KTNAME='FILE:$dir/http.keytab'
export KRB5RCACHEDIR='$dir/rcache'
END
}

# ---- programs

prepare() {
    local stamp part
    RUNLEVEL=1 "$root/scripts/need.sh" "${packages[@]}" >&2 # RUNLEVEL: no daemons of the packages' own
    mkdir -p "$root/build"
    stamp=$unpacked/.complete-$(dpkg-query -W -f '${Version}' libkrb5-26-heimdal | tr -c 'A-Za-z0-9.\n' _)
    exec 9>"$unpacked.lock"
    flock 9
    if [[ ! -e $stamp ]]; then
        rm -rf "$unpacked"
        mkdir -p "$unpacked/parts"
        download || { [[ $(id -u) == 0 ]] && apt-get update -q >&2 && download; } ||
            die "cannot download heimdal-kdc: $(tail -n 1 "$unpacked/parts/log")"
        for part in "$unpacked"/parts/*.deb; do dpkg -x "$part" "$unpacked"; done
        rm -rf "$unpacked/parts"
        : >"$stamp"
    fi
    exec 9>&-
}
download() { (cd "$unpacked/parts" && apt-get download -q "${unpacked_packages[@]}" >log 2>&1); }

# One of the unpacked programs, with the KDC's configuration.
heimdal() { # PROGRAM ARGUMENT...
    local program=$1
    shift
    env KRB5_CONFIG="$dir/kdc.conf:$dir/krb5.conf" LD_LIBRARY_PATH="$(echo "$unpacked"/usr/lib/*-linux-gnu*)" "$unpacked/usr/$program" "$@"
}

# kadmin says what is wrong on standard error, and goes on.
admin() { heimdal bin/kadmin.heimdal -l -c "$dir/kdc.conf" "$@" 2> >(tee -a "$dir/admin.log" >&2); }

# ---- configuration

write_configuration() { # PORT
    print_client_defaults >"$dir/krb5.conf"
    cat >>"$dir/krb5.conf" <<END
    kdc_timesync = 0
    forwardable = true
    allow_weak_crypto = true
    allow_rc4 = true
    allow_des3 = true
    permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 arcfour-hmac-md5 des3-cbc-sha1
[realms]
    $realm = {
        kdc = 127.0.0.1:$1
        kpasswd_server = 127.0.0.1:$(($1 + 1))
    }
[domain_realm]
    .$domain = $realm
END
    cat >"$dir/kdc.conf" <<END
[kdc]
    require-preauth = yes
    database = {
        dbname = $dir/heimdal
        mkey_file = $dir/mkey
        acl_file = $dir/acl
        log_file = $dir/changes
    }
[kadmin]
    default_keys =$(printf ' %s:pw-salt' "${enctypes[@]}")
[password_quality]
    policies = builtin:minimum-length
    min_length = 8
[logging]
    kdc = FILE:$dir/kdc.log
    kpasswdd = FILE:$dir/kpasswdd.log
    default = FILE:$dir/library.log
END
}

# ---- principals

# A principal with one enctype's key: those of the others are removed.
only() { # PRINCIPAL ENCTYPE
    local name others=()
    for name in "${!enctypes[@]}"; do [[ $name == "$2" ]] || others+=("${enctypes[$name]}"); done
    echo "del_enctype $1 ${others[*]}"
}
user() { echo "add --use-defaults --password=$password $1"; }
service() { echo "add --use-defaults --random-key HTTP/$1.$domain"; }
keep() { echo "ext_keytab --keytab=$dir/$2.keytab $1"; }

make_principals() {
    local name
    heimdal sbin/kstash --random-key --key-file="$dir/mkey" >>"$dir/admin.log" 2>&1
    {
        echo "init --realm-max-ticket-life=10h --realm-max-renewable-life=1d $realm"
        for name in alice bob changing expired pwexpired pwchange disabled; do user $name; done
        for name in alice bob; do keep $name users; done
        echo "modify --alias=alice@upn.test alice"
        echo "modify --expiration-time=2020-01-01 expired"
        echo "modify --pw-expiration-time=2020-01-01 pwexpired"
        echo "modify --attributes=+requires-pw-change pwchange"
        echo "modify --attributes=+disallow-all-tix disabled"
        for name in "${!enctypes[@]}"; do
            user "of-$name"
            only "of-$name" "$name"
            service "$name"
            only "HTTP/$name.$domain" "$name"
            keep "HTTP/$name.$domain" http
        done
        service server
        echo "modify --attributes=+ok-as-delegate HTTP/server.$domain"
        echo "modify --constrained-delegation=HTTP/aes256-sha1.$domain@$realm HTTP/server.$domain"
        keep "HTTP/server.$domain" http
        keep "HTTP/server.$domain" server
        service absent
        keep kadmin/changepw kpasswdd
    } | admin >>"$dir/admin.log"
    [[ -s $dir/http.keytab && -s $dir/users.keytab ]] || { tail "$dir/admin.log" >&2; die "no keytabs"; }
}

# ---- processes

# Process ids are reused, so only processes that write to this folder count. The KDC has children in its group.
is_ours() { [[ $(readlink "/proc/$1/fd/1" 2>/dev/null) == "$dir/$2.out" ]]; }
is_kdc() { is_ours "$1" kdc; }

halt() {
    local name pid i
    for name in kdc kpasswdd; do
        [[ -s $dir/$name.pid ]] || continue
        pid=$(cat "$dir/$name.pid")
        for ((i = 0; i < 100; i++)); do
            is_ours "$pid" "$name" || break
            kill "$pid" 2>/dev/null || true
            sleep 0.02
        done
        ! is_ours "$pid" "$name" || kill -9 -- "-$pid" 2>/dev/null || true
    done
}
stop() {
    halt
    [[ ! -e $mark ]] || rm -rf --one-file-system "$dir"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Its process id is that of the program, and its group.
launch() { # NAME ARGUMENT...
    local name=$1
    shift
    KRB5_CONFIG="$dir/kdc.conf:$dir/krb5.conf" LD_LIBRARY_PATH="$(echo "$unpacked"/usr/lib/*-linux-gnu*)" \
        setsid "$unpacked/usr/lib/heimdal-servers/$name" -c "$dir/kdc.conf" --addresses=127.0.0.1 "$@" >>"$dir/$name.out" 2>&1 </dev/null &
    echo $! >"$dir/$name.pid"
}

# A KDC on some free port, and the password service on the next. Another process may take one before: then it is tried with
# others.
start_kdc() {
    local port i j pid
    for ((i = 0; i < 20; i++)); do
        port=$((20000 + RANDOM % 12000))
        ! listens "$port" || continue
        write_configuration "$port"
        launch kdc --ports="$port"
        launch kpasswdd --keytab="FILE:$dir/kpasswdd.keytab" --port=$((port + 1))
        pid=$(cat "$dir/kdc.pid")
        for ((j = 0; j < 250; j++)); do
            kill -0 "$pid" 2>/dev/null && kill -0 "$(cat "$dir/kpasswdd.pid")" 2>/dev/null || break
            # Another one's would not have alice's key.
            if listens "$port" && ticket alice alice 2>>"$dir/kinit.log"; then
                [[ -z ${OWNER:-} ]] || watch_owner is_kdc "$pid" &
                return
            fi
            sleep 0.02
        done
        halt
    done
    tail -n 20 "$dir"/*.out "$dir"/*.log >&2
    die "Heimdal's KDC does not start"
}

start() {
    may_use_folder
    prepare
    stop
    mkdir -p "$dir/rcache"
    chmod 700 "$dir"
    : >"$mark"
    eval "$(print_env)"
    write_configuration 88
    make_principals
    start_kdc
    ticket bob bob
    KRB5CCNAME=FILE:$dir/server.ccache kinit -k -t "$dir/server.keytab" HTTP/server.$domain
}

case $verb in
prepare) prepare ;;
admin) admin ;;
kinit) heimdal bin/kinit.heimdal "${command[@]}" ;;
*) run_verb ;;
esac
