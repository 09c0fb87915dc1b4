"""Channel bindings in the authenticator's checksum: the same, others, none on either side."""

import sspi
from checks import check
from kerberos_accept import ASC_MUTUAL
from kerberos_environment import INITIATORS, SERVER, ccache, refused_first
from sspi import Acceptor
from environment import BINDINGS, OTHER_BINDINGS, established, policy

ALLOW_MISSING = ASC_MUTUAL | sspi.ASC_REQ_ALLOW_MISSING_BINDINGS
BAD = ("SEC_E_BAD_BINDINGS",)


def initiator(make, package, bindings):
    return make.initiator(ccache(), package, SERVER, bindings=bindings)


def let_in(make, package, theirs, ours, flags=ASC_MUTUAL):
    established(initiator(make, package, theirs), Acceptor.acceptor("Negotiate", bindings=ours, flags=flags))


def kept_out(make, package, theirs, ours, flags=ASC_MUTUAL):
    refused_first(initiator(make, package, theirs).step(), BAD, bindings=ours, flags=flags)


@check("Kerberos, bindings of {}, {}: the same, others, none", INITIATORS)
def bindings(make, package):
    let_in(make, package, BINDINGS, BINDINGS)
    let_in(make, package, BINDINGS, BINDINGS, ALLOW_MISSING)
    kept_out(make, package, OTHER_BINDINGS, BINDINGS)
    kept_out(make, package, OTHER_BINDINGS, BINDINGS, ALLOW_MISSING)
    let_in(make, package, BINDINGS, None)


@check("Kerberos, bindings of {}, {}: none, and the server has some", INITIATORS)
def missing(make, package):
    kept_out(make, package, None, BINDINGS)
    let_in(make, package, None, BINDINGS, ALLOW_MISSING)


@check("Kerberos, bindings required by policy")
def required():
    with policy(kerberos='channel_bindings = "require"'):
        for make, package in INITIATORS:
            let_in(make, package, BINDINGS, BINDINGS)
            kept_out(make, package, OTHER_BINDINGS, BINDINGS)
            kept_out(make, package, None, BINDINGS)
