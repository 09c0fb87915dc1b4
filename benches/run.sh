#!/bin/bash
# Measures the acceptor and its peers.
#
#   benches/run.sh          everything, about 20 minutes; QUICK=1: 4 minutes and coarser figures
#   benches/run.sh instr    user-space instructions of one acceptance (callgrind), which do not depend on the machine's load
#   benches/run.sh logons   only logons that a domain controller validates, as root
#   benches/run.sh initiators   only Kerberos' initiators, beside MIT's and Heimdal's
#   benches/run.sh build    only fetch and build
#
# The result is build/bench/report.md (with `instr`, instructions.md). Packages of the peers are fetched by apt and cargo
# into build/bench; only missing compilers and valgrind are installed on the system.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
out=$PWD/build/bench
root=$out/root
lib=$root/usr/lib/$(uname -m)-linux-gnu
bin=$out/bin
mkdir -p "$bin" "$out/etc"

# ---- build ----

# A peer that cannot be fetched or built is skipped; everything else is required.
peers=negossp
peer() { # NAME COMMAND...: adds a peer if the command, which builds it, succeeds
    if "${@:2}"; then peers+=" $1"; else echo "SKIPPED: benchmark of $1: it could not be fetched or built" >&2; fi
}
crate() { # DIRECTORY BUILT TO
    scripts/toolchain.sh linux build --release --quiet --locked --manifest-path "benches/$1/Cargo.toml" --target-dir "$out/target" &&
        cp -u "$out/target/release/$2" "$bin/$3"
}
compile() { # TO FROM OPTION...
    local to=$bin/$1 from=benches/$2
    shift 2
    [ "$to" -nt "$from" ] && [ "$to" -nt benches/peers/peer.h ] && [ "$to" -nt include/negossp.h ] ||
        gcc -O2 -g -Wall -Wextra -o "$to" "$from" "$@"
}
debian=(-L"$lib" -Wl,-rpath-link,"$lib:$root/lib/$(uname -m)-linux-gnu")
winpr() { compile winpr.so peers/sspi.c -shared -fPIC -DWINPR -I"$root/usr/include/winpr3" "${debian[@]}" -lwinpr3; }
gss() {
    compile gss.so peers/gss.c -shared -fPIC -I"$root/usr/include/mit-krb5" -I"$root/usr/include" -L"$lib/mit-krb5" "${debian[@]}" \
        -lgssapi_krb5 -lkrb5
}
heimdal() {
    compile heimdal.so peers/gss.c -shared -fPIC -DHEIMDAL -I"$root/usr/include/heimdal" "${debian[@]}" -l:libgssapi.so.3
}

scripts/need.sh gcc libc6-dev python3
[ "$what" != instr ] || scripts/need.sh valgrind
PATH=$PATH:$HOME/.cargo/bin # rustup puts cargo in a folder that may be in the PATH of login shells only
scripts/toolchain.sh linux build --release --quiet --lib
export NEGOSSP_LIBRARY=${NEGOSSP_LIBRARY:-${CARGO_TARGET_DIR:-$PWD/target}/release/libnegossp.so}
crate floor bench-floor floor
compile driver driver.c -ldl -pthread
compile negossp.so peers/sspi.c -shared -fPIC -Iinclude -ldl
compile domain.so peers/sspi.c -shared -fPIC -Iinclude -ldl '-DBENCH_DOMAIN="EXAMPLE"'

# ---- logons that a domain controller validates ----

