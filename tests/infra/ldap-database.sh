# shellcheck shell=bash
# The database of mit-kdc.sh in a directory of its own, which knows who may act for others; sourced by it. The server listens on
# a socket in the realm's folder, and belongs to it.
ldap_packages=(slapd ldap-utils krb5-kdc-ldap)
ldap_base=dc=example,dc=test
ldap_admin=cn=admin,$ldap_base ldap_password=directory

ldap_url() { local path=${dir//\//%2F}; echo "ldapi://${path}%2Fldap%2Fsocket"; }

# Process ids are reused, so only a server of this folder counts.
is_slapd() { grep -qzxF "$dir/ldap/slapd.conf" "/proc/$1/cmdline" 2>/dev/null; }

ldap_stop() {
    local pid i
    [[ -s $dir/ldap/pid ]] || return 0
    pid=$(cat "$dir/ldap/pid")
    for ((i = 0; i < 100; i++)); do
        is_slapd "$pid" || return 0
        kill "$pid" 2>/dev/null || true
        sleep 0.05
    done
    kill -9 "$pid" 2>/dev/null || true
}

ldap_start() {
    local i
    mkdir -p "$dir/ldap/data"
    gzip -dc /usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz >"$dir/ldap/kerberos.schema"
    cat >"$dir/ldap/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include $dir/ldap/kerberos.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix $ldap_base
rootdn $ldap_admin
rootpw $ldap_password
directory $dir/ldap/data
END
    slapadd -q -f "$dir/ldap/slapd.conf" >"$dir/ldap/log" 2>&1 <<END || { cat "$dir/ldap/log" >&2; die "no directory"; }
dn: $ldap_base
objectClass: dcObject
objectClass: organization
dc: example
o: $realm
END
    setsid slapd -f "$dir/ldap/slapd.conf" -h "$(ldap_url)" -d 0 >>"$dir/ldap/log" 2>&1 </dev/null &
    echo $! >"$dir/ldap/pid"
    for ((i = 0; i < 200; i++)); do
        [[ ! -S $dir/ldap/socket ]] || return 0
        sleep 0.05
    done
    cat "$dir/ldap/log" >&2
    die "slapd does not start"
}

# Of the realm in kdc.conf.
ldap_database_module() { echo "database_module = directory"; }

ldap_print_modules() {
    cat <<END
[dbmodules]
    directory = {
        db_library = kldap
        ldap_kerberos_container_dn = cn=kerberos,$ldap_base
        ldap_kdc_dn = $ldap_admin
        ldap_kadmind_dn = $ldap_admin
        ldap_service_password_file = $dir/ldap/password
        ldap_servers = $(ldap_url)
    }
END
}

# The empty database, once the KDC is configured.
ldap_create() { # MASTER-PASSWORD
    printf '%s#{HEX}%s\n' "$ldap_admin" "$(printf %s "$ldap_password" | od -An -tx1 | tr -d ' \n')" >"$dir/ldap/password"
    kdb5_ldap_util -D "$ldap_admin" -w "$ldap_password" -H "$(ldap_url)" create -r "$realm" -s -subtrees "$ldap_base" -P "$1"
}

# The service may act for clients towards another one.
ldap_allow_delegation() { # SERVICE TARGET
    ldapmodify -x -H "$(ldap_url)" -D "$ldap_admin" -w "$ldap_password" <<END
dn: krbPrincipalName=$1@$realm,cn=$realm,cn=kerberos,$ldap_base
changetype: modify
add: krbAllowedToDelegateTo
krbAllowedToDelegateTo: $2@$realm
END
}
