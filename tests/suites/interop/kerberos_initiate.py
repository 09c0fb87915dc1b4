"""Our initiator with tickets from a KDC, against MIT's acceptor, Heimdal's and our own."""

import itertools
import os
import resource
import shutil
import subprocess
import threading
import time

import gssapi

import environment
import sspi
from checks import check, equal, holds, refused
from environment import BINDINGS, OTHER_BINDINGS, established, policy
from kerberos_accept import ASC_MUTUAL, messages
from kerberos_delegation import usable, written
from kerberos_environment import AES, ALICE, ALL_ENCTYPES, OFF_BY_DEFAULT, REALM, SERVER, ccache, realm_file, run_tool, service
from kerberos_peers import DCE_STYLE, IDENTIFY, MUTUAL, Heimdal, HeimdalError, Mit, default_ccache
from peers import Account, GssNtlmssp, Pyspnego
from sspi import Acceptor, Credentials, Initiator, SspiError

MUTUAL_AUTH, ISC_DELEGATE, USE_SESSION_KEY, ISC_IDENTIFY, ISC_EXTENDED_ERROR = 2, 1, 0x20, 0x20000, 0x4000
ISC_MUTUAL = sspi.ISC_DEFAULT | MUTUAL_AUTH
PASSWORD = Account("alice", "Passw0rd!", REALM)
DENIED, UNKNOWN_TARGET = "SEC_E_LOGON_DENIED", "SEC_E_TARGET_UNKNOWN"


class Own(Acceptor):
    """Our acceptor, behind the methods that the other ones have."""

    refusals = (SspiError,)

    @classmethod
    def acceptor(cls, keytab=None, bindings=None, flags=ASC_MUTUAL):
        return super().acceptor("Negotiate", bindings=bindings, flags=flags)

    def wrap(self, data):
        return self.wrap_padded(data)

    def unwrap(self, message):
        return self.unwrap_stream(message)


ACCEPTORS = (Mit, Heimdal, Own)
PAIRS = [(make, package) for make in ACCEPTORS for package in ("Kerberos", "Negotiate")]


def http_keytab():
    return realm_file("http.keytab")


def initiated(account, make, package, name=SERVER, flags=ISC_MUTUAL, client=ALICE, acceptor=None, **options):
    """A context from our initiator to the acceptor; returns both, and the number of tokens."""
    initiator = Initiator.initiator(account, package, target=name, flags=flags, **options)
    acceptor = acceptor or make.acceptor(http_keytab())
    legs = established(initiator, acceptor)
    equal(acceptor.client, client, "the client there")
    if package == "Negotiate":
        equal(initiator.negotiated, "Kerberos", "SECPKG_ATTR_NEGOTIATION_INFO")
    return initiator, acceptor, len(legs)


def failure(account, package, name=SERVER, flags=ISC_MUTUAL):
    """The status of a first call that must fail without a token and without a context."""
    initiator = Initiator.initiator(account, package, target=name, flags=flags)
    error = refused(SspiError, f"{account and account.qualified} to {name}", initiator.step)
    holds(error.token is None and not initiator.live, "there is a token or a context")
    return error.status


MARKS = itertools.count()


