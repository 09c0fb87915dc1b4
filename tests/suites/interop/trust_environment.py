"""What the checks of a trust have in common: two domains that trust each other (samba-trust.sh), a server in EXAMPLE, clients
of EVIL, and what EVIL's domain controller can say of them."""

import contextlib
import itertools
import os
import signal
import struct
import subprocess
import sys

import domain_environment
import environment
import peers
from domain_environment import LOCAL, PASSWORD
from impacket.krb5 import asn1
from impacket.krb5.ccache import CCache
from kerberos_ad import AES256, LOGON_INFO, Domain, Ticket, assembled, buffers
from kerberos_environment import ROOT
from peers import Account
from pyasn1.codec.der import decoder, encoder

sys.path.append(os.path.join(ROOT, "tests", "infra"))
import pac_ticket  # noqa: E402

UPN_DNS_INFO = 12
# Whoever is taken for EXAMPLE's alice or Administrator, or for anybody of EXAMPLE with a name of a local user's.
LOCAL_USER = "daemon"
TOKENS = f"""domains = ["AD.EXAMPLE.TEST", "EXAMPLE"]
[tokens.users]
'EXAMPLE\\alice' = "{LOCAL_USER}"
'EXAMPLE\\Administrator' = "{LOCAL_USER}"
"alice@AD.EXAMPLE.TEST" = "{LOCAL_USER}"
"Administrator@AD.EXAMPLE.TEST" = "{LOCAL_USER}"
"""
NUMBERS = itertools.count()


class Trusting(Domain):
    """One of the two domains."""

    def __init__(self, name, realm, address):
        self.directory = os.path.join(os.environ["SAMBA_TRUST"], name.lower())
        self.name, self.realm, self.address = name, realm, address
        self.read_sids()

    def client(self, user="alice", *options, cache=""):
        """The name of a credential cache with the user's ticket-granting ticket, a new one for each set of arguments."""
        path = self.file(f"{user}{cache}{''.join(options)}.ccache")
        if not os.path.exists(path):
            tool = ["kinit", *options, "-k", "-t", self.file("users.keytab"), "-c", path, f"{user}@{self.realm}"]
            subprocess.run(tool, check=True, stdout=subprocess.DEVNULL)
        return f"FILE:{path}"

    @contextlib.contextmanager
    def frozen(self):
        """Its domain controller is stopped, without ending, while the block lasts."""
        with open(self.file("samba.pid"), encoding="utf-8") as f:
            mounts = mounts_of(f.read().strip())
        processes = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and mounts_of(pid) == mounts]
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)

    def account(self, user="alice"):
        return Account(user, PASSWORD, self.name)


def mounts_of(pid):
    """The namespace of a process' mounts; None if it has ended."""
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt")
    except OSError:
        return None


EXAMPLE = EVIL = None


def prepare():
    """Called before the library is loaded, which reads the environment then."""
    global EXAMPLE, EVIL
    environment.ACCOUNTS[:] = [LOCAL]
    environment.prepare()
    EXAMPLE, EVIL = Trusting("EXAMPLE", "AD.EXAMPLE.TEST", "127.0.0.10"), Trusting("EVIL", "EVIL.TEST", "127.0.0.20")
    domain_environment.directory = lambda: EXAMPLE.directory
    domain_environment.write_secret(PASSWORD)
    environment.BASE.update(
        accounts=f'file = "{environment.directory}/accounts"\n', server="", tokens=TOKENS,
        domain=domain_environment.section(controllers=[EXAMPLE.address]), kerberos=f'keytab = "{EXAMPLE.file("http.keytab")}"\n',
    )  # fmt: skip
    environment.write_policy()
    peers.HOST = "server.ad.example.test"
    os.environ.update(
        KRB5_CONFIG=os.path.join(os.environ["SAMBA_TRUST"], "krb5.conf"), KRB5RCACHEDIR=EXAMPLE.file("rcache"),
        NEGOSSP_LOG="info", NEGOSSP_LOG_FILE=domain_environment.log_file(),
    )  # fmt: skip


def remove():
    environment.remove()


# ----------------------------------------------------------------------- what EVIL's domain controller says


def upn_dns_info(upn, dns_domain):
    """[MS-PAC] 2.10, without what later versions add."""
    texts = [text.encode("utf-16-le") for text in (upn, dns_domain)]
    return struct.pack("<HHHHI4x", len(texts[0]), 16, len(texts[1]), 16 + len(texts[0]), 0) + b"".join(texts)


def said(user="alice", domain="EVIL", dns_domain="evil.test", sid=None, extra_sids=(), upn=None):
    """The PAC's buffers in which it names an account so."""
    domain_sid, _, rid = (sid or EVIL.sids["alice"]).rpartition("-")
    logon = pac_ticket.logon_info(user, 0, 0, domain=domain, domain_sid=domain_sid, user_rid=int(rid), extra_sids=extra_sids)
    return {LOGON_INFO: logon, UPN_DNS_INFO: upn_dns_info(upn or f"alice@{dns_domain}", dns_domain)}


def hostile(pac):
    """The name of a credential cache of EVIL's alice in which her ticket for EXAMPLE's KDC has a PAC with these buffers in place
    of those that it had, or none: it is signed and encrypted with the key that both domains have."""
    # For nothing else, so that there is no ticket for a service in it.
    with_referral = EVIL.client(cache="-referral").removeprefix("FILE:")
    referral = "krbtgt/AD.EXAMPLE.TEST@EVIL.TEST"
    subprocess.run(["kvno", "-q", "-c", with_referral, referral], check=True)
    credentials = CCache.loadFile(with_referral).credentials
    old = next(c for c in credentials if c["server"].prettyPrint().decode() == referral).ticket["data"]
    ticket = Ticket(decoder.decode(old, asn1Spec=asn1.Ticket())[0], EVIL.key("trust", AES256))
    if pac is not None:
        pac = assembled([[kind, pac.get(kind, contents)] for kind, contents in buffers(ticket.pac)], ticket.key)
    ticket.seal(pac)
    with open(with_referral, "rb") as f:
        content = f.read()
    new, out = encoder.encode(ticket.ticket), EVIL.file(f"hostile-{next(NUMBERS)}.ccache")
    with open(os.open(out, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
        f.write(content.replace(struct.pack(">L", len(old)) + old, struct.pack(">L", len(new)) + new))
    return f"FILE:{out}"
