"""Other implementations' initiators against our acceptor."""

import peers
import sspi
from checks import check, equal, holds
from peers import GssNtlmssp, Impacket, Pyspnego
from sspi import Acceptor
from environment import ALICE, BARE, DISABLED, INITIATORS, IN_SPNEGO, JOERG, LONG, NOBODY
from environment import denied_by_us, established, policy

# Bare NTLM works with both packages; NTLM in SPNEGO with Negotiate alone.
PAIRS = [(make, package, "Negotiate") for make, package in INITIATORS] + [(*pair, "NTLM") for pair in BARE]


@check("accept {}, {} token, package {}", PAIRS)
def accepts(make, package, ours):
    initiator, acceptor = make.initiator(ALICE, package), Acceptor.acceptor(ours)
    established(initiator, acceptor)
    equal(acceptor.client, "EXAMPLE\\alice", "SECPKG_ATTR_NAMES")
    equal(acceptor.negotiated, "NTLM", "SECPKG_ATTR_NEGOTIATION_INFO")
    equal(len(acceptor.key), 16, "length of the session key")
    wanted = sspi.REPLAY_DETECT | sspi.SEQUENCE_DETECT | sspi.CONFIDENTIALITY | sspi.ASC_REQ_INTEGRITY
    equal(acceptor.attributes.value & wanted, wanted, "granted attributes")
    if make is not Impacket:  # which names the host that CHALLENGE_MESSAGE names
        equal(acceptor.client_target, f"{peers.SERVICE}/{peers.HOST}", "SECPKG_ATTR_CLIENT_SPECIFIED_TARGET")


DCE_FLAGS = GssNtlmssp.FLAGS.integrity | GssNtlmssp.FLAGS.confidentiality | GssNtlmssp.FLAGS.dce_style

REFUSED = {
    "wrong password": ALICE.but(password="passw0rd!"),
    "empty password": ALICE.but(password=""),
    "unknown user": NOBODY,
    "disabled account": DISABLED,
    "disabled account and wrong password": DISABLED.but(password="wrong"),
}


# gss-ntlmssp cannot be given an empty password.
CASES = [(*pair, why) for pair in PAIRS for why in REFUSED if (pair[0], why) != (GssNtlmssp, "empty password")]


@check("refuse {}, {} token, package {}: {}", CASES)
def refuses(make, package, ours, why):
    initiator, acceptor = make.initiator(REFUSED[why], package), Acceptor.acceptor(ours)
    error = denied_by_us("SEC_E_LOGON_DENIED", initiator, acceptor)
    equal(error.token, None, "token that tells the peer, though ASC_REQ_EXTENDED_ERROR is not set")
    holds(not acceptor.complete, "the context is established")


@check("refuse {}, {} token: all refusals look alike to the peer", INITIATORS)
def refusals_alike(make, package):
    seen = {}
    for why, account in REFUSED.items():
        if not account.password and make is GssNtlmssp:
            continue
        acceptor = Acceptor.acceptor("Negotiate", flags=sspi.ASC_DEFAULT | sspi.ASC_REQ_EXTENDED_ERROR)
        seen[why] = denied_by_us("SEC_E_LOGON_DENIED", make.initiator(account, package), acceptor).token
    equal(len(set(seen.values())), 1, f"different tokens in {seen}")
    if package == "Negotiate":
        token = seen["wrong password"]
        holds(token is not None, "no NegTokenResp with ASC_REQ_EXTENDED_ERROR")
        equal(peers.spnego._spnego.unpack_token(token).neg_state, peers.spnego._spnego.NegState.reject, "negState")


NAMES = {
    "user in capitals": ALICE.but(user="ALICE"),
    "domain in small letters": ALICE.but(domain="example"),
    "no domain": ALICE.but(domain=""),
    "name and password beyond ASCII": JOERG,
    "name beyond ASCII in capitals": JOERG.but(user="JÖRG"),
    "long name and password": LONG,
}


@check("accept pyspnego, {}, {}", [(package, why) for package in ("NTLM", "Negotiate") for why in NAMES])
def accepts_names(package, why):
    acceptor = Acceptor.acceptor("Negotiate")
    established(Pyspnego.initiator(NAMES[why], package), acceptor)
    domain, _, user = acceptor.client.rpartition("\\")
    equal((domain.upper(), user.lower()), ("EXAMPLE", NAMES[why].user.lower()), "SECPKG_ATTR_NAMES")


@check("another domain's alice is refused where [accounts] strict_domain is set")
def other_domain():
    with policy(accounts="strict_domain = true"):
        for make, package in INITIATORS:
            stranger = make.initiator(ALICE.but(domain="ELSEWHERE"), package)
            denied_by_us("SEC_E_LOGON_DENIED", stranger, Acceptor.acceptor("Negotiate"))
            established(make.initiator(ALICE, package), Acceptor.acceptor("Negotiate"))


@check("accept {}, {} token: account of SEC_WINNT_AUTH_IDENTITY", INITIATORS)
def own_account(make, package):
    extra = ALICE.but(user="extra", password="Sésame 1")
    acceptor = Acceptor.acceptor("Negotiate", account=extra)
    established(make.initiator(extra, package), acceptor)
    equal(acceptor.client, "EXAMPLE\\extra", "SECPKG_ATTR_NAMES")
    acceptor = Acceptor.acceptor("Negotiate", account=extra)
    denied_by_us("SEC_E_LOGON_DENIED", make.initiator(extra.but(password="Sésame 2"), package), acceptor)


