"""Forwarded credentials: the application gets a cache that MIT's tools use with the KDC."""

import os
import tempfile

import sspi
import environment
from checks import check, equal, holds, refused
from kerberos_accept import ASC_MUTUAL
from kerberos_peers import DEFAULT, DELEG, DELEG_POLICY, DCE_STYLE, Mit
from kerberos_environment import AES, ALICE, INITIATORS, SERVER, ccache, run_tool, service
from sspi import Acceptor, SspiError
from environment import established, policy

ASC_DELEGATE = ASC_MUTUAL | sspi.ASC_REQ_DELEGATE


def forwarded(make, package, name, flags=DEFAULT | DELEG, requirements=ASC_DELEGATE):
    acceptor = Acceptor.acceptor("Negotiate", flags=requirements)
    established(make.initiator(ccache(), package, name, flags=flags), acceptor)
    return acceptor


def written(acceptor):
    """The cache as a file; its name as KRB5CCNAME takes it."""
    handle, path = tempfile.mkstemp(dir=environment.directory, prefix="delegated-")
    os.write(handle, acceptor.delegated_ccache)
    os.close(handle)
    return f"FILE:{path}"


def usable(cache):
    """The KDC issues tickets for it, and a server accepts all of them."""
    status, text = run_tool("klist", "-f", ccache=cache)
    equal(status, 0, f"klist: {text}")
    holds(ALICE in text and "krbtgt/EXAMPLE.TEST" in text, text)
    status, text = run_tool("kvno", service("aes128-sha1"), ccache=cache)
    equal(status, 0, f"kvno: {text}")
    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    established(Mit.initiator(cache, "Negotiate", SERVER), acceptor)
    equal(acceptor.client, ALICE, "SECPKG_ATTR_NAMES of the next server")


def none(acceptor):
    equal(acceptor.attributes.value & sspi.ASC_REQ_DELEGATE, 0, "ASC_RET_DELEGATE")
    error = refused(SspiError, "the query", lambda: acceptor.delegated_ccache)
    equal(error.status, "SEC_E_NO_CREDENTIALS", "status")


@check("credentials forwarded by {}, {}: {}", [(*who, name) for who in INITIATORS for name in [*AES, "mixed", "server"]])
def delegated(make, package, name):
    acceptor = forwarded(make, package, service(name))
    equal(acceptor.attributes.value & sspi.ASC_REQ_DELEGATE, sspi.ASC_REQ_DELEGATE, "ASC_RET_DELEGATE")
    equal(acceptor.client, ALICE, "SECPKG_ATTR_NAMES")
    cache = written(acceptor)
    usable(cache)
    if make is Mit:  # Heimdal does not ask for a renewable ticket
        status, text = run_tool("kinit", "-R", ccache=cache)
        equal(status, 0, f"kinit -R: {text}")
        usable(cache)


@check("credentials forwarded in DCE style, and with RC4")
def delegated_otherwise():
    usable(written(forwarded(Mit, "Kerberos", SERVER, DEFAULT | DELEG | DCE_STYLE, ASC_DELEGATE | sspi.USE_DCE_STYLE)))
    with policy(kerberos='enctypes = ["rc4-hmac", "aes256-sha1"]'):
        usable(written(forwarded(Mit, "Negotiate", service("rc4"))))


@check("credentials are forwarded to approved services by GSS_C_DELEG_POLICY_FLAG")
def by_policy():
    flags = DEFAULT | DELEG_POLICY
    usable(written(forwarded(Mit, "Negotiate", SERVER, flags)))
    none(forwarded(Mit, "Negotiate", service("aes256-sha1"), flags))


@check("credentials forwarded by {}, {}, to a server that does not want them", INITIATORS)
def unwanted(make, package):
    none(forwarded(make, package, SERVER, requirements=ASC_MUTUAL))


@check("no credentials forwarded by {}, {}, to a server that would want them", INITIATORS)
def kept(make, package):
    none(forwarded(make, package, SERVER, flags=DEFAULT))


@check("credentials forwarded where the policy is to take none")
def forbidden():
    with policy(kerberos="delegation = false"):
        for make, package in INITIATORS:
            none(forwarded(make, package, SERVER))
