"""Tickets with a PAC as a domain controller makes it, added with the service's key: the resulting identity of the
client."""

import hashlib
import itertools
import os
import re
import struct
import sys

import sspi
import environment
from checks import check, equal, holds
from kerberos_accept import ASC_MUTUAL, messages
from kerberos_peers import Mit
from kerberos_environment import INITIATORS, ROOT, ccache, realm_file, refused_first, run_tool, service
from sspi import Acceptor
from environment import established

sys.path.append(os.path.join(ROOT, "tests", "infra"))
import pac_ticket  # noqa: E402

SERVICE = service("nopac")
NUMBERS = itertools.count()
DENIED = ("SEC_E_LOGON_DENIED",)


def with_pac(user="alice", **options):
    """The name of a cache with `user`'s ticket for the service, and a PAC in it."""
    status, text = run_tool("kvno", SERVICE, ccache=ccache(user))
    equal(status, 0, f"kvno: {text}")
    out = os.path.join(environment.directory, f"pac-{next(NUMBERS)}.ccache")
    pac_ticket.make(ccache(user).removeprefix("FILE:"), realm_file("nopac.keytab"), SERVICE, out, **options)
    return f"FILE:{out}"


def sids(groups):
    rids = [pac_ticket.USER_RID, 513, *range(2000, 2000 + groups)]
    return [f"{pac_ticket.DOMAIN_SID}-{rid}" for rid in rids]


@check("a ticket with a PAC from {}, {}: names and SIDs", INITIATORS)
def named(make, package):
    for size in (0, 1500, 12000):
        initiator = make.initiator(with_pac(size=size), package, SERVICE)
        acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
        established(initiator, acceptor)
        equal(acceptor.client, "EXAMPLE\\alice", "SECPKG_ATTR_NAMES")
        found = acceptor.client_sids
        equal(found[:2], sids(0), "the first SIDs")
        holds(set(sids(len(found) - 2)) == set(found), f"SIDs {found}")
        holds(len(found) > size // 16, f"{len(found)} SIDs in a PAC of {size} octets")
        messages(initiator, acceptor)


@check("a ticket without a PAC tells no SIDs: the client has one made of its name")
def no_sids():
    found = []
    for _ in range(2):
        acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
        established(Mit.initiator(ccache(), "Kerberos", SERVICE), acceptor)
        equal(acceptor.client, "alice@EXAMPLE.TEST", "SECPKG_ATTR_NAMES")
        found.append(acceptor.client_sids)
    digest = hashlib.sha256(b"negossp user SID\0alice@EXAMPLE.TEST").digest()
    name = "-".join(map(str, struct.unpack("<4I", digest[:16])))
    equal(found[0], found[1], "SIDs at another time")
    holds(len(found[0]) == 1 and re.fullmatch(rf"S-1-5-21-\d+-\d+-\d+-{name}", found[0][0]), f"SIDs {found[0]}")


def buffers(pac):
    """[MS-PAC] 2.3: type to (offset, length)."""
    count = struct.unpack_from("<L", pac)[0]
    entries = (struct.unpack_from("<LLQ", pac, 8 + 16 * n) for n in range(count))
    return {kind: (offset, length) for kind, length, offset in entries}


@check("a PAC that was changed after it was signed: {}", ["logon information", "client's name", "server's signature", "header"])
def changed(what):
    def change(pac):
        places = {"header": (0, 8), "logon information": buffers(pac)[1], "client's name": buffers(pac)[10],
                  "server's signature": (buffers(pac)[6][0] + 4, 12)}  # fmt: skip
        at, length = places[what]
        at += length * step // 4
        return pac[:at] + bytes([pac[at] ^ 1]) + pac[at + 1 :]

    for step in range(4):
        refused_first(Mit.initiator(with_pac(change=change), "Negotiate", SERVICE).step(), (*DENIED, "SEC_E_INVALID_TOKEN"))


@check("a PAC of one user in another's ticket")
def anothers():
    """Both have been signed; CLIENT_INFO tells."""
    taken = []
    with_pac("bob", change=lambda pac: taken.append(pac) or pac)
    refused_first(Mit.initiator(with_pac(change=lambda _: taken[0]), "Negotiate", SERVICE).step(), DENIED)
    established(Mit.initiator(with_pac("bob"), "Negotiate", SERVICE), Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL))


@check("a PAC cut short, and none of one")
def cut():
    for length in (0, 1, 8, 100, 1000):
        cache = with_pac(change=lambda pac: pac[:length])
        refused_first(Mit.initiator(cache, "Negotiate", SERVICE).step(), (*DENIED, "SEC_E_INVALID_TOKEN"))
