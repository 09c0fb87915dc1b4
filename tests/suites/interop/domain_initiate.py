"""Our Kerberos initiator in a domain: its users' names in all spellings, their tickets, and its directory by LDAP."""

import contextlib
import socket
import struct

from impacket.ldap import ldapasn1
from pyasn1.codec.ber import decoder, encoder

import environment
import sspi
from checks import check, equal, holds, refused
from domain_environment import DOMAIN, PASSWORD, REALM, address, expected_sids, file, needs_root, sids
from environment import established, policy
from kerberos_accept import messages
from kerberos_initiate import DENIED, ISC_MUTUAL, Own, failure
from kerberos_peers import Mit, default_ccache
from peers import Account
from sspi import Initiator, SspiError

HOST = REALM.lower()
SERVER, LDAP = f"HTTP/server.{HOST}", f"ldap/dc1.{HOST}"
BASE = ",".join(f"DC={part}" for part in HOST.split("."))
ADMINISTRATOR = Account("Administrator", PASSWORD, DOMAIN)


def logon(account, name=SERVER, client="alice", package="Kerberos", make=Mit, keytab="http"):
    initiator = Initiator.initiator(account, package, target=name, flags=ISC_MUTUAL)
    acceptor = make.acceptor(file(f"{keytab}.keytab"))
    established(initiator, acceptor)
    equal(acceptor.client, f"{client}@{REALM}" if make is Mit else f"{DOMAIN}\\{client}", "the client there")
    if package == "Negotiate":
        equal(initiator.negotiated, "Kerberos", "SECPKG_ATTR_NEGOTIATION_INFO")
    messages(acceptor, initiator)
    return initiator, acceptor


@check("domain: the client as {} {}", [
    ("alice", DOMAIN), ("alice", DOMAIN.lower()), (f"{DOMAIN}\\alice", ""), ("ALICE", DOMAIN), ("alice", REALM), ("alice", HOST),
    (f"alice@{HOST}", ""), (f"Alice@{REALM}", ""), ("alice", ""), (f"{HOST}\\alice", ""),
])  # fmt: skip
def spellings(user, domain):
    needs_root()
    for package in ("Kerberos", "Negotiate"):
        _, acceptor = logon(Account(user, PASSWORD, domain), package=package, make=Own)
        user_sid, groups = expected_sids("alice")
        equal(acceptor.client_sids[0], user_sid, "the client's SID")
        holds(groups <= set(acceptor.client_sids), f"groups {acceptor.client_sids}")
        logon(Account(user, PASSWORD, domain), package=package)


@check("domain: the clients {}", ["bob", "jörg", "svc_http", "web1$"])
def clients(user):
    needs_root()
    for package in ("Kerberos", "Negotiate"):
        logon(Account(user, PASSWORD, DOMAIN), client=user, package=package)


@check("domain: the client by a principal name of another suffix")
def other_suffix():
    """The KDC finds the account by its userPrincipalName, and names it in the ticket."""
    needs_root()
    with bound(ADMINISTRATOR) as directory:
        directory.replace(f"CN=bob,CN=Users,{BASE}", "userPrincipalName", "robert@example.com")
    logon(Account("robert@example.com", PASSWORD, ""), client="bob")
    equal(failure(Account("nobody@example.com", PASSWORD, ""), "Kerberos", SERVER), DENIED, "status")


@check("domain: clients that may not log on: {}", ["disabled", "expired", "mustchange", "locked", "nohours", "nobody"])
def kept_out(user):
    needs_root()
    expected = "STATUS_PASSWORD_EXPIRED" if user == "mustchange" else DENIED
    equal(failure(Account(user, PASSWORD, DOMAIN), "Kerberos", SERVER), expected, "status")
    if user != "nobody":  # it may be an account of the server's own
        equal(failure(Account(user, PASSWORD, DOMAIN), "Negotiate", SERVER), expected, "status of Negotiate")


