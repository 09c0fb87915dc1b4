"""Our initiator and a Heimdal KDC: tickets by password of each enctype, refusals, caches, delegation, changes of passwords.

The realm is the configuration's from the first of these checks on, and no other check can follow: changing it back and forth
would take most of the time."""

import os
import shutil
import subprocess

import environment
import sspi
from checks import Skip, check, equal, holds, refused
from environment import established, policy
from kerberos_accept import messages
from kerberos_ad import use_keytab
from kerberos_delegation import ASC_DELEGATE, written
from kerberos_environment import AES, ALL_ENCTYPES, OFF_BY_DEFAULT, ROOT, run_tool
from kerberos_initiate import ACCEPTORS, DENIED, ISC_DELEGATE, ISC_MUTUAL, PAIRS, UNKNOWN_TARGET, USE_SESSION_KEY, Own
from kerberos_initiate import failure as failure_to
from kerberos_peers import DEFAULT, Heimdal, Mit, default_ccache
from peers import Account
from sspi import Acceptor, Credentials, Initiator, SspiError, change_password

SCRIPT = os.path.join(ROOT, "tests", "infra", "heimdal-kdc.sh")
REALM = "HEIMDAL.TEST"
SERVER, ALICE = "HTTP/server.heimdal.test", f"alice@{REALM}"
PASSWORD = Account("alice", "Passw0rd!", REALM)
EXPIRED, RESTRICTION = "STATUS_PASSWORD_EXPIRED", "STATUS_PASSWORD_RESTRICTION"

_directory = _why_not = None


def file(name):
    return os.path.join(_directory, name)


def service(name):
    return f"HTTP/{name}.heimdal.test"


def user(name, password=PASSWORD.password):
    return Account(name, password, REALM)


