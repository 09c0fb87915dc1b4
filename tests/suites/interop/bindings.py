"""Channel bindings: the same, others, none on either side."""

import datetime
import hashlib
import os
import ssl
import subprocess

import requests
import requests_ntlm
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import httpd
import peers
import sspi
import environment
from checks import check, equal, refused
from initiating import REFUSALS
from peers import GssNtlmssp, Impacket, Pyspnego, exchange
from sspi import Acceptor, Initiator
from environment import ACCEPTORS, ALICE, BINDINGS, OTHER_BINDINGS, denied_by_us, established, policy

OFFER = [(make, package) for make in (Pyspnego, GssNtlmssp, Impacket) for package in ("NTLM", "Negotiate")]
ALLOW_MISSING = sspi.ASC_DEFAULT | sspi.ASC_REQ_ALLOW_MISSING_BINDINGS


def pair(make, package, theirs, ours, flags=sspi.ASC_DEFAULT):
    offered = {} if theirs is None else {"bindings": theirs}
    return make.initiator(ALICE, package, **offered), Acceptor.acceptor("Negotiate", bindings=ours, flags=flags)


@check("bindings of {}, {}: the same", OFFER)
def same(make, package):
    established(*pair(make, package, BINDINGS, BINDINGS))
    established(*pair(make, package, BINDINGS, BINDINGS, ALLOW_MISSING))


@check("bindings of {}, {}: others", OFFER)
def others(make, package):
    denied_by_us("SEC_E_BAD_BINDINGS", *pair(make, package, OTHER_BINDINGS, BINDINGS))
    denied_by_us("SEC_E_BAD_BINDINGS", *pair(make, package, OTHER_BINDINGS, BINDINGS, ALLOW_MISSING))


@check("bindings of {}, {}: none, and the server has some", OFFER)
def missing(make, package):
    denied_by_us("SEC_E_BAD_BINDINGS", *pair(make, package, None, BINDINGS))


@check("bindings of {}, {}: none, with ASC_REQ_ALLOW_MISSING_BINDINGS", OFFER)
def missing_allowed(make, package):
    established(*pair(make, package, None, BINDINGS, ALLOW_MISSING))


@check("bindings of {}, {}: some, and the server has none", OFFER)
def not_asked(make, package):
    established(*pair(make, package, BINDINGS, None))


@check("bindings required by policy")
def required():
    with policy(ntlm='channel_bindings = "require"'):
        for make, package in OFFER:
            established(*pair(make, package, BINDINGS, BINDINGS))
            denied_by_us("SEC_E_BAD_BINDINGS", *pair(make, package, OTHER_BINDINGS, BINDINGS))
            denied_by_us("SEC_E_BAD_BINDINGS", *pair(make, package, None, BINDINGS))


@check("our bindings to {}, {}: the same", ACCEPTORS)
def ours_same(make, package):
    established(Initiator.initiator(ALICE, package, bindings=BINDINGS), make.acceptor(package, bindings=BINDINGS))


# Both of these accept an initiator without bindings.
@check("our bindings to {}, {}: others", ACCEPTORS)
def ours_others(make, package):
    initiator = Initiator.initiator(ALICE, package, bindings=OTHER_BINDINGS)
    refused(REFUSALS, "another's binding", exchange, initiator, make.acceptor(package, bindings=BINDINGS))


# ------------------------------------------------------------------------------------------------- HTTPS


def certificate():
    """A self-signed certificate for the test host: (path of key and certificate, tls-server-end-point)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, peers.HOST)])
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    until, number = now + datetime.timedelta(1), x509.random_serial_number()
    made = x509.CertificateBuilder(name, name, key.public_key(), number, now, until)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(peers.HOST)]), critical=False)
    made = made.sign(key, hashes.SHA256())
    path = os.path.join(environment.directory, "tls.pem")
    with open(path, "wb") as f:
        f.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        f.write(made.public_bytes(Encoding.PEM))
    der = made.public_bytes(Encoding.DER)
    return path, b"tls-server-end-point:" + hashlib.sha256(der).digest()


def https(bindings_of, flags=sspi.ASC_DEFAULT):
    """An HTTPS server that hands the library `bindings_of(its own bindings)`."""
    path, own = certificate()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    ours = bindings_of(own)
    return httpd.Server(lambda _: Acceptor.acceptor("Negotiate", bindings=ours, flags=flags), ["NTLM"], tls=tls), path


def by_requests_ntlm(server, path, send_cbt=True):
    with requests.Session() as session:
        session.trust_env = False
        login = requests_ntlm.HttpNtlmAuth(ALICE.qualified, ALICE.password, send_cbt=send_cbt)
        return session.get(f"https://{peers.HOST}:{server.port}/", auth=login, verify=path).status_code


@check("requests-ntlm over HTTPS: the certificate's bindings, another's, none")
def over_https():
    for what, bindings_of, send_cbt, status in (
        ("the certificate's", lambda own: own, True, 200),
        ("another certificate's", lambda own: OTHER_BINDINGS, True, 401),
        ("none sent", lambda own: own, False, 401),
        ("none asked", lambda own: None, True, 200),
    ):
        server, path = https(bindings_of)
        with server:
            equal(by_requests_ntlm(server, path, send_cbt), status, what)


@check("curl --ntlm over HTTPS, which sends no bindings")
def curl_over_https():
    for flags, status in ((sspi.ASC_DEFAULT, "401"), (ALLOW_MISSING, "200")):
        server, path = https(lambda own: own, flags)
        with server:
            out = subprocess.run(
                ["curl", "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", path, "-o", os.devnull, "--ntlm",
                 "-w", "%{http_code}", "-u", f"{ALICE.qualified}:{ALICE.password}",
                 "--resolve", f"{peers.HOST}:{server.port}:127.0.0.1", f"https://{peers.HOST}:{server.port}/"],
                capture_output=True, text=True,
            )  # fmt: skip
        equal(out.stdout, status, f"status ({out.stderr.strip()})")
