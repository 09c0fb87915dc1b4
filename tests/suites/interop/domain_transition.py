"""Protocol transition in a domain: our server acts elsewhere for clients that have logged on to it by NTLM, with tickets that
the domain's KDC issues to it in their names (S4U2self and S4U2proxy, [MS-SFU] 1.3), as far as the domain allows that."""

import contextlib
import subprocess
from ctypes import byref

import sspi
from checks import Skip, check, equal, holds, refused
from domain_environment import ALICE, BOB, DOMAIN, JOERG, LOCAL, PASSWORD, REALM, file, logon, needs_root
from environment import established, policy
from kerberos_accept import messages
from kerberos_delegation import ASC_DELEGATE
from kerberos_environment import run_tool
from kerberos_initiate import ISC_MUTUAL, Own
from kerberos_peers import DEFAULT, DELEG, Mit, default_ccache
from peers import Account, Pyspnego, exchange
from sspi import Acceptor, Initiator, SspiError

HOST = REALM.lower()
# What WEB1$ is allowed by the checks, what svc_http is by the domain's script, and what nobody is.
ALLOWED, OF_SVC_HTTP, NOT_ALLOWED = f"HTTP/server.{HOST}", f"HTTP/web1.{HOST}", f"ldap/dc1.{HOST}"
NOBODY = Account("", "", "")


def samba_tool(*arguments):
    done = subprocess.run(["samba-tool", *arguments, "-s", file("smb.conf")], capture_output=True, text=True)
    holds(done.returncode == 0, f"samba-tool {' '.join(arguments)}: {done.stdout}{done.stderr}")


_prepared = False


def prepare():
    """WEB1$ may act for any client of the domain towards ALLOWED, whichever way the client has logged on."""
    global _prepared
    needs_root()
    if _prepared:
        return
    samba_tool("delegation", "for-any-protocol", "web1$", "on")
    samba_tool("delegation", "add-service", "web1$", ALLOWED)
    for user, keytab in (("web1$", "web1"), ("svc_http", "svc_http"), ("alice", "users")):
        subprocess.run(["kinit", "-f", "-k", "-t", file(f"{keytab}.keytab"), "-c", file(f"own-{user}.ccache"), user], check=True)
    _prepared = True


@contextlib.contextmanager
def server(account="web1$", delegation='"constrained"', **sections):
    """Our server has that account's ticket-granting ticket while the block lasts."""
    prepare()
    lines = f"delegation = {delegation}\n"
    if account:
        lines += f'tgt_ccache = "{file(f"own-{account}.ccache")}"\n'
    with policy(kerberos=lines, **sections):
        yield


def acting_for(context, name=ALLOWED, package="Kerberos", own=None):
    """A client that acts as the context's; `own`: the identity of its credentials before that."""
    initiator = Initiator.initiator(own, package, target=name, flags=ISC_MUTUAL)
    initiator.credentials.act_as(context)
    return initiator


def acts(context, client, name=ALLOWED, packages=("Kerberos", "Negotiate"), own=None):
    """The service there sees the client, by MIT's acceptor and by ours."""
    for package in packages:
        for make in (Mit, Own):
            initiator, acceptor = acting_for(context, name, package, own), make.acceptor(file("http.keytab"))
            established(initiator, acceptor)
            equal(acceptor.client, f"{client}@{REALM}" if make is Mit else f"{DOMAIN}\\{client}", "the client there")
            equal(initiator.native_names, (f"{client}@{REALM}", f"{name}@{REALM}"), "SECPKG_ATTR_NATIVE_NAMES")
            if package == "Negotiate":
                equal(initiator.negotiated, "Kerberos", "SECPKG_ATTR_NEGOTIATION_INFO")
            messages(acceptor, initiator)


def no_ticket(context, name, status="SEC_E_KDC_INVALID_REQUEST", **options):
    """The KDC gives none, and Negotiate does not go on by NTLM."""
    for package in ("Kerberos", "Negotiate"):
        initiator = acting_for(context, name, package, **options)
        error = refused(SspiError, f"{package} to {name}", initiator.step)
        equal(error.status, status, f"status of {package}")
        holds(error.token is None and not initiator.live, "there is a token or a context")


def not_for(context, package="Kerberos"):
    """The credentials do not take the context, and remain what they were."""
    initiator = Initiator.initiator(ALICE, package, target=ALLOWED, flags=ISC_MUTUAL)
    error = refused(SspiError, "the attribute", initiator.credentials.act_as, context)
    equal(error.status, "SEC_E_NO_CREDENTIALS", "status")
    acceptor = Mit.acceptor(file("http.keytab"))
    established(initiator, acceptor)
    equal(acceptor.client, f"alice@{REALM}", "the client there")


# ------------------------------------------------------------------------------------------- what the domain allows


@check("transition: {} by NTLM", [ALICE, BOB, JOERG], label=lambda account: account.user)
def by_ntlm(account):
    with server():
        acts(logon(account), account.user)


