#!/bin/sh
# symbol_versions.sh VERSION COMMAND ARGUMENT...: runs a linker's command with VERSION for every exported symbol. gcc's -wrapper
# calls it (build.rs): rustc writes the list of exports into a version script without a name, to which no option adds one.
set -eu
version=$1
shift
for argument; do
    case $argument in
    --version-script=*) sed -i "1s/^{/$version {/" "${argument#*=}" ;;
    esac
done
exec "$@"
