#!/bin/bash
# Logons of a domain's user, one after another, each validated by a domain controller: by Netlogon through one channel, by
# winbindd in both ways, and for comparison by winbind's ntlm_auth without the library. Called by run.sh on a member
# of a domain (tests/infra/samba-member.sh) with BIN, OUT and ROUNDS; writes run.sh's lines.
set -euo pipefail
cd "$(dirname "$0")/.."
etc=$OUT/etc/logons
mkdir -p "$etc"
export N=${LOGONS:-1000}

(umask 077 && echo 'Passw0rd!' > "$etc/secret")
cat > "$etc/netlogon.toml" <<END
[domain]
name = "EXAMPLE"
realm = "AD.EXAMPLE.TEST"
controllers = ["127.0.0.10"]
machine_account = "WEB1$"
machine_secret_file = "$etc/secret"
connections = 1
[ntlm]
loopback_check = false # the client is in the same process
END
for way in libwbclient ntlm_auth; do
    cat > "$etc/$way.toml" <<END
[server]
netbios_computer = "MEMBER1"
netbios_domain = "EXAMPLE"
[winbind]
use = "$way"
helpers = 1
smb_conf = "$SAMBA_MEMBER/member/smb.conf"
[ntlm]
loopback_check = false
END
done

# Each round measures all of them, so that load of the machine affects them equally.
for round in $(seq "$ROUNDS"); do
    for way in netlogon libwbclient ntlm_auth; do
        NEGOSSP_CONFIG=$etc/$way.toml LABEL=$way "$BIN/driver" "$BIN/domain.so" "$BIN/domain.so" ntlm logons
    done | sed "s/^/$round,/"
    "${VENV:-build/venv}/bin/python" benches/ntlm_auth.py "$SAMBA_MEMBER/member/smb.conf" | sed "s/^/$round,/"
done
