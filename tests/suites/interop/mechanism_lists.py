"""SPNEGO: mechanism lists as Windows and others send them, and an attacker's changes to list and MIC."""

from spnego._spnego import NegState, NegTokenInit, NegTokenResp, unpack_token

import peers
import sspi
from checks import check, equal, holds, refused
from initiating import REFUSALS
from peers import Impacket, Pyspnego, exchange
from sspi import Acceptor, Initiator, SspiError
from environment import ALICE, denied, established

NTLMSSP, KRB5, MS_KRB5 = peers.NTLMSSP.dotted_form, "1.2.840.113554.1.2.2", "1.2.840.48018.1.2.2"
NEGOEX, UNKNOWN = "1.3.6.1.4.1.311.2.2.30", "1.3.6.1.4.1.311.2.2.31"
# A placeholder for a Kerberos AP-REQ: its frame ([RFC 4121] 4.1) around data that cannot be decrypted.
AP_REQ = bytes.fromhex("600f06092a864886f712010202") + b"\x01\x00" + b"\x6e\x00"


class Listing(Pyspnego):
    """pyspnego's initiator with a given mechanism list and an optimistic token of its first mechanism."""

    def __init__(self, mechs, optimistic):
        made = Pyspnego.initiator(ALICE, "Negotiate")
        super().__init__(made.context, "Negotiate")
        self.mechs, self.optimistic, self.waiting = mechs, optimistic, None
        self.replies = []

    def step(self, token=None):
        if token is None:
            self.waiting = unpack_token(self.context.step(None)).mech_token
            self.context._mech_list = list(self.mechs)
            first = self.optimistic
            if first == "NTLM":
                first, self.waiting = self.waiting, None
            return NegTokenInit(self.mechs, mech_token=first).pack()
        self.replies.append(unpack_token(token))
        if self.waiting is not None and not self.replies[0].response_token:
            equal(self.replies[0].supported_mech, NTLMSSP, "supportedMech")
            self.context._mech_sent, self.context._mic_required = True, True
            message, self.waiting = self.waiting, None
            return NegTokenResp(NegState.accept_incomplete, response_token=message).pack()
        return self.context.step(token)


LISTS = {
    "as Windows lists them": ([MS_KRB5, KRB5, NEGOEX, NTLMSSP], AP_REQ),
    "krb5, NTLM, no token": ([KRB5, NTLMSSP], None),
    "unknown, NTLM, token of the unknown": ([UNKNOWN, NTLMSSP], b"what is this?"),
    "NTLM, krb5, token of NTLM": ([NTLMSSP, KRB5], "NTLM"),
    "NTLM, no token": ([NTLMSSP], None),
    "NTLM twice": ([NTLMSSP, NTLMSSP], "NTLM"),
}


@check("mechanism list: {}", LISTS)
def lists(name):
    mechs, optimistic = LISTS[name]
    initiator, acceptor = Listing(mechs, optimistic), Acceptor.acceptor("Negotiate")
    established(initiator, acceptor)
    first = initiator.replies[0]
    # [RFC 4178] 4.2.2: request-mic where the choice is not the client's first; it may be asked for elsewhere too.
    allowed = (NegState.request_mic, NegState.accept_incomplete)[: 2 if mechs[0] == NTLMSSP else 1]
    holds(first.neg_state in allowed, f"negState {first.neg_state.name} in the first reply")
    holds(all(reply.neg_state != NegState.request_mic for reply in initiator.replies[1:]), "request-mic in a later reply")
    holds(all(reply.supported_mech is None for reply in initiator.replies[1:]), "supportedMech in a later reply")
    holds(initiator.replies[-1].mech_list_mic, "no mechListMIC from the acceptor")
    equal(initiator.replies[-1].neg_state, NegState.accept_complete, "the last negState")
    equal(acceptor.unwrap(initiator.wrap(b"after the MICs")), b"after the MICs", "sealed after the mechListMICs")
    equal(initiator.unwrap(acceptor.wrap(b"after the MICs")), b"after the MICs", "sealed after the mechListMICs")


@check("mechanism list without NTLM")
def nothing_in_common():
    token = NegTokenInit([KRB5, NEGOEX], mech_token=AP_REQ).pack()
    for flags in (sspi.ASC_DEFAULT, sspi.ASC_DEFAULT | sspi.ASC_REQ_EXTENDED_ERROR):
        acceptor = Acceptor.acceptor("Negotiate", flags=flags)
        error = refused(SspiError, "the list", acceptor.step, token)
        if flags & sspi.ASC_REQ_EXTENDED_ERROR:
            equal(unpack_token(error.token).neg_state, NegState.reject, "negState")
        else:
            equal(error.token, None, "token for the peer")


