#!/usr/bin/env python3
"""Puts a PAC as a domain controller would make it into a service ticket, with the service's own key.

    pac_ticket.py CCACHE KEYTAB SERVICE OUT [SIZE]

The ticket for SERVICE (HTTP/host) in CCACHE is opened with its key in KEYTAB, gets a PAC of about SIZE octets (1500) by
more groups, and goes into the cache OUT. Signed with the service's key; the KDC's signature is made with a
random key. Needs impacket, as the interoperability checks do.
"""

import os
import struct
import sys
from calendar import timegm

from impacket.dcerpc.v5.dtypes import NULL, RPC_SID
from impacket.dcerpc.v5.ndr import NDRULONG
from impacket.dcerpc.v5.samr import GROUP_MEMBERSHIP
from impacket.krb5 import crypto
from impacket.krb5.asn1 import AD_IF_RELEVANT, EncTicketPart, Ticket
from impacket.krb5.ccache import CCache
from impacket.krb5.keytab import Keytab
from impacket.krb5.pac import KERB_SID_AND_ATTRIBUTES, KERB_VALIDATION_INFO, VALIDATION_INFO
from pyasn1.codec.der import decoder, encoder

DOMAIN, DOMAIN_SID, USER_RID = "EXAMPLE", "S-1-5-21-1004336348-1177238915-682003330", 1104
TICKET_USAGE, PAC_USAGE = 2, 17
AD_IF_RELEVANT_TYPE, AD_WIN2K_PAC = 1, 128
LOGON_INFO, SERVER_CHECKSUM, KDC_CHECKSUM, CLIENT_INFO = 1, 6, 7, 10
# Checksum types by encryption type, and the lengths of their checksums.
CHECKSUMS = {17: (15, 12), 18: (16, 12), 23: (-138, 16)}
LOGON_EXTRA_SIDS = 0x20
NEVER = 0x7FFFFFFFFFFFFFFF


def filetime(seconds):
    return (seconds + 11644473600) * 10_000_000


def logon_info(user, logon_time, groups, domain=DOMAIN, domain_sid=DOMAIN_SID, user_rid=USER_RID, extra_sids=()):
    info = KERB_VALIDATION_INFO()
    times = {"LogonTime": logon_time, "LogoffTime": NEVER, "KickOffTime": NEVER, "PasswordLastSet": logon_time,
             "PasswordCanChange": 0, "PasswordMustChange": NEVER, "LastSuccessfulILogon": 0, "LastFailedILogon": 0}  # fmt: skip
    for name, value in times.items():
        info[name]["dwLowDateTime"], info[name]["dwHighDateTime"] = value & 0xFFFFFFFF, value >> 32
    info["EffectiveName"], info["LogonDomainName"], info["LogonServer"] = user, domain, "DC"
    for name in ("FullName", "LogonScript", "ProfilePath", "HomeDirectory", "HomeDirectoryDrive"):
        info[name] = ""
    info["UserId"], info["PrimaryGroupId"], info["UserAccountControl"] = user_rid, 513, 0x10
    info["LogonCount"] = info["BadPasswordCount"] = 0
    info["UserFlags"] = LOGON_EXTRA_SIDS if extra_sids else 0
    for rid in [513, *range(2000, 2000 + groups)]:
        membership, number = GROUP_MEMBERSHIP(), NDRULONG()
        number["Data"] = rid
        membership["RelativeId"], membership["Attributes"] = number, 7
        info["GroupIds"].append(membership)
    info["GroupCount"] = groups + 1
    info["UserSessionKey"], info["LMKey"] = bytes(16), bytes(8)
    info["LogonDomainId"].fromCanonical(domain_sid)
    info["SubAuthStatus"] = info["FailedILogonCount"] = info["Reserved3"] = 0
    info["SidCount"] = len(extra_sids)
    if not extra_sids:
        info["ExtraSids"] = NULL
    for text in extra_sids:
        entry, sid = KERB_SID_AND_ATTRIBUTES(), RPC_SID()
        sid.fromCanonical(text)
        entry["Sid"], entry["Attributes"] = sid, 7
        info["ExtraSids"].append(entry)
    info["ResourceGroupDomainSid"], info["ResourceGroupCount"], info["ResourceGroupIds"] = NULL, 0, NULL
    serialized = VALIDATION_INFO()
    serialized["Data"] = info
    made = serialized.getData() + serialized.getDataReferents()
    # [MS-RPCE] 2.2.6.2: ObjectBufferLength is a multiple of 8, which impacket does not see to.
    made += bytes(-len(made) % 8)
    return made[:8] + struct.pack("<L", len(made) - 16) + made[12:]


