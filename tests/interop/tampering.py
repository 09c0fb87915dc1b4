"""What an attacker on the way can do to an exchange, and mechanism lists as Windows sends them."""

from spnego._ntlm_raw.messages import AvId, Challenge
from spnego._spnego import NegState, NegTokenInit, NegTokenResp, unpack_token

import peers
import sspi
from checks import check, equal, holds, refused
from initiating import REFUSALS
from peers import Impacket, Pyspnego, exchange
from sspi import Acceptor, Initiator, SspiError
from world import ALICE, INITIATORS, denied_by_us, established

NTLMSSP, KRB5, MS_KRB5 = peers.NTLMSSP.dotted_form, "1.2.840.113554.1.2.2", "1.2.840.48018.1.2.2"
NEGOEX, UNKNOWN = "1.3.6.1.4.1.311.2.2.30", "1.3.6.1.4.1.311.2.2.31"
# What stands for a Kerberos AP-REQ: its frame ([RFC 4121] 4.1) around nothing that could be decrypted.
AP_REQ = bytes.fromhex("600f06092a864886f712010202") + b"\x01\x00" + b"\x6e\x00"
NOT_LET_IN = ("SEC_E_LOGON_DENIED", "SEC_E_MESSAGE_ALTERED", "SEC_E_INVALID_TOKEN")


class Listing(Pyspnego):
    """pyspnego's initiator with a mechanism list of our choice and an optimistic token of the first of them."""

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
    error = denied(initiator, Acceptor.acceptor("Negotiate"), first_mech_dropped)
    holds(error.status in NOT_LET_IN, error.status)


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


def denied(initiator, acceptor, tamper):
    try:
        exchange(initiator, acceptor, tamper=tamper)
    except SspiError as error:
        return error
    raise AssertionError("let in")


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
    error = denied(Listing(*LISTS[name]), Acceptor.acceptor("Negotiate"), wrong_mic)
    holds(error.status in NOT_LET_IN, error.status)


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


# ------------------------------------------------------------------------------------------ NTLM's own MIC

FLAGS_AT = {b"\x01": 12, b"\x02": 20, b"\x03": 60}
SIGN, SEAL, NEGOTIATE_56, NEGOTIATE_128 = 0x10, 0x20, 0x80000000, 0x20000000


def in_ntlm(token, change):
    """The token with its NTLM message changed, inside SPNEGO or not."""
    at = token.index(b"NTLMSSP\0")
    return token[:at] + change(token[at:])


def toggled(flag):
    def change(message):
        at = FLAGS_AT[message[8:9]]
        flags = int.from_bytes(message[at : at + 4], "little") ^ flag
        return message[:at] + flags.to_bytes(4, "little") + message[at + 4 :]

    return change


@check("{} toggled in {} of pyspnego, {}", [
    (flag, leg, package)
    for flag in ("NEGOTIATE_56", "NEGOTIATE_128", "SEAL")
    for leg in ("NEGOTIATE", "CHALLENGE", "AUTHENTICATE") for package in ("NTLM", "Negotiate")
])  # fmt: skip
def flag_toggled(flag, leg, package):
    """The MIC covers all three messages."""
    hit = {"NEGOTIATE": 0, "CHALLENGE": 1, "AUTHENTICATE": 2}[leg]

    def change(number, side, token):
        return in_ntlm(token, toggled(globals()[flag])) if number == hit else token

    error = denied(Pyspnego.initiator(ALICE, package), Acceptor.acceptor("Negotiate"), change)
    holds(error.status in NOT_LET_IN, error.status)


@check("MIC of AUTHENTICATE {}, pyspnego, {}", [(how, p) for how in ("zeroed", "changed") for p in ("NTLM", "Negotiate")])
def mic(how, package):
    def change(number, side, token):
        if number != 2:
            return token
        mic_at = 72
        return in_ntlm(token, lambda m: m[:mic_at] + (bytes(16) if how == "zeroed" else bytes([m[mic_at] ^ 1]) + m[mic_at + 1 : mic_at + 16]) + m[mic_at + 16 :])

    denied_by_us("SEC_E_LOGON_DENIED", Pyspnego.initiator(ALICE, package), Acceptor.acceptor("Negotiate"), tamper=change)


@check("AUTHENTICATE of {}, {}, replayed to another conversation", INITIATORS)
def replayed(make, package):
    legs = established(make.initiator(ALICE, package), Acceptor.acceptor("Negotiate"))
    acceptor = Acceptor.acceptor("Negotiate")
    acceptor.step(legs[0][1])
    error = refused(SspiError, "the replay", acceptor.step, legs[2][1])
    equal(error.status, "SEC_E_LOGON_DENIED", "status")