def kdc_requests(kind="_REQ ", of=None):
    """How many requests the KDC's log has. The KDC writes a line after it has answered, and answers one request after the
    other: once it has written that of a request for a client that nobody has, it has written all before."""
    mark = f"nobody-{os.getpid()}-{next(MARKS)}@"
    log, configuration = of or realm_file("kdc.log"), os.environ["KRB5_CONFIG"]
    if of:
        configuration = os.path.join(os.path.dirname(of), "krb5.conf")
    realm = REALM
    deadline = time.monotonic() + 10
    subprocess.run(
        ["kinit", "-c", "MEMORY:", mark + realm],
        env={**os.environ, "KRB5_CONFIG": configuration},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    while True:
        with open(log, encoding="utf-8", errors="replace") as f:
            lines = f.readlines()
        if any(mark in line for line in lines):
            return sum(kind in line and " nobody-" not in line for line in lines)
        holds(time.monotonic() < deadline, "the KDC has not written its log")
        time.sleep(0.01)


# ------------------------------------------------------------------------------------------------ contexts


@check("initiate to {}, {}: {}", [(*pair, name) for pair in PAIRS for name in [*AES, "mixed", "password", "server"]])
def initiates(make, package, name):
    initiator, acceptor, count = initiated(PASSWORD, make, package, service(name))
    equal(count, 2, "tokens")
    wanted = ISC_MUTUAL
    equal(initiator.attributes.value & wanted, wanted, "granted attributes")
    equal(initiator.native_names, (ALICE, f"{service(name)}@{REALM}"), "SECPKG_ATTR_NATIVE_NAMES")
    messages(acceptor, initiator)


@check("initiate to {}, {}, not mutual: {}", [(*pair, name) for pair in PAIRS for name in [*AES, "mixed"]])
def initiates_one_way(make, package, name):
    """Without an AP-REP Heimdal takes the acceptor's sequence to begin at 0; MIT's and ours where the initiator's does."""
    initiator, acceptor, count = initiated(PASSWORD, make, package, service(name), flags=sspi.ISC_DEFAULT)
    equal(count, 1 if package == "Kerberos" else 2, "tokens")
    equal(initiator.attributes.value & MUTUAL_AUTH, 0, "ISC_RET_MUTUAL_AUTH")
    if make is not Heimdal:
        messages(acceptor, initiator)
    data = os.urandom(1000)
    equal(acceptor.unwrap(initiator.wrap_padded(data)), data, "unsealed there")
    acceptor.verify(data, initiator.sign(data))


@check("initiate to {}, {}: RC4 and triple DES where the policy allows them, not elsewhere", PAIRS)
def old_enctypes(make, package):
    for name in OFF_BY_DEFAULT:
        if not os.path.exists(realm_file(f"{name}.keytab")):
            continue
        with policy(kerberos=ALL_ENCTYPES):
            initiator, acceptor, _ = initiated(PASSWORD, make, package, service(name))
            data = os.urandom(1000)
            equal(acceptor.unwrap(initiator.wrap_padded(data)), data, "unsealed there")
            equal(initiator.unwrap_stream(acceptor.wrap(data)), data, "unsealed here")
            if make is not Heimdal or name != "des3":  # its MIC with a key of triple DES is longer than it says itself
                messages(acceptor, initiator)
        equal(failure(PASSWORD, "Kerberos", service(name)), "SEC_E_KDC_UNKNOWN_ETYPE", "status")


@check("initiate to {}, {}, DCE style", PAIRS)
def dce_style(make, package):
    acceptor = Own.acceptor(flags=ASC_MUTUAL | sspi.USE_DCE_STYLE) if make is Own else None
    flags = ISC_MUTUAL | sspi.USE_DCE_STYLE
    initiator, acceptor, count = initiated(PASSWORD, make, package, flags=flags, acceptor=acceptor)
    holds(count >= 3, f"{count} tokens")
    equal(initiator.attributes.value & sspi.USE_DCE_STYLE, sspi.USE_DCE_STYLE, "ISC_RET_USED_DCE_STYLE")
    if make is not Own:
        holds(acceptor.flags & DCE_STYLE, f"flags there {acceptor.flags:#x}")


@check("initiate to {}, {}: what is asked for is what the acceptor is told", [pair for pair in PAIRS if pair[0] is not Own])
def flags_told(make, package):
    rows = [(MUTUAL_AUTH, MUTUAL), (sspi.REPLAY_DETECT, 4), (sspi.SEQUENCE_DETECT, 8), (sspi.CONFIDENTIALITY, 16)]
    for asked, _ in [*rows, (0, 0)]:
        flags = asked | sspi.ISC_REQ_INTEGRITY
        initiator, acceptor, _ = initiated(PASSWORD, make, package, flags=flags)
        told = {there for here, there in rows if acceptor.flags & there}
        equal(told, {there for here, there in rows if here & asked}, f"flags there for {flags:#x}")
        holds(acceptor.flags & 32, "GSS_C_INTEG_FLAG")
        equal(initiator.attributes.value & flags, flags, "granted attributes")


@check("initiate to {}, {}: to be identified only", [(make, package) for make in (Mit, Own) for package in ("Kerberos", "Negotiate")])
def identify(make, package):
    initiator, acceptor, _ = initiated(PASSWORD, make, package, flags=ISC_MUTUAL | ISC_IDENTIFY)
    equal(initiator.attributes.value & ISC_IDENTIFY, ISC_IDENTIFY, "ISC_RET_IDENTIFY")
    there = acceptor.attributes.value & 0x80000 if make is Own else acceptor.flags & IDENTIFY
    holds(there, "the acceptor is not told")


@check("initiate to {}, {}: replayed and reordered messages are refused", PAIRS)
def order(make, package):
    initiator, acceptor, _ = initiated(PASSWORD, make, package)
    first, second = acceptor.wrap(b"first"), acceptor.wrap(b"second")
    error = refused(SspiError, "the second before the first", initiator.unwrap_stream, second)
    equal(error.status, "SEC_E_OUT_OF_SEQUENCE", "status")
    equal(initiator.unwrap_stream(first), b"first", "the first")
    error = refused(SspiError, "the first again", initiator.unwrap_stream, first)
    equal(error.status, "SEC_E_OUT_OF_SEQUENCE", "status")
    altered = bytearray(second)
    altered[-1] ^= 1
    error = refused(SspiError, "an altered message", initiator.unwrap_stream, bytes(altered))
    equal(error.status, "SEC_E_MESSAGE_ALTERED", "status")
    ours = initiator.wrap_padded(b"ours")
    equal(acceptor.unwrap(ours), b"ours", "ours")
    refused(make.refusals, "ours again", acceptor.unwrap, ours)


@check("initiate to {}, {}: the AP-REP is checked", PAIRS)
def reply_checked(make, package):
    """An AP-REP of another context, and an altered one."""
    others = Initiator.initiator(PASSWORD, package, target=SERVER, flags=ISC_MUTUAL)
    of_another = make.acceptor(http_keytab()).step(others.step())
    for altered in (True, False):
        initiator = Initiator.initiator(PASSWORD, package, target=SERVER, flags=ISC_MUTUAL)
        reply = bytearray(make.acceptor(http_keytab()).step(initiator.step()))
        reply[-20] ^= 1
        error = refused(SspiError, "the reply", initiator.step, bytes(reply) if altered else of_another)
        expected = ("SEC_E_MESSAGE_ALTERED", "SEC_E_INVALID_TOKEN") if altered else ("SEC_E_MESSAGE_ALTERED",)
        holds(error.status in expected, error.status)
        holds(not initiator.complete, "complete")


@check("initiate to {}, {}: channel bindings, the same, others, none", PAIRS)
def bindings(make, package):
    def exchanged(ours, theirs):
        initiator = Initiator.initiator(PASSWORD, package, bindings=ours, flags=ISC_MUTUAL)
        established(initiator, make.acceptor(http_keytab(), bindings=theirs))

    kinds = (SspiError, gssapi.exceptions.GSSError, HeimdalError)
    exchanged(BINDINGS, BINDINGS)
    exchanged(BINDINGS, None)
    refused(kinds, "other bindings", exchanged, OTHER_BINDINGS, BINDINGS)
    if make is Own:  # MIT's and Heimdal's let clients without bindings in
        refused(kinds, "no bindings", exchanged, None, BINDINGS)


# ------------------------------------------------------------------------------------------------- clients


SPELLINGS = [
    ("alice", REALM), ("alice", REALM.lower()), ("alice", ""), (f"alice@{REALM}", ""), ("alice@example.test", ""),
    (f"{REALM}\\alice", ""), (f"{REALM.lower()}\\alice", ""),
]  # fmt: skip


@check("the client as {}", SPELLINGS, label=lambda text: text or "(no domain)")
def spellings(user, domain):
    for package in ("Kerberos", "Negotiate"):
        initiated(Account(user, PASSWORD.password, domain), Mit, package)


@check("the clients {}", ["bob", "jörg", "carol", "alice/admin"])
def clients(user):
    """carol's account demands no pre-authentication."""
    for account in (Account(user, PASSWORD.password, REALM), Account(f"{user}@{REALM}", PASSWORD.password, "")):
        for make, package in PAIRS:
            initiated(account, make, package, client=f"{user}@{REALM}")


@check("wrong password and unknown user, {}", ["Kerberos", "Negotiate"])
def wrong(package):
    """Negotiate tries an unknown user with NTLM: the account may be the server's."""
    for user, password in (("alice", "wrong"), ("carol", "wrong"), ("nobody", "Passw0rd!"), ("alice", "")):
        if user != "nobody" or package == "Kerberos":
            equal(failure(Account(user, password, REALM), package), DENIED, f"{user} with {password}")
    holds(kdc_requests("PREAUTH_FAILED"), "the KDC logs no wrong password")


@check("a wrong password counts once, for whatever service: {}", ["Kerberos", "Negotiate"])
def wrong_once(package):
    credentials = Credentials(package, sspi.SECPKG_CRED_OUTBOUND, PASSWORD.but(password="wrong"))
    before = kdc_requests("PREAUTH_FAILED")
    for name in (SERVER, f"{SERVER}:8080", *map(service, AES)):
        initiator = Initiator(credentials, None, ISC_MUTUAL)
        initiator.target = sspi.utf16(name)
        equal(refused(SspiError, name, initiator.step).status, DENIED, "status")
    equal(kdc_requests("PREAUTH_FAILED") - before, 1, "attempts that the KDC has counted")


@check("a client of no known realm, {}", ["Kerberos"])
def no_realm(package):
    holds(failure(Account("alice", PASSWORD.password, "."), package) == "SEC_E_NO_CREDENTIALS", "a local account")


@check("services that the KDC does not know, or nobody has the key of")
def services():
    for name in ("HTTP/nosuch.example.test", "HTTP/nosuch", f"HTTP/nosuch.example.test@{REALM}", "nosuch"):
        equal(failure(PASSWORD, "Kerberos", name), UNKNOWN_TARGET, name)
    for name in ("HTTP/192.0.2.1", "cifs/192.0.2.1", "HTTP/192.0.2.1:8080", "HTTP/[2001:db8::1]:80", ""):
        before = kdc_requests()
        equal(failure(PASSWORD, "Kerberos", name), UNKNOWN_TARGET, name)
        equal(kdc_requests(), before, "requests to the KDC")
    for make in ACCEPTORS:
        initiator = Initiator.initiator(PASSWORD, "Kerberos", target=service("absent"), flags=ISC_MUTUAL)
        refused(make.refusals, "a ticket without a key", make.acceptor(http_keytab()).step, initiator.step())


@check("what a service refuses with KRB-ERROR is told: {}", [Mit, Own])
def krb_error(make):
    initiator = Initiator.initiator(PASSWORD, "Kerberos", target=service("absent"), flags=ISC_MUTUAL | ISC_EXTENDED_ERROR)
    acceptor = Own.acceptor(flags=ASC_MUTUAL | sspi.ASC_REQ_EXTENDED_ERROR) if make is Own else make.acceptor(http_keytab())
    try:
        acceptor.step(initiator.step())
        raise AssertionError("accepted")
    except SspiError as error:
        token = error.token
    except gssapi.exceptions.GSSError as error:
        token = error.token
    holds(token, "there is no KRB-ERROR")
    error = refused(SspiError, "KRB-ERROR", initiator.step, token)
    holds(error.status in (UNKNOWN_TARGET, "SEC_E_WRONG_PRINCIPAL"), error.status)


@check("the service as {}", [
    "HTTP/server.example.test", f"HTTP/server.example.test@{REALM}", "HTTP@server.example.test", "HTTP/server.example.test:8080",
    "HTTP/SERVER.example.test", "host/server.example.test", "HTTP/localhost",
])  # fmt: skip
def targets(name):
    for make, package in PAIRS:
        initiator, _, _ = initiated(PASSWORD, make, package, name)
        expected = {"HTTP@server.example.test": SERVER, "HTTP/SERVER.example.test": SERVER}.get(name, name)
        expected = expected.split(":")[0].split("@")[0]
        equal(initiator.native_names[1], f"{expected}@{REALM}", "the service in SECPKG_ATTR_NATIVE_NAMES")


# ------------------------------------------------------------------------------------------ credential caches


@check("the tickets of the user's credential cache, {}", PAIRS, label=str)
def user_cache(make, package):
    equal(failure(None, package), "SEC_E_NO_CREDENTIALS", "without a cache")
    with default_ccache(ccache("bob")):
        initiator, acceptor, _ = initiated(None, make, package, client=f"bob@{REALM}")
        messages(acceptor, initiator)


@check("the tickets of a cache that has the service's already: no KDC is asked")
def ticket_in_cache():
    path = os.path.join(environment.directory, "full.ccache")
    # The realm's own cache has the tickets of the checks before.
    status, text = run_tool("kinit", "-k", "-t", realm_file("users.keytab"), "alice", ccache=f"FILE:{path}")
    equal(status, 0, text)
    status, text = run_tool("kvno", SERVER, ccache=f"FILE:{path}")
    equal(status, 0, text)
    with default_ccache(f"FILE:{path}"):
        before = kdc_requests()
        initiated(None, Mit, "Kerberos")
        equal(kdc_requests(), before, "requests to the KDC")
        initiated(None, Mit, "Kerberos", service("aes128-sha1"))
        equal(kdc_requests(), before + 1, "requests to the KDC")
    status, text = run_tool("klist", ccache=f"FILE:{path}")
    holds(status == 0 and "aes128-sha1" not in text, "tickets are written to the cache unasked")


@check("the primary cache of a collection, DIR:")
def collection():
    folder = os.path.join(environment.directory, "collection")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for user in ("alice", "bob"):
        shutil.copy(realm_file(f"{user}.ccache"), os.path.join(folder, f"tkt{user}"))
    for user in ("alice", "bob"):
        with open(os.path.join(folder, "primary"), "w") as f:
            f.write(f"tkt{user}\n")
        with default_ccache(f"DIR:{folder}"):
            initiated(None, Mit, "Kerberos", client=f"{user}@{REALM}")
    with default_ccache(f"DIR::{folder}/tktalice"):
        initiated(None, Mit, "Kerberos")


@check("a credential keeps the cache, and the client, that it was made for")
def cache_of_a_credential():
    path = os.path.join(environment.directory, "changing.ccache")
    run_tool("kinit", "-k", "-t", realm_file("users.keytab"), "bob", ccache=f"FILE:{path}")
    other = os.path.join(environment.directory, "other.ccache")
    shutil.copy(realm_file("alice.ccache"), other)
    equal(run_tool("kvno", "-q", service("aes128-sha1"), ccache=f"FILE:{other}")[0], 0, "kvno")

    def client(credentials, name):
        initiator = Initiator(credentials, None, ISC_MUTUAL)
        initiator.target = sspi.utf16(name)
        acceptor = Mit.acceptor(http_keytab())
        established(initiator, acceptor)
        return acceptor.client

    bob = f"bob@{REALM}"
    with default_ccache(f"FILE:{path}"):
        credentials = Credentials("Kerberos", sspi.SECPKG_CRED_OUTBOUND)
        unused = Credentials("Kerberos", sspi.SECPKG_CRED_OUTBOUND)
        equal(client(credentials, SERVER), bob, "the client")
    # Programs set KRB5CCNAME for the next credential.
    with default_ccache(f"FILE:{other}"):
        for of in (credentials, unused):
            equal([client(of, name) for name in (SERVER, service("aes128-sha1"), service("mixed"))], [bob] * 3, "the clients")
        equal(client(Credentials("Kerberos", sspi.SECPKG_CRED_OUTBOUND), SERVER), ALICE, "a new credential's client")
    # Another user logs on to the same cache: the ticket to this service is in it.
    shutil.copy(other, path)
    equal(client(credentials, service("aes128-sha1")), bob, "the client after another one's logon")


@check("krb5.conf is read again after a moment without file descriptors")
def few_descriptors():
    with policy(kerberos='kdc_timeout = "9s"\n'):
        # Takes the new configuration, which reads krb5.conf for its first client.
        Credentials("Negotiate", sspi.SECPKG_CRED_INBOUND)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            Credentials("Kerberos", sspi.SECPKG_CRED_OUTBOUND, PASSWORD)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        time.sleep(1.2)
        initiated(PASSWORD, Mit, "Kerberos")


@check("[kerberos] ccache, which comes before KRB5CCNAME")
def configured_cache():
    with policy(kerberos=f'ccache = "{ccache("bob")}"'), default_ccache(ccache("alice")):
        initiated(None, Mit, "Negotiate", client=f"bob@{REALM}")


@check("[kerberos] client_keytab, where there is no credential cache")
def client_keytab():
    with policy(kerberos=f'client_keytab = "{realm_file("users.keytab")}"'):
        for make, package in PAIRS:
            initiated(None, make, package)
        with default_ccache(ccache("bob")):
            initiated(None, Mit, "Kerberos", client=f"bob@{REALM}")


@check("an expired or damaged credential cache gives no credentials")
def bad_cache():
    short = os.path.join(environment.directory, "short.ccache")
    status, text = run_tool("kinit", "-l", "30s", "-k", "-t", realm_file("users.keytab"), "alice", ccache=f"FILE:{short}")
    equal(status, 0, text)
    damaged = os.path.join(environment.directory, "damaged.ccache")
    with open(ccache().removeprefix("FILE:"), "rb") as source, open(damaged, "wb") as f:
        f.write(source.read()[:200])
    for path in (short, damaged):  # a ticket that ends within a minute is not used
        with default_ccache(f"FILE:{path}"):
            equal(failure(None, "Kerberos"), "SEC_E_NO_CREDENTIALS", path)


# -------------------------------------------------------------------------------------------------- delegation


def delegated(make, acceptor):
    """Whether the acceptor has the client's credentials, which are shown to be usable."""
    if make is Mit:
        found = acceptor.context.delegated_creds
        if found is None:
            return False
        path = os.path.join(environment.directory, "mit-delegated.ccache")
        found.store({"ccache": f"FILE:{path}"}, usage="initiate", overwrite=True)
        usable(f"FILE:{path}")
        return True
    if make is Heimdal:
        return bool(acceptor.delegated)
    if not acceptor.attributes.value & sspi.ASC_REQ_DELEGATE:
        return False
    usable(written(acceptor))
    return True


@check("credentials forwarded to {}, {}", PAIRS)
def forwards(make, package):
    def exchanged(name, flags=ISC_MUTUAL | ISC_DELEGATE):
        acceptor = Own.acceptor(flags=ASC_MUTUAL | sspi.ASC_REQ_DELEGATE) if make is Own else None
        initiator, acceptor, _ = initiated(PASSWORD, make, package, name, flags=flags, acceptor=acceptor)
        there = delegated(make, acceptor)
        equal(bool(initiator.attributes.value & ISC_DELEGATE), there, "ISC_RET_DELEGATE, and the acceptor's credentials")
        return there

    holds(exchanged(SERVER), "not to a service that is ok-as-delegate")
    holds(not exchanged(SERVER, ISC_MUTUAL), "unasked")
    holds(not exchanged(service("aes256-sha1")), "to a service that is not ok-as-delegate")


@check("credentials forwarded to any service by [kerberos] delegate_to, and from a credential cache")
def forwards_to_any():
    with policy(kerberos='delegate_to = "any"'), default_ccache(ccache()):
        for make, package in PAIRS:
            for account in (PASSWORD, None):
                acceptor = Own.acceptor(flags=ASC_MUTUAL | sspi.ASC_REQ_DELEGATE) if make is Own else None
                flags = ISC_MUTUAL | ISC_DELEGATE
                _, acceptor, _ = initiated(account, make, package, service("aes128-sha1"), flags=flags, acceptor=acceptor)
                holds(delegated(make, acceptor), "not delegated")


@check("user-to-user authentication to our acceptor, {}", ["Kerberos", "Negotiate"])
def user_to_user(package):
    with policy(kerberos=f'tgt_ccache = "{realm_file("server.ccache")}"'):
        for flags in (ISC_MUTUAL, sspi.ISC_DEFAULT):
            acceptor = Own.acceptor()
            initiator, acceptor, count = initiated(PASSWORD, Own, package, flags=flags | USE_SESSION_KEY, acceptor=acceptor)
            holds(count >= 3, f"{count} tokens")
            equal(initiator.attributes.value & USE_SESSION_KEY, USE_SESSION_KEY, "ISC_RET_USE_SESSION_KEY")
            messages(acceptor, initiator)


# --------------------------------------------------------------------------------------------------- Negotiate


@check("Negotiate uses NTLM where there is no ticket, {}", [Pyspnego, GssNtlmssp])
def falls_back(make):
    """For a host without a name, a service that the KDC does not know, a client that it does not know."""
    alice = environment.ALICE.but(domain="")
    for account, name in (
        (environment.ALICE, "HTTP/192.0.2.1"), (alice, "HTTP/nosuch.example.test"), (environment.LONG, SERVER),
    ):  # fmt: skip
        initiator, acceptor = Initiator.initiator(account, "Negotiate", target=name), make.acceptor("Negotiate")
        if account is alice and make is Pyspnego:  # it looks for accounts with their domain
            acceptor = Own.acceptor(flags=sspi.ASC_DEFAULT)
        with policy(ntlm="loopback_check = false"):
            established(initiator, acceptor)
        equal(initiator.negotiated, "NTLM", f"SECPKG_ATTR_NEGOTIATION_INFO of {account.qualified} to {name}")


@check("Negotiate does not use NTLM after a wrong password")
def no_fall_back():
    for account in (PASSWORD, environment.ALICE.but(domain="")):
        equal(failure(account.but(password="wrong"), "Negotiate"), DENIED, account.qualified)


@check("Negotiate falls back to NTLM with a server that has no Kerberos key")
def without_key():
    from kerberos_environment import no_keytab

    with no_keytab():
        initiator = Initiator.initiator(environment.ALICE.but(domain=""), "Negotiate", target=SERVER)
        acceptor = Own.acceptor(flags=sspi.ASC_DEFAULT)
        established(initiator, acceptor)
        equal(initiator.negotiated, "NTLM", "SECPKG_ATTR_NEGOTIATION_INFO")


# ----------------------------------------------------------------------------------------------------- tickets


def context_with(credentials, name=SERVER, keytab=None):
    initiator = Initiator(credentials, None, ISC_MUTUAL)
    initiator.target = sspi.utf16(name)
    acceptor = Mit.acceptor(keytab or http_keytab())
    established(initiator, acceptor)
    return acceptor.client


@check("a credential's tickets are asked for once, {}", ["Kerberos", "Negotiate"])
def once(package):
    before = kdc_requests("AS_REQ"), kdc_requests("TGS_REQ")
    credentials = Credentials(package, sspi.SECPKG_CRED_OUTBOUND, PASSWORD)
    for name in (SERVER, SERVER, service("aes256-sha1"), SERVER, service("aes256-sha1")):
        equal(context_with(credentials, name), ALICE, "the client")
    asked = kdc_requests("AS_REQ") - before[0], kdc_requests("TGS_REQ") - before[1]
    equal(asked, (2, 2), "AS and TGS requests; the first AS-REQ is answered by the demand for pre-authentication")


@check("many threads with one credential ask once")
def threads():
    before = kdc_requests("AS_REQ"), kdc_requests("TGS_REQ")
    credentials = Credentials("Kerberos", sspi.SECPKG_CRED_OUTBOUND, PASSWORD)
    tokens, failed, start = [], [], threading.Barrier(16)

    def work():
        try:
            initiator = Initiator(credentials, None, ISC_MUTUAL)
            initiator.target = sspi.utf16(SERVER)
            start.wait()
            tokens.append((initiator, initiator.step()))
        except Exception as error:  # shown below
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    equal(failed, [], "failures")
    for initiator, token in tokens:
        initiator.step(Mit.acceptor(http_keytab()).step(token))
        holds(initiator.complete, "not complete")
    asked = kdc_requests("AS_REQ") - before[0], kdc_requests("TGS_REQ") - before[1]
    equal((len(tokens), *asked), (16, 2, 1), "tokens, AS and TGS requests")
