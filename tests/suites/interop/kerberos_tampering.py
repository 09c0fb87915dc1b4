"""What an attacker between the peers can do to an AP-REQ, and malformed AP-REQs."""

from impacket.krb5.asn1 import AP_REQ
from pyasn1.codec.der import decoder

from checks import check, holds, refused
from kerberos_accept import ASC_MUTUAL
from kerberos_peers import Mit
from kerberos_environment import ALICE, SERVER, ccache
from sspi import Acceptor, SspiError

# The possible statuses of a rejection, depending on where the change is detected.
NOT_LET_IN = (
    "SEC_E_LOGON_DENIED", "SEC_E_MESSAGE_ALTERED", "SEC_E_INVALID_TOKEN", "SEC_E_NO_CREDENTIALS",
    "SEC_E_WRONG_PRINCIPAL", "SEC_E_UNSUPPORTED_FUNCTION",
)  # fmt: skip


def sealed_parts(token):
    """The encrypted parts of a token's AP-REQ; None if it cannot be parsed."""
    try:
        request, _ = decoder.decode(token[token.index(b"\x01\x00\x6e") + 2 :], asn1Spec=AP_REQ())
    except Exception:
        return None
    return [(int(part["etype"]), bytes(part["cipher"])) for part in (request["ticket"]["enc-part"], request["authenticator"])]


@check("each byte of an AP-REQ changed on the way, {} token", ["Kerberos", "Negotiate"])
def every_byte(package):
    """The ticket's service name, its key version and the options around it are not protected; all else
    is."""
    at, length, let_in = 0, 1, 0
    while at < length:
        token = Mit.initiator(ccache(), package, SERVER).step()
        length = len(token)
        changed = bytes([*token[:at], token[at] ^ 1 << at % 8, *token[at + 1 :]])
        acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
        try:
            acceptor.step(changed)
        except SspiError as error:
            holds(error.status in NOT_LET_IN, f"{error} for byte {at} of {token.hex()}")
        if acceptor.complete:
            let_in += 1
            holds(sealed_parts(changed) in (sealed_parts(token), None), f"accepted with byte {at} of {token.hex()} changed")
            holds(acceptor.client == ALICE, f"{acceptor.client} with byte {at} of {token.hex()} changed")
        at += 1
    holds(let_in < 60, f"accepted with any of {let_in} bytes changed")


@check("an AP-REQ cut at every length, {} token", ["Kerberos", "Negotiate"])
def every_length(package):
    token = Mit.initiator(ccache(), package, SERVER).step()
    for cut in range(1, len(token)):
        acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
        error = refused(SspiError, f"the first {cut} bytes", acceptor.step, token[:cut])
        holds(error.status in NOT_LET_IN, f"{error} for the first {cut} bytes")
    Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL).step(token)


@check("ticket of one user, authenticator of another")
def crossed():
    """Both for the same service, each valid by itself."""
    alice, carol = (Mit.initiator(ccache(user), "Kerberos", SERVER).step() for user in ("alice", "carol"))
    for token, other in ((alice, carol), (carol, alice)):
        (_, mine), (_, theirs) = sealed_parts(token)[1], sealed_parts(other)[1]
        holds(len(mine) == len(theirs), "these two have names of one length")
        acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
        error = refused(SspiError, "the mixture", acceptor.step, token.replace(mine, theirs))
        holds(error.status in NOT_LET_IN, str(error))
