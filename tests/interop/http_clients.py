"""HTTP clients against a server that authenticates with the library."""

import base64
import os
import re
import shlex
import socket
import subprocess
import tempfile
import time

import httpx
import httpx_ntlm
import requests
import requests_ntlm

import httpd
import peers
import world
from checks import check, equal, holds
from initiating import REFUSALS
from sspi import Acceptor
from world import ALICE, JOERG

LOGIN = f"{ALICE.qualified}:{ALICE.password}"
WRONG = f"{ALICE.qualified}:wrong"


class Example:
    """examples/http_server.c, built; or, where it is not, a server of our own with the same answers."""

    def __init__(self):
        self.process = self.own = None
        command = os.environ.get("NEGOSSP_HTTP_SERVER")
        if not command:
            self.own = httpd.Server(lambda scheme: Acceptor.acceptor("Negotiate"), ["Negotiate", "NTLM"])
            self.own.__enter__()
            self.port = self.own.port
            return
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [*shlex.split(command), str(self.port)], env={**os.environ}, stdin=subprocess.DEVNULL,
            stdout=open(os.path.join(world.directory, "http-server.log"), "w"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"{command} does not listen: " + open(os.path.join(world.directory, "http-server.log")).read())

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
        if self.own:
            self.own.__exit__()


_example = None


def port():
    global _example
    if isinstance(_example, Exception):
        raise _example
    if _example is None:
        try:
            _example = Example()
        except Exception as error:
            _example = error
            raise
    return _example.port


def close():
    if isinstance(_example, Example):
        _example.close()


def url(path="/"):
    return f"http://{peers.HOST}:{port()}{path}"


_getaddrinfo = socket.getaddrinfo


def _loopback(host, *rest, **more):
    """No name service has a part in this."""
    name = host.decode() if isinstance(host, bytes) else host
    return _getaddrinfo("127.0.0.1" if name == peers.HOST else host, *rest, **more)


socket.getaddrinfo = _loopback


def let_in(text, account=ALICE):
    holds(account.user in text, f"answer {text.strip()!r}")


# -------------------------------------------------------------------------------------------------- curl


def curl(*arguments, accounts=None, urls=1, at=None):
    """Runs curl; returns (the status, or all of them where they differ; what it printed; connections made)."""
    environment = {**os.environ, "NTLM_USER_FILE": ntlm_user_file(accounts)}
    at = at or port()
    out = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--max-time", "20", "--resolve", f"{peers.HOST}:{at}:127.0.0.1",
         "-w", "\nend %{http_code} %{num_connects}\n", *arguments, *[f"http://{peers.HOST}:{at}/"] * urls],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if out.returncode:
        raise AssertionError(f"curl: {out.stderr.strip()}")
    ends = [tuple(map(int, end)) for end in re.findall(r"^end (\d+) (\d+)$", out.stdout, re.MULTILINE)]
    equal(len(ends), urls, "answers")
    statuses = {status for status, _ in ends}
    return statuses.pop() if len(statuses) == 1 else statuses, out.stdout, sum(made for _, made in ends)


def ntlm_user_file(accounts):
    """The accounts that gss-ntlmssp finds in curl's environment; none unless given."""
    path = tempfile.mkstemp(dir=world.directory)[1]
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(account.user_file_line() for account in accounts or [])
    return path


def body(size):
    path = os.path.join(world.directory, f"body-{size}")
    with open(path, "wb") as f:
        f.write(b"b" * size)
    return path


NTLM = dict(arguments=("--ntlm", "-u", LOGIN))
NEGOTIATE = dict(arguments=("--negotiate", "-u", ":"), accounts=[ALICE])
ANYAUTH_NTLM = dict(arguments=("--anyauth", "-u", LOGIN))
ANYAUTH_NEGOTIATE = dict(arguments=("--anyauth", "-u", ":"), accounts=[ALICE])
WAYS = {
    "--ntlm": NTLM,
    "--negotiate": NEGOTIATE,
    "--anyauth with a password": dict(ANYAUTH_NTLM, accounts=[ALICE]),
    "--anyauth with NTLM_USER_FILE": ANYAUTH_NEGOTIATE,
}


