#!/usr/bin/python3
"""Writes encoded-groups.txt: the PAC of samba-aes256.txt changed and encoded by Samba, for what its KDC does not send."""
import contextlib
import pathlib
import sys

from samba.dcerpc import krb5pac, netlogon, samr, security
from samba.ndr import ndr_pack, ndr_unpack

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import record  # noqa: E402


def group(rid, attributes=7):
    result = samr.RidWithAttribute()
    result.rid, result.attributes = rid, attributes
    return result


def sid_and_attributes(text, attributes=7):
    result = netlogon.netr_SidAttr()
    result.sid, result.attributes = security.dom_sid(text), attributes
    return result


def many_groups(pac):
    """Groups of every kind, names with characters of four bytes, and a home directory."""
    pac = ndr_unpack(krb5pac.PAC_DATA, pac)
    logon = next(buffer.info.info for buffer in pac.buffers if buffer.type == krb5pac.PAC_TYPE_LOGON_INFO)
    base = logon.info3.base
    base.account_name.string = "álice𝔘"
    base.full_name.string = "Alice of a name that is quite long, and odd"
    base.home_directory.string = "\\\\server\\home\\alice"
    base.home_drive.string = "H:"
    base.logon_script.string = "logon.cmd"
    base.logon_count, base.bad_password_count = 65535, 3
    base.user_flags = 0x220
    base.groups.rids = [group(1000 + rid) for rid in range(60)]
    base.groups.count = 60
    logon.info3.sids = [sid_and_attributes(sid) for sid in ("S-1-18-1", "S-1-5-21-1-2-3-4", "S-1-5-32-544", "S-1-1-0")]
    logon.info3.sidcount = 4
    logon.resource_groups.domain_sid = security.dom_sid("S-1-5-21-4-5-6")
    logon.resource_groups.groups.rids = [group(1200, 0x20000007), group(1201, 0x20000007)]
    logon.resource_groups.groups.count = 2
    return ndr_pack(pac)


def main():
    here = pathlib.Path(__file__).parent
    recorded = (here / "samba-aes256.txt").read_text(encoding="utf-8")
    pac = many_groups(bytes.fromhex(next(line for line in recorded.splitlines() if line.startswith("pac "))[4:]))
    with open(here / "encoded-groups.txt", "w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
        print("pac", pac.hex())
        record.show(pac)


main()
