#!/usr/bin/env bash
# A throw-away MIT realm on loopback: a KDC with users, services, keytabs and tickets, ready in about a second.
#
#   mit-kdc.sh start [DIR]          makes the realm in DIR (build/mit-kdc; emptied first if it is such a realm) and prints
#                                   what `env` prints
#   mit-kdc.sh env [DIR]            the lines `export NAME=VALUE` that a client or a server of the realm wants
#   mit-kdc.sh stop [DIR]           ends the KDC and removes DIR
#   mit-kdc.sh halt [DIR]           ends the KDC and leaves DIR as it is
#   mit-kdc.sh resume [DIR]         begins it again, at the same port
#   mit-kdc.sh run [DIR] -- COMMAND...   runs the command in that environment, with the realm there while it lasts
#   mit-kdc.sh admin [DIR]          kadmin.local, commands on standard input
#
# Settings: OWNER  process id; when that process is gone, the KDC ends too (not with `run`)
#           LDAP   1: the database is in a directory server of its own, which knows constrained delegation; the other one
#                  does not: HTTP/server may act for its clients towards HTTP/aes256-sha1. There is no jörg then
#           KADMIND 1: with kadmind, which changes passwords (RFC 3244). It logs to kadmind.log, and `halt` leaves it
#           RBCD   1: the database knows who may act for others towards a service, by the service's attribute `allowed_from`
#                  (rbcd_kdb.c): HTTP/server towards HTTP/aes256-sha1 and, with REALMS, the others' HTTP/www. Not with LDAP
#
# Realm EXAMPLE.TEST, no DNS. In DIR:
#   krb5.conf              clients' configuration, MIT's and Heimdal's
#   users.keytab           alice, bob, alice/admin, jörg (with the password Passw0rd!) and carol (without preauthentication)
#   USER.ccache            a forwardable ticket-granting ticket of alice, bob, carol and jörg; alice-admin.ccache
#   server.ccache          a ticket-granting ticket of HTTP/server.example.test, the service's own
#   SERVICE.keytab         the keys of HTTP/SERVICE.example.test, and http.keytab the keys of all services but `absent`
# Services:
#   server                 keys of all AES enctypes; forwarding a ticket to it is approved (OK-AS-DELEGATE)
#   aes256-sha1 aes128-sha1 aes256-sha2 aes128-sha2 rc4 des3   a key and session keys of that enctype only; of the last two
#                          only if this KDC still makes them
#   mixed                  key aes256-sha1, session key aes128-sha2
#   nopac                  aes256-sha1, and its tickets have no PAC; to others' this KDC, from 1.20 on, adds a small one
#   password               key from the password ServicePassw0rd!, aes256-sha1, MIT's salt
#   absent                 in the KDC only: no keytab has its key
#   rolled                 its key was changed: rolled.keytab has kvno 1 and 2, rolled-old.keytab 1, rolled-new.keytab 2;
#                          rolled.ccache has alice's ticket under kvno 1
#   host/server.example.test, postgres/server.example.test, HTTP/localhost   other names, in http.keytab
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
. "$here/ldap-database.sh"

realm=EXAMPLE.TEST domain=example.test password='Passw0rd!' service_password='ServicePassw0rd!'
users=(alice bob jörg)
# A directory's names are of ASCII.
[[ ${LDAP:-} != 1 ]] || users=(alice bob)
aes=aes256-sha1:normal,aes128-sha1:normal,aes256-sha2:normal,aes128-sha2:normal

parse_arguments mit-kdc "$@"

print_env() {
    cat <<END
export KRB5_CONFIG='$dir/krb5.conf'
export KRB5_KDC_PROFILE='$dir/kdc.conf'
export KRB5CCNAME='FILE:$dir/alice.ccache'
export KRB5_KTNAME='FILE:$dir/http.keytab'
export KRB5RCACHEDIR='$dir/rcache'
END
}

# Process ids are reused, so only a KDC of this folder counts. A zombie process has an empty command line.
is_kdc() { grep -qzxF "$dir/kdc.pid" "/proc/$1/cmdline" 2>/dev/null; }

stop() {
    halt
    stop_kadmind
    ldap_stop
    [[ ! -e $mark ]] || rm -rf --one-file-system "$dir"
}

is_kadmind() { grep -qzxF "$dir/kadmind.pid" "/proc/$1/cmdline" 2>/dev/null; }

stop_kadmind() {
    local pid
    [[ -s $dir/kadmind.pid ]] || return 0
    pid=$(cat "$dir/kadmind.pid")
    ! is_kadmind "$pid" || kill "$pid" 2>/dev/null || true
}

