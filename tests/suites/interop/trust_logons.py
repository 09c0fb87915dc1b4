"""Accounts of a trusted domain by NTLM: the server's own domain controller asks the other's."""

import threading
import time

from checks import check, equal, holds
from domain_environment import DENIED, PASSWORD, UNREACHABLE, Log, in_time, logon, outcome, works_again
from environment import INITIATORS, denied_by_us
from peers import Account
from sspi import Acceptor
from trust_environment import EVIL, EXAMPLE, LOCAL_USER
from http_curl import curl

ALICE = EVIL.account()


@check("trust: logon with a password of the other domain, {}, {}", INITIATORS)
def clients(make, package):
    client = logon(ALICE, make, package)
    equal((client.client, client.local_account), ("EVIL\\alice", None), "who it is")
    equal(client.client_sids[0], EVIL.sids["alice"], "the account's SID")
    holds({EVIL.sids["webusers"], EVIL.sids["everybody"]} <= set(client.client_sids), f"the groups {client.client_sids}")


NAMES = {
    "user principal name": Account("alice@evil.test", PASSWORD, ""),
    "DNS name of the domain": Account("alice", PASSWORD, "evil.test"),
}


@check("trust: an account of the other domain named by {}", NAMES)
def named(how):
    equal(logon(NAMES[how]).client, "EVIL\\alice", "SECPKG_ATTR_NAMES")


@check("trust: an account of the server's own domain by NTLM, and of no domain")
def own():
    for domain in ("EXAMPLE", ""):
        client = logon(EXAMPLE.account().but(domain=domain))
        equal((client.client, client.local_account), ("EXAMPLE\\alice", LOCAL_USER), "who it is")


@check("trust: a wrong password of an account of the other domain")
def wrong():
    for package in ("NTLM", "Negotiate"):
        log = Log()
        make = dict((package, make) for make, package in INITIATORS)[package]
        denied_by_us(DENIED, make.initiator(ALICE.but(password="wrong"), package), Acceptor.acceptor(package))
        log.says("EVIL", "alice", "STATUS_WRONG_PASSWORD")
    equal(outcome(ALICE.but(user="nobody-of-that-name")), DENIED, "nobody")


@check("trust: curl --ntlm as an account of the other domain")
def with_curl():
    status, text, _ = curl("--ntlm", "-u", f"{ALICE.qualified}:{ALICE.password}")
    equal(status, 200, "status")
    holds("user: EVIL\\alice\n" in text and "package: NTLM\n" in text, text)


@check("trust: while the other domain's controller hangs, its accounts hold up nobody else")
def hanging():
    own = EXAMPLE.account()
    equal([outcome(ALICE), outcome(own)], ["ok", "ok"], "before")
    with EVIL.frozen():
        for account in (ALICE, NAMES["user principal name"]):
            equal(in_time(account), UNREACHABLE, f"{account.qualified}")
            equal(in_time(own, limit=1), "ok", f"after {account.qualified}")
        waiting = [threading.Thread(target=in_time, args=(ALICE,)) for _ in range(6)]
        for thread in waiting:
            thread.start()
        while any(thread.is_alive() for thread in waiting):
            equal(in_time(own, limit=1), "ok", "beside them")
            time.sleep(0.1)
    works_again(ALICE)
    equal(outcome(own), "ok", "afterwards")