def pac(user, authtime, key, groups):
    """[MS-PAC]: the buffers, and the two signatures over them and over each other."""
    kind, length = CHECKSUMS[key.enctype]
    name = user.encode("utf-16-le")
    buffers = {
        LOGON_INFO: logon_info(user, filetime(authtime), groups),
        CLIENT_INFO: struct.pack("<QH", filetime(authtime), len(name)) + name,
        SERVER_CHECKSUM: struct.pack("<l", kind) + bytes(length),
        KDC_CHECKSUM: struct.pack("<l", kind) + bytes(length),
    }
    at, head, body, places = 8 + 16 * len(buffers), struct.pack("<LL", len(buffers), 0), b"", {}
    for number, content in buffers.items():
        head += struct.pack("<LLQ", number, len(content), at + len(body))
        places[number] = at + len(body) + 4
        body += content + bytes(-len(content) % 8)
    made = bytearray(head + body)
    server = crypto.make_checksum(kind, key, PAC_USAGE, bytes(made))
    made[places[SERVER_CHECKSUM] : places[SERVER_CHECKSUM] + length] = server
    nobodys = crypto.Key(key.enctype, os.urandom(len(key.contents)))
    kdc = crypto.make_checksum(kind, nobodys, PAC_USAGE, server)
    made[places[KDC_CHECKSUM] : places[KDC_CHECKSUM] + length] = kdc
    return bytes(made)


def with_pac(ticket, key, user, size=1500, change=lambda made: made):
    """The ticket with a PAC, which `change` may alter after it was signed; and the PAC's size."""
    part = decoder.decode(crypto.decrypt(key, TICKET_USAGE, bytes(ticket["enc-part"]["cipher"])), asn1Spec=EncTicketPart())[0]
    authtime = timegm(part["authtime"].asDateTime.timetuple())
    least = len(pac(user, authtime, key, 0))
    made = change(pac(user, authtime, key, max(0, (size - least) // 8)))
    inner = AD_IF_RELEVANT()
    inner[0]["ad-type"], inner[0]["ad-data"] = AD_WIN2K_PAC, made
    part["authorization-data"][0]["ad-type"] = AD_IF_RELEVANT_TYPE
    part["authorization-data"][0]["ad-data"] = encoder.encode(inner)
    ticket["enc-part"]["cipher"] = crypto.encrypt(key, TICKET_USAGE, encoder.encode(part), os.urandom(16))
    return ticket, len(made)


def make(ccache, keytab, service, out, size=1500, change=lambda made: made):
    """Writes the cache; returns the PAC's size."""
    block = Keytab.loadFile(keytab).getKey(service)
    key = crypto.Key(block["keytype"], bytes.fromhex(block.hexlifiedValue().decode()))
    credentials = CCache.loadFile(ccache).credentials
    credential = next(c for c in credentials if c["server"].prettyPrint().decode().split("@")[0] == service)
    old = credential.ticket["data"]
    user = credential["client"].prettyPrint().decode().split("@")[0]
    ticket, size = with_pac(decoder.decode(old, asn1Spec=Ticket())[0], key, user, size, change)
    new = encoder.encode(ticket)
    with open(ccache, "rb") as f:
        content = f.read()
    with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(content.replace(struct.pack(">L", len(old)) + old, struct.pack(">L", len(new)) + new))
    return size


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    print(make(*sys.argv[1:5], *map(int, sys.argv[5:])), "octets")
