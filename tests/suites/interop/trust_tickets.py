"""Clients of a trusted domain by Kerberos, with what their own domain controller says of them, and with what one says that is
hostile: no client is more than a client of its own realm."""

import subprocess

from checks import check, equal, holds, refused
from domain_environment import LOCAL, Log, logon
from environment import established, policy
from http_curl import curl
from kerberos_accept import ASC_MUTUAL, DENIED
from kerberos_ad import SERVER, WEB1, ServiceTicket, ap_req
from kerberos_environment import PAIRS, refused_first
from kerberos_peers import Heimdal, Mit, default_ccache
from pyasn1.codec.der import encoder
from sspi import Acceptor, SspiError
from trust_environment import EVIL, EXAMPLE, LOCAL_USER, hostile, said


def accepted(initiator, ours="Negotiate"):
    acceptor = Acceptor.acceptor(ours, flags=ASC_MUTUAL)
    established(initiator, acceptor)
    return acceptor


def accepted_token(token):
    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    acceptor.step(token)
    holds(acceptor.complete, "not complete")
    return acceptor


def ticket_of(domain):
    return ServiceTicket(EXAMPLE, ccache=domain.client())


def who(acceptor):
    return acceptor.client, acceptor.native_names[0], acceptor.local_account


ALICE_OF_EVIL = ("EVIL\\alice", "alice@EVIL.TEST", None)


@check("trust: accept a client of the other domain, {}, {} token, package {}", PAIRS)
def clients(make, package, ours):
    for service in (SERVER, WEB1):
        client = accepted(make.initiator(EVIL.client(), package, service), ours)
        equal(who(client), ALICE_OF_EVIL, f"who it is to {service}")
        equal(client.client_sids[0], EVIL.sids["alice"], "the account's SID")
        holds({EVIL.sids["webusers"], EVIL.sids["everybody"]} <= set(client.client_sids), f"the groups {client.client_sids}")


@check("trust: a client of the server's own domain has its local user")
def own():
    """That local user is what the hostile domain controllers below are after."""
    client = accepted(Mit.initiator(EXAMPLE.client(), "Kerberos", SERVER))
    equal(who(client), ("EXAMPLE\\alice", "alice@AD.EXAMPLE.TEST", LOCAL_USER), "who it is")


@check("trust: curl --negotiate as a client of the other domain")
def with_curl():
    with default_ccache(EVIL.client()):
        status, text, _ = curl("--negotiate", "-u", ":")
    equal(status, 200, "status")
    holds("user: EVIL\\alice\n" in text and "package: Kerberos\n" in text, text)


@check("trust: a domain called like the server's own accounts' is not believed")
def own_name():
    with policy(accounts='domain = "EVIL"\n'):
        client = accepted(Mit.initiator(EVIL.client(), "Kerberos", SERVER))
        equal(who(client), ("alice@EVIL.TEST", "alice@EVIL.TEST", None), "who it is")


# What a domain controller may say: a name of its own domain's, which the realm has too.
BELIEVED = {
    "an account of its own": (said(user="Administrator"), "EVIL\\Administrator", "Administrator@EVIL.TEST"),
    "its name in other letters": (said(domain="evil"), "evil\\alice", "alice@EVIL.TEST"),
}
AS_ALICE, AS_ADMINISTRATOR = "alice@EVIL.TEST", "Administrator@EVIL.TEST"
NOT_BELIEVED = {
    "EXAMPLE\\alice": (said(domain="EXAMPLE"), AS_ALICE, AS_ALICE),
    "EXAMPLE\\Administrator": (said("Administrator", "EXAMPLE"), AS_ADMINISTRATOR, AS_ADMINISTRATOR),
    "EXAMPLE\\Administrator of ad.example.test": (
        said("Administrator", "EXAMPLE", "ad.example.test"), AS_ADMINISTRATOR, AS_ADMINISTRATOR
    ),
    "EXAMPLE's alice by her SID too": (said("alice", "EXAMPLE", "ad.example.test", EXAMPLE.sids["alice"]), AS_ALICE, AS_ALICE),
    "the server's own WEB1\\alice": (said(domain="WEB1"), AS_ALICE, AS_ALICE),
    "BUILTIN\\Administrators": (said("Administrators", "BUILTIN"), "Administrators@EVIL.TEST", "Administrators@EVIL.TEST"),
    "PARTNER\\alice": (said(domain="PARTNER", dns_domain="partner.test"), AS_ALICE, AS_ALICE),
    "EVIL\\alice of partner.test": (said(dns_domain="partner.test"), AS_ALICE, AS_ALICE),
    "alice of no domain": (said(domain=""), AS_ALICE, AS_ALICE),
    "a user alice@AD.EXAMPLE.TEST": (
        said("alice@AD.EXAMPLE.TEST", "EXAMPLE"), "alice\\@AD.EXAMPLE.TEST@EVIL.TEST", "alice\\@AD.EXAMPLE.TEST@EVIL.TEST"
    ),
    "a user EXAMPLE\\alice": (said("EXAMPLE\\alice", ""), "EXAMPLE\\\\alice@EVIL.TEST", "EXAMPLE\\\\alice@EVIL.TEST"),
}  # fmt: skip