@check("account of another credential's SEC_WINNT_AUTH_IDENTITY is unknown")
def own_account_stays_own():
    extra = ALICE.but(user="extra")
    keep = Acceptor.acceptor("Negotiate", account=extra)
    initiator = Pyspnego.initiator(extra, "Negotiate")
    denied_by_us("SEC_E_LOGON_DENIED", initiator, Acceptor.acceptor("Negotiate"))
    del keep


@check("SPNEGO token to package NTLM from {}, {}", IN_SPNEGO)
def spnego_to_ntlm(make, package):
    denied_by_us("SEC_E_INVALID_TOKEN", make.initiator(ALICE, package), Acceptor.acceptor("NTLM"))


@check("pyspnego without sign and seal, {}", ["NTLM", "Negotiate"])
def no_flags(package):
    acceptor = Acceptor.acceptor("Negotiate", flags=0)
    established(Pyspnego.initiator(ALICE, package, flags=peers.spnego.ContextReq.none), acceptor)


@check("pyspnego with signing only, {}", ["NTLM", "Negotiate"])
def sign_only(package):
    initiator, acceptor = Pyspnego.initiator(ALICE, package, flags=peers.SIGN_ONLY), Acceptor.acceptor("Negotiate")
    established(initiator, acceptor)
    equal(acceptor.attributes.value & sspi.CONFIDENTIALITY, 0, "ASC_RET_CONFIDENTIALITY")
    equal(acceptor.attributes.value & sspi.ASC_REQ_INTEGRITY, sspi.ASC_REQ_INTEGRITY, "ASC_RET_INTEGRITY")
    acceptor.verify(b"signed", initiator.sign(b"signed"))
    initiator.verify(b"signed", acceptor.sign(b"signed"))


@check("DCE style: initiator {}, {}", [(make, p) for make in (Pyspnego, GssNtlmssp) for p in ("NTLM", "Negotiate")])
def dce_style(make, package):
    flags = {Pyspnego: peers.SIGN_SEAL | peers.spnego.ContextReq.dce_style, GssNtlmssp: DCE_FLAGS}[make]
    initiator = make.initiator(ALICE, package, flags=flags)
    acceptor = Acceptor.acceptor("Negotiate", flags=sspi.ASC_DEFAULT | sspi.USE_DCE_STYLE)
    established(initiator, acceptor)
    equal(acceptor.attributes.value & sspi.USE_DCE_STYLE, sspi.USE_DCE_STYLE, "ASC_RET_USED_DCE_STYLE")
    equal(acceptor.unwrap(initiator.wrap(b"DCE")), b"DCE", "unsealed")


@check("the acceptor speaks first (NegTokenInit2), then pyspnego")
def hint_first():
    acceptor, initiator = Acceptor.acceptor("Negotiate"), Pyspnego.initiator(ALICE, "Negotiate")
    hint = acceptor.step(None)
    token = peers.spnego._spnego.unpack_token(hint)
    equal(type(token).__name__, "NegTokenInit", "kind of token")
    holds(peers.NTLMSSP.dotted_form in token.mech_types, "NTLMSSP is not offered")
    token = initiator.step(hint)
    while token:
        token = acceptor.step(token)
        if token:
            token = initiator.step(token)
    holds(initiator.complete and acceptor.complete, "not complete")
    equal(acceptor.key, initiator.key, "session key")


@check("nobody, from impacket, {}", ["NTLM", "Negotiate"])
def null_session(package):
    nobody = ALICE.but(user="", password="", domain="")
    denied_by_us("SEC_E_LOGON_DENIED", Impacket.initiator(nobody, package), Acceptor.acceptor("Negotiate"))
    acceptor = Acceptor.acceptor("Negotiate", flags=sspi.ASC_DEFAULT | sspi.ASC_REQ_ALLOW_NULL_SESSION)
    initiator = Impacket.initiator(nobody, package)
    established(initiator, acceptor)
    holds(ALICE.user not in acceptor.client, f"nobody is {acceptor.client}")
    equal(acceptor.attributes.value & sspi.ASC_RET_NULL_SESSION, sspi.ASC_RET_NULL_SESSION, "ASC_RET_NULL_SESSION")
    equal(acceptor.unwrap(initiator.wrap(b"from nobody")), b"from nobody", "unsealed")
    with policy(ntlm="refuse_null_session = true"):
        acceptor = Acceptor.acceptor("Negotiate", flags=sspi.ASC_DEFAULT | sspi.ASC_REQ_ALLOW_NULL_SESSION)
        denied_by_us("SEC_E_LOGON_DENIED", Impacket.initiator(nobody, package), acceptor)


@check("two hundred conversations side by side")
def side_by_side():
    """Each with its own key, legs interleaved: the contexts are independent."""
    pairs = [(Pyspnego.initiator(ALICE, "Negotiate"), Acceptor.acceptor("Negotiate")) for _ in range(100)]
    pairs += [(GssNtlmssp.initiator(ALICE, "NTLM"), Acceptor.acceptor("NTLM")) for _ in range(100)]
    tokens = [initiator.step() for initiator, _ in pairs]
    while any(tokens):
        tokens = [acceptor.step(token) if token else None for token, (_, acceptor) in zip(tokens, pairs)]
        tokens = [initiator.step(token) if token else None for token, (initiator, _) in zip(tokens, pairs)]
    for initiator, acceptor in pairs:
        equal(acceptor.key, initiator.key, "session key")
    equal(len({acceptor.key for _, acceptor in pairs}), len(pairs), "number of different keys")
