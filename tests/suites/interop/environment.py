"""What the checks have in common: the accounts, the files that configure them, the library's policies."""

import contextlib
import os
import shutil
import tempfile
import time

from impacket.ntlm import compute_lmhash, compute_nthash

import peers
from peers import Account, GssNtlmssp, Impacket, Pyspnego, PyspnegoWithMechListMic
from sspi import SspiError

DOMAIN = "EXAMPLE"
ALICE = Account("alice", "Passw0rd!", DOMAIN)
JOERG = Account("jörg", "Pässwörd€ 漢字", DOMAIN)
LONG = Account("a-user-with-a-name-of-some-length.and-a-dot", "correct horse battery staple, and then some more", DOMAIN)
DISABLED = Account("dave", "Passw0rd!", DOMAIN)
NOBODY = Account("nobody-of-that-name", "Passw0rd!", DOMAIN)
ACCOUNTS = [ALICE, JOERG, LONG, DISABLED]
BINDINGS = b"tls-server-end-point:" + bytes(range(32))
OTHER_BINDINGS = b"tls-server-end-point:" + bytes(32)

# The combinations of initiator and kind of token, and of acceptors.
BARE = [(make, "NTLM") for make in (Pyspnego, GssNtlmssp, Impacket)]
IN_SPNEGO = [(make, "Negotiate") for make in (Pyspnego, PyspnegoWithMechListMic, GssNtlmssp, Impacket)]
INITIATORS = BARE + IN_SPNEGO
ACCEPTORS = [(make, package) for make in (Pyspnego, GssNtlmssp) for package in ("NTLM", "Negotiate")]

directory = tempfile.mkdtemp(prefix="negossp-interop-")


BASE = {
    "accounts": f'file = "{directory}/accounts"\ndomain = "{DOMAIN}"\n',
    # Wrong passwords are given on purpose, many in a row.
    "authorities": "throttle = []\n",
    "server": 'netbios_computer = "SERVER"\ndns_computer = "server.example.test"\n',
}


def smbpasswd_line(number, account):
    flags = "[DU         ]" if account is DISABLED else "[U          ]"
    nt_hash = compute_nthash(account.password).hex().upper()
    lm_hash = compute_lmhash(account.password).hex().upper() if account is ALICE else "X" * 32
    return f"{account.user}:{1000 + number}:{lm_hash}:{nt_hash}:{flags}:LCT-00000000:\n"


def write_sections(path, sections):
    """A configuration file of the library's, with a line or more added to a section."""
    with open(path + ".new", "w") as f:
        for section in sorted({*BASE, *sections}):
            f.write(f"[{section}]\n{BASE.get(section, '')}{sections.get(section, '')}\n")
    os.replace(path + ".new", path)


def write_policy(**sections):
    """The library's configuration file."""
    path = os.path.join(directory, "negossp.toml")
    write_sections(path, sections)
    return path


@contextlib.contextmanager
def policy(**sections):
    """Has another policy in effect while the block lasts. The library checks the file once a second."""
    write_policy(**sections)
    time.sleep(1.2)
    try:
        yield
    finally:
        write_policy()
        time.sleep(1.2)


def prepare():
    """Called before the library is loaded, which reads the environment then."""
    peers.clean_environment(directory, [a for a in ACCOUNTS if a is not DISABLED])
    path = os.path.join(directory, "accounts")
    with open(path, "w", encoding="utf-8") as f:
        os.chmod(path, 0o600)
        f.writelines(smbpasswd_line(number, account) for number, account in enumerate(ACCOUNTS))
    os.environ["NEGOSSP_CONFIG"] = write_policy()


def remove():
    """Called at the end."""
    shutil.rmtree(directory, ignore_errors=True)


def established(initiator, acceptor, **options):
    """Runs the exchange to its end: both sides complete, with the same session key."""
    legs = peers.exchange(initiator, acceptor, **options)
    for who, party in (("initiator", initiator), ("acceptor", acceptor)):
        if not party.complete:
            raise AssertionError(f"the {who} is not complete after {len(legs)} tokens")
    if initiator.key != acceptor.key:
        raise AssertionError(f"session keys differ: {initiator.key.hex()}, {acceptor.key.hex()}")
    return legs


def denied_by_us(status, initiator, acceptor, **options):
    """The exchange must end with our acceptor returning `status`."""
    try:
        peers.exchange(initiator, acceptor, **options)
    except SspiError as error:
        if error.status != status:
            raise AssertionError(f"{error}, expected {status}") from error
        return error
    raise AssertionError(f"accepted, expected {status}")


# The possible outcomes of an exchange that was changed, depending on where the change is detected.
NOT_LET_IN = ("SEC_E_LOGON_DENIED", "SEC_E_MESSAGE_ALTERED", "SEC_E_INVALID_TOKEN")


def denied(initiator, acceptor, tamper):
    """The exchange, changed in transit, must end with a rejection on our side."""
    try:
        peers.exchange(initiator, acceptor, tamper=tamper)
    except SspiError as error:
        if error.status not in NOT_LET_IN:
            raise
        return
    raise AssertionError("accepted")
