"""SPNEGO over Kerberos and NTLM: which mechanism is chosen, when fallback is permitted, and what the mechListMIC
protects."""

from pyasn1.codec.der import encoder
from pyasn1.type import univ
from spnego._spnego import NegState, NegTokenInit, NegTokenResp, unpack_token

import sspi
from checks import check, equal, holds, refused
from kerberos_accept import ASC_MUTUAL, messages
from kerberos_peers import KRB5, Mit
from kerberos_tampering import NOT_LET_IN
from kerberos_environment import ALICE, SERVER, ccache, no_keytab, refused_first, service
from mechanism_lists import KRB5 as KRB5_TEXT
from mechanism_lists import MS_KRB5, NEGOEX, NTLMSSP, UNKNOWN
from peers import NTLMSSP as NTLMSSP_OID
from peers import GssNtlmssp, Pyspnego, exchange
from sspi import Acceptor, SspiError
from environment import ALICE as NTLM_ALICE
from environment import established, policy

REFUSED = (*NOT_LET_IN, "SEC_E_NO_AUTHENTICATING_AUTHORITY", "SEC_E_SECPKG_NOT_FOUND")


class MitListing(Mit):
    """MIT's initiator with a list, which is checked to be the requested one."""

    def step(self, token=None):
        made = super().step(token)
        if token is None:
            equal(unpack_token(made).mech_types, [mech.dotted_form for mech in self.listed], "MIT's mechTypes")
        return made


def mit(name, *mechs):
    made = MitListing.initiator(ccache(), "Negotiate", name, mechs=mechs)
    made.listed = mechs
    return made


def negotiated(initiator, package, client):
    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    legs = established(initiator, acceptor)
    equal(acceptor.negotiated, package, "SECPKG_ATTR_NEGOTIATION_INFO")
    equal(acceptor.client, client, "SECPKG_ATTR_NAMES")
    if package == "Kerberos":
        messages(initiator, acceptor)
    else:
        equal(acceptor.unwrap(initiator.wrap(b"after the MICs")), b"after the MICs", "unsealed")
    return legs


@check("MIT lists krb5 and NTLM: Kerberos")
def kerberos_first():
    equal(len(negotiated(mit(SERVER, KRB5, NTLMSSP_OID), "Kerberos", ALICE)), 2, "tokens")


@check("MIT lists NTLM and krb5, with NTLM's token: Kerberos all the same")
def ntlm_first():
    """The server prefers Kerberos, asks for the mechListMIC, and gets an AP-REQ next."""
    negotiated(mit(SERVER, NTLMSSP_OID, KRB5), "Kerberos", ALICE)


@check("MIT lists krb5 and NTLM, and the server has no keys: NTLM in the same negotiation")
def fall_back():
    with no_keytab():
        legs = negotiated(mit(SERVER, KRB5, NTLMSSP_OID), "NTLM", NTLM_ALICE.qualified)
        first = unpack_token(legs[1][1])
        equal((first.supported_mech, first.neg_state), (NTLMSSP, NegState.request_mic), "the answer")
        refused_first(mit(SERVER, KRB5).step(), REFUSED)


@check("MIT lists krb5 and NTLM, and the ticket is for a service whose key is not there: refused")
def no_such_key():
    """A missing key may also mean that an attacker changed the ticket to force NTLM, so there is no fallback."""
    refused_first(mit(service("absent"), KRB5, NTLMSSP_OID).step(), ("SEC_E_LOGON_DENIED",))


@check("MIT lists NTLM alone: NTLM")
def ntlm_only():
    negotiated(GssNtlmssp.initiator(NTLM_ALICE, "Negotiate"), "NTLM", NTLM_ALICE.qualified)


@check("a server of Kerberos alone never sends NTLM")
def kerberos_only():
    with policy(negotiate='mechanisms = ["Kerberos"]'):
        negotiated(mit(SERVER, KRB5, NTLMSSP_OID), "Kerberos", ALICE)
        negotiated(mit(SERVER, NTLMSSP_OID, KRB5), "Kerberos", ALICE)
        for initiator in (
            mit(service("absent"), KRB5, NTLMSSP_OID), GssNtlmssp.initiator(NTLM_ALICE, "Negotiate"),
            Pyspnego.initiator(NTLM_ALICE, "Negotiate"), Pyspnego.initiator(NTLM_ALICE, "NTLM"),
        ):  # fmt: skip
            flags = ASC_MUTUAL | sspi.ASC_REQ_EXTENDED_ERROR
            error = refused_first(initiator.step(), REFUSED, flags=flags)
            holds(b"NTLMSSP\0" not in (error.token or b""), "an NTLM message was sent")
        hint = Acceptor.acceptor("Negotiate").step(None)
        holds(NTLMSSP not in unpack_token(hint).mech_types, "NTLMSSP is offered")


@check("a server of NTLM alone takes no ticket")
def without_kerberos():
    with policy(negotiate='mechanisms = ["NTLM"]'):
        negotiated(mit(SERVER, KRB5, NTLMSSP_OID), "NTLM", NTLM_ALICE.qualified)
        refused_first(mit(SERVER, KRB5).step(), REFUSED)
        refused_first(Mit.initiator(ccache(), "Kerberos", SERVER).step(), REFUSED)


@check("the acceptor speaks first (NegTokenInit2), and offers Kerberos under both names before NTLM")
def hint_first():
    offered = unpack_token(Acceptor.acceptor("Negotiate").step(None)).mech_types
    equal([oid for oid in offered if oid != NEGOEX], [MS_KRB5, KRB5_TEXT, NTLMSSP], "mechTypes")


# ------------------------------------------------------------------------- lists as Windows sends them


