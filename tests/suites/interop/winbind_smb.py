"""Our initiator sets up sessions of SMB at the domain controller's smbd, by Kerberos and by NTLM."""

import contextlib
import ctypes
import struct

import sspi
from checks import check, equal, refused
from domain_environment import ALICE, JOERG, REALM, WRONG
from smb_client import LOGON_FAILURE, Refused, Smb
from sspi import ISC_REQ_INTEGRITY, Initiator, SspiError
from winbind_environment import CONTROLLER

FLAGS = ISC_REQ_INTEGRITY | 2  # MUTUAL_AUTH
NAME = f"dc1.{REALM.lower()}"
ACCESS_DENIED = 0xC0000022
WAYS = ["Kerberos", "NTLM by a package list", "NTLM by the server's address"]
HINTS = {"nothing": False, "the server's list": True}


class Listed:
    """SEC_WINNT_AUTH_IDENTITY_EXW with the packages that Negotiate may choose."""

    def __init__(self, account, packages):
        texts = account.user, account.domain, account.password, packages
        self.memory = [sspi.utf16(text) for text in texts]
        user, domain, password, packages = ((ctypes.addressof(m), len(t)) for m, t in zip(self.memory, texts))
        unicode = sspi.SEC_WINNT_AUTH_IDENTITY_UNICODE
        size = struct.calcsize("@IIPIPIPIIPI0P")
        self.block = struct.pack("@IIPIPIPIIPI0P", 0x200, size, *user, *domain, *password, unicode, *packages)


def initiator(account, way):
    """The context, as the account."""
    target = f"cifs/{CONTROLLER if way == WAYS[2] else NAME}"
    if way != WAYS[1]:
        return Initiator.initiator(account, "Negotiate", target=target, flags=FLAGS)
    identity = Listed(account, "!kerberos,ntlm")
    return Initiator.initiator(identity.block, "Negotiate", target=target, flags=FLAGS)


@contextlib.contextmanager
def connected(account, way, dialect="2.1", hinted=True):
    """A session of the account's at the domain controller."""
    with Smb(CONTROLLER) as smb:
        smb.negotiate(dialect)
        made = initiator(account, way)
        smb.set_up(made, hinted)
        package = way.split()[0]
        equal(made.negotiated, package, "SECPKG_ATTR_NEGOTIATION_INFO")
        # NTLM does not authenticate the server.
        equal(made.attributes.value & FLAGS, FLAGS if package == "Kerberos" else ISC_REQ_INTEGRITY, "granted attributes")
        yield smb


@check("SMB session at smbd by {}, dialect {}, begun from {}", [
    (way, dialect, hint) for way in WAYS for dialect in ("2.0.2", "2.1") for hint in HINTS
])  # fmt: skip
def accepted(way, dialect, hint):
    for account in (ALICE, JOERG):
        for share in ("IPC$", "sysvol"):
            with connected(account, way, dialect, HINTS[hint]) as smb:
                smb.connect(f"\\\\{NAME}\\{share}")
                smb.echo()


@check("SMB session at smbd by {}: a request signed with another key is refused", WAYS)
def other_key(way):
    """So what is accepted shows that both sides have the same key."""
    with connected(ALICE, way) as smb:
        other = bytes([smb.key[0] ^ 1]) + smb.key[1:]
        error = refused(Refused, "the request", smb.connect, f"\\\\{NAME}\\IPC$", other)
        equal(error.status, ACCESS_DENIED, "status")


@check("SMB session at smbd by {}: a wrong password is refused", WAYS)
def wrong_password(way):
    error = refused((Refused, SspiError), "the password", connected(WRONG, way).__enter__)
    if way == "Kerberos":  # by the KDC; the server sees nothing
        equal(error.status, "SEC_E_LOGON_DENIED", "status")
    else:
        equal(error.status, LOGON_FAILURE, "status")
