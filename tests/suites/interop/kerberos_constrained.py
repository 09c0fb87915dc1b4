"""Constrained delegation: with a client's ticket as evidence and the server's own, MIT's library and ours get tickets for the
client from a KDC that allows it, MIT's or Samba's. The database of MIT's is a directory: its other one cannot say what is
allowed."""

import contextlib
import os
import subprocess
import time

import environment
import sspi
from checks import Skip, check, equal, holds, refused
from environment import established, policy
from kerberos_accept import ASC_MUTUAL
from kerberos_ad import RC4, WEB1, domain, use_keytab
from kerberos_ad import SERVER as AD_SERVER
from kerberos_delegation import ASC_DELEGATE, none, usable, written
from kerberos_environment import ALICE, INITIATORS, REALM, ROOT, SERVER, run_tool, server_keytab, service
from kerberos_initiate import ISC_MUTUAL, Own, kdc_requests
from kerberos_peers import DEFAULT, DELEG, Mit, default_ccache
from sspi import Acceptor, Initiator, SspiError

SCRIPT = os.path.join(ROOT, "tests", "infra", "mit-kdc.sh")
ALLOWED, NOT_ALLOWED = service("aes256-sha1"), service("aes128-sha1")

_directory = None


def file(name):
    return os.path.join(_directory, name)


def start():
    """The realm, once for all checks."""
    global _directory
    if _directory is None:
        if os.geteuid() != 0:
            raise Skip("a directory server needs root, for its package")
        directory = os.path.join(environment.directory, "constrained")
        subprocess.run(
            [SCRIPT, "start", directory], check=True, stdout=subprocess.DEVNULL,
            env={**os.environ, "OWNER": str(os.getpid()), "LC_ALL": "C.UTF-8", "LDAP": "1"},
        )  # fmt: skip
        _directory = directory


@contextlib.contextmanager
def realm(delegation='"constrained"', tgt="server"):
    """The realm's clients, and its services' keys, while the block lasts. `tgt`: whose ticket-granting ticket the server has."""
    start()
    kept = {name: os.environ[name] for name in ("KRB5_CONFIG", "KRB5RCACHEDIR")}
    before = server_keytab() + ".before"
    subprocess.run(["cp", server_keytab(), before], check=True)
    os.environ.update(KRB5_CONFIG=file("krb5.conf"), KRB5RCACHEDIR=file("rcache"))
    use_keytab(file("http.keytab"))
    lines = f"delegation = {delegation}\n" + (f'tgt_ccache = "{file(tgt)}.ccache"' if tgt else "")
    try:
        with policy(kerberos=lines):
            yield
    finally:
        os.environ.update(kept)
        use_keytab(before)


def accepted(make=Mit, package="Negotiate", flags=DEFAULT, requirements=ASC_DELEGATE, ccache="alice"):
    acceptor = Acceptor.acceptor("Negotiate", flags=requirements)
    established(make.initiator(f"FILE:{file(ccache)}.ccache", package, SERVER, flags=flags), acceptor)
    return acceptor


def acts_for_alice(cache, allowed=ALLOWED, not_allowed=NOT_ALLOWED, alice=ALICE):
    """The KDC issues a ticket for the service that it allows, as alice, and for no other."""
    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    established(Mit.initiator(cache, "Negotiate", allowed), acceptor)
    equal(acceptor.client, alice, "the next server's client")
    error = refused(Mit.refusals, "a service that is not allowed", lambda: Mit.initiator(cache, "Kerberos", not_allowed).step())
    holds("KDC can't fulfill requested option" in str(error), str(error))


def we_act_for_alice(cache, allowed=ALLOWED, not_allowed=NOT_ALLOWED, alice=ALICE, realm=REALM, keytab="http"):
    """The same by our own client: a server that uses the cache as its user's."""
    with default_ccache(cache):
        for package in ("Kerberos", "Negotiate"):
            initiator, acceptor = Initiator.initiator(None, package, target=allowed, flags=ISC_MUTUAL), Mit.acceptor(keytab)
            established(initiator, acceptor)
            equal(acceptor.client, alice, "the next server's client")
            equal(initiator.native_names, (alice, f"{allowed}@{realm}"), "SECPKG_ATTR_NATIVE_NAMES")
        error = refused(SspiError, "a service that is not allowed", Initiator.initiator(None, "Kerberos", target=not_allowed).step)
        equal(error.status, "SEC_E_KDC_INVALID_REQUEST", "status")


@check("constrained delegation by our client, of {}, {}", [*INITIATORS, (Own, "Kerberos"), (Own, "Negotiate")])
def by_our_client(make, package):
    """Own: the client, the server and the server as a client are all ours."""
    with realm():
        if make is Own:
            acceptor = Own.acceptor(flags=ASC_DELEGATE)
            with default_ccache(f"FILE:{file('alice')}.ccache"):
                established(Initiator.initiator(None, package, target=SERVER, flags=ISC_MUTUAL), acceptor)
        else:
            acceptor = accepted(make, package)
        we_act_for_alice(written(acceptor), keytab=file("http.keytab"))