@check("transition: a client named {}\\{}", [("", f"alice@{HOST}"), (HOST, "alice"), ("example", "ALICE")])
def spellings(domain, user):
    with server():
        acts(logon(Account(user, PASSWORD, domain)), "alice", packages=["Kerberos"])


@check("transition: NTLM in SPNEGO, and the context exported and imported")
def negotiated():
    with server():
        acceptor = logon(ALICE, package="Negotiate")
        equal(acceptor.negotiated, "NTLM", "SECPKG_ATTR_NEGOTIATION_INFO")
        acts(acceptor, "alice", packages=["Negotiate"])
        acts(sspi.imported("Negotiate", acceptor.exported()), "alice", packages=["Negotiate"])


@check("transition: the client remains when its context is deleted")
def deleted():
    with server():
        context = logon(BOB)
        initiator, acceptor = acting_for(context), Mit.acceptor(file("http.keytab"))
        context.delete()
        established(initiator, acceptor)
        equal(acceptor.client, f"bob@{REALM}", "the client there")


@check("transition: credentials that act for one client after another")
def one_after_another():
    with server():
        alice, bob = logon(ALICE), logon(BOB)
        initiator = acting_for(alice)
        initiator.credentials.act_as(bob)
        acceptor = Mit.acceptor(file("http.keytab"))
        established(initiator, acceptor)
        equal(acceptor.client, f"bob@{REALM}", "the client there")


@check("transition: the groups that the service sees are the client's")
def groups():
    with server():
        context = logon(ALICE)
        acceptor = Own.acceptor()
        established(acting_for(context), acceptor)
        equal(acceptor.client_sids[0], context.client_sids[0], "the account's SID")
        # S-1-18-2 (service asserted identity) says that no password was given to the KDC ([MS-SFU] 3.2.5.1.2).
        equal(set(acceptor.client_sids) - {"S-1-18-1", "S-1-18-2"}, set(context.client_sids), "the groups")
        holds("S-1-18-1" not in acceptor.client_sids, "S-1-18-1, which says that the KDC has authenticated the client")


@check("transition: {} to a service that is not allowed", [ALICE, BOB], label=lambda account: account.user)
def not_allowed(account):
    with server():
        no_ticket(logon(account), NOT_ALLOWED)


@check("transition: the identity of the credentials is not used")
def own_identity():
    with server():
        context = logon(BOB)
        acts(context, "bob", own=ALICE)
        # Negotiate must not go on by NTLM as alice either.
        no_ticket(context, NOT_ALLOWED, own=ALICE)


@check("transition: an account that may not for clients of any protocol")
def not_any_protocol():
    """svc_http is allowed the service, but its ticket to itself in the client's name is not forwardable."""
    with server("svc_http"):
        no_ticket(logon(ALICE), OF_SVC_HTTP)


@check("transition: an account that the service itself names")
def resource_based():
    """Then a ticket that is not forwardable is evidence enough ([MS-SFU] 3.2.5.2.2). Not every Samba's KDC does that: MIT's
    client, which asks for the same, tells."""
    with server("svc_http"):
        samba_tool("delegation", "add-principal", "web1$", "svc_http")
        try:
            status, text = run_tool("kvno", "-U", "alice", "-P", OF_SVC_HTTP, ccache=f"FILE:{file('own-svc_http.ccache')}")
            if status:
                no_ticket(logon(ALICE), OF_SVC_HTTP)
                raise Skip(f"this KDC has no resource-based delegation: {text.strip()}")
            acts(logon(ALICE), "alice", OF_SVC_HTTP)
        finally:
            samba_tool("delegation", "del-principal", "web1$", "svc_http")


@check("transition: a client that may not be delegated")
def sensitive():
    with server():
        samba_tool("user", "sensitive", "bob", "on")
        try:
            no_ticket(logon(BOB), ALLOWED)
        finally:
            samba_tool("user", "sensitive", "bob", "off")


# ------------------------------------------------------------------------------------------------- impersonation

ACCOUNTS = {"tokens.users": f"'{DOMAIN}\\bob' = {{ uid = 54321, gid = 54321 }}\n{LOCAL.user} = {{ uid = 54322, gid = 54322 }}"}


@contextlib.contextmanager
def impersonated(context):
    sspi.LIBRARY.call("ImpersonateSecurityContext", byref(context.handle))
    try:
        yield
    finally:
        sspi.LIBRARY.call("RevertSecurityContext", byref(context.handle))


@check("transition: credentials that a thread acquires while it impersonates the client, {}", ["Kerberos", "Negotiate"])
def impersonating(package):
    """The server's ticket is in a file that the client may not read."""
    with server(**ACCOUNTS), default_ccache(f"FILE:{file('alice')}.ccache"):
        context = logon(BOB)
        for step_as_client in (True, False):
            with impersonated(context):
                initiator = Initiator.initiator(None, package, target=ALLOWED, flags=ISC_MUTUAL)
                token = initiator.step() if step_as_client else None
            token = token or initiator.step()
            acceptor = Mit.acceptor(file("http.keytab"))
            initiator.step(acceptor.step(token))
            equal((initiator.complete, acceptor.client), (True, f"bob@{REALM}"), "the client there")


