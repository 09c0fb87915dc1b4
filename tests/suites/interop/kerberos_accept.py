"""MIT's and Heimdal's Kerberos initiators against our acceptor."""

import os

import peers
import sspi
from checks import check, equal, holds, refused
from kerberos_peers import DCE_STYLE, DEFAULT, MUTUAL, PROTECTED, Mit
from kerberos_environment import AES, ALICE, ALL_ENCTYPES, INITIATORS, OFF_BY_DEFAULT, PAIRS, SERVER
from kerberos_environment import ccache, keytab, realm_file, refused_first, service
from sspi import Acceptor
from environment import established, policy

DENIED = ("SEC_E_LOGON_DENIED",)
MUTUAL_AUTH = 2
ASC_MUTUAL = sspi.ASC_DEFAULT | MUTUAL_AUTH


def messages(initiator, acceptor, back=True, signed=True):
    """A message each way. Message sizes and altered messages are covered by
    crates/core/tests/it/kerberos/session*.rs."""
    data = os.urandom(1000)
    equal(acceptor.unwrap_stream(initiator.wrap(data)), data, "unsealed here")
    if signed:
        acceptor.verify(data, initiator.sign(data))
    if back:
        equal(initiator.unwrap(acceptor.wrap_padded(data)), data, "unsealed there")
        initiator.verify(data, acceptor.sign(data))


def accepted(make, package, ours, name, back=True, flags=DEFAULT, **options):
    initiator = make.initiator(ccache(options.pop("user", "alice")), package, name, flags=flags)
    acceptor = Acceptor.acceptor(ours, flags=options.pop("requirements", ASC_MUTUAL))
    legs = established(initiator, acceptor)
    equal(acceptor.client, options.pop("client", ALICE), "SECPKG_ATTR_NAMES")
    equal(acceptor.negotiated if ours == "Negotiate" else acceptor.package, "Kerberos", "the package")
    equal(bool(acceptor.attributes.value & MUTUAL_AUTH), bool(flags & MUTUAL), "ASC_RET_MUTUAL_AUTH")
    messages(initiator, acceptor, back, options.pop("signed", True))
    return initiator, acceptor, legs


@check("accept {}, {} token, package {}: {}", [(*pair, name) for pair in PAIRS for name in [*AES, "mixed", "server"]])
def accepts(make, package, ours, name):
    _, _, legs = accepted(make, package, ours, service(name))
    equal(len(legs), 2, "tokens")


@check("accept {}, {} token, package {}, not mutual: {}", [(*pair, name) for pair in PAIRS for name in [*AES, "mixed"]])
def accepts_one_way(make, package, ours, name):
    """Without an AP-REP Heimdal's initiator takes our sequence to begin at 0; MIT's and ours where its own does."""
    _, _, legs = accepted(make, package, ours, service(name), flags=PROTECTED, back=make is Mit)
    equal(len(legs), 1 if package == "Kerberos" else 2, "tokens")


@check("accept {}, {} token, package {}, DCE style", PAIRS)
def accepts_dce_style(make, package, ours):
    """Its third token is another AP-REP. Messages of DCE style are RPC's, with buffers apart: not gss_wrap's."""
    initiator = make.initiator(ccache(), package, SERVER, flags=DEFAULT | DCE_STYLE)
    acceptor = Acceptor.acceptor(ours, flags=ASC_MUTUAL | sspi.USE_DCE_STYLE)
    legs = established(initiator, acceptor)
    holds(len(legs) >= 3, f"{len(legs)} tokens")
    equal(acceptor.attributes.value & sspi.USE_DCE_STYLE, sspi.USE_DCE_STYLE, "ASC_RET_USED_DCE_STYLE")
    equal(acceptor.client, ALICE, "SECPKG_ATTR_NAMES")


@check("accept {}, {} token, package {}, of RC4 and triple DES where the policy allows them; refuse them elsewhere", PAIRS)
def old_enctypes(make, package, ours):
    for name in OFF_BY_DEFAULT:
        if not os.path.exists(realm_file(f"{name}.keytab")):
            continue
        with policy(kerberos=ALL_ENCTYPES):
            accepted(make, package, ours, service(name))
            # Heimdal's MIC with a key of triple DES is two octets longer than it says itself.
            signed = make is Mit or name != "des3"
            accepted(make, package, ours, service(name), flags=PROTECTED, back=make is Mit, signed=signed)
        refused_first(make.initiator(ccache(), package, service(name)).step(), DENIED, package=ours)


@check("{} is accepted from {}, {} under that name", [
    (user, *who) for user in ("bob", "alice-admin", "jörg") for who in INITIATORS
])  # fmt: skip
def users(user, make, package):
    accepted(make, package, "Negotiate", SERVER, user=user, client=f"{user.replace('-', '/')}@EXAMPLE.TEST")


@check("any principal of the keytab is accepted: {}", [
    "host/server.example.test", "postgres/server.example.test", "HTTP/localhost", "HTTP/password.example.test",
])  # fmt: skip
def any_principal(name):
    accepted(Mit, "Kerberos", "Negotiate", name)


@check("a credential for one principal refuses tickets for another")
def one_principal():
    def acceptor(principal):
        made = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL, principal=principal)
        return made

    for principal in (SERVER, f"{SERVER}@EXAMPLE.TEST"):
        established(Mit.initiator(ccache(), "Kerberos", SERVER), acceptor(principal))
        other = Mit.initiator(ccache(), "Kerberos", "host/server.example.test").step()
        refused_first(other, (*DENIED, "SEC_E_WRONG_PRINCIPAL"), principal=principal)


