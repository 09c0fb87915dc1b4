"""Our initiator against other implementations' acceptors, and against our own."""

import gssapi
import spnego

import peers
import sspi
from checks import check, equal, holds, refused
from sspi import Acceptor, Initiator
from environment import ACCEPTORS, ALICE, JOERG, LONG, NOBODY, denied_by_us, established

# Either the peer raises, or it sends reject, which our side reports.
REFUSALS = (spnego.exceptions.SpnegoError, gssapi.exceptions.GSSError, sspi.SspiError)


@check("initiate to {}, {}", ACCEPTORS)
def accepted(make, package):
    initiator, acceptor = Initiator.initiator(ALICE, package), make.acceptor(package)
    established(initiator, acceptor)
    holds("ALICE" in acceptor.client.upper(), f"the acceptor knows us as {acceptor.client}")
    equal(initiator.negotiated, "NTLM", "SECPKG_ATTR_NEGOTIATION_INFO")
    wanted = sspi.ISC_DEFAULT
    equal(initiator.attributes.value & wanted, wanted, "granted attributes")


@check("initiate to {}, {}: names and passwords beyond ASCII, and long", ACCEPTORS)
def accepted_names(make, package):
    for account in (JOERG, LONG):
        established(Initiator.initiator(account, package), make.acceptor(package))


@check("initiate to {}, {}: wrong password and unknown user are refused", ACCEPTORS)
def refused_there(make, package):
    for account in (ALICE.but(password="wrong"), NOBODY):
        initiator, acceptor = Initiator.initiator(account, package), make.acceptor(package)
        refused(REFUSALS, f"{account.user} with {account.password}", peers.exchange, initiator, acceptor)


@check("initiate to negossp, {} to {}", [("NTLM", "NTLM"), ("NTLM", "Negotiate"), ("Negotiate", "Negotiate")])
def own(package, ours):
    initiator, acceptor = Initiator.initiator(ALICE, package), Acceptor.acceptor(ours)
    established(initiator, acceptor)
    equal(acceptor.client, "EXAMPLE\\alice", "SECPKG_ATTR_NAMES")
    initiator = Initiator.initiator(ALICE.but(password="wrong"), package)
    denied_by_us("SEC_E_LOGON_DENIED", initiator, Acceptor.acceptor(ours))


@check("initiate to {}, {}, asking for no sign and seal", ACCEPTORS)
def plain(make, package):
    established(Initiator.initiator(ALICE, package, flags=0), make.acceptor(package))