def changes(run):
    """Runs `run(change)` once for each byte of the token that it passes through `change`, another bit each time.

    Yields what `run` returned with the token as it was and as it became."""
    at, length = 0, 1
    while at < length:
        seen = []

        def change(token):
            seen[:] = token, bytes([*token[:at], token[at] ^ 1 << at % 8, *token[at + 1 :]])
            return seen[1]

        result = run(change)
        if seen:
            length = len(seen[0])
            yield (result, *seen)
        at += 1


def same_inside(was, now):
    """NegTokenResps that differ in nothing that is protected: negState and supportedMech are not."""
    if was[:1] != b"\xa1":
        return False
    was, now = unpack_token(was), unpack_token(now)
    return (was.response_token, was.mech_list_mic) == (now.response_token, now.mech_list_mic)


def tells_no_time(token):
    """A CHALLENGE_MESSAGE whose timestamp is lost: clients answer it without a MIC, so that nothing tells, unless
    the server's policy is [ntlm] require_mic. pyspnego sends one in SPNEGO all the same."""
    at = token.find(b"NTLMSSP\0\2")
    return at >= 0 and AvId.timestamp not in (Challenge.unpack(token[at:]).target_info or {})


LEGS = ["NEGOTIATE", "CHALLENGE", "AUTHENTICATE", "the last token"]


def changed_exchanges(leg, package, initiator, acceptor):
    def run(change):
        ours = initiator(), acceptor()
        try:
            exchange(*ours, tamper=lambda number, side, token: change(token) if LEGS[number] == leg else token)
        except Exception:
            pass
        return ours

    return changes(run)


@check("each byte of {} changed on the way between pyspnego and us, {}", [
    (leg, package) for leg in LEGS[:3] for package in ("NTLM", "Negotiate")
])  # fmt: skip
def every_byte(leg, package):
    """NTLM's MIC covers all three messages, the mechListMIC the list."""
    make = lambda: Pyspnego.initiator(ALICE, package)  # noqa: E731
    for (_, acceptor), was, now in changed_exchanges(leg, package, make, lambda: Acceptor.acceptor("Negotiate")):
        if acceptor.complete and not (package == "NTLM" and tells_no_time(now)):
            holds(same_inside(was, now), f"let in with {was.hex()} changed to {now.hex()}")


@check("each byte of {} changed on the way from pyspnego to our initiator", ["CHALLENGE", "the last token"])
def every_byte_to_us(leg):
    """Not from gss-ntlmssp, whose acceptor crashes on an AUTHENTICATE_MESSAGE that has lost the key exchange."""
    make = lambda: Initiator.initiator(ALICE, "Negotiate")  # noqa: E731
    for parties, was, now in changed_exchanges(leg, "Negotiate", make, lambda: Pyspnego.acceptor("Negotiate")):
        if all(party.complete for party in parties) and not tells_no_time(now):
            holds(same_inside(was, now), f"content with {was.hex()} changed to {now.hex()}")


@check("each leg cut at every length, {}", ["NTLM", "Negotiate"])
def every_length(package):
    for leg in (0, 2):
        length, cut = 1, 1
        while cut < length or cut == 1:
            initiator, acceptor = Pyspnego.initiator(ALICE, package), Acceptor.acceptor("Negotiate")
            token = initiator.step()
            if leg == 2:
                token = initiator.step(acceptor.step(token))
            length = len(token)
            if (leg, package) == (0, "NTLM") and cut >= 16:
                break  # the oldest clients' NEGOTIATE_MESSAGE ends here, later ones' after the names' fields
            refused(SspiError, f"{cut} bytes of leg {leg}", acceptor.step, token[:cut])
            cut += 1


@check("messages in the wrong order, {}", ["NTLM", "Negotiate"])
def wrong_order(package):
    legs = established(Pyspnego.initiator(ALICE, package), Acceptor.acceptor("Negotiate"))
    negotiate, challenge, authenticate = (token for _, token in legs[:3])
    for tokens in ((authenticate,), (challenge,), (negotiate, negotiate), (negotiate, challenge)):
        acceptor = Acceptor.acceptor("Negotiate")
        for token in tokens[:-1]:
            acceptor.step(token)
        error = refused(SspiError, "the order", acceptor.step, tokens[-1])
        equal(error.status, "SEC_E_INVALID_TOKEN", "status")
        if len(tokens) == 2:
            error = refused(SspiError, "a failed context", acceptor.step, authenticate)
            holds(not acceptor.complete, "a failed context went on")


@check("garbage as the first token")
def garbage():
    import os

    for token in (b"\0", b"\x60", b"NTLMSSP", b"NTLMSSP\0", b"\x60\x84\xff\xff\xff\xff", b"\xa1\x00", os.urandom(4000)):
        for package in ("NTLM", "Negotiate"):
            acceptor = Acceptor.acceptor(package)
            refused(SspiError, token[:16].hex(), acceptor.step, token)
            holds(not acceptor.live, "a context was made")