@check("constrained delegation by our client: with another service's ticket the KDC refuses")
def of_another_by_us():
    with realm(tgt="other"):
        tool = ["kinit", "-k", "-t", file("http.keytab"), "-c", file("other.ccache"), service("aes256-sha2")]
        subprocess.run(tool, check=True)
        time.sleep(1.2)
        with default_ccache(written(accepted())):
            before = kdc_requests("EVIDENCE_TICKET_MISMATCH", file("kdc.log"))
            refused(SspiError, "another service", Initiator.initiator(None, "Kerberos", target=ALLOWED).step)
            holds(kdc_requests("EVIDENCE_TICKET_MISMATCH", file("kdc.log")) > before, "the KDC does not compare the tickets")


@check("constrained delegation of {}, {}", INITIATORS)
def evidence(make, package):
    with realm():
        acceptor = accepted(make, package)
        equal(acceptor.attributes.value & sspi.ASC_REQ_DELEGATE, 0, "ASC_RET_DELEGATE")
        cache = written(acceptor)
        status, text = run_tool("klist", "-C", ccache=cache)
        equal(status, 0, f"klist: {text}")
        holds(f"Default principal: {ALICE}" in text and f"proxy_impersonator = {SERVER}@EXAMPLE.TEST" in text, text)
        acts_for_alice(cache)


@check("constrained delegation from an imported context")
def imported():
    with realm():
        acceptor = accepted()
        acts_for_alice(written(sspi.imported("Negotiate", acceptor.exported())))


@check("constrained delegation: credentials that the client forwards come first")
def forwarded_first():
    with realm():
        acceptor = accepted(flags=DEFAULT | DELEG)
        equal(acceptor.attributes.value & sspi.ASC_REQ_DELEGATE, sspi.ASC_REQ_DELEGATE, "ASC_RET_DELEGATE")
        cache = written(acceptor)
        usable(cache)
        status, text = run_tool("klist", "-C", ccache=cache)
        holds(status == 0 and "proxy_impersonator" not in text, text)


@check("constrained delegation: not by a ticket that is not forwardable, nor unasked")
def kept():
    with realm():
        subprocess.run(
            ["kinit", "-F", "-k", "-t", file("users.keytab"), "-c", file("unforwardable.ccache"), "alice"], check=True
        )  # fmt: skip
        none(accepted(ccache="unforwardable"))
        none(accepted(requirements=ASC_DELEGATE & ~sspi.ASC_REQ_DELEGATE))


@check("constrained delegation: not where the policy is {}", ["true", "false"])
def forbidden(delegation):
    with realm(delegation):
        none(accepted())


@check("constrained delegation: not without a ticket-granting ticket of the server that is valid")
def without_ticket():
    with realm(tgt=None):
        none(accepted())
    with realm(tgt="short"):
        tool = ["kinit", "-l", "6s", "-k", "-t", file("server.keytab"), "-c", file("short.ccache"), SERVER]
        subprocess.run(tool, check=True)
        time.sleep(1.2)
        acceptor = accepted()
        acts_for_alice(written(acceptor))
        time.sleep(7)
        none(acceptor)


@check("constrained delegation: with another service's ticket the KDC refuses")
def of_another():
    with realm(tgt="other"):
        tool = ["kinit", "-k", "-t", file("http.keytab"), "-c", file("other.ccache"), service("aes256-sha2")]
        subprocess.run(tool, check=True)
        time.sleep(1.2)
        cache = written(accepted())
        refused(Mit.refusals, "another service", lambda: Mit.initiator(cache, "Kerberos", ALLOWED).step())


@check("constrained delegation: with a domain's KDC, and the ticket-granting ticket of the service's account")
def of_domain():
    with domain() as there:
        for user, keytab, ccache in (("alice", "users", "forwardable"), ("svc_http", "svc_http", "svc_http")):
            tool = ["kinit", "-f", "-k", "-t", there.file(f"{keytab}.keytab"), "-c", there.file(f"{ccache}.ccache"), user]
            subprocess.run(tool, check=True)
        with policy(kerberos=f'delegation = "constrained"\ntgt_ccache = "{there.file("svc_http.ccache")}"'):
            acceptor = Acceptor.acceptor("Negotiate", flags=ASC_DELEGATE)
            established(Mit.initiator(there.ccache("forwardable"), "Negotiate", AD_SERVER), acceptor)
            cache = written(acceptor)
            acts_for_alice(cache, WEB1, RC4, "EXAMPLE\\alice")
            ad = "AD.EXAMPLE.TEST"
            we_act_for_alice(cache, WEB1, WEB1.replace("HTTP", "host"), f"alice@{ad}", ad, there.file("http.keytab"))


def remove():
    """Called at the end."""
    if _directory:
        subprocess.run([SCRIPT, "stop", _directory], check=False)