@check("trust: a hostile domain controller says that its client is {}", [*BELIEVED, *NOT_BELIEVED])
def claims(what):
    pac, shown, native = (BELIEVED | NOT_BELIEVED)[what]
    for make in (Mit, Heimdal):
        client = accepted(make.initiator(hostile(pac), "Kerberos", SERVER))
        equal(who(client), (shown, native, None), f"who it is by {make.name}")


# What stands beside the ticket, where whoever sends it can change it.
BESIDE = [(["HTTP", "web1.ad.example.test"], realm) for realm in ("EVIL.TEST", "AD.EXAMPLE.TEST", "EXAMPLE", "")]
BESIDE += [(["WEB1$"], "EVIL.TEST"), (["host", "web1.ad.example.test"], "EVIL.TEST")]


@check("trust: the realm and the service beside its ticket make a hostile domain's client nobody else")
def beside_the_ticket():
    ccache = hostile(said("alice", "EXAMPLE", "ad.example.test", EXAMPLE.sids["alice"]))
    for service, realm in BESIDE:
        request = ap_req(Mit.initiator(ccache, "Kerberos", WEB1))
        request["ticket"]["realm"] = realm
        request["ticket"]["sname"]["name-string"].clear()
        request["ticket"]["sname"]["name-string"].extend(service)
        client = accepted_token(encoder.encode(request))
        equal(who(client), (AS_ALICE, AS_ALICE, None), f"who it is beside {service} {realm}")
        holds(client.native_names[1].endswith("@AD.EXAMPLE.TEST"), client.native_names[1])


@check("trust: SIDs that each machine gives for itself, and this one's, are not taken from another domain")
def sids_of_machines():
    local, theirs = logon(LOCAL).client_sids[0], f"{EVIL.sids['.']}-4711"
    machine = "-".join(local.split("-")[:7])
    of_machine = ["S-1-5-32-544", "S-1-5-18", local, f"{machine}-1000"]
    client = accepted(Mit.initiator(hostile(said(extra_sids=[*of_machine, theirs])), "Kerberos", SERVER))
    found = client.client_sids
    holds(theirs in found and not set(of_machine) & set(found), f"the groups {found}")
    # Nor as the account's own; then it has none.
    client = accepted(Mit.initiator(hostile(said(sid=local)), "Kerberos", SERVER))
    equal((client.client, client.local_account), ("EVIL\\alice", None), "who it is")
    equal(refused(SspiError, "SIDs", lambda: client.client_sids).status, "SEC_E_UNSUPPORTED_FUNCTION", "the account's SIDs")


@check("trust: a client without a PAC passes no domain controller, and is only of its own realm")
def no_pac():
    service = f"{SERVER}@AD.EXAMPLE.TEST"
    asked = subprocess.run(["kvno", "-c", hostile(None).removeprefix("FILE:"), service], capture_output=True, text=True)
    holds(asked.returncode != 0 and "revoked" in asked.stderr, asked.stdout + asked.stderr)
    # Had it passed; the server's own domain's clients need one.
    equal(who(accepted_token(ticket_of(EVIL).token(None))), (AS_ALICE, AS_ALICE, None), "who it is")
    log = Log()
    refused_first(ticket_of(EXAMPLE).token(None), DENIED)
    log.says("client refused", "require_pac")
    refused_first(Mit.initiator(EXAMPLE.client("alice", "--no-request-pac"), "Kerberos", SERVER).step(), DENIED)
    with policy(kerberos="require_pac = true\n"):
        refused_first(ticket_of(EVIL).token(None), DENIED)
        equal(who(accepted(Mit.initiator(EVIL.client(), "Kerberos", SERVER))), ALICE_OF_EVIL, "with a PAC")
