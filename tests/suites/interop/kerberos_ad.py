"""A domain's clients: tickets with PACs from a Samba domain controller, and with PACs that no domain controller makes."""

import contextlib
import os
import shutil
import struct
import subprocess
import time

from impacket.krb5 import asn1, crypto
from impacket.krb5.keytab import Keytab
from pyasn1.codec.der import decoder, encoder

import environment
from checks import Skip, check, equal, holds
from kerberos_accept import ASC_MUTUAL, DENIED
from kerberos_peers import Heimdal, Mit
from kerberos_environment import PAIRS, ROOT, refused_first, server_keytab
from sspi import Acceptor
from environment import established, policy

DOMAIN = "ad.example.test"
SERVER, RC4, WEB1 = (f"HTTP/{host}.{DOMAIN}" for host in ("server", "rc4", "web1"))
ALLOW_RC4 = 'enctypes = ["aes256-sha1", "aes128-sha1", "rc4-hmac"]'
CLIENT_SIDS = 0x4E530002  # SECPKG_ATTR_NEGOSSP_CLIENT_SIDS
SCRIPT = os.path.join(ROOT, "tests", "infra", "samba-ad.sh")

_domain = None


class Domain:
    """The domain of tests/infra/samba-ad.sh."""

    def __init__(self):
        self.directory = os.path.join(environment.directory, "domain")
        started = subprocess.run(
            [SCRIPT, "start", self.directory], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "OWNER": str(os.getpid()), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        if started.returncode:
            raise AssertionError(f"samba-ad.sh: {started.stderr}")
        self.read_sids()

    def read_sids(self):
        with open(self.file("sids"), encoding="utf-8") as f:
            self.sids = dict(line.split() for line in f)

    def file(self, name):
        return os.path.join(self.directory, name)

    def ccache(self, user="alice"):
        return f"FILE:{self.file(user)}.ccache"

    def key(self, keytab, enctype):
        """The key of that type, as impacket has it."""
        keys = [entry.main_part["keyblock"] for entry in Keytab.loadFile(self.file(f"{keytab}.keytab")).entries]
        return crypto.Key(enctype, next(key["keyvalue"]["data"] for key in keys if key["keytype"] == enctype))


@contextlib.contextmanager
def domain(keytab="http"):
    """The domain's clients and its services' keys while the block lasts. A process may have several realms, but one
    configuration at a time."""
    global _domain
    if os.geteuid() != 0:
        raise Skip("a Samba domain controller needs root")
    if _domain is None:
        _domain = Domain()
    kept = {name: os.environ[name] for name in ("KRB5_CONFIG", "KRB5RCACHEDIR")}
    before = server_keytab() + ".before"
    shutil.copy(server_keytab(), before)
    os.environ.update(KRB5_CONFIG=_domain.file("krb5.conf"), KRB5RCACHEDIR=_domain.file("rcache"))
    use_keytab(_domain.file(f"{keytab}.keytab"))
    try:
        yield _domain
    finally:
        os.environ.update(kept)
        use_keytab(before)


def use_keytab(path):
    """The library checks the file once a second."""
    shutil.copy(path, server_keytab() + ".new")
    os.replace(server_keytab() + ".new", server_keytab())
    time.sleep(1.2)


def accepted(initiator, ours="Negotiate", client="EXAMPLE\\alice"):
    acceptor = Acceptor.acceptor(ours, flags=ASC_MUTUAL)
    established(initiator, acceptor)
    equal(acceptor.client, client, "SECPKG_ATTR_NAMES")
    return acceptor


def accepted_token(token, client="EXAMPLE\\alice"):
    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    acceptor.step(token)
    equal((acceptor.complete, acceptor.client), (True, client), "SECPKG_ATTR_NAMES")


def groups_of(there, user):
    """From tests/infra/samba_accounts.py; Samba adds that it authenticated the user itself (S-1-18-1)."""
    groups = {"alice": ["webusers", "webadmins", "weblocal", "everybody"], "bob": ["webusers", "everybody"]}
    return {there.sids["."] + "-513", "S-1-18-1", *(there.sids[group] for group in groups.get(user, []))}


@check("domain: accept {}, {} token, package {}", PAIRS)
def services(make, package, ours):
    with domain() as there:
        for service in (SERVER, WEB1):
            acceptor = accepted(make.initiator(there.ccache(), package, service), ours)
            account, *groups = acceptor._text(CLIENT_SIDS).split("\n")
            equal(account, there.sids["alice"], "the account's SID")
            equal(set(groups), groups_of(there, "alice"), "the groups")


@check("domain: {} is known by name, SID and groups", ["bob", "jörg"])
def users(user):
    with domain() as there:
        acceptor = accepted(Mit.initiator(there.ccache(user), "Negotiate", SERVER), client=f"EXAMPLE\\{user}")
        account, *groups = acceptor._text(CLIENT_SIDS).split("\n")
        equal((account, set(groups)), (there.sids[user], groups_of(there, user)), "SIDs")


@check("domain: a service with an RC4 key, where the policy allows it and where not")
def rc4():
    with domain() as there:
        for make in (Mit, Heimdal):
            with policy(kerberos=ALLOW_RC4):
                accepted(make.initiator(there.ccache(), "Negotiate", RC4))
            refused_first(make.initiator(there.ccache(), "Kerberos", RC4).step(), DENIED)


@check("domain: the keytab of a machine account, whatever service of the machine is asked for")
def machine():
    with domain("web1") as there:
        for service in (WEB1, f"host/web1.{DOMAIN}", "web1$"):
            accepted(Mit.initiator(there.ccache(), "Kerberos", service))
        # Its key is that of all the account's names.
        refused_first(Mit.initiator(there.ccache(), "Kerberos", SERVER).step(), (*DENIED, "SEC_E_NO_CREDENTIALS"))


@check("domain: the KDC refuses an account that is {}", ["disabled", "expired"])
def refused_by_kdc(user):
    with domain() as there:
        tool = ["kinit", "-k", "-t", there.file("users.keytab")]
        settings = {**os.environ, "KRB5CCNAME": there.ccache(f"no-{user}")}
        asked = subprocess.run([*tool, user], env=settings, capture_output=True, text=True)
        holds(asked.returncode != 0, f"{user} got a ticket")
        holds("revoked" in asked.stderr or "expired" in asked.stderr, asked.stderr)
        holds(subprocess.run([*tool, "bob"], env=settings, capture_output=True).returncode == 0, "nor does bob")


# ------------------------------------------------------------------------------- tickets made anew


AES256, PAC_USAGE = 18, 17
SERVER_SIGNATURE, KDC_SIGNATURE, LOGON_INFO = 6, 7, 1


class Ticket:
    """A ticket that is decrypted, and encrypted again with the same key."""

    def __init__(self, ticket, key):
        self.ticket, self.key = ticket, key
        cipher = bytes(ticket["enc-part"]["cipher"])
        plain = crypto._enctype_table[AES256].decrypt(key, 2, cipher)
        self.part, _ = decoder.decode(plain, asn1Spec=asn1.EncTicketPart())
        self.list, _ = decoder.decode(bytes(self.part["authorization-data"][0]["ad-data"]), asn1Spec=asn1.AD_IF_RELEVANT())
        self.pac = bytes(self.list[0]["ad-data"])

    def seal(self, pac):
        """With this PAC, or with none."""
        if pac is None:
            self.list[0]["ad-type"] = 999  # unassigned
        self.list[0]["ad-data"] = pac or b"nothing"
        self.part["authorization-data"][0]["ad-data"] = encoder.encode(self.list)
        self.ticket["enc-part"]["cipher"] = crypto._enctype_table[AES256].encrypt(self.key, 2, encoder.encode(self.part), None)


def ap_req(initiator):
    """The AP-REQ of an initiator of the package Kerberos."""
    token = initiator.step()
    return decoder.decode(token[token.index(b"\x01\x00\x6e") + 2 :], asn1Spec=asn1.AP_REQ())[0]


class ServiceTicket(Ticket):
    """The ticket in an AP-REQ of MIT's initiator for HTTP/server."""

    def __init__(self, there, user="alice", ccache=None):
        self.request = ap_req(Mit.initiator(ccache or there.ccache(user), "Kerberos", SERVER))
        super().__init__(self.request["ticket"], there.key("server", AES256))

    def token(self, pac):
        """The AP-REQ, bare, with this PAC or with none in the ticket."""
        self.seal(pac)
        return encoder.encode(self.request)


def buffers(pac):
    """[type, contents]"""
    entries = struct.iter_unpack("<IIQ", pac[8 : 8 + 16 * pac[0]])
    return [[kind, bytearray(pac[offset : offset + size])] for kind, size, offset in entries]


def assembled(parts, key=None):
    """The PAC of these buffers, its server signature made with `key`."""
    place, head, body, at = {}, struct.pack("<II", len(parts), 0), b"", 8 + 16 * len(parts)
    for kind, contents in parts:
        place[kind] = at + len(body)
        head += struct.pack("<IIQ", kind, len(contents), at + len(body))
        body += bytes(contents) + bytes(-len(contents) % 8)
    pac = bytearray(head + body)
    if key:
        signatures = {kind: slice(place[kind] + 4, place[kind] + 16) for kind in (SERVER_SIGNATURE, KDC_SIGNATURE)}
        zeroed = bytearray(pac)
        for where in signatures.values():
            zeroed[where] = bytes(12)
        signed = crypto._checksum_table[crypto.Cksumtype.SHA1_AES256].checksum(key, PAC_USAGE, bytes(zeroed))
        pac[signatures[SERVER_SIGNATURE]] = signed
    return bytes(pac)


def changed(pac, kind, at):
    """Changes one bit of a buffer, counted from its end if negative."""
    parts = buffers(pac)
    next(contents for each, contents in parts if each == kind)[at] ^= 1
    return assembled(parts)


@check("domain: a ticket opened and closed again is as good as before")
def reassembled():
    with domain() as there:
        ticket = ServiceTicket(there)
        equal(assembled(buffers(ticket.pac)), ticket.pac, "the PAC, taken to pieces and put together")
        equal(assembled(buffers(ticket.pac), ticket.key), ticket.pac, "the PAC, signed again")
        accepted_token(ticket.token(ticket.pac))


BROKEN = {
    "the server signature itself": (SERVER_SIGNATURE, -1),
    "its type": (SERVER_SIGNATURE, 0),
    "a group": (LOGON_INFO, -120),
    "the client's name": (10, -2),
}


@check("domain: a PAC with a broken signature is refused: {}", BROKEN)
def broken(what):
    kind, at = BROKEN[what]
    with domain() as there:
        ticket = ServiceTicket(there)
        refused_first(ticket.token(changed(ticket.pac, kind, at)), (*DENIED, "SEC_E_INVALID_TOKEN"))
        other = ServiceTicket(there)
        refused_first(other.token(assembled(buffers(other.pac), crypto.Key(AES256, bytes(32)))), DENIED)


@check("domain: a PAC of somebody else's ticket is refused")
def of_another():
    with domain() as there:
        bob = ServiceTicket(there, "bob").pac
        refused_first(ServiceTicket(there).token(bob), DENIED)


@check("domain: buffers of unknown types are passed over")
def unknown():
    with domain() as there:
        ticket = ServiceTicket(there)
        parts = [[99, b"nobody knows"], [0xFFFFFFF0, b""], *buffers(ticket.pac), [20, bytes(100)]]
        accepted_token(ticket.token(assembled(parts, ticket.key)))


@check("domain: a ticket without a PAC names the principal, and is refused where the policy wants a PAC")
def without():
    with domain() as there:
        accepted_token(ServiceTicket(there).token(None), client="alice@AD.EXAMPLE.TEST")
        # By default for clients of the server's own domain.
        for wanted in ({"kerberos": "require_pac = true"}, {"server": f'dns_domain = "{DOMAIN}"\nmember = true'}):
            with policy(**wanted):
                refused_first(ServiceTicket(there).token(None), DENIED)
                accepted(Mit.initiator(there.ccache(), "Kerberos", SERVER))


@check("domain: the KDC's signatures count where its key is known")
def kdc_signature():
    with domain() as there:
        accepted_token(ServiceTicket(there).token(changed(ServiceTicket(there).pac, KDC_SIGNATURE, -1)))
        with policy(kerberos=f'krbtgt_keytab = "{there.file("krbtgt.keytab")}"'):
            ticket = ServiceTicket(there)
            refused_first(ticket.token(changed(ticket.pac, KDC_SIGNATURE, -1)), DENIED)
            # The server's signature and the KDC's over it are right; the full one, and the ticket's, are not.
            for kind in (16, 19):
                ticket = ServiceTicket(there)
                refused_first(ticket.token(assembled(buffers(changed(ticket.pac, kind, -1)), ticket.key)), DENIED)
            for service in (SERVER, WEB1):
                accepted(Mit.initiator(there.ccache(), "Kerberos", service))


@check("domain: names by rules")
def names():
    with domain() as there:
        rules = """names = [{ realm = "EXAMPLE.TEST", name = "nobody" }, { principal = "a*", name = '{domain}.{user}' }]"""
        with policy(kerberos=rules):
            accepted(Mit.initiator(there.ccache(), "Kerberos", SERVER), client="EXAMPLE.alice")
            accepted(Mit.initiator(there.ccache("bob"), "Kerberos", SERVER), client="EXAMPLE\\bob")


def remove():
    """Called at the end."""
    if _domain:
        subprocess.run([SCRIPT, "stop", _domain.directory], check=False)
