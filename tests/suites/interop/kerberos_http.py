"""HTTP clients with tickets: curl (SPNEGO), requests-kerberos (bare Kerberos under Negotiate), and initiators by hand."""

import os
from concurrent.futures import ThreadPoolExecutor

import requests
import requests_kerberos

import http_service
import peers
import environment
from checks import check, equal, holds
from http_curl import body, curl
from http_python import by_hand
from http_service import url
from kerberos_peers import Mit, default_ccache
from kerberos_environment import ALICE, INITIATORS, SERVER, ccache, realm_file
from environment import ALICE as NTLM_ALICE

NEGOTIATE = ("--negotiate", "-u", ":")


def let_in(text, client=ALICE, package="Kerberos"):
    holds(f"user: {client}\n" in text, f"answer {text.strip()!r}")
    holds(f"package: {package}\n" in text, f"answer {text.strip()!r}")


def fields(text):
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


@check("curl --negotiate with a ticket")
def curl_get():
    with default_ccache(ccache()):
        status, text, _ = curl(*NEGOTIATE)
    equal(status, 200, "status")
    let_in(text)
    holds("MUTUAL_AUTH" in fields(text)["flags"].split(), fields(text)["flags"])
    holds("DELEGATE" not in fields(text)["flags"].split(), fields(text)["flags"])


@check("curl --negotiate --delegation {}", ["none", "policy", "always"])
def curl_delegation(how):
    """The service is approved for delegation, so that `policy` forwards the ticket too."""
    with default_ccache(ccache()):
        status, text, _ = curl(*NEGOTIATE, "--delegation", how)
    equal(status, 200, "status")
    let_in(text)
    equal("DELEGATE" in fields(text)["flags"].split(), how != "none", f"DELEGATE among {fields(text)['flags']}")


@check("curl --negotiate with a ticket: POST of {} bytes", [0, 1, 65536])
def curl_post(size):
    with default_ccache(ccache("bob")):
        status, text, _ = curl("--data-binary", f"@{body(size)}", *NEGOTIATE)
    equal(status, 200, "status")
    let_in(text, "bob@EXAMPLE.TEST")


@check("curl --negotiate with a ticket: four requests on one connection")
def curl_keep_alive():
    with default_ccache(ccache()):
        status, text, connections = curl(*NEGOTIATE, urls=4)
    equal((status, connections), (200, 1), "status, connections")
    equal(text.count(f"user: {ALICE}\n"), 4, "answers that name the client")


@check("curl --anyauth with a ticket")
def curl_any():
    with default_ccache(ccache()):
        status, text, _ = curl("--anyauth", "-u", ":")
    equal(status, 200, "status")
    let_in(text)


@check("curl --negotiate without a ticket, with an NTLM account: NTLM")
def curl_ntlm():
    status, text, _ = curl(*NEGOTIATE, accounts=[NTLM_ALICE])
    equal(status, 200, "status")
    let_in(text, NTLM_ALICE.qualified, "NTLM")


@check("curl --negotiate without ticket or account")
def curl_nobody():
    equal(curl(*NEGOTIATE)[0], 401, "status")


@check("requests-kerberos, mutual authentication required")
def with_requests():
    with default_ccache(ccache()), requests.Session() as session:
        session.trust_env = False
        session.auth = requests_kerberos.HTTPKerberosAuth(mutual_authentication=requests_kerberos.REQUIRED)
        for data in (None, b"b" * 65536):
            answer = session.get(url()) if data is None else session.post(url(), data=data)
            equal(answer.status_code, 200, "status")
            let_in(answer.text)


@check("{} over HTTP, {} token under Negotiate", INITIATORS)
def over_http(make, package):
    initiator = make.initiator(ccache(), package, SERVER)
    answer = by_hand(initiator, "Negotiate")
    equal(answer.status_code, 200, "status")
    let_in(answer.text)
    holds(initiator.complete, "the initiator is not complete")


# Under Wine a test program does not get MIT's environment.
LINUX = "wine" not in os.environ.get("NEGOSSP_HTTP_SERVER", "wine")


@check("the server finds its keys by KRB5_KTNAME: {}", ["FILE:", ""] if LINUX else [])
def by_environment(prefix):
    empty = os.path.join(environment.directory, "empty.toml")
    open(empty, "w").close()
    example = http_service.Example(NEGOSSP_CONFIG=empty, KRB5_KTNAME=prefix + realm_file("server.keytab"))
    try:
        with default_ccache(ccache()):
            status, text, _ = curl(*NEGOTIATE, at=example.port)
        equal(status, 200, "status")
        let_in(text)
    finally:
        example.close()


@check("Kerberos and NTLM in turn, thirty-two connections at a time")
def at_a_time():
    def one(number):
        if number % 2:
            return by_hand(peers.Pyspnego.initiator(NTLM_ALICE, "Negotiate"), "Negotiate")
        return by_hand(Mit.initiator(ccache(("alice", "bob")[number % 4 // 2]), "Negotiate", SERVER), "Negotiate")

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(one, range(64)))
    for number, answer in enumerate(answers):
        equal(answer.status_code, 200, f"status of {number}")
        who = NTLM_ALICE.qualified if number % 2 else ("alice@EXAMPLE.TEST", "bob@EXAMPLE.TEST")[number % 4 // 2]
        let_in(answer.text, who, "NTLM" if number % 2 else "Kerberos")