@check("curl {}", WAYS)
def curl_get(way):
    status, text, _ = curl(*WAYS[way]["arguments"], accounts=WAYS[way].get("accounts"))
    equal(status, 200, "status")
    let_in(text)


@check("curl {}: POST of {} bytes", [(way, size) for way in WAYS for size in (0, 1, 65536)])
def curl_post(way, size):
    status, text, _ = curl("--data-binary", f"@{body(size)}", *WAYS[way]["arguments"], accounts=WAYS[way].get("accounts"))
    equal(status, 200, "status")
    let_in(text)


@check("curl {}: POST of 64 KiB, chunked", ["--ntlm", "--negotiate"])
def curl_chunked(way):
    """Against the suite's own server: the example takes no chunked bodies."""
    with httpd.Server(lambda _: Acceptor.acceptor("Negotiate"), ["Negotiate", "NTLM"]) as server:
        status, text, _ = curl(
            "-H", "Transfer-Encoding: chunked", "--data-binary", f"@{body(65536)}", *WAYS[way]["arguments"],
            accounts=WAYS[way].get("accounts"), at=server.port,
        )  # fmt: skip
    equal(status, 200, "status")
    let_in(text)


@check("curl {}: four requests on one connection", ["--ntlm", "--negotiate"])
def curl_keep_alive(way):
    status, text, connections = curl(*WAYS[way]["arguments"], accounts=WAYS[way].get("accounts"), urls=4)
    equal(status, 200, "status")
    holds(text.count(ALICE.user) >= 4, "not every answer names the client")
    equal(connections, 1, "connections")


REFUSED = {
    "--ntlm, wrong password": dict(arguments=("--ntlm", "-u", WRONG)),
    "--negotiate, wrong password": dict(arguments=("--negotiate", "-u", ":"), accounts=[ALICE.but(password="wrong")]),
    "--anyauth, wrong password": dict(arguments=("--anyauth", "-u", WRONG)),
    "--ntlm, unknown user": dict(arguments=("--ntlm", "-u", "EXAMPLE\\nobody:" + ALICE.password)),
    "--negotiate, unknown user": dict(arguments=("--negotiate", "-u", ":"), accounts=[world.NOBODY]),
    "--ntlm, disabled account": dict(arguments=("--ntlm", "-u", f"{world.DISABLED.qualified}:{world.DISABLED.password}")),
    "no authentication": dict(arguments=()),
}


@check("curl {}", REFUSED)
def curl_refused(way):
    status, text, _ = curl(*REFUSED[way]["arguments"], accounts=REFUSED[way].get("accounts"))
    equal(status, 401, "status")
    holds(ALICE.user not in text, f"answer {text.strip()!r}")


@check("curl --ntlm, wrong password: POST of 64 KiB")
def curl_refused_post():
    status, _, _ = curl("--data-binary", f"@{body(65536)}", "--ntlm", "-u", WRONG)
    equal(status, 401, "status")


# ---------------------------------------------------------------------------------------- Python's clients


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


def by_hand(initiator, scheme):
    """requests carrying an initiator's tokens; returns the last answer."""
    with session(scheme) as s:
        token, answer = initiator.step(), None
        for _ in range(4):
            if not token:
                break
            answer = s.get(url(), headers={"Authorization": f"{scheme} {base64.b64encode(token).decode()}"})
            _, _, text = answer.headers.get("WWW-Authenticate", "").partition(" ")
            try:
                token = initiator.step(base64.b64decode(text)) if text and not initiator.complete else None
            except REFUSALS:
                break  # the server said reject
        return answer


MAKES = [(make, package, scheme) for make, package in world.INITIATORS for scheme in ("NTLM", "Negotiate")
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


@check("thirty-two connections at a time")
def at_a_time():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(32) as pool:
        makes = [(peers.Pyspnego, package) for package in ("NTLM", "Negotiate")] * 16
        answers = list(pool.map(lambda m: by_hand(m[0].initiator(ALICE, m[1]), "Negotiate").status_code, makes))
    equal(answers, [200] * len(makes), "status of each")
