"""What an attacker between the peers can do to NTLM's messages, and malformed tokens."""

import os

from spnego._ntlm_raw.messages import AvId, Challenge
from spnego._spnego import unpack_token

from checks import check, equal, holds, refused
from peers import Pyspnego, exchange
from sspi import Acceptor, Initiator, SspiError
from environment import ALICE, INITIATORS, denied, denied_by_us, established

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

    denied(Pyspnego.initiator(ALICE, package), Acceptor.acceptor("Negotiate"), change)


def inverted(data):
    return bytes(byte ^ 0xFF for byte in data)


@check("MIC of AUTHENTICATE {}, pyspnego, {}", [(how, p) for how in ("zeroed", "changed") for p in ("NTLM", "Negotiate")])
def mic(how, package):
    def change(number, side, token):
        if number != 2:
            return token
        return in_ntlm(token, lambda m: m[:72] + (bytes(16) if how == "zeroed" else inverted(m[72:88])) + m[88:])

    denied_by_us("SEC_E_LOGON_DENIED", Pyspnego.initiator(ALICE, package), Acceptor.acceptor("Negotiate"), tamper=change)


@check("AUTHENTICATE of {}, {}, replayed to another conversation", INITIATORS)
def replayed(make, package):
    legs = established(make.initiator(ALICE, package), Acceptor.acceptor("Negotiate"))
    acceptor = Acceptor.acceptor("Negotiate")
    acceptor.step(legs[0][1])
    error = refused(SspiError, "the replay", acceptor.step, legs[2][1])
    equal(error.status, "SEC_E_LOGON_DENIED", "status")


def changes(run):
    """Runs `run(change)` once for each byte of the token that it passes through `change`, with another bit changed each time.

    Yields what `run` returned with the token before and after the change."""
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
    """NegTokenResps that differ only in unprotected fields: negState and supportedMech."""
    if was[:1] != b"\xa1":
        return False
    was, now = unpack_token(was), unpack_token(now)
    return (was.response_token, was.mech_list_mic) == (now.response_token, now.mech_list_mic)


def tells_no_time(token):
    """A CHALLENGE_MESSAGE whose timestamp is lost: clients answer it without a MIC, so that a server detects the
    change only if it compares the target information that comes back."""
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
        if acceptor.complete:
            holds(same_inside(was, now), f"accepted with {was.hex()} changed to {now.hex()}")


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
    for token in (b"\0", b"\x60", b"NTLMSSP", b"NTLMSSP\0", b"\x60\x84\xff\xff\xff\xff", b"\xa1\x00", os.urandom(4000)):
        for package in ("NTLM", "Negotiate"):
            acceptor = Acceptor.acceptor(package)
            refused(SspiError, token[:16].hex(), acceptor.step, token)
            holds(not acceptor.live, "a context was made")
