"""curl and the example server, on whichever system that runs: a domain's user logs in by NTLM."""

from checks import check, equal, holds
from domain_environment import ALICE, LOCAL, needs_root
from http_curl import curl


WAYS = {
    "--ntlm": dict(arguments=("-u", f"{ALICE.qualified}:{ALICE.password}")),
    "--negotiate": dict(arguments=("-u", ":"), accounts=[ALICE]),
}


@check("curl {}: a domain's user", WAYS)
def user(way):
    needs_root()
    status, text, _ = curl(way, *WAYS[way]["arguments"], accounts=WAYS[way].get("accounts"))
    equal(status, 200, "status")
    holds("EXAMPLE\\alice" in text, text)


@check("curl --ntlm: one of the machine's own accounts")
def own():
    needs_root()
    status, text, _ = curl("--ntlm", "-u", f"{LOCAL.user}:{LOCAL.password}")
    equal(status, 200, "status")
    holds("WEB1\\local" in text, text)


@check("curl --ntlm: a domain's user with a wrong password")
def wrong():
    needs_root()
    status, _, _ = curl("--ntlm", "-u", f"{ALICE.qualified}:wrong")
    equal(status, 401, "status")