class Listing:
    """MIT's Kerberos inside a SPNEGO of our own, with a given list, of which the first mechanism's token is sent."""

    empty_messages = True

    def __init__(self, mechs, optimistic=True, mic=None):
        self.inner = Mit.initiator(ccache(), "Kerberos", SERVER)
        self.mechs, self.optimistic, self.mic = mechs, optimistic, mic
        self.complete, self.verified, self.replies, self.waiting = False, False, [], None

    def mech_types(self):
        listed = univ.SequenceOf(componentType=univ.ObjectIdentifier())
        listed.extend(self.mechs)
        return encoder.encode(listed)

    def step(self, token=None):
        if token is None:
            self.waiting = self.inner.step()
            first, self.waiting = (self.waiting, None) if self.optimistic is True else (self.optimistic or None, self.waiting)
            return NegTokenInit(self.mechs, mech_token=first).pack()
        reply = unpack_token(token)
        self.replies.append(reply)
        if self.waiting is not None:
            request, self.waiting = self.waiting, None
            return NegTokenResp(NegState.accept_incomplete, response_token=request).pack()
        if reply.response_token and not self.inner.complete:
            self.inner.step(reply.response_token)
        if reply.mech_list_mic:
            self.inner.verify(self.mech_types(), reply.mech_list_mic)
            self.verified = True
        done = reply.neg_state == NegState.accept_complete
        if done and not self.verified and self.replies[0].supported_mech != self.mechs[0]:
            raise ValueError("no mechListMIC though the choice was not the first")
        if not done:
            mic = self.inner.sign(self.mech_types()) if self.mic is None else self.mic
        self.complete = done or self.verified
        return None if done else NegTokenResp(NegState.accept_complete, mech_list_mic=mic).pack()

    def __getattr__(self, name):
        return getattr(self.inner, name)


LISTS = {
    "as Windows lists them": ([MS_KRB5, KRB5_TEXT, NEGOEX, NTLMSSP], True, MS_KRB5),
    "krb5 alone": ([KRB5_TEXT], True, KRB5_TEXT),
    "MS-krb5 alone": ([MS_KRB5], True, MS_KRB5),
    "krb5, MS-krb5": ([KRB5_TEXT, MS_KRB5], True, KRB5_TEXT),
    "MS-krb5, NTLM, no token": ([MS_KRB5, NTLMSSP], None, MS_KRB5),
    "unknown, krb5, token of the unknown": ([UNKNOWN, KRB5_TEXT], b"what is this?", KRB5_TEXT),
    "NegoEx, MS-krb5, no token": ([NEGOEX, MS_KRB5], None, MS_KRB5),
}


@check("list with Kerberos: {}", LISTS)
def lists(name):
    mechs, optimistic, answer = LISTS[name]
    initiator, acceptor = Listing(mechs, optimistic), Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    established(initiator, acceptor)
    first = initiator.replies[0]
    equal(first.supported_mech, answer, "supportedMech")
    holds(all(reply.supported_mech is None for reply in initiator.replies[1:]), "supportedMech in a later reply")
    if mechs[0] != answer:
        equal(first.neg_state, NegState.request_mic, "the first negState")
        holds(initiator.replies[-1].mech_list_mic, "no mechListMIC from the acceptor")
    elif optimistic is True:
        # [RFC 4178] 5: the first mechanism with its optimistic token needs no more than the one reply.
        equal([reply.neg_state for reply in initiator.replies], [NegState.accept_complete], "the states")
    equal(acceptor.negotiated, "Kerberos", "SECPKG_ATTR_NEGOTIATION_INFO")
    messages(initiator, acceptor)


def dropped(number, side, token):
    if number:
        return token
    init = unpack_token(token)
    return NegTokenInit(init.mech_types[1:], mech_token=None).pack()


@check("downgrade: the first of the list is dropped on the way, and the client's MIC is over all")
def downgrade():
    for mechs in ([KRB5_TEXT, MS_KRB5, NTLMSSP], [UNKNOWN, NEGOEX, KRB5_TEXT]):
        initiator, acceptor = Listing(mechs, None), Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
        try:
            exchange(initiator, acceptor, tamper=dropped)
        except Exception:
            pass
        holds(not acceptor.complete or not initiator.complete, "both are content")


@check("mechListMIC wrong, or absent, where another than the first mechanism was chosen")
def wrong_mic():
    for mic in (b"\x04\x04\x04\xff\xff\xff\xff\xff" + bytes(20), b"\0"):
        initiator = Listing([UNKNOWN, KRB5_TEXT], None, mic=mic)
        acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
        try:
            exchange(initiator, acceptor)
        except SspiError as error:
            holds(error.status in NOT_LET_IN, str(error))
        holds(not acceptor.complete, "accepted")

    def taken(number, side, token):
        resp = unpack_token(token) if side == "C" and number else None
        if resp is None or not resp.mech_list_mic:
            return token
        return NegTokenResp(resp.neg_state, response_token=resp.response_token).pack()

    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    try:
        exchange(Listing([UNKNOWN, KRB5_TEXT], None), acceptor, tamper=taken)
    except Exception:
        pass
    holds(not acceptor.complete, "accepted without the MIC")


@check("a ticket that is not right does not fall back to NTLM")
def no_fall_back():
    """A key that exists and does not decrypt the ticket, or a repeated AP-REQ: an attack, not a missing key."""
    token = mit(SERVER, KRB5, NTLMSSP_OID).step()
    at = token.index(b"\x01\x00\x6e") + 350  # in the ticket's sealed part
    refused_first(bytes([*token[:at], token[at] ^ 1, *token[at + 1 :]]), NOT_LET_IN)
    Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL).step(token)
    refused_first(token, ("SEC_E_LOGON_DENIED",))
    refused(SspiError, "the replay", Acceptor.acceptor("Negotiate").step, token)
