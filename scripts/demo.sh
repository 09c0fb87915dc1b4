#!/usr/bin/env bash
# demo.sh [linux|wine64|wine32]...: makes an account, a Kerberos realm with a service's key, starts the example server on each
# platform (by default linux and wine64), and lets curl and the example client of that platform authenticate to it. Exit status 1
# when a result is not as expected; the last line counts.
#
# SERVE=1: keeps the server on Linux going afterwards, for a browser (ADDRESS, PORT: where; by default 127.0.0.1:8080).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
[[ $# -gt 0 ]] || set -- linux wine64

user=alice domain=DEMO
password=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
passed=0 failed=0 skipped=0 server= wine_bits=

# ---- what is needed ----

scripts/need.sh curl gss-ntlmssp
for platform; do
    case $platform in
    linux) scripts/dist.sh linux-x86_64 && scripts/examples.sh linux-x86_64 ;;
    wine64) scripts/dist.sh windows-x86_64 && scripts/examples.sh windows-x86_64 ;;
    wine32) scripts/dist.sh windows-i686 && scripts/examples.sh windows-i686 ;;
    *) echo "demo.sh: linux, wine64 or wine32" >&2; exit 2 ;;
    esac
done
[[ -e dist/linux-x86_64/negossp ]] || scripts/dist.sh linux-x86_64

work=$root/build/demo
mkdir -p "$work"
work=$(mktemp -d "$work/XXXXXX")

stop_server() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=
    fi
    [[ -z $wine_bits ]] || scripts/wine.sh "$wine_bits" --stop
    wine_bits=
}
finish() {
    stop_server
    [[ ! -e $work/realm ]] || tests/infra/mit-kdc.sh stop "$work/realm"
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- accounts and settings ----

say() { printf '%s\n' "$*"; }

say "A fresh account file with one user:"
say "  \$ negossp account add $user"
dist/linux-x86_64/negossp account add "$user" --file "$work/accounts" <<<"$password"
chmod 600 "$work/accounts"

# A temporary KDC on loopback: the server gets the key of HTTP/server.example.test, curl a ticket of alice's.
realm=EXAMPLE.TEST host=server.example.test kerberos=
if OWNER=$$ tests/infra/mit-kdc.sh start "$work/realm" >"$work/realm.env" 2>"$work/realm.log"; then
    kerberos=1
    cp "$work/realm/server.keytab" "$work/server.keytab"
    say
    say "A realm with a KDC on loopback, and the server's key from it:"
    say "  \$ negossp keytab list server.keytab"
    dist/linux-x86_64/negossp keytab list "$work/server.keytab" | sed 's/^/    /'
    say "  \$ kinit $user; klist"
    (eval "$(cat "$work/realm.env")" && klist | sed -n 's/^/    /; /krbtgt/p')
else
    say "SKIPPED: demo of Kerberos: no KDC: $(tail -n 1 "$work/realm.log")"
    skipped=$((skipped + 1))
fi

# One configuration for both systems: the account file and the keytab are looked for beside it.
cat >"$work/negossp.toml" <<END
[server]
netbios_computer = "DEMOSERVER"

[accounts]
file = "accounts"
domain = "$domain"
END
if [[ -n $kerberos ]]; then
    printf '\n[kerberos]\nkeytab = "server.keytab"\n' >>"$work/negossp.toml"
    # And one for the example client: it finds the realm's KDC without a krb5.conf, and logs on with a password.
    kdc=$(sed -n 's/^ *kdc = //p' "$work/realm/krb5.conf")
    printf '[kerberos]\nkrb5_conf = ""\nrealm = "%s"\n\n[kerberos.kdcs]\n"%s" = ["%s"]\n' "$realm" "$realm" "$kdc" >"$work/client.toml"
    echo 'Passw0rd!' >"$work/client.right"
    echo 'not-Passw0rd!' >"$work/client.wrong"
    chmod 600 "$work"/client.*
fi

# The file from which gss-ntlmssp, curl's NTLM for --negotiate, reads the user's password.
printf '%s:%s:%s\n' "$domain" "$user" "$password" >"$work/right"
printf '%s:%s:%s\n' "$domain" "$user" "not-$password" >"$work/wrong"
chmod 600 "$work/right" "$work/wrong"

# ---- the server ----

start_server() { # PLATFORM [ARGUMENT...]
    local platform=$1 listening= i
    shift
    : >"$work/server"
    case $platform in
    linux)
        env -i PATH="$PATH" NEGOSSP_CONFIG="$work/negossp.toml" NEGOSSP_LOG="${NEGOSSP_LOG:-}" \
            build/examples/linux-x86_64/http_server --library "$root/dist/linux-x86_64/libnegossp.so" "$@" \
            >"$work/server" 2>"$work/server.log" </dev/null &
        ;;
    wine*)
        wine_bits=${platform#wine}
        local machine=x86_64
        [[ $wine_bits == 64 ]] || machine=i686
        (cd "build/examples/windows-$machine" &&
            NEGOSSP_CONFIG="Z:$work/negossp.toml" exec "$root/scripts/wine.sh" "$wine_bits" http_server.exe "$@") \
            >"$work/server" 2>"$work/server.log" </dev/null &
        ;;
    esac
    server=$!
    for ((i = 0; i < 600; i++)); do
        listening=$(sed -n 's/^listening on \(http[^ \r]*\).*/\1/p' "$work/server")
        [[ -z $listening ]] || break
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    if [[ -z $listening ]]; then
        say "the server did not start:"
        cat "$work/server" "$work/server.log"
        failed=$((failed + 1))
        return 1
    fi
    url=$listening
}

