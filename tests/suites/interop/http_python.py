"""Python's HTTP clients, and every initiator with its tokens sent over HTTP."""

import base64
import os
from concurrent.futures import ThreadPoolExecutor

import httpx
import httpx_ntlm
import requests
import requests_ntlm

import failing_names
import peers
import environment
from checks import Skip, check, equal, holds
from http_service import Example, let_in, url
from initiating import REFUSALS
from environment import ALICE, JOERG


class OnlyScheme(requests.adapters.HTTPAdapter):
    """Shows the client only one of the schemes that the server offers."""

    def __init__(self, scheme):
        super().__init__()
        self.scheme = scheme

    def send(self, *arguments, **options):
        response = super().send(*arguments, **options)
        offers = [o.strip() for o in response.headers.get("WWW-Authenticate", "").split(",")]
        offers = [o for o in offers if o.split(" ")[0] == self.scheme]
        if offers:
            response.headers["WWW-Authenticate"] = offers[0]
        return response


def session(scheme):
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", OnlyScheme(scheme))
    return made


@check("requests-ntlm under {}", ["NTLM", "Negotiate"])
def with_requests_ntlm(scheme):
    with session(scheme) as s:
        s.auth = requests_ntlm.HttpNtlmAuth(ALICE.qualified, ALICE.password)
        for data in (None, b"", b"x", b"b" * 65536):
            answer = s.get(url()) if data is None else s.post(url(), data=data)
            equal(answer.status_code, 200, "status")
            let_in(answer.text)
        used = answer.request.headers.get("Authorization", "").split(" ")[0]
        holds(used in ("", scheme), f"authenticated under {used}")


@check("requests-ntlm under {}, wrong password", ["NTLM", "Negotiate"])
def with_requests_ntlm_wrong(scheme):
    with session(scheme) as s:
        answer = s.get(url(), auth=requests_ntlm.HttpNtlmAuth(ALICE.qualified, "wrong"))
        equal(answer.status_code, 401, "status")


@check("httpx-ntlm")
def with_httpx():
    with httpx.Client(auth=httpx_ntlm.HttpNtlmAuth(ALICE.qualified, ALICE.password), trust_env=False) as client:
        for data in (None, b"b" * 65536):
            answer = client.get(url()) if data is None else client.post(url(), content=data)
            equal(answer.status_code, 200, "status")
            let_in(answer.text)


@check("httpx-ntlm, wrong password")
def with_httpx_wrong():
    with httpx.Client(auth=httpx_ntlm.HttpNtlmAuth(ALICE.qualified, "wrong"), trust_env=False) as client:
        equal(client.get(url()).status_code, 401, "status")


def by_hand(initiator, scheme, at=None):
    """requests carrying an initiator's tokens, to the example at another port if one is told; returns the last answer."""
    with session(scheme) as s:
        token, answer = initiator.step(), None
        for _ in range(4):
            if not token:
                break
            answer = s.get(url(at=at), headers={"Authorization": f"{scheme} {base64.b64encode(token).decode()}"})
            _, _, text = answer.headers.get("WWW-Authenticate", "").partition(" ")
            try:
                token = initiator.step(base64.b64decode(text)) if text and not initiator.complete else None
            except REFUSALS:
                break  # the server said reject
        return answer


MAKES = [(make, package, scheme) for make, package in environment.INITIATORS for scheme in ("NTLM", "Negotiate")
         if package == "NTLM" or scheme == "Negotiate"]  # fmt: skip


@check("{} over HTTP, {} token under {}", MAKES)
def over_http(make, package, scheme):
    initiator = make.initiator(ALICE, package)
    answer = by_hand(initiator, scheme)
    equal(answer.status_code, 200, "status")
    let_in(answer.text)
    holds(initiator.complete, "the initiator is not complete")


@check("{} over HTTP, {} token under {}, wrong password", MAKES)
def over_http_wrong(make, package, scheme):
    equal(by_hand(make.initiator(ALICE.but(password="wrong"), package), scheme).status_code, 401, "status")


@check("pyspnego over HTTP: name and password beyond ASCII")
def over_http_not_ascii():
    answer = by_hand(peers.Pyspnego.initiator(JOERG, "Negotiate"), "Negotiate")
    equal(answer.status_code, 200, "status")
    answer.encoding = "utf-8"
    let_in(answer.text, JOERG)


@check("a client whose name {} is refused", ["cannot be had", "is not text"])
def no_name(why):
    if os.name != "posix" or "wine" in os.environ.get("NEGOSSP_HTTP_SERVER", "wine"):
        raise Skip("needs the example server on Linux (scripts/examples.sh)")
    variables = {**failing_names.in_front(), "NAMES": "surrogate" if why == "is not text" else ""}
    example = Example("--library", failing_names.library(), **variables)
    try:
        for scheme in ("NTLM", "Negotiate"):
            answer = by_hand(peers.Pyspnego.initiator(ALICE, scheme), scheme, at=example.port)
            equal(answer.status_code, 401, "status")
            holds("user:" not in answer.text, f"says {answer.text.strip()!r}")
    finally:
        example.close()


@check("thirty-two connections at a time")
def at_a_time():
    with ThreadPoolExecutor(32) as pool:
        makes = [(peers.Pyspnego, package) for package in ("NTLM", "Negotiate")] * 16
        answers = list(pool.map(lambda m: by_hand(m[0].initiator(ALICE, m[1]), "Negotiate").status_code, makes))
    equal(answers, [200] * len(makes), "status of each")
