"""Logons of a domain's users by NTLM, validated by winbindd: the same results as by Netlogon, including the SIDs."""

from checks import check, equal, holds
from domain_logons import NAMES, REFUSED
from domain_environment import ALICE, BOB, DENIED, DOMAIN, JOERG, LOCAL, PASSWORD, UNREACHABLE, Log, expected_sids, logon, outcome
from peers import Account, GssNtlmssp, Impacket, Pyspnego, PyspnegoWithoutMic
from sspi import Acceptor
from winbind_environment import COMPUTER, SERVER, WAYS, configured, netlogon, section, using, who
from environment import INITIATORS, denied_by_us, established

# Each check in both ways, grouped so that the way changes once.
by_ways = lambda values: [(way, *(v if isinstance(v, tuple) else (v,))) for way in WAYS for v in values]  # noqa: E731


@check("winbind by {}: logon, {}, {}", by_ways(INITIATORS))
def clients(way, make, package):
    using(way)
    equal(logon(ALICE, make, package).client, "EXAMPLE\\alice", "SECPKG_ATTR_NAMES")


@check("winbind by {}: {} is known by name, SID and groups", by_ways([ALICE, BOB, JOERG]), label=lambda a: getattr(a, "user", a))
def users(way, account):
    using(way)
    name, sid, groups = who(account)
    equal(name, f"EXAMPLE\\{account.user}", "SECPKG_ATTR_NAMES")
    equal((sid, set(groups)), expected_sids(account.user), "SIDs")


@check("winbind: the same name, SID and groups as by Netlogon")
def same_as_netlogon():
    seen = {}
    for way in WAYS:
        using(way)
        seen[way] = [who(account) for account in (ALICE, BOB, JOERG)]
    with netlogon():
        expected = [who(account) for account in (ALICE, BOB, JOERG)]
    for way in WAYS:
        equal(seen[way], expected, way)


@check("winbind by {}: messages both ways with {}", by_ways([Pyspnego, GssNtlmssp, Impacket]))
def messages(way, make):
    using(way)
    initiator, acceptor = make.initiator(ALICE, "NTLM"), Acceptor.acceptor("NTLM")
    established(initiator, acceptor)
    equal(acceptor.unwrap(initiator.wrap(b"to the server")), b"to the server", "unwrapped")
    equal(initiator.unwrap(acceptor.wrap(b"to the client")), b"to the client", "unwrapped")


@check("winbind by {}: a user named by {}", by_ways(NAMES))
def named(way, how):
    using(way)
    name, sid, _ = who(NAMES[how])
    equal((name, sid), ("EXAMPLE\\alice", expected_sids("alice")[0]), "who it is")


@check("winbind by {}: refused, and the log tells why: {}", by_ways(REFUSED))
def refused(way, user):
    using(way)
    log = Log()
    equal(outcome(Account(user, PASSWORD, DOMAIN)), DENIED, "status")
    log.says(user, REFUSED[user])


@check("winbind by {}: a wrong password is refused, {}, {}", by_ways(INITIATORS))
def wrong_password(way, make, package):
    using(way)
    log = Log()
    denied_by_us(DENIED, make.initiator(ALICE.but(password="wrong"), package), Acceptor.acceptor(package))
    log.says("alice", "STATUS_WRONG_PASSWORD")


@check("winbind by {}: after refusals, the next logon's answer is its own", WAYS)
def alternating(way):
    using(way)
    for turn in range(12):
        right = turn % 3 == 0
        expected = "ok" if right else DENIED
        equal(outcome(ALICE if right else ALICE.but(password=f"wrong{turn}")), expected, f"turn {turn}")


@check("winbind by {}: a response to another computer's challenge is refused", WAYS)
def another_computer(way):
    using(way)
    # Of the same length, so that nothing else changes; without a MIC only the domain controller can detect the
    # change.
    ours, other = (name.encode("utf-16-le") for name in (COMPUTER, COMPUTER[:-1] + "2"))
    renamed = lambda number, side, token: token.replace(ours, other) if side == "S" else token  # noqa: E731
    denied_by_us(DENIED, PyspnegoWithoutMic.initiator(ALICE, "NTLM"), Acceptor.acceptor("NTLM"), tamper=renamed)


@check("winbind by {}: where the CHALLENGE names another computer, nobody is accepted", WAYS)
def wrong_name(way):
    with configured(winbind=section(way), server=SERVER.replace("MEMBER1", "MEMBER2")):
        holds(outcome() != "ok", "accepted")


@check("winbind by {}: this machine's own accounts are accepted as before, named {}", by_ways(["LOCAL", "MEMBER1\\LOCAL"]))
def own_accounts(way, name):
    using(way)
    account = LOCAL.but(domain=COMPUTER if "\\" in name else "")
    equal(logon(account).client, "MEMBER1\\local", "SECPKG_ATTR_NAMES")
    equal(outcome(account.but(password=PASSWORD)), DENIED, "with another password")


@check("winbind by {}: names that are made to mislead", WAYS)
def misleading(way):
    using(way)
    for user in ["alice\n.\nUsername: bob", "alice\r", " alice", "EXAMPLE\\alice", "x" * 300, "Username:: YWxpY2U="]:
        holds(outcome(Account(user, "wrong", DOMAIN)) in (DENIED, UNREACHABLE), user)
    equal(outcome(), "ok", "afterwards")
