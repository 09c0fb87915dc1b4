"""Resource-based constrained delegation with MIT's KDC: the service, also one of another realm, says who may act for its clients
towards it. The KDC's module for that is the tests' own (tests/infra/rbcd_kdb.c); the KDC does all else.

The KDC has no other delegation: a ticket that it issues to a service in a client's name is permitted by the target. The realm is
the configuration's from the first of these checks on, as in kerberos_heimdal_kdc."""

import os
import subprocess

import environment
from checks import Skip, check, equal, holds, refused
from environment import established, policy
from kerberos_ad import use_keytab
from kerberos_delegation import ASC_DELEGATE, written
from kerberos_environment import ALICE, REALM, ROOT, SERVER, service
from kerberos_initiate import ISC_MUTUAL, Own
from kerberos_peers import DEFAULT, Heimdal, Mit, default_ccache
from sspi import Acceptor, Initiator, SspiError

SCRIPT = os.path.join(ROOT, "tests", "infra", "mit-kdc.sh")
ALLOWED, NOT_ALLOWED = service("aes256-sha1"), service("aes128-sha1")
OTHER, FAR = "HTTP/www.other.test", "HTTP/www.far.test"
ATTRIBUTE = "allowed_from"

_directory = None


def file(name):
    return os.path.join(_directory, name)


def script(verb, directory=None):
    return subprocess.run(
        [SCRIPT, verb, directory or _directory], capture_output=True, text=True, check=False,
        env={**os.environ, "OWNER": str(os.getpid()), "LC_ALL": "C.UTF-8", "RBCD": "1", "REALMS": "1"},
    )  # fmt: skip


def start():
    """The realms, once for all checks."""
    global _directory
    if _directory is None:
        directory = os.path.join(environment.directory, "resource-based")
        done = script("start", directory)
        if "missing packages" in done.stderr:
            raise Skip(done.stderr.strip())
        holds(done.returncode == 0, f"mit-kdc.sh start: {done.stderr}")
        _directory = directory
        os.environ.update(KRB5_CONFIG=file("krb5.conf"), KRB5RCACHEDIR=file("rcache"))
        use_keytab(file("http.keytab"))


def server(conf="krb5.conf"):
    """Our server has its own ticket-granting ticket, and acts for its clients, while the block lasts."""
    start()
    return policy(
        kerberos=f'krb5_conf = "{file(conf)}"\ndelegation = "constrained"\ntgt_ccache = "{file("server.ccache")}"'
    )


def evidence(make=Mit, package="Negotiate"):
    """The cache that our acceptor gives for alice."""
    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_DELEGATE)
    if make is Own:
        with default_ccache(f"FILE:{file('alice.ccache')}"):
            established(Initiator.initiator(None, package, target=SERVER, flags=ISC_MUTUAL), acceptor)
    else:
        established(make.initiator(f"FILE:{file('alice.ccache')}", package, SERVER, flags=DEFAULT), acceptor)
    return written(acceptor)


def acts(cache, name, realm=REALM, keytab="http"):
    for package in ("Kerberos", "Negotiate"):
        with default_ccache(cache):
            initiator = Initiator.initiator(None, package, target=name, flags=ISC_MUTUAL)
            acceptor = Mit.acceptor(file(f"{keytab}.keytab"))
            established(initiator, acceptor)
        equal(acceptor.client, ALICE, "the client there")
        equal(initiator.native_names, (ALICE, f"{name.split('@')[0]}@{realm}"), "SECPKG_ATTR_NATIVE_NAMES")


def does_not_act(cache, name):
    with default_ccache(cache):
        error = refused(SspiError, name, Initiator.initiator(None, "Kerberos", target=name).step)
        equal(error.status, "SEC_E_KDC_INVALID_REQUEST", f"status of {name}")


def allow_from(names, name, realm):
    done = subprocess.run(
        ["kadmin.local", "-r", realm, "setstr", name, ATTRIBUTE, names], capture_output=True, text=True, check=False,
        env={**os.environ, "KRB5_KDC_PROFILE": file("kdc.conf"), "PATH": os.environ["PATH"] + ":/usr/sbin"},
    )  # fmt: skip
    equal((done.returncode, done.stderr), (0, ""), "kadmin.local")


@check("resource-based delegation: the service names the server, another one does not")
def allowed():
    with server():
        for make in (Mit, Heimdal, Own):
            for package in ("Kerberos", "Negotiate"):
                cache = evidence(make, package)
                acts(cache, ALLOWED)
                does_not_act(cache, NOT_ALLOWED)


@check("resource-based delegation: a service of another realm, by {}", ["krb5.conf", "of-kdc.conf"])
def other_realms(conf):
    """krb5.conf does not say where the host is: the KDC does, by referrals. FAR.TEST is reached by OTHER.TEST."""
    with server(conf):
        cache = evidence()
        acts(cache, OTHER, "OTHER.TEST", "other")
        acts(cache, f"{OTHER}@OTHER.TEST", "OTHER.TEST", "other")
        acts(cache, FAR, "FAR.TEST", "other")


@check("resource-based delegation: what the service names is changed")
def changed():
    with server():
        for name, realm, keytab in ((ALLOWED, REALM, "http"), (OTHER, "OTHER.TEST", "other"), (FAR, "FAR.TEST", "other")):
            allow_from(f"host/server.example.test@{REALM}", name, realm)
            does_not_act(evidence(), name)
            allow_from(f"host/server.example.test@{REALM} {SERVER}@{REALM}", name, realm)
            acts(evidence(), name, realm, keytab)


def remove():
    """Called at the end."""
    if _directory:
        script("stop")