@check("transition: a thread that impersonates a client of the account file has neither its tickets nor the server's")
def impersonating_another():
    with server(**ACCOUNTS), default_ccache(f"FILE:{file('alice')}.ccache"):
        with impersonated(logon(LOCAL)):
            for package in ("Kerberos", "Negotiate"):
                error = refused(SspiError, package, Initiator.initiator(None, package, target=ALLOWED).step)
                equal(error.status, "SEC_E_NO_CREDENTIALS", "status")


# ------------------------------------------------------------------------------------------- for whom the server does not


@check("transition: not for a client of the account file, although the domain has an account of that name")
def account_file():
    with server():
        samba_tool("user", "create", LOCAL.user, PASSWORD)
        try:
            context = logon(LOCAL)
            for package in ("Kerberos", "Negotiate"):
                not_for(context, package)
        finally:
            samba_tool("user", "delete", LOCAL.user)


@check("transition: not for a client of the server's own credentials")
def own_accounts():
    with server():
        account = Account("alice", "another", "")
        acceptor = Acceptor.acceptor("NTLM", account=account)
        established(Pyspnego.initiator(account, "NTLM"), acceptor)
        not_for(acceptor)


@check("transition: not for a null session")
def null_session():
    with server():
        acceptor = Acceptor.acceptor("NTLM", flags=sspi.ASC_DEFAULT | sspi.ASC_REQ_ALLOW_NULL_SESSION)
        exchange(Initiator.initiator(NOBODY, "NTLM"), acceptor)
        holds(acceptor.complete and acceptor.attributes.value & sspi.ASC_RET_NULL_SESSION, "no null session")
        not_for(acceptor)


@check("transition: not for a client's own context, nor one that is not complete")
def other_contexts():
    with server():
        initiator, acceptor = Initiator.initiator(ALICE, "NTLM", target=OF_SVC_HTTP), Acceptor.acceptor("NTLM")
        challenge = acceptor.step(initiator.step())
        not_for(acceptor)
        acceptor.step(initiator.step(challenge))
        not_for(initiator)
        acts(acceptor, "alice", packages=["Kerberos"])


@check("transition: not where {}", ["the policy is true", "the policy is false", "the server has no ticket", "it is another file's"])
def not_configured(what):
    delegation = {"the policy is true": "true", "the policy is false": "false"}.get(what, '"constrained"')
    account = {"the server has no ticket": None, "it is another file's": "nosuch"}.get(what, "web1$")
    with server(account, delegation):
        not_for(logon(ALICE))


@check("transition: a user's ticket in place of a service's")
def of_a_user():
    """alice is no service: the KDC gives her no ticket to herself in bob's name ([MS-SFU] 3.2.5.1)."""
    with server("alice"):
        no_ticket(logon(BOB), ALLOWED, "SEC_E_TARGET_UNKNOWN")


@check("transition: credentials that are for {}", ["inbound use", "NTLM"])
def of_another_kind(what):
    with server():
        package, use = ("Kerberos", sspi.SECPKG_CRED_INBOUND) if what == "inbound use" else ("NTLM", sspi.SECPKG_CRED_OUTBOUND)
        credentials = sspi.Credentials(package, use, None)
        equal(refused(SspiError, what, credentials.act_as, logon(ALICE)).status, "SEC_E_INVALID_PARAMETER", "status")


# ------------------------------------------------------------------------------------------------- Kerberos clients


def by_ticket(ccache, flags=DEFAULT, name=OF_SVC_HTTP):
    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_DELEGATE)
    established(Mit.initiator(f"FILE:{file(ccache)}", "Negotiate", name, flags=flags), acceptor)
    return acceptor


@check("acting as a Kerberos client: its ticket is the evidence")
def evidence():
    with server():
        context = by_ticket("own-alice.ccache")
        acts(context, "alice")
        acts(context, "alice", own=BOB)
        no_ticket(context, NOT_ALLOWED, own=BOB)


@check("acting as a Kerberos client: what it forwards comes first")
def forwarded():
    """With her own ticket-granting ticket alice gets tickets for services that the server is not allowed."""
    with server():
        context = by_ticket("own-alice.ccache", DEFAULT | DELEG)
        for name in (ALLOWED, OF_SVC_HTTP):
            acts(context, "alice", name, own=BOB)


@check("acting as a Kerberos client that delegates nothing: not by protocol transition")
def nothing_delegated():
    """The KDC has authenticated this client, and its ticket must not be passed on."""
    with server():
        subprocess.run(["kinit", "-F", "-k", "-t", file("users.keytab"), "-c", file("kept.ccache"), "alice"], check=True)
        not_for(by_ticket("kept.ccache"))
