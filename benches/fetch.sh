#!/bin/bash
# Fetches the peers' packages into build/bench without installing them: gss-ntlmssp with MIT's Kerberos, and Heimdal's, from
# this release of Debian, WinPR 3 from its backports. Done once; remove build/bench/root to do it again.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/build/bench
root=$out/root
packages="gss-ntlmssp krb5-multidev libkrb5-dev heimdal-multidev libgssapi3-heimdal libwinpr3-dev libwinpr3-3"
stamp=$root/.packages
[ "$(cat "$stamp" 2>/dev/null)" = "$packages" ] && exit 0

apt=$out/apt
rm -rf "$root" "$apt"
mkdir -p "$root" "$apt"/{lists/partial,archives/partial,sources}
. /etc/os-release
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v c="$VERSION_CODENAME" '$2 == c { print $1; exit }')
cat > "$apt/sources/all.sources" <<X
Types: deb
URIs: $mirror
Suites: $VERSION_CODENAME $VERSION_CODENAME-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
X
# With an empty status file apt fetches what the packages depend on as well, whether this machine has it or not.
: > "$apt/status"
options=(-qq -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$apt/sources" -o "Dir::State::Lists=$apt/lists"
    -o "Dir::State::Status=$apt/status" -o "Dir::Cache=$apt" -o "Dir::Cache::Archives=$apt/archives" -o "APT::Sandbox::User=root")
apt-get "${options[@]}" update
apt-get "${options[@]}" -y --download-only --no-install-recommends install $packages
for deb in "$apt"/archives/*.deb; do
    case ${deb##*/} in libc6* | libc-* | linux-libc-* | libgcc-* | gcc-* | libstdc++* | libcrypt* | libnsl* | libtirpc*) continue ;; esac
    dpkg -x "$deb" "$root"
done
rm -rf "$apt"
echo "$packages" > "$stamp"