logons() { # ROUNDS LOGONS
    local why=
    if [ "$(id -u)" != 0 ] || ! tests/infra/samba-member.sh possible; then why="no namespaces can be made for a member of a domain"; fi
    [ -n "$why" ] || tests/suites/interop/run.sh prepare >&2 || why="no Python clients"
    if [ -n "$why" ]; then
        echo "SKIPPED: logons by a domain controller: $why" >&2
        return
    fi
    BIN=$bin OUT=$out ROUNDS=$1 LOGONS=$2 tests/infra/samba-member.sh run "$out/member" -- benches/logons.sh ||
        echo "FAILED: logons by a domain controller" >&2
}
# Contexts with a cached ticket, and logons with a password: microseconds of the initiator's CPU time for each.
initiators() { # ROUNDS CACHED PASSWORD
    scripts/need.sh libkrb5-dev libgssapi3-heimdal krb5-kdc krb5-admin-server krb5-user >&2 &&
        compile initiators-negossp initiators.c -Iinclude -ldl && compile initiators-mit initiators.c -DPEER_GSS -Iinclude -ldl -lgssapi_krb5 &&
        compile initiators-heimdal initiators.c -DPEER_GSS -w -Iinclude -ldl -l:libgssapi.so.3 &&
        OWNER=$$ tests/infra/mit-kdc.sh start "$out/initiators" > "$out/initiators.env" || {
        echo "SKIPPED: benchmark of initiators: no KDC, or a peer that cannot be built" >&2
        return
    }
    (
        eval "$(cat "$out/initiators.env")"
        printf '[kerberos]\nkeytab = "%s/initiators/http.keytab"\n' "$out" > "$out/etc/initiators.toml"
        chmod 600 "$out/etc/initiators.toml"
        export NEGOSSP_CONFIG=$out/etc/initiators.toml BENCH_SERVICE=HTTP/server.example.test@EXAMPLE.TEST
        kvno -q HTTP/server.example.test
        for round in $(seq "$1"); do
            for peer in negossp mit heimdal; do
                echo "$round,$(LABEL=$peer "$bin/initiators-$peer" cached "$2")"
                echo "$round,$(LABEL=$peer "$bin/initiators-$peer" password "$3")"
            done
        done
    )
    tests/infra/mit-kdc.sh stop "$out/initiators"
}
if [ "$what" = initiators ]; then
    if [ -n "${QUICK:-}" ]; then initiators 3 2000 30; else initiators 9 10000 100; fi | tee "$out/initiators.csv"
    exit 0
fi
if [ "$what" = logons ]; then
    if [ -n "${QUICK:-}" ]; then logons 2 300; else logons 9 2000; fi > "$out/logons.csv"
    benches/report.py "$out/logons.csv" | tee "$out/logons.md"
    exit 0
fi

peer sspi-rs crate peers/sspi-rs libbench_sspi_rs.so sspi-rs.so
benches/fetch.sh || true
peer winpr winpr
peer gss gss
with_kerberos=
if [[ " $peers " == *" gss "* ]]; then
    with_kerberos=1
    heimdal || { echo "SKIPPED: benchmark of Heimdal: it could not be fetched or built" >&2; rm -f "$bin/heimdal.so"; }
else
    echo "SKIPPED: Kerberos: MIT's initiator, which makes the tickets' requests, could not be fetched or built" >&2
fi
[ "$what" = build ] && exit 0

# ---- the account, in each library's format: BENCH\alice, "Passw0rd!" ----