@check("domain: a wrong password, {}", ["Kerberos", "Negotiate"])
def wrong_password(package):
    needs_root()
    equal(failure(Account("bob", "wrong", DOMAIN), package, SERVER), DENIED, "status")


@check("domain: the service as {}", [
    f"host/web1.{HOST}", f"HTTP/WEB1.{HOST}", f"http/web1.{HOST}", f"HTTP/web1.{HOST}@{REALM}", f"HTTP/web1.{HOST}@{HOST}", "web1$",
    f"web1$@{REALM}", f"HTTP/rc4.{HOST}",
])  # fmt: skip
def targets(name):
    needs_root()
    with policy(kerberos='enctypes = ["aes256-sha1", "aes128-sha1", "rc4-hmac"]') if "rc4" in name else contextlib.nullcontext():
        for package in ("Kerberos", "Negotiate"):
            logon(Account("alice", PASSWORD, DOMAIN), name, package=package, make=Own)


@check("domain: a service that it does not have")
def unknown():
    needs_root()
    for name in (f"HTTP/nosuch.{HOST}", "HTTP/nosuch"):
        equal(failure(Account("alice", PASSWORD, DOMAIN), "Kerberos", name), "SEC_E_TARGET_UNKNOWN", name)


# --------------------------------------------------------------------------------------------------------- LDAP


class Directory:
    """LDAP over a SASL bind with GSS-SPNEGO by our library ([MS-ADTS] 5.1.1.1.2): what follows is sealed."""

    def __init__(self, account, name=LDAP):
        self.socket = socket.create_connection((address(), 389), timeout=20)
        self.received, self.number, self.sealed = b"", 0, False
        self.initiator = Initiator.initiator(account, "Negotiate", target=name, flags=ISC_MUTUAL)
        token = self.initiator.step()
        while True:
            request = ldapasn1.BindRequest()
            request["version"], request["name"] = 3, ""
            request["authentication"]["sasl"]["mechanism"] = "GSS-SPNEGO"
            request["authentication"]["sasl"]["credentials"] = token or b""
            (reply,) = self.ask(request)
            result, given = int(reply["resultCode"]), bytes(reply["serverSaslCreds"])
            holds(result in (0, 14), f"bind: {result}, {reply['diagnosticMessage']}")
            if given and not self.initiator.complete:
                token = self.initiator.step(given)
            if result == 0:
                break
        holds(self.initiator.complete, "the server has finished, the initiator has not")
        self.sealed = True

    def ask(self, request):
        """The messages that answer."""
        self.number += 1
        message = ldapasn1.LDAPMessage()
        message["messageID"] = self.number
        message["protocolOp"].setComponentByType(request.getTagSet(), request)
        data = encoder.encode(message)
        if self.sealed:
            data = self.initiator.wrap_padded(data)
            data = struct.pack(">I", len(data)) + data
        self.socket.sendall(data)
        answers = []
        while True:
            answer = self.message()["protocolOp"]
            answers.append(answer.getComponent())
            if answer.getName() not in ("searchResEntry", "searchResRef"):
                return answers

    def message(self):
        while True:
            with contextlib.suppress(Exception):
                message, self.received = decoder.decode(self.received, asn1Spec=ldapasn1.LDAPMessage())
                return message
            self.received += self.packet()

    def packet(self):
        if not self.sealed:
            data = self.socket.recv(65535)
            holds(data, "the server ends the connection")
            return data
        return self.initiator.unwrap_stream(self.exactly(struct.unpack(">I", self.exactly(4))[0]))

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            holds(more, "the server ends the connection")
            data += more
        return data

    def search(self, base, attribute, scope="baseObject", where=None):
        """The attribute's values of each entry."""
        request = ldapasn1.SearchRequest()
        request["baseObject"], request["scope"], request["derefAliases"] = base, ldapasn1.Scope(scope), 0
        request["sizeLimit"], request["timeLimit"], request["typesOnly"] = 0, 0, False
        if where is None:
            request["filter"]["present"] = "objectClass"
        else:
            request["filter"]["equalityMatch"]["attributeDesc"], request["filter"]["equalityMatch"]["assertionValue"] = where
        request["attributes"].setComponents(attribute)
        *entries, done = self.ask(request)
        equal(int(done["resultCode"]), 0, f"search: {done['diagnosticMessage']}")
        entries = [entry for entry in entries if isinstance(entry, ldapasn1.SearchResultEntry)]
        return [[bytes(value) for kind in entry["attributes"] for value in kind["vals"]] for entry in entries]

    def replace(self, name, attribute, value):
        request = ldapasn1.ModifyRequest()
        request["object"] = name
        request["changes"][0]["operation"] = ldapasn1.Operation("replace")
        request["changes"][0]["modification"]["type"] = attribute
        request["changes"][0]["modification"]["vals"][0] = value
        (done,) = self.ask(request)
        equal(int(done["resultCode"]), 0, f"modify: {done['diagnosticMessage']}")

    def close(self):
        with contextlib.suppress(OSError):
            message = ldapasn1.LDAPMessage()
            message["messageID"] = self.number + 1
            message["protocolOp"]["unbindRequest"] = ""
            data = encoder.encode(message)
            if self.sealed:
                data = self.initiator.wrap_padded(data)
                data = struct.pack(">I", len(data)) + data
            self.socket.sendall(data)
            ended = self.socket.recv(1) == b""
            self.socket.close()
            return ended


