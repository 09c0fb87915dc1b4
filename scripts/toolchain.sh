#!/bin/sh
# toolchain.sh linux|windows-x86_64|windows-i686 CARGO-ARGUMENT...: runs cargo with what the target needs, and installs
# that first where it is missing.
#
# Windows is built for the -win7- targets, with a standard library that is built here: the one of rustup imports
# bcryptprimitives.dll, which Wine has only from version 9 on, and a DLL that imports it does not load in earlier ones.
set -eu
scripts=$(cd "$(dirname "$0")" && pwd)
target=$1
shift

# Other scripts expect the results in target/.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET
"$scripts/need.sh" gcc libc6-dev
# rustup installs cargo in a folder that may be in the PATH of login shells only.
[ -z "${HOME:-}" ] || PATH=$PATH:$HOME/.cargo/bin
command -v cargo >/dev/null || { echo "cargo is missing: install Rust with rustup (stable, 1.90 or later)" >&2; exit 1; }

[ "$target" != linux ] || exec cargo "$@"

machine=${target#windows-}
"$scripts/need.sh" "gcc-mingw-w64-$(echo "$machine" | tr _ -)"

# The sources of the standard library, from rustup; where it has none, a whole compiler with them from Debian.
std_sources() {
    [ -e "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]
}
if ! std_sources; then
    rustup component add rust-src </dev/null >&2 || true
    if ! std_sources; then
        echo "rustup has no rust-src: building with Debian's rustc-web" >&2
        # Debian's first rustc-web is too old; the security suite has had newer ones, which old lists do not show.
        dpkg-query -W rust-web-src >/dev/null 2>&1 || apt-get update -q >&2
        "$scripts/need.sh" cargo-web rustc-web rust-web-src >&2
        PATH=/usr/bin:$PATH
        set -- "$@" --target-dir target/debian
    fi
fi

export RUSTC_BOOTSTRAP=1
exec cargo "$@" -Zbuild-std=std,panic_unwind --target "$machine-win7-windows-gnu"