# ---- the client ----

# Runs curl without the user's environment and settings: no proxy, no Kerberos ticket, no winbind.
ask() { # PASSWORD-FILE ARGUMENT...
    local file=$1
    shift
    env -i PATH="$PATH" HOME="$work" LC_ALL=C.UTF-8 NTLM_USER_FILE="$file" KRB5CCNAME="FILE:$work/no-tickets" \
        KRB5_CONFIG=/dev/null curl -q -s -S --noproxy '*' --max-time 30 -o "$work/body" -w '%{http_code}' "$@" "$url" \
        </dev/null 2>"$work/curl" || true
}

# The same with alice's ticket, or with the cache named. The name that the ticket is for is not in any DNS.
ask_with_ticket() { # CCACHE ARGUMENT...
    local ccache=$1 port=${url##*:}
    shift
    env -i PATH="$PATH" HOME="$work" LC_ALL=C.UTF-8 NTLM_USER_FILE=/dev/null KRB5CCNAME="FILE:$work/realm/$ccache.ccache" \
        KRB5_CONFIG="$work/realm/krb5.conf" curl -q -s -S --noproxy '*' --max-time 30 -o "$work/body" -w '%{http_code}' \
        --resolve "$host:${port%/}:127.0.0.1" "$@" "http://$host:$port" </dev/null 2>"$work/curl" || true
}

# The example client of the server's platform, with alice's password by Kerberos. Prints its exit status.
log_on() { # PASSWORD-FILE ARGUMENT...
    local file=$1 port=${url##*:} zone=
    local client=(env -i PATH="$PATH" NEGOSSP_CONFIG="$work/client.toml" build/examples/linux-x86_64/http_client
        --library "$root/dist/linux-x86_64/libnegossp.so")
    shift
    if [[ -n $wine_bits ]]; then
        cd "build/examples/windows-$([[ $wine_bits == 64 ]] && echo x86_64 || echo i686)"
        zone=Z:
        client=(env NEGOSSP_CONFIG="Z:$work/client.toml" "$root/scripts/wine.sh" "$wine_bits" http_client.exe)
    fi
    "${client[@]}" --address 127.0.0.1 --user "$user" --domain "$realm" \
        --password-file "$zone$file" "$@" "http://$host:$port" </dev/null 2>"$work/curl" | tr -d '\r' >"$work/body"
    echo "${PIPESTATUS[0]}"
}

# The libraries that the client is linked with and loads: none of MIT's or Heimdal's.
tell_libraries() {
    local libraries
    libraries=$(ldd build/examples/linux-x86_64/http_client dist/linux-x86_64/libnegossp.so | sed -n 's/^\t\([^ ]*\.so[^ ]*\).*/\1/p' | sort -u)
    : >"$work/body"
    expect "ldd http_client libnegossp.so" none "$(grep -E 'krb5|gssapi|k5crypto|com_err' <<<"$libraries" || echo none)" &&
        printf '  %s\n' "$(xargs -n 1 basename <<<"$libraries" | xargs)"
}

field() { sed -n "s/^$1: //p" "$work/body" | tr -d '\r'; }

# Compares the result with the expected one; every further argument is "label=value" of the page.
expect() { # TITLE STATUS GOT [LABEL=VALUE...]
    local title=$1 status=$2 got=$3 wrong= pair
    shift 3
    [[ $got == "$status" ]] || wrong="status $got instead of $status"
    for pair; do
        [[ $(field "${pair%%=*}") == "${pair#*=}" ]] || wrong="$wrong; ${pair%%=*}: '$(field "${pair%%=*}")' instead of '${pair#*=}'"
    done
    if [[ -z $wrong ]]; then
        passed=$((passed + 1))
        printf '  %-38s %s' "$title" "$got"
    else
        failed=$((failed + 1))
        printf '  %-38s NOT AS EXPECTED: %s\n' "$title" "${wrong#; }"
        sed 's/^/      /' "$work/body" "$work/curl" "$work/server.log" 2>/dev/null | tail -n 20
    fi
    [[ -z $wrong ]]
}

tell_user() {
    printf '  %s, by %s through %s\n' "$(field user)" "$(field package)" "$(field scheme)"
    printf '%43s %s\n' '' "$(field flags)" "" "$(field key)"
}
tell_flags() { printf '  %s\n%43s %s\n' "$(field user)" '' "$(field flags)"; }
tell_mechanism() { printf '  %s, by %s; the server is %s\n' "$(field user)" "$(field client-mechanism)" "$(field client-server)"; }
tell_client_refusal() { printf '  %s\n' "$(field client-status)"; }
tell_refusal() { printf '  %s\n' "$(field status)"; }

converse() {
    : >"$work/body"
    local denied="status=SEC_E_LOGON_DENIED (0x8009030C)"
    expect "curl" 401 "$(ask "$work/right")" "offered=Negotiate, NTLM" && printf '  offered: %s\n' "$(field offered)"
    expect "curl --ntlm" 200 "$(ask "$work/right" --ntlm -u "$domain\\$user:$password")" \
        "user=$domain\\$user" scheme=NTLM package=NTLM && tell_user
    expect "curl --negotiate" 200 "$(ask "$work/right" --negotiate -u :)" \
        "user=$domain\\$user" scheme=Negotiate package=NTLM && tell_user
    head -c 100000 /dev/zero | tr '\0' x >"$work/post"
    expect "curl --ntlm, POST of 100000 bytes" 200 \
        "$(ask "$work/right" --ntlm -u "$domain\\$user:$password" --data-binary @"$work/post")" \
        "user=$domain\\$user" "body=100000 bytes" && printf '  %s\n' "$(field user)"
    expect "curl --ntlm, wrong password" 401 "$(ask "$work/wrong" --ntlm -u "$domain\\$user:not-$password")" "$denied" && tell_refusal
    expect "curl --negotiate, wrong password" 401 "$(ask "$work/wrong" --negotiate -u :)" "$denied" && tell_refusal
    expect "curl --ntlm, unknown user" 401 "$(ask "$work/wrong" --ntlm -u "$domain\\bob:$password")" "$denied" && tell_refusal
    [[ -z $kerberos ]] || converse_with_tickets
}

converse_with_tickets() {
    local ticket="user=$user@$realm"
    expect "curl --negotiate, with a ticket" 200 "$(ask_with_ticket alice --negotiate -u :)" \
        "$ticket" scheme=Negotiate package=Kerberos && tell_user
    expect "curl --negotiate --delegation always" 200 "$(ask_with_ticket alice --negotiate -u : --delegation always)" \
        "$ticket" package=Kerberos && tell_flags
    expect "the same, POST of 100000 bytes" 200 \
        "$(ask_with_ticket alice --negotiate -u : --data-binary @"$work/post")" \
        "$ticket" "body=100000 bytes" && printf '  %s\n' "$(field user)"
    # A ticket for another service of that realm, whose key this server does not have.
    expect "curl --negotiate, another's ticket" 401 "$(host=absent.example.test ask_with_ticket alice --negotiate -u :)" \
        "status=SEC_E_LOGON_DENIED (0x8009030C)" && tell_refusal
    expect "http_client, with a password" 0 "$(log_on "$work/client.right")" \
        "$ticket" package=Kerberos client-mechanism=Kerberos client-server-proved=yes && tell_mechanism
    expect "http_client --package Kerberos" 0 "$(log_on "$work/client.right" --package Kerberos)" \
        "$ticket" package=Kerberos client-mechanism=Kerberos && tell_mechanism
    expect "http_client, wrong password" 1 "$(log_on "$work/client.wrong")" \
        "user=" "client-status=SEC_E_LOGON_DENIED (0x8009030C)" && tell_client_refusal
    expect "http_client, unknown service" 1 "$(host=nowhere.example.test log_on "$work/client.right" --package Kerberos)" \
        "user=" "client-status=SEC_E_TARGET_UNKNOWN (0x80090303)" && tell_client_refusal
    [[ -n $wine_bits ]] || tell_libraries
    true
}

for platform; do
    case $platform in
    linux) what="Linux: http_server, with libnegossp.so" ;;
    wine64) what="Windows: the same server built by mingw, under 64-bit Wine, with negossp.dll" ;;
    wine32) what="Windows: the same server built by mingw, under 32-bit Wine, with negossp.dll" ;;
    esac
    if [[ $platform == wine* ]] && ! why=$(scripts/wine.sh "${platform#wine}" --prepare); then
        say "SKIPPED: demo-$platform: $why"
        skipped=$((skipped + 1))
        continue
    fi
    say
    if start_server "$platform"; then
        say "$what, on $url"
        converse
    fi
    stop_server
done

say
say "$passed passed, $failed failed, $skipped skipped"
if [[ -n ${SERVE:-} ]]; then
    start_server linux --address "${ADDRESS:-127.0.0.1}" --port "${PORT:-8080}" || exit 1
    say
    say "Open $url in a browser and log in as $domain\\$user with the password $password"
    say "(a browser that does not ask: curl --ntlm -u '$domain\\$user:$password' $url). Ctrl-C ends it."
    wait "$server"
fi
[[ $failed == 0 ]]
