#!/usr/bin/env bash
# fetch_sspilib.sh: gets PyPI's sspilib into build/programs/src/sspilib, and prints that path: its wheel and pytest in `site`, the
# library that the wheel carries aside in `carried`, and its own tests, which only the source package has, in `tests`.
#
# Exit status 77, with the reason on standard output, without the registry.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
packages=(sspilib==0.6.0 pytest==8.4.2)
out=$PWD/build/programs/src/sspilib
pip=(build/venv/bin/python -m pip -q --disable-pip-version-check)
if [[ $(cat "$out/.complete" 2>/dev/null) != "${packages[*]}" ]]; then
    rm -rf "$out"
    mkdir -p "$out/carried" "$out/sdist"
    # Nothing is compiled: the source package is asked for its name and version only.
    { timeout 120 "${pip[@]}" install --only-binary :all: --target "$out/site" "${packages[@]}" &&
        SSPI_SKIP_EXTENSIONS=true timeout 120 "${pip[@]}" download --no-deps --no-binary sspilib -d "$out/sdist" "${packages[0]}"; } >"$out.log" 2>&1 || {
        tail -n 3 "$out.log" >&2
        echo "PyPI has not given its packages"
        exit 77
    }
    tar -C "$out" -xf "$out"/sdist/sspilib-*.tar.gz --strip-components=1 --wildcards '*/tests'
    mv "$out"/site/sspilib.libs/libsspi-*.so "$out/carried/"
    echo "${packages[*]}" >"$out/.complete"
fi
echo "$out"