halt() {
    local pid i
    if [[ -s $dir/kdc.pid ]]; then
        pid=$(cat "$dir/kdc.pid")
        for ((i = 0; i < 50; i++)); do
            is_kdc "$pid" || break
            kill "$pid" 2>/dev/null || true
            sleep 0.02
        done
        ! is_kdc "$pid" || kill -9 "$pid" 2>/dev/null || true
    fi
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

write_configuration() { # PORT
    print_client_defaults >"$dir/krb5.conf"
    cat >>"$dir/krb5.conf" <<END
    kdc_timesync = 0
    forwardable = true
    ticket_lifetime = 10h
    renew_lifetime = 1d
    # Newer MIT needs these allowed explicitly; Heimdal counts RC4 among the weak ones.
    allow_weak_crypto = true
    allow_rc4 = true
    allow_des3 = true
    permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 arcfour-hmac-md5 des3-cbc-sha1
[realms]
    $realm = {
        kdc = 127.0.0.1:$1
        $([[ ${KADMIND:-} != 1 ]] || echo "kpasswd_server = 127.0.0.1:$(($1 + 1))")
    }
$(others_kdcs "$1")
[domain_realm]
    .$domain = $realm
    localhost = $realm
END
    [[ ${REALMS:-} != 1 ]] || write_others_paths
    cat >"$dir/kdc.conf" <<END
[kdcdefaults]
    kdc_listen = 127.0.0.1:$1
    kdc_tcp_listen = 127.0.0.1:$1
[realms]
    $realm = {
        $(database "$dir/principal")
        key_stash_file = $dir/stash
        acl_file = $dir/kadm5.acl
        kpasswd_listen = 127.0.0.1:$(($1 + 1))
        kadmind_listen = 127.0.0.1:$(($1 + 2))
        max_life = 10h
        max_renewable_life = 1d
        master_key_type = aes256-sha1
        supported_enctypes = aes256-sha1:normal aes128-sha1:normal aes256-sha2:normal aes128-sha2:normal
        default_principal_flags = +preauth,+forwardable
        encrypted_challenge_indicator = fast
    }
$(others_databases)
[logging]
    kdc = FILE:$dir/kdc.log
    admin_server = FILE:$dir/kadmind.log
    default = FILE:$dir/library.log
END
    [[ ${LDAP:-} != 1 ]] || ldap_print_modules >>"$dir/kdc.conf"
    [[ ${RBCD:-} != 1 ]] || rbcd_print_modules >>"$dir/kdc.conf"
}

# ---- the other realms

others=(OTHER.TEST FAR.TEST)

others_kdcs() { # PORT
    [[ ${REALMS:-} == 1 ]] || return 0
    printf '    %s = {\n        kdc = 127.0.0.1:'"$1"'\n    }\n' "${others[@]}"
}

# far.conf has the path to the realm that is not trusted directly. The KDC knows the hosts besides.
write_others_paths() {
    { cat "$dir/krb5.conf"; printf '[capaths]\n    %s = {\n        FAR.TEST = OTHER.TEST\n    }\n' "$realm"; } >"$dir/far.conf"
    { cat "$dir/far.conf"; printf '[domain_realm]\n    .other.test = OTHER.TEST\n    .far.test = FAR.TEST\n'; } >"$dir/of-kdc.conf"
}

others_databases() {
    [[ ${REALMS:-} == 1 ]] || return 0
    local other
    for other in "${others[@]}"; do
        cat <<END
    $other = {
        $(database "$dir/$other")
        key_stash_file = $dir/$other.stash
        max_life = 10h
        master_key_type = aes256-sha1
        supported_enctypes = aes256-sha1:normal
    }
END
    done
}

make_others() {
    local other trust=$RANDOM$RANDOM
    for other in "${others[@]}"; do kdb5_util -r "$other" create -s -P "$RANDOM$RANDOM"; done >>"$dir/admin.log" 2>&1
    # The key of a trust is in both databases; one of the principals for each direction.
    trust "$realm" OTHER.TEST "$trust"
    trust OTHER.TEST FAR.TEST "$trust-far"
    for other in "${others[@]}"; do
        printf 'addprinc -randkey HTTP/www.%s\nktadd -q -k %s/other.keytab -norandkey HTTP/www.%s\n' "${other,,}" "$dir" "${other,,}" |
            realm=$other admin
    done
}
trust() { # REALM REALM PASSWORD
    local in
    for in in "$1" "$2"; do
        printf 'addprinc -pw %s krbtgt/%s@%s\naddprinc -pw %s krbtgt/%s@%s\n' "$3" "$1" "$2" "$3" "$2" "$1" | realm=$in admin
    done
}

# Where a realm's is.
database() { # FILE
    if [[ ${LDAP:-} == 1 ]]; then ldap_database_module; else echo "database_name = $1"; fi
    [[ ${RBCD:-} != 1 ]] || echo "        database_module = rbcd"
}

# db2's module with resource-based constrained delegation.
rbcd_print_modules() { printf '[dbmodules]\n    db_module_dir = %s/modules\n    rbcd = {\n        db_library = rbcd\n    }\n' "$dir"; }

rbcd_compile() {
    mkdir -p "$dir/modules"
    gcc -shared -fPIC -O1 -Wall -Wextra -Werror -DDB2="\"$(echo /usr/lib/*/krb5/plugins/kdb/db2.so)\"" \
        -o "$dir/modules/rbcd.so" "$here/rbcd_kdb.c" || die "the KDC's module is not compiled"
}

# The service's ticket for its own realm is got without preauthentication, and so are those for the other realms.
rbcd_allow_delegation() {
    local other from=HTTP/server.$domain@$realm
    echo "setstr HTTP/aes256-sha1.$domain allowed_from $from" | admin
    [[ ${REALMS:-} == 1 ]] || return 0
    for other in "${others[@]}"; do
        echo "setstr HTTP/www.${other,,} allowed_from $from" | realm=$other admin
    done
    echo "modprinc -requires_preauth krbtgt/OTHER.TEST@$realm" | admin
    echo "modprinc -requires_preauth krbtgt/FAR.TEST@OTHER.TEST" | realm=OTHER.TEST admin
}

create_database() {
    local master=$RANDOM$RANDOM$RANDOM
    if [[ ${LDAP:-} == 1 ]]; then
        ldap_start
        ldap_create "$master"
    else
        kdb5_util -r "$realm" create -s -P "$master"
    fi
}

# kadmin.local, whose exit status is always 0: what it reports as an error goes to standard error.
admin() { TERM=dumb kadmin.local -r "$realm" 2>&1 | tee -a "$dir/admin.log" | grep -E ': .* while ' >&2 || true; }

# SERVICE KEY'S-ENCTYPE [SESSION-KEY'S-ENCTYPE]: the commands that make a service whose only key is of that enctype.
service() {
    printf 'addprinc -e %s:normal -randkey -requires_preauth HTTP/%s.%s\n' "$2" "$1" "$domain"
    printf 'setstr HTTP/%s.%s session_enctypes %s\n' "$1" "$domain" "${3:-$2}"
    keep "HTTP/$1.$domain" "$1" http
}
# PRINCIPAL KEYTAB...: the commands that put its keys there.
keep() {
    local principal=$1 keytab
    shift
    for keytab; do printf 'ktadd -q -k %s/%s.keytab -norandkey %s\n' "$dir" "$keytab" "$principal"; done
}

make_principals() {
    local name
    {
        for name in "${users[@]}" alice/admin; do
            printf 'addprinc -e %s -pw %s %s\n' "$aes" "$password" "$name"
            keep "$name" users
        done
        printf 'addprinc -e %s -pw %s -requires_preauth carol\n' "$aes" "$password"
        keep carol users

        for name in HTTP/server.$domain host/server.$domain postgres/server.$domain HTTP/localhost; do
            printf 'addprinc -e %s -randkey -requires_preauth +ok_as_delegate %s\n' "$aes" "$name"
            printf 'setstr %s session_enctypes "aes256-sha1 aes128-sha1 aes256-sha2 aes128-sha2"\n' "$name"
            keep "$name" http
        done
        keep HTTP/server.$domain server
        for name in aes256-sha1 aes128-sha1 aes256-sha2 aes128-sha2; do service $name $name; done
        service rc4 arcfour-hmac
        service des3 des3-cbc-sha1
        service mixed aes256-sha1 aes128-sha2
        service nopac aes256-sha1
        printf 'modprinc +no_auth_data_required HTTP/nopac.%s\n' "$domain"
        printf 'addprinc -e aes256-sha1:normal -pw %s -requires_preauth HTTP/password.%s\n' "$service_password" "$domain"
        keep HTTP/password.$domain password http
        printf 'addprinc -e %s -randkey -requires_preauth HTTP/absent.%s\n' "$aes" "$domain"
        printf 'addprinc -e aes256-sha1:normal -randkey -requires_preauth HTTP/rolled.%s\n' "$domain"
        keep HTTP/rolled.$domain rolled-old rolled http
    } | admin
    [[ -s $dir/http.keytab && -s $dir/users.keytab && -s $dir/rolled.keytab ]] || die "no keytabs; see $dir/admin.log"
}

roll() {
    {
        printf 'cpw -e aes256-sha1:normal -randkey HTTP/rolled.%s\n' "$domain"
        keep HTTP/rolled.$domain rolled-new rolled http
    } | admin
}

# A KDC on some free port. Another process may take the port before the KDC does: then it is tried with another one.
start_kdc() {
    local port i
    for ((i = 0; i < 20; i++)); do
        port=$((20000 + RANDOM % 12000))
        ! listens "$port" || continue
        write_configuration "$port"
        echo "$port" >"$dir/port"
        run_kdc "$port" || continue
        [[ ${KADMIND:-} == 1 ]] || return 0
        ! run_kadmind $((port + 1)) || return 0
        halt
        stop_kadmind
    done
    cat "$dir/kdc.out" "$dir/kdc.log" >&2
    die "krb5kdc does not start"
}

# The KDC, until it listens; fails if it does not.
run_kdc() { # PORT
    local pid realms=(-r "$realm") shift=()
    if [[ -e $dir/of-kdc.conf ]]; then
        realms+=(-r "${others[0]}" -r "${others[1]}")
        local -x KRB5_CONFIG=$dir/of-kdc.conf
    fi
    # Not by the program faketime, whose process stays between.
    [[ -z ${SHIFT:-} ]] || shift=(FAKETIME="$SHIFT" FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$(echo /usr/lib/*/faketime/libfaketime.so.1)")
    rm -f "$dir/kdc.pid"
    setsid env "${shift[@]}" krb5kdc "${realms[@]}" -n -P "$dir/kdc.pid" >>"$dir/kdc.out" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        # Listening, and it is this KDC: it writes the file once it has its sockets.
        if [[ -s $dir/kdc.pid && $(cat "$dir/kdc.pid") == "$pid" ]] && listens "$1"; then
            [[ -z ${OWNER:-} ]] || watch_owner is_kdc "$pid" &
            return
        fi
        sleep 0.02
    done
    return 1
}

run_kadmind() { # PORT
    local pid
    : >"$dir/kadm5.acl"
    setsid kadmind -r "$realm" -nofork -P "$dir/kadmind.pid" >>"$dir/kdc.out" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        if [[ -s $dir/kadmind.pid && $(cat "$dir/kadmind.pid") == "$pid" ]] && listens "$1"; then return; fi
        sleep 0.02
    done
    return 1
}

start() {
    may_use_folder
    local user packages=(krb5-kdc krb5-admin-server krb5-user)
    [[ ${LDAP:-} != 1 ]] || packages+=("${ldap_packages[@]}")
    [[ ${RBCD:-} != 1 ]] || packages+=(gcc libc6-dev libkrb5-dev)
    RUNLEVEL=1 "$root/scripts/need.sh" "${packages[@]}" >&2 # RUNLEVEL: no daemons of the packages' own
    stop
    mkdir -p "$dir/rcache"
    chmod 700 "$dir"
    : >"$mark"
    [[ ${RBCD:-} != 1 ]] || rbcd_compile
    eval "$(print_env)"
    write_configuration 88
    create_database >>"$dir/admin.log" 2>&1 || { cat "$dir/admin.log" >&2; die "no database"; }
    make_principals
    [[ ${REALMS:-} != 1 ]] || make_others
    [[ ${LDAP:-} != 1 ]] || ldap_allow_delegation "HTTP/server.$domain" "HTTP/aes256-sha1.$domain" >>"$dir/admin.log" 2>&1 ||
        { tail -n 20 "$dir/admin.log" >&2; die "no delegation"; }
    [[ ${RBCD:-} != 1 ]] || rbcd_allow_delegation
    start_kdc
    for user in "${users[@]}"; do ticket "$user" "$user"; done
    ticket carol carol
    ticket alice/admin alice-admin
    ticket alice rolled
    KRB5CCNAME=FILE:$dir/rolled.ccache kvno -q HTTP/rolled.$domain
    roll
    KRB5CCNAME=FILE:$dir/server.ccache kinit -k -t "$dir/server.keytab" HTTP/server.$domain
}

case $verb in
halt) halt ;;
resume)
    [[ -z ${SHIFT:-} ]] || "$root/scripts/need.sh" faketime >&2
    eval "$(print_env)"
    run_kdc "$(cat "$dir/port")" || die "krb5kdc does not start"
    ;;
admin)
    eval "$(print_env)"
    TERM=dumb kadmin.local -r "$realm"
    ;;
*) run_verb ;;
esac