def first_mech_dropped(number, side, token):
    if number:
        return token
    init = unpack_token(token)
    return NegTokenInit(init.mech_types[1:], mech_token=init.mech_token).pack()


@check("downgrade: {} is dropped from the list", ["krb5", "a mechanism without token"])
def downgrade(what):
    initiator = Listing([KRB5, NTLMSSP], AP_REQ if what == "krb5" else None)
    denied(initiator, Acceptor.acceptor("Negotiate"), first_mech_dropped)


@check("downgrade: the last of the list is dropped")
def downgrade_last():
    def drop(number, side, token):
        init = unpack_token(token) if number == 0 else None
        return NegTokenInit(init.mech_types[:-1], mech_token=init.mech_token).pack() if init else token

    denied(Listing([NTLMSSP, KRB5], "NTLM"), Acceptor.acceptor("Negotiate"), drop)


@check("downgrade: one more mechanism is added to the list")
def list_grown():
    def grow(number, side, token):
        init = unpack_token(token) if number == 0 else None
        return NegTokenInit(init.mech_types + [KRB5], mech_token=init.mech_token).pack() if init else token

    denied(Listing([NTLMSSP], "NTLM"), Acceptor.acceptor("Negotiate"), grow)


def without_mic(number, side, token):
    if side == "S" or number == 0:
        return token
    resp = unpack_token(token)
    return NegTokenResp(resp.neg_state, response_token=resp.response_token).pack()


def wrong_mic(number, side, token):
    resp = unpack_token(token) if side == "C" and number else None
    if not resp or not resp.mech_list_mic:
        return token
    mic = bytes([*resp.mech_list_mic[:5], resp.mech_list_mic[5] ^ 1, *resp.mech_list_mic[6:]])
    return NegTokenResp(resp.neg_state, response_token=resp.response_token, mech_list_mic=mic).pack()


@check("mechListMIC changed on the way to us, {}", ["NTLM, krb5, token of NTLM", "as Windows lists them"])
def mic_changed(name):
    denied(Listing(*LISTS[name]), Acceptor.acceptor("Negotiate"), wrong_mic)


@check("mechListMIC taken away on the way to us after request-mic")
def mic_taken():
    """The acceptor chose another than the first mechanism: it must not be complete without the MIC."""
    initiator, acceptor = Listing(*LISTS["as Windows lists them"]), Acceptor.acceptor("Negotiate")
    try:
        exchange(initiator, acceptor, tamper=without_mic)
    except REFUSALS:
        pass
    holds(not acceptor.complete, "the acceptor is complete")


@check("mechListMIC changed on the way to our initiator")
def mic_changed_to_us():
    def change(number, side, token):
        resp = unpack_token(token) if side == "S" else None
        if not resp or not resp.mech_list_mic:
            return token
        seen.append(number)
        mic = bytes([*resp.mech_list_mic[:5], resp.mech_list_mic[5] ^ 1, *resp.mech_list_mic[6:]])
        return NegTokenResp(resp.neg_state, resp.supported_mech, resp.response_token, mic).pack()

    seen = []
    initiator, acceptor = Initiator.initiator(ALICE, "Negotiate"), Pyspnego.acceptor("Negotiate")
    refused(SspiError, "the MIC", lambda: exchange(initiator, acceptor, tamper=change))
    holds(seen, "no mechListMIC came by")


@check("the acceptor's choice changed on the way to our initiator")
def choice_changed():
    def change(number, side, token):
        resp = unpack_token(token) if side == "S" else None
        if not resp or not resp.supported_mech:
            return token
        return NegTokenResp(resp.neg_state, KRB5, resp.response_token, resp.mech_list_mic).pack()

    initiator, acceptor = Initiator.initiator(ALICE, "Negotiate"), Pyspnego.acceptor("Negotiate")
    refused(SspiError, "another mechanism", lambda: exchange(initiator, acceptor, tamper=change))


@check("reject sent to our initiator")
def rejected():
    initiator = Initiator.initiator(ALICE, "Negotiate")
    initiator.step()
    refused(SspiError, "reject", initiator.step, NegTokenResp(NegState.reject).pack())


@check("mechListMIC that repeats the responseToken, as old clients send it")
def mic_is_token():
    def repeat(number, side, token):
        resp = unpack_token(token) if number == 2 else None
        return NegTokenResp(response_token=resp.response_token, mech_list_mic=resp.response_token).pack() if resp else token

    established(Impacket.initiator(ALICE, "Negotiate"), Acceptor.acceptor("Negotiate"), tamper=repeat)