@check("a ticket for a service whose key is not there is refused: {}, {}", INITIATORS)
def no_key(make, package):
    refused_first(make.initiator(ccache(), package, service("absent")).step(), (*DENIED, "SEC_E_NO_CREDENTIALS"))


# ------------------------------------------------------------------------------------------------------ flags


FLAGS = {"integrity": 32, "integrity and confidentiality": 48, "replay and sequence": 12}


@check("flags: MIT's initiator asks for {}", FLAGS)
def flags(what):
    asked = FLAGS[what]
    initiator, acceptor = Mit.initiator(ccache(), "Kerberos", SERVER, flags=asked), Acceptor.acceptor("Negotiate")
    established(initiator, acceptor)
    for name, theirs, ours in (
        ("REPLAY_DETECT", 4, sspi.REPLAY_DETECT), ("SEQUENCE_DETECT", 8, sspi.SEQUENCE_DETECT),
        ("CONFIDENTIALITY", 16, sspi.CONFIDENTIALITY), ("INTEGRITY", 32, sspi.ASC_REQ_INTEGRITY),
    ):  # fmt: skip
        if not asked & theirs:
            continue
        equal(acceptor.attributes.value & ours, ours, f"ASC_RET_{name}")
    equal(acceptor.attributes.value & MUTUAL_AUTH, 0, "ASC_RET_MUTUAL_AUTH")


# ----------------------------------------------------------------------------------------------------- replay


@check("an AP-REQ of {}, {}, presented again", INITIATORS)
def replayed(make, package):
    """To another context, another credential, another package; before and after the first context is deleted."""
    initiator, acceptor = make.initiator(ccache(), package, SERVER), Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    (_, token), *_ = established(initiator, acceptor)
    refused_first(token, DENIED)
    acceptor.delete()
    refused_first(token, DENIED)
    if package == "Kerberos":
        refused_first(token, DENIED, package="Kerberos")
    error = refused_first(token, DENIED, flags=ASC_MUTUAL | sspi.ASC_REQ_EXTENDED_ERROR)
    holds(error.token, "no token for the peer")


@check("a replay and a key that is not there, as MIT's initiator is told by KRB-ERROR")
def told():
    extended = ASC_MUTUAL | sspi.ASC_REQ_EXTENDED_ERROR
    initiator = Mit.initiator(ccache(), "Kerberos", SERVER)
    token = initiator.step()
    acceptor = Acceptor.acceptor("Kerberos", flags=ASC_MUTUAL)
    acceptor.step(token)
    error = refused_first(token, DENIED, package="Kerberos", flags=extended)
    told = refused(Mit.refusals, "the error", initiator.step, error.token)
    holds("replay" in str(told).lower(), f"a replay is told as {told}")

    initiator = Mit.initiator(ccache(), "Kerberos", service("absent"))
    error = refused_first(initiator.step(), (*DENIED, "SEC_E_NO_CREDENTIALS"), package="Kerberos", flags=extended)
    told = refused(Mit.refusals, "the error", initiator.step, error.token)
    holds(any(word in str(told).lower() for word in ("key", "modified")), f"a key that is not there is told as {told}")


# ---------------------------------------------------------------------------------------------------- keytabs


@check("a key is rolled over: old and new tickets with both keys, and with one of them")
def rolled():
    def try_both(old, new):
        for who, cache, good in (("kvno 1", "rolled", old), ("kvno 2", "alice", new)):
            initiator = Mit.initiator(ccache(cache), "Negotiate", service("rolled"))
            if good:
                established(initiator, Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL))
            else:
                refused_first(initiator.step(), (*DENIED, "SEC_E_NO_CREDENTIALS"))

    try_both(True, True)
    with keytab("rolled-old"):
        try_both(True, False)
    with keytab("rolled-new"):
        try_both(False, True)
    try_both(True, True)


@check("two hundred conversations side by side")
def side_by_side():
    """Each with its own key, legs interleaved: the contexts are independent."""
    pairs = []
    for number in range(200):
        make, package = INITIATORS[number % len(INITIATORS)]
        user = ("alice", "bob")[number // len(INITIATORS) % 2]
        acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
        pairs.append((user, make.initiator(ccache(user), package, SERVER), acceptor))
    tokens = [initiator.step() for _, initiator, _ in pairs]
    while any(tokens):
        tokens = [acceptor.step(token) if token else None for token, (_, _, acceptor) in zip(tokens, pairs)]
        tokens = [initiator.step(token) if token else None for token, (_, initiator, _) in zip(tokens, pairs)]
    for user, initiator, acceptor in pairs:
        equal(acceptor.key, initiator.key, "session key")
        equal(acceptor.client, f"{user}@EXAMPLE.TEST", "SECPKG_ATTR_NAMES")
    equal(len({acceptor.key for *_, acceptor in pairs}), len(pairs), "number of different keys")


# ------------------------------------------------------------------------------------------------------ other


@check("Kerberos in SPNEGO to package Kerberos")
def spnego_to_kerberos():
    token = Mit.initiator(ccache(), "Negotiate", SERVER).step()
    refused_first(token, ("SEC_E_INVALID_TOKEN", "SEC_E_UNSUPPORTED_FUNCTION"), package="Kerberos")


@check("NTLM to package Kerberos, Kerberos to package NTLM")
def wrong_package():
    from environment import ALICE as NTLM_ALICE

    refused_first(peers.Pyspnego.initiator(NTLM_ALICE, "NTLM").step(), ("SEC_E_INVALID_TOKEN",), package="Kerberos")
    refused_first(Mit.initiator(ccache(), "Kerberos", SERVER).step(), ("SEC_E_INVALID_TOKEN",), package="NTLM")