@contextlib.contextmanager
def bound(account, **options):
    directory = Directory(account, **options)
    try:
        yield directory
    finally:
        directory.close()


def sid_text(data):
    authority = int.from_bytes(data[2:8], "big")
    return "-".join(["S-1", str(authority), *(str(n) for n in struct.unpack_from(f"<{data[1]}I", data, 8))])


@check("domain: LDAP with a SASL bind, as {}, {}", [
    ("alice", "a password"), ("bob", "a password"), ("jörg", "a password"), ("alice", "a credential cache"),
])  # fmt: skip
def ldap(user, how):
    """The server says who we are: the first of the session's SIDs is the user's."""
    needs_root()
    with default_ccache(f"FILE:{file(user)}.ccache"):
        account = Account(user, PASSWORD, DOMAIN) if how == "a password" else None
        with bound(account) as directory:
            equal(directory.initiator.negotiated, "Kerberos", "SECPKG_ATTR_NEGOTIATION_INFO")
            (tokens,) = directory.search("", "tokenGroups")
            equal(sid_text(tokens[0]), sids()[user], "the session's user")
            (name,) = directory.search(BASE, "objectSid", "wholeSubtree", ("sAMAccountName", user))
            equal(sid_text(name[0]), sids()[user], "what the directory says of the user")
            every = directory.search(BASE, "sAMAccountName", "wholeSubtree", ("objectClass", "user"))
            holds(len(every) > 10, f"{len(every)} users")


@check("domain: LDAP as {}", [LDAP, f"LDAP/DC1.{HOST}", "ldap/dc1", f"ldap/dc1.{HOST}/{HOST}", f"ldap/dc1.{HOST}@{REALM}"])
def ldap_names(name):
    needs_root()
    with bound(ADMINISTRATOR, name=name) as directory:
        equal(directory.initiator.negotiated, "Kerberos", "SECPKG_ATTR_NEGOTIATION_INFO")
        (tokens,) = directory.search("", "tokenGroups")
        equal(sid_text(tokens[0]), f"{sids()['.']}-500", "the session's user")
        equal(directory.close(), True, "the server ends the connection after the unbind")


@check("domain: LDAP falls back to NTLM where the server is named by its address")
def ldap_by_address():
    needs_root()
    with bound(Account("alice", PASSWORD, DOMAIN), name=f"ldap/{address()}") as directory:
        equal(directory.initiator.negotiated, "NTLM", "SECPKG_ATTR_NEGOTIATION_INFO")
