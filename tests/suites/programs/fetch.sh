#!/usr/bin/env bash
# fetch.sh PACKAGE: gets a Debian source package, with Debian's patches, into build/programs/src/PACKAGE and prints that path.
# fetch.sh PACKAGE FOLDER...: unpacks only those folders of it, as they were before Debian's patches.
#
# From the archive that the machine itself uses, through apt, which checks signatures and checksums. apt gets lists of its
# own for this: a machine without deb-src lines stays without.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
package=$1
shift
work=$PWD/build/programs
out=$work/src/$package
mkdir -p "$work/src"
exec 9>"$work/src.lock"
flock 9

# Other folders of the same package are fetched anew.
if [[ $(cat "$out/.complete" 2>/dev/null) != "folders: $*" ]]; then
    scripts/need.sh dpkg-dev xz-utils patch debian-archive-keyring >&2
    mkdir -p "$work/apt/lists/partial"
    apt=(apt-get -q -o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt" -o APT::Sandbox::User=root)
    if [[ ! -e $work/apt/.updated ]]; then
        apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u |
            sed -n 's/\(.*\) main$/deb-src [signed-by=\/usr\/share\/keyrings\/debian-archive-keyring.gpg] \1 main/p' >"$work/apt/sources.list"
        "${apt[@]}" update >"$work/apt/update.log" 2>&1 || { cat "$work/apt/update.log" >&2; exit 1; }
        touch "$work/apt/.updated"
    fi
    rm -rf "$out" "$work/src/get"
    mkdir "$work/src/get"
    (
        cd "$work/src/get"
        # The security suite's lists can be ahead of what its mirror has.
        "${apt[@]}" source --download-only "$package" || "${apt[@]}" source --download-only "$package/bookworm"
        if (($#)); then
            mkdir "$out"
            # Not its signature.
            archive=$(find . -name '*.orig.tar.*' ! -name '*.asc')
            tar -C "$out" -xf "$archive" --strip-components=1 --wildcards --no-wildcards-match-slash "${@/#/*/}"
        else
            dpkg-source --no-check -x ./*.dsc "$out" # apt has checked it
        fi
    ) >"$work/src/$package.log" 2>&1 9>&- || {
        rm -f "$work/apt/.updated" # the archive may have moved on
        tail -n 5 "$work/src/$package.log" >&2
        exit 1
    }
    rm -rf "$work/src/get"
    echo "folders: $*" >"$out/.complete"
fi
echo "$out"
