"""Logons of a domain's users by NTLM: their identities, rejections and their reasons, and which authority is
asked."""

import os
import subprocess

import sspi
from checks import Skip, check, equal, holds
from domain_environment import (
    ALICE, BOB, DENIED, DOMAIN, JOERG, LOCAL, PASSWORD, UNREACHABLE, Log, address, configured, expected_sids, file, in_time, logon, needs_root,
    outcome, write_secret,
)  # fmt: skip
from kerberos_peers import Mit
from peers import Account, GssNtlmssp, Impacket, Pyspnego, PyspnegoWithoutMic
from sspi import Acceptor
from environment import INITIATORS, denied_by_us, established


@check("domain: logon, {}, {}", INITIATORS)
def clients(make, package):
    needs_root()
    acceptor = logon(ALICE, make, package)
    equal(acceptor.client, "EXAMPLE\\alice", "SECPKG_ATTR_NAMES")


@check("domain: {} is known by name, SID and groups", [ALICE, BOB, JOERG], label=lambda account: account.user)
def users(account):
    needs_root()
    acceptor = logon(account)
    equal(acceptor.client, f"EXAMPLE\\{account.user}", "SECPKG_ATTR_NAMES")
    sid, *groups = acceptor.client_sids
    equal((sid, set(groups)), expected_sids(account.user), "SIDs")


@check("domain: by NTLM the same groups as by Kerberos")
def same_groups():
    needs_root()
    acceptor = Acceptor.acceptor("Negotiate")
    established(Mit.initiator(f"FILE:{file('alice.ccache')}", "Negotiate", "HTTP/server.ad.example.test"), acceptor)
    by_ticket, by_password = acceptor.client_sids, logon().client_sids
    equal(by_password[0], by_ticket[0], "the account's SID")
    # S-1-18-1 (authenticated by Kerberos) is in tickets only.
    equal(set(by_password[1:]), set(by_ticket[1:]) - {"S-1-18-1"}, "the groups")


@check("domain: messages both ways with {}", [Pyspnego, GssNtlmssp, Impacket])
def messages(make):
    needs_root()
    initiator, acceptor = make.initiator(ALICE, "NTLM"), Acceptor.acceptor("NTLM")
    established(initiator, acceptor)
    equal(acceptor.unwrap(initiator.wrap(b"to the server")), b"to the server", "unwrapped")
    equal(initiator.unwrap(acceptor.wrap(b"to the client")), b"to the client", "unwrapped")


NAMES = {
    "user principal name": Account("alice@ad.example.test", PASSWORD, ""),
    "DNS name of the domain": Account("alice", PASSWORD, "ad.example.test"),
    "no domain": Account("alice", PASSWORD, ""),
    "letters of another case": Account("ALICE", PASSWORD, "example"),
}


@check("domain: a user named by {}", NAMES)
def named(how):
    needs_root()
    equal(logon(NAMES[how]).client, "EXAMPLE\\alice", "SECPKG_ATTR_NAMES")


REFUSED = {
    "disabled": "STATUS_ACCOUNT_DISABLED",
    "expired": "STATUS_ACCOUNT_EXPIRED",
    "mustchange": "STATUS_PASSWORD_MUST_CHANGE",
    "locked": "STATUS_ACCOUNT_LOCKED_OUT",
    "nohours": "STATUS_INVALID_LOGON_HOURS",
    "elsewhere": "STATUS_INVALID_WORKSTATION",
    "nobody-of-that-name": "STATUS_NO_SUCH_USER",
}


@check("domain: refused, and the log tells why: {}", REFUSED)
def refused(user):
    needs_root()
    log = Log()
    equal(outcome(Account(user, PASSWORD, DOMAIN)), DENIED, "status")
    log.says(user, REFUSED[user])


@check("domain: a wrong password is refused, {}, {}", INITIATORS)
def wrong_password(make, package):
    needs_root()
    log = Log()
    denied_by_us(DENIED, make.initiator(ALICE.but(password="wrong"), package), Acceptor.acceptor(package))
    log.says("alice", "STATUS_WRONG_PASSWORD")


@check("domain: a response to another computer's challenge is refused")
def another_computer():
    needs_root()
    log = Log()
    # Of the same length, so that nothing else changes; without a MIC only the domain controller can detect the
    # change.
    ours, other = ("WEB1".encode("utf-16-le"), "WEB2".encode("utf-16-le"))
    renamed = lambda number, side, token: token.replace(ours, other) if side == "S" else token  # noqa: E731
    denied_by_us(DENIED, PyspnegoWithoutMic.initiator(ALICE, "NTLM"), Acceptor.acceptor("NTLM"), tamper=renamed)
    log.says("alice", "STATUS_LOGON_FAILURE")