def script(verb, *arguments):
    return subprocess.run(
        [SCRIPT, verb, *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "OWNER": str(os.getpid()), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def start():
    """The realm, once for all checks."""
    global _directory, _why_not
    if _why_not:
        raise Skip(_why_not)
    if _directory is None:
        done = script("prepare")
        if done.returncode:
            _why_not = done.stderr.strip() or "heimdal-kdc.sh prepare fails"
            raise Skip(_why_not)
        directory = os.path.join(environment.directory, "heimdal")
        done = script("start", directory)
        holds(done.returncode == 0, f"heimdal-kdc.sh start: {done.stderr}")
        _directory = directory
        os.environ.update(KRB5_CONFIG=file("krb5.conf"), KRB5RCACHEDIR=file("rcache"))
        use_keytab(file("http.keytab"))


def requests(kind):
    """How many requests of that kind the KDC has had; it writes each down before it answers."""
    with open(file("kdc.log"), encoding="utf-8", errors="replace") as f:
        return sum(f" {kind}-REQ " in line and " from " in line for line in f)


def failure(account, package, name=SERVER):
    return failure_to(account, package, name)


def initiated(account, make, package, name=SERVER, flags=ISC_MUTUAL, client=ALICE, acceptor=None):
    """A context from our initiator to the acceptor, with messages both ways; returns both."""
    initiator = Initiator.initiator(account, package, target=name, flags=flags)
    acceptor = acceptor or make.acceptor(file("http.keytab"))
    established(initiator, acceptor)
    equal(acceptor.client, client, "the client there")
    equal(initiator.native_names, (client, f"{name}@{REALM}"), "SECPKG_ATTR_NATIVE_NAMES")
    if make is not Heimdal or "des3" not in name:  # see kerberos_initiate.old_enctypes
        messages(acceptor, initiator)
    return initiator, acceptor


# ------------------------------------------------------------------------------------------------ tickets


@check("Heimdal's KDC: initiate to {}, {}: {}", [(*pair, name) for pair in PAIRS for name in [*AES, "server"]])
def initiates(make, package, name):
    start()
    initiated(PASSWORD, make, package, service(name))


@check("Heimdal's KDC: a user with a key of {} alone", AES)
def pre_authenticates(enctype):
    start()
    for package in ("Kerberos", "Negotiate"):
        initiated(user(f"of-{enctype}"), Mit, package, client=f"of-{enctype}@{REALM}")
    equal(failure(user(f"of-{enctype}", "wrong"), "Kerberos"), DENIED, "a wrong password")


@check("Heimdal's KDC: users and services with keys of RC4 and triple DES, where the policy allows them and where not")
def old_enctypes():
    start()
    for enctype in OFF_BY_DEFAULT:
        equal(failure(user(f"of-{enctype}"), "Kerberos"), "SEC_E_KDC_UNKNOWN_ETYPE", f"status, of-{enctype}")
        equal(failure(PASSWORD, "Kerberos", service(enctype)), "SEC_E_KDC_UNKNOWN_ETYPE", f"status, {enctype}")
    with policy(kerberos=ALL_ENCTYPES):
        for enctype in OFF_BY_DEFAULT:
            for make in ACCEPTORS:
                initiated(user(f"of-{enctype}"), make, "Kerberos", service(enctype), client=f"of-{enctype}@{REALM}")


@check("Heimdal's KDC: the client as {}", [
    ("alice", REALM.lower()), ("alice", ""), (ALICE, ""), (f"{REALM}\\alice", ""), ("alice@upn.test", ""),
], label=lambda text: text or "(no domain)")  # fmt: skip
def spellings(name, domain):
    """The last one is an enterprise name, which the KDC knows as another name of alice's."""
    start()
    for package in ("Kerberos", "Negotiate"):
        initiated(Account(name, PASSWORD.password, domain), Mit, package)


@check("Heimdal's KDC: a credential's tickets are asked for once")
def once():
    start()
    before = requests("AS"), requests("TGS")
    credentials = Credentials("Kerberos", sspi.SECPKG_CRED_OUTBOUND, PASSWORD)
    for name in (SERVER, SERVER, service("aes256-sha1"), SERVER):
        initiator = Initiator(credentials, None, ISC_MUTUAL)
        initiator.target = sspi.utf16(name)
        established(initiator, Mit.acceptor(file("http.keytab")))
    asked = requests("AS") - before[0], requests("TGS") - before[1]
    equal(asked, (2, 2), "AS and TGS requests; the first AS-REQ is answered by the demand for pre-authentication")


# ----------------------------------------------------------------------------------------------- refusals


@check("Heimdal's KDC: who may not log on: {}, {}", [
    ("alice", "wrong", DENIED), ("alice", "", DENIED), ("of-aes256-sha2", "wrong", DENIED), ("nobody", PASSWORD.password, DENIED),
    ("expired", PASSWORD.password, DENIED), ("pwexpired", PASSWORD.password, EXPIRED),
    ("pwchange", PASSWORD.password, EXPIRED),
])  # fmt: skip
def may_not(name, password, expected):
    """Negotiate tries an unknown user with NTLM: the account may be the server's."""
    start()
    for package in ("Kerberos", "Negotiate") if name != "nobody" else ("Kerberos",):
        equal(failure(user(name, password), package), expected, f"status, {package}")


@check("Heimdal's KDC: a disabled account may not log on, {}", ["Kerberos", "Negotiate"])
def disabled(package):
    """Of such an account it says KDC_ERR_POLICY; MIT's says KDC_ERR_CLIENT_REVOKED."""
    start()
    equal(failure(user("disabled"), package), DENIED, "status")


@check("Heimdal's KDC: services that it does not know, or nobody has the key of")
def services():
    start()
    for name in ("HTTP/nosuch.heimdal.test", "HTTP/nosuch", f"HTTP/nosuch.heimdal.test@{REALM}", "nosuch"):
        equal(failure(PASSWORD, "Kerberos", name), UNKNOWN_TARGET, name)
    for make in ACCEPTORS:
        initiator = Initiator.initiator(PASSWORD, "Kerberos", target=service("absent"), flags=ISC_MUTUAL)
        refused(make.refusals, "a ticket without a key", make.acceptor(file("http.keytab")).step, initiator.step())


# ------------------------------------------------------------------------------------------ credential caches


@check("Heimdal's KDC: a cache of {}", ["MIT's kinit", "Heimdal's kinit"])
def cache(of):
    start()
    path = f"FILE:{file('bob.ccache')}"
    if of == "Heimdal's kinit":
        path = f"FILE:{file('heimdal.ccache')}"
        done = script("kinit", _directory, "--", "-c", path, "-k", "-t", file("users.keytab"), "bob")
        equal(done.returncode, 0, f"kinit: {done.stderr}")
    with default_ccache(path):
        for make, package in PAIRS:
            initiated(None, make, package, client=f"bob@{REALM}")


@check("Heimdal's KDC: a cache that has the service's ticket already: no KDC is asked")
def ticket_in_cache():
    start()
    path = file("full.ccache")
    shutil.copy(file("alice.ccache"), path)
    status, text = run_tool("kvno", SERVER, ccache=f"FILE:{path}")
    equal(status, 0, text)
    with default_ccache(f"FILE:{path}"):
        before = requests("AS"), requests("TGS")
        initiated(None, Mit, "Kerberos")
        equal((requests("AS"), requests("TGS")), before, "requests to the KDC")
        initiated(None, Mit, "Kerberos", service("aes128-sha1"))
        equal((requests("AS"), requests("TGS")), (before[0], before[1] + 1), "requests to the KDC")


@check("Heimdal's KDC: [kerberos] client_keytab, which its kadmin has written")
def client_keytab():
    start()
    with policy(kerberos=f'client_keytab = "{file("users.keytab")}"'):
        initiated(None, Mit, "Kerberos")


# ------------------------------------------------------------------------------------------------- delegation


def acts(cache, name, client=ALICE):
    """With that cache our client and MIT's have the client's tickets to the service."""
    with default_ccache(cache):
        initiated(None, Mit, "Kerberos", name, client=client)
    acceptor = Own.acceptor()
    established(Mit.initiator(cache, "Negotiate", name), acceptor)
    equal(acceptor.client, client, "the client there")


@check("Heimdal's KDC: credentials forwarded to {}, {}", [pair for pair in PAIRS if pair[0] is not Heimdal])
def forwards(make, package):
    start()
    for name, approved in ((SERVER, True), (service("aes256-sha1"), False)):
        acceptor = Own.acceptor(flags=ASC_DELEGATE) if make is Own else None
        initiator, acceptor = initiated(PASSWORD, make, package, name, ISC_MUTUAL | ISC_DELEGATE, acceptor=acceptor)
        equal(bool(initiator.attributes.value & ISC_DELEGATE), approved, f"ISC_RET_DELEGATE of {name}")
        if make is Mit:
            there = acceptor.context.delegated_creds
            equal(there is not None, approved, f"the acceptor's credentials of {name}")
            if there is not None:
                cache = f"FILE:{file('forwarded.ccache')}"
                there.store({"ccache": cache}, usage="initiate", overwrite=True)
                acts(cache, service("aes128-sha1"))
        elif approved:
            acts(written(acceptor), service("aes128-sha1"))


@check("Heimdal's KDC: user-to-user authentication to our acceptor, {}", ["Kerberos", "Negotiate"])
def user_to_user(package):
    start()
    with policy(kerberos=f'tgt_ccache = "{file("server.ccache")}"'):
        initiator, _ = initiated(PASSWORD, Own, package, flags=ISC_MUTUAL | USE_SESSION_KEY)
        equal(initiator.attributes.value & USE_SESSION_KEY, USE_SESSION_KEY, "ISC_RET_USE_SESSION_KEY")


@check("Heimdal's KDC: constrained delegation")
def constrained():
    """Heimdal 7.8 rejects its own tickets as evidence ("KRB5SignedPath not signed correctly" in its log). MIT's client, which
    asks for the same, tells."""
    start()
    allowed, not_allowed = service("aes256-sha1"), service("aes128-sha1")
    with policy(kerberos=f'delegation = "constrained"\ntgt_ccache = "{file("server.ccache")}"'):
        acceptor = Acceptor.acceptor("Negotiate", flags=ASC_DELEGATE)
        established(Mit.initiator(f"FILE:{file('alice.ccache')}", "Negotiate", SERVER, flags=DEFAULT), acceptor)
        cache = written(acceptor)
        try:
            Mit.initiator(cache, "Kerberos", allowed).step()
            why = None
        except Mit.refusals as error:
            why = " ".join(str(error).split())
        with default_ccache(cache):
            for name in (allowed, not_allowed) if why else (not_allowed,):
                error = refused(SspiError, name, Initiator.initiator(None, "Kerberos", target=name).step)
                equal(error.status, "SEC_E_KDC_INVALID_REQUEST", f"status of {name}")
        if why:
            raise Skip(f"this KDC refuses MIT's client, too: {why}")
        acts(cache, allowed)


# -------------------------------------------------------------------------------------------------- passwords


def change(name, old, new):
    """ok or the status."""
    try:
        change_password(user(name, old), new)
        return "ok"
    except SspiError as error:
        return error.status


@check("Heimdal's kpasswdd: ChangeAccountPassword, {}", ["Kerberos", "Negotiate"])
def password_changed(package):
    """It is reached by UDP only; the library tries TCP first."""
    start()
    old, new = PASSWORD.password, "An0ther-Passwörd"
    for before, after in ((old, new), (new, old)):
        change_password(user("changing", before), after, package)
        initiated(user("changing", after), Mit, "Kerberos", client=f"changing@{REALM}")
        equal(failure(user("changing", before), "Kerberos"), DENIED, "status with the old password")


@check("Heimdal's kpasswdd: passwords that stay")
def password_stays():
    start()
    equal(change("changing", PASSWORD.password, "short"), RESTRICTION, "status of one that is too short")
    equal(change("changing", "wrong", "An0ther-Password"), DENIED, "status with a wrong old one")
    equal(change("nobody", PASSWORD.password, "An0ther-Password"), DENIED, "status of an unknown user")
    equal(change("disabled", PASSWORD.password, "An0ther-Password"), DENIED, "status of a disabled account")
    initiated(user("changing"), Mit, "Kerberos", client=f"changing@{REALM}")


@check("Heimdal's kpasswdd: a password that has expired is changed, and the account logs on: {}", ["pwexpired", "pwchange"])
def expired_password(name):
    start()
    equal(change(name, PASSWORD.password, "An0ther-Password"), "ok", "status")
    initiated(user(name, "An0ther-Password"), Mit, "Kerberos", client=f"{name}@{REALM}")


def remove():
    """Called at the end."""
    if _directory:
        script("stop", _directory)