nt_hash=fc525c9683e8fe067095ba2ddc971889
echo "gssntlmssp_v1 1.3.6.1.4.1.311.2.2.10 $lib/gssntlmssp/gssntlmssp.so" > "$out/etc/mech"
echo "BENCH:alice:Passw0rd!" > "$out/etc/ntlm_users"
echo "alice:BENCH::$nt_hash:::" > "$out/etc/sam"
echo "alice:1000:$(printf 'X%.0s' {1..32}):${nt_hash^^}:[U          ]:LCT-00000000:" > "$out/etc/accounts"
printf '[server]\ndns_computer = "server.bench.test"\n\n[accounts]\nfile = "%s"\ndomain = "BENCH"\n' "$out/etc/accounts" > "$out/etc/negossp.toml"
chmod 600 "$out"/etc/*
export GSS_MECH_CONFIG=$out/etc/mech NTLM_USER_FILE=$out/etc/ntlm_users KRB5_CONFIG=/dev/null

# ---- Kerberos: a realm, a service with one AES-256 key, a ticket for it without a PAC and the same with one ----

# The peers' variants. MIT keeps its replay cache in a file, and reads the keytab's at each acceptance; Heimdal has none.
declare -A variants=(
    [negossp]="negossp NEGOSSP_CONFIG=$out/etc/memory.toml"
    [negossp-file]="negossp NEGOSSP_CONFIG=$out/etc/file.toml"
    [negossp-norc]="negossp NEGOSSP_CONFIG=$out/etc/off.toml"
    [mit]="gss KRB5RCACHEDIR=$out/realm/rcache"
    [mit-norc]="gss KRB5RCACHENAME=none:"
    [mit-best]="gss KRB5RCACHENAME=none: KEYTAB_IN_MEMORY=1"
    [heimdal]="heimdal"
)
kerberos_peers="negossp negossp-file negossp-norc mit mit-norc mit-best heimdal"
prepare_kerberos() {
    OWNER=$$ tests/infra/mit-kdc.sh start "$out/realm" > "$out/realm.env" && tests/suites/interop/run.sh prepare || return 1
    (
        eval "$(cat "$out/realm.env")"
        kvno -q HTTP/nopac.example.test
        build/venv/bin/python tests/infra/pac_ticket.py "$out/realm/alice.ccache" "$out/realm/nopac.keytab" \
            HTTP/nopac.example.test "$out/realm/pac.ccache" 1500
    ) || return 1
    local kind
    for kind in memory file off; do
        printf '[kerberos]\nkeytab = "%s"\nreplay_cache = "%s"\nreplay_cache_file = "%s"\n' "$out/realm/nopac.keytab" $kind \
            "$out/realm/rcache/negossp" > "$out/etc/$kind.toml"
    done
    [ -e "$bin/heimdal.so" ] || kerberos_peers=${kerberos_peers/ heimdal/}
}
if [ -n "$with_kerberos" ] && ! prepare_kerberos > "$out/realm.log" 2>&1; then
    with_kerberos=
    echo "SKIPPED: Kerberos: no KDC ($(tail -n 1 "$out/realm.log"))" >&2
fi
# The environment of one measurement, in a subshell; sets `so`. The mechanism's suffix -pac chooses the ticket.
environment() { # VARIANT MECH
    local ccache=alice words
    [[ $2 != *-pac ]] || ccache=pac
    read -ra words <<< "${variants[$1]}"
    so=${words[0]}
    export KRB5_CONFIG=$out/realm/krb5.conf KRB5CCNAME=FILE:$out/realm/$ccache.ccache KRB5_KTNAME=FILE:$out/realm/nopac.keytab
    export BENCH_SERVICE=HTTP/nopac.example.test@EXAMPLE.TEST LABEL=$1 "${words[@]:1}"
}
drive_kerberos() ( # VARIANT MECH TEST
    environment "$1" "$2"
    exec "$bin/driver" "$bin/$so.so" "$bin/gss.so" "$2" "$3"
)

export WINPR_SAM=$out/etc/sam NEGOSSP_CONFIG=$out/etc/negossp.toml
export LD_LIBRARY_PATH=$lib:$root/lib/$(uname -m)-linux-gnu

peers=${PEERS:-$peers}
mechs="ntlm spnego-ntlm"
# One initiator drives every acceptor.
initiator=${INITIATOR:-negossp}
drive() { # PEER MECH TEST
    "$bin/driver" "$bin/$1.so" "$bin/$initiator.so" "$2" "$3"
}

# ---- instructions ----

counted() { # FUNCTIONS N COMMAND...: instructions inside the functions while N acceptances (and a warm-up) are made
    local functions=$1 n=$2 options=() f
    shift 2
    for f in $functions; do options+=("--toggle-collect=$f"); done
    N=$n valgrind --tool=callgrind "${options[@]}" --callgrind-out-file="$out/callgrind.out" "$@" > /dev/null 2> "$out/callgrind.log" ||
        { tail -5 "$out/callgrind.log" >&2; return 1; }
    awk '/^(totals|summary):/ { print $2; exit }' "$out/callgrind.out"
}
per_acceptance() { # N FUNCTIONS COMMAND...: from the difference of two lengths, so that neither start nor warm-up counts
    local short long
    short=$(counted "$2" 100 "${@:3}")
    long=$(counted "$2" $((100 + $1)) "${@:3}")
    echo $(((long - short) / $1))
}
if [ "$what" = instr ]; then
    for mech in $mechs; do
        echo "0,floor,$mech,accept,,instructions,$(per_acceptance 1000 '*acceptance*' "$bin/floor" "accept-$mech")"
        for peer in $peers; do
            echo "0,$peer,$mech,accept,,instructions,$(per_acceptance "$([ $peer = gss ] && echo 100 || echo 1000)" \
                'acceptor_legs acceptor_closes' \
                "$bin/driver" "$bin/$peer.so" "$bin/$initiator.so" "$mech" accept)"
        done
    done | tee "$out/instructions.csv" >&2
    for mech in ${with_kerberos:+spnego-krb5 spnego-krb5-pac}; do
        echo "0,floor,$mech,accept,,instructions,$(per_acceptance 1000 '*acceptance*' "$bin/floor" "accept-$mech")"
        for peer in $kerberos_peers; do (
            environment "$peer" "$mech"
            echo "0,$peer,$mech,accept,,instructions,$(per_acceptance 300 'acceptor_legs acceptor_closes' \
                "$bin/driver" "$bin/$so.so" "$bin/gss.so" "$mech" accept)"
        ) done
    done | tee -a "$out/instructions.csv" >&2
    benches/report.py "$out/instructions.csv" | tee "$out/instructions.md"
    exit 0
fi

# ---- time ----

if [ -n "${QUICK:-}" ]; then
    rounds=4 fast=4000 slow=400 live=10000 tickets=1000
    export SHORTER=4
else
    rounds=9 fast=20000 slow=2000 live=100000 tickets=3000
fi
results=$out/results.csv
: > "$results"
one_core() { taskset -cp 0 $$ > /dev/null; } # moving between cores costs up to a half
all_cores() { taskset -cp "0-$(($(nproc --all) - 1))" $$ > /dev/null; }
note() { echo "$(date +%T) $*" >&2; }
record() { # a failure is reported, and the row is missing
    "$@" 2>> "$out/errors.log" | sed "s/^/$round,/" >> "$results" || note "FAILED: $* (errors.log)"
}
length() { [ "$1" = gss ] && echo $slow || echo $fast; }
: > "$out/errors.log"
load_before=$(cut -d' ' -f1 /proc/loadavg)

# Each round measures all peers, so that load of the machine affects them equally.
for round in $(seq $rounds); do
    one_core
    for mech in $mechs; do
        note "round $round of $rounds: acceptances, $mech"
        N=50000 record "$bin/floor" "accept-$mech"
        for peer in $peers; do N=$(length $peer) record drive $peer $mech accept; done
    done
    note "round $round of $rounds: messages"
    record "$bin/floor" messages
    for peer in $peers; do record drive $peer ntlm messages; done
    note "round $round of $rounds: two threads"
    all_cores
    record "$bin/floor" threads
    for peer in $peers; do N=$(length $peer) record drive $peer spnego-ntlm threads; done
    [ -n "$with_kerberos" ] || continue
    note "round $round of $rounds: Kerberos"
    N=$tickets
    export N
    for peer in negossp mit heimdal; do record drive_kerberos $peer spnego-krb5 threads; done
    one_core
    for mech in spnego-krb5 spnego-krb5-pac; do
        N=50000 record "$bin/floor" "accept-$mech"
        for peer in $kerberos_peers; do record drive_kerberos $peer $mech accept; done
    done
    record "$bin/floor" messages-krb5
    for peer in negossp mit-norc heimdal; do record drive_kerberos $peer krb5 messages; done
    unset N
done
one_core
round=0
note "live contexts"
for peer in $peers; do
    # A fifth of them for gss-ntlmssp: 100,000 would need 8 GB.
    LIVE=$([ $peer = gss ] && echo $((live / 5)) || echo $live) record drive $peer spnego-ntlm live
done
if [ -n "$with_kerberos" ]; then
    for peer in negossp mit-norc heimdal; do LIVE=$((live / 10)) record drive_kerberos $peer spnego-krb5 live; done
fi
record "$bin/floor" parts
all_cores
note "logons that a domain controller judges"
if [ -n "${QUICK:-}" ]; then logons 2 300; else logons 9 2000; fi >> "$results" 2>> "$out/errors.log"
{
    echo "# Measured $(date -u +%F)"
    echo
    echo "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc --all) cores, $(. /etc/os-release; echo "$PRETTY_NAME")," \
        "$(rustc --version | cut -d' ' -f1,2); load average $load_before before, $(cut -d' ' -f1 /proc/loadavg) after;" \
        "$rounds rounds${QUICK:+ (QUICK)}."
    echo
    benches/report.py "$results"
} > "$out/report.md"
cat "$out/report.md"
