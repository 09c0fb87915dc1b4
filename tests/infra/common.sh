# shellcheck shell=bash
# What the scripts of this folder share; sourced by them.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin

die() { echo "${0##*/}: $*" >&2; exit 1; }

# VERB [DIR] [-- COMMAND...]: sets verb, dir (build/NAME where none is given), mark, which is a file in it that says whose it
# is, and command.
parse_arguments() { # NAME ARGUMENT...
    local name=$1
    shift
    verb=${1:-}
    shift || true
    dir=$root/build/$name
    if [[ $# -gt 0 && $1 != -- ]]; then dir=$1; shift; fi
    [[ ${1:-} != -- ]] || shift
    [[ $dir == /* ]] || dir=$PWD/$dir
    mark=$dir/.$name
    command=("$@")
}

# What a realm's clients want in any case; krb5.conf begins with it.
print_client_defaults() {
    cat <<END
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    qualify_shortname = ""
    udp_preference_limit = 1
END
}

# The folder is new, empty or one that `start` made.
may_use_folder() {
    [[ ! -e $dir || -e $mark || -z $(ls -A "$dir") ]] || die "$dir is something else"
}

ticket() { # USER CCACHE
    KRB5CCNAME=FILE:$dir/$2.ccache kinit -k -t "$dir/users.keytab" "$1"
}

# Calls `stop` when the process OWNER is gone; ends when `IS_RUNNING PID` no longer holds.
watch_owner() { # IS_RUNNING PID
    exec >/dev/null 2>&1 </dev/null
    trap '' HUP INT
    trap - EXIT
    while "$1" "$2"; do
        kill -0 "$OWNER" || { stop; return; }
        sleep 0.5
    done
}

# The verbs that all have: start, env, stop, run; else the head of the script is the help.
run_verb() {
    case $verb in
    start)
        trap 'status=$?; [[ $status == 0 ]] || stop; exit $status' EXIT
        start
        print_env
        ;;
    env) print_env ;;
    stop) stop ;;
    run)
        [[ ${#command[@]} -gt 0 ]] || die "run [DIR] -- COMMAND..."
        trap stop EXIT
        trap 'exit 130' INT TERM
        OWNER=$$
        start
        "${command[@]}"
        ;;
    *)
        sed -n '2,/^set /p' "$0" | sed -n 's/^# \{0,1\}//p'
        exit 2
        ;;
    esac
}
