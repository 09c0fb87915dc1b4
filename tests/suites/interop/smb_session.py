"""Our initiator sets up sessions of SMB at impacket's server, which has an account with a password."""

import contextlib
import threading

from impacket.ntlm import compute_lmhash, compute_nthash
from impacket.smbserver import SimpleSMBServer

from checks import check, equal, refused
from environment import ALICE, JOERG, NOBODY
from smb_client import LOGON_FAILURE, Refused, Smb
from sspi import ISC_REQ_INTEGRITY, Initiator, SspiError

NO_INTEGRITY, USE_SESSION_KEY = 0x800000, 0x20
# This server sends no mechListMIC, which is required where signing is negotiated. SMB signs by itself.
FLAGS = {"the password's key": NO_INTEGRITY, "a key that is exchanged": NO_INTEGRITY | USE_SESSION_KEY}
HINTS = {"nothing": False, "the server's list": True}


@contextlib.contextmanager
def server():
    """On a free port of loopback; the block gets the port."""
    made = SimpleSMBServer("127.0.0.1", 0)
    made.setSMB2Support(True)
    for number, account in enumerate((ALICE, JOERG)):
        made.addCredential(account.user, number, compute_lmhash(account.password).hex(), compute_nthash(account.password).hex())
    listener = made.getServer()
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield listener.server_address[1]
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


@contextlib.contextmanager
def connected(account, hinted, flags):
    """A session of the account's; the server knows dialect 2.0.2 only."""
    with server() as port, Smb("127.0.0.1", port) as smb:
        smb.negotiate("2.0.2")
        initiator = Initiator.initiator(account, "Negotiate", target="cifs/localhost", flags=flags)
        smb.set_up(initiator, hinted)
        equal(initiator.negotiated, "NTLM", "SECPKG_ATTR_NEGOTIATION_INFO")
        yield smb


@check("SMB session at impacket's server with {}, begun from {}", [(key, hint) for key in FLAGS for hint in HINTS])
def accepted(key, hint):
    for account in (ALICE, JOERG):
        with connected(account, HINTS[hint], FLAGS[key]) as smb:
            smb.connect("\\\\localhost\\IPC$")
            smb.echo()


@check("SMB session at impacket's server with {}, begun from {}: wrong password and unknown user are refused", [
    (key, hint) for key in FLAGS for hint in HINTS
])  # fmt: skip
def denied(key, hint):
    for account in (ALICE.but(password="wrong"), NOBODY):
        error = refused(Refused, f"{account.user} with {account.password}", connected(account, HINTS[hint], FLAGS[key]).__enter__)
        equal(error.status, LOGON_FAILURE, "status")


@check("SMB session at impacket's server: its last token has no mechListMIC, which INTEGRITY requires")
def integrity():
    """Samba's client requires it too where its caller asks for signing."""
    error = refused(SspiError, "the last token", connected(ALICE, True, ISC_REQ_INTEGRITY).__enter__)
    equal(error.status, "SEC_E_MESSAGE_ALTERED", "status")