@check("domain: NTLMv1 is refused by our own policy")
def ntlmv1():
    needs_root()
    log = Log()
    initiator = Impacket.initiator(ALICE, "NTLM", use_ntlmv2=False)
    denied_by_us(DENIED, initiator, Acceptor.acceptor("NTLM"))
    log.says("alice", "not allowed by policy")


@check("domain: this machine's own accounts are accepted as before, named {}", ["LOCAL", "WEB1\\LOCAL"])
def own_accounts(name):
    needs_root()
    account = LOCAL.but(domain="WEB1" if "\\" in name else "")
    equal(logon(account).client, "WEB1\\local", "SECPKG_ATTR_NAMES")
    equal(outcome(account.but(password=PASSWORD)), DENIED, "with another password")


@check("domain: who names the domain is not one of the machine's own accounts")
def not_own():
    needs_root()
    log = Log()
    equal(outcome(LOCAL.but(domain=DOMAIN)), DENIED, "status")
    log.says("local", "STATUS_NO_SUCH_USER")


# A keytab's rc4-hmac key is the NT hash.
def nt_hash():
    from impacket.ntlm import compute_nthash

    return compute_nthash(PASSWORD).hex()


SECRETS = {
    "a password": lambda: write_secret(PASSWORD),
    "an NT hash": lambda: write_secret(f"nt-hash:{nt_hash()}"),
    "a keytab": None,
}


@check("domain: the machine's secret is {}", SECRETS)
def secrets(kind):
    needs_root()
    if SECRETS[kind]:
        SECRETS[kind]()
        secret = None
    else:
        secret = f'machine_keytab = "{file("web1.keytab")}"'
    try:
        with configured(secret=secret):
            logon()
    finally:
        write_secret(PASSWORD)


@check("domain: a keytab without the rc4-hmac key will not do, and the log says so")
def aes_keytab():
    needs_root()
    from impacket.krb5.keytab import Keytab

    keytab = Keytab.loadFile(file("web1.keytab"))
    keytab.entries = [entry for entry in keytab.entries if entry.main_part["keyblock"]["keytype"] != 23]
    keytab.saveFile(file("aes.keytab"))
    log = Log()
    with configured(secret=f'machine_keytab = "{file("aes.keytab")}"'):
        equal(in_time(), UNREACHABLE, "status")
    log.says("rc4-hmac")


@check("domain: controllers from DNS, {}", ["of a site", "of any site"])
def from_dns(which):
    needs_root()
    site = 'site = "Default-First-Site-Name"' if which == "of a site" else ""
    log = Log()
    with configured(controllers=[], more=f'name_servers = ["{address()}"]\n{site}'):
        equal(outcome(), "ok", "status")
    log.says("secure channel made", "dc1.ad.example.test")


@check("domain: negossp domain check")
def domain_check():
    needs_root()
    program = os.path.join(os.path.dirname(sspi.LIBRARY.dll._name), "negossp")
    if not os.path.exists(program):
        raise Skip("no negossp beside the library")
    run = lambda *arguments, password: subprocess.run(  # noqa: E731
        [program, "domain", "check", *arguments], input=password, capture_output=True, text=True
    )
    plain, right, wrong = run(password=""), run("--user", "alice", password=PASSWORD), run("--user", "alice", password="wrong")
    equal([plain.returncode, right.returncode, wrong.returncode], [0, 0, 1], "exit statuses")
    for step in ("endpoint mapper", "secure channel", "EXAMPLE\\alice", "session keys agree"):
        holds(step in right.stdout, right.stdout + right.stderr)
    holds("STATUS_WRONG_PASSWORD" in wrong.stdout, wrong.stdout)


@check("domain: a wrong secret lets nobody in, and the log says so")
def wrong_secret():
    needs_root()
    log = Log()
    path = os.path.join(file("."), "wrong.secret")
    with open(path, "w") as f:
        f.write("wrong\n")
    with configured(secret=f'machine_secret_file = "{path}"'):
        equal(in_time(), UNREACHABLE, "status")
    log.says("secure channel", "STATUS_ACCESS_DENIED")
    equal(outcome(), "ok", "afterwards")
