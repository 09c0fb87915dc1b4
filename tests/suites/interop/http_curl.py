"""curl: --ntlm with code of its own, --negotiate with gss-ntlmssp's."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import httpd
import peers
import environment
from checks import check, equal, holds
from http_service import let_in, ntlm_user_file, port
from sspi import Acceptor
from environment import ALICE

LOGIN = f"{ALICE.qualified}:{ALICE.password}"
WRONG = f"{ALICE.qualified}:wrong"


def curl(*arguments, accounts=None, urls=1, at=None, path=""):
    """Runs curl; returns (the status, or all of them where they differ; what it printed; connections made)."""
    variables = {**os.environ, "NTLM_USER_FILE": ntlm_user_file(accounts)}
    at = at or port()
    out = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--max-time", "20", "--resolve", f"{peers.HOST}:{at}:127.0.0.1",
         "-w", "\nend %{http_code} %{num_connects}\n", *arguments, *[f"http://{peers.HOST}:{at}/{path}"] * urls],
        env=variables, capture_output=True, text=True,
    )  # fmt: skip
    if out.returncode:
        raise AssertionError(f"curl: {out.stderr.strip()}")
    ends = [tuple(map(int, end)) for end in re.findall(r"^end (\d+) (\d+)$", out.stdout, re.MULTILINE)]
    equal(len(ends), urls, "answers")
    statuses = {status for status, _ in ends}
    return statuses.pop() if len(statuses) == 1 else statuses, out.stdout, sum(made for _, made in ends)


def body(size):
    path = os.path.join(environment.directory, f"body-{size}")
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
    "--negotiate, unknown user": dict(arguments=("--negotiate", "-u", ":"), accounts=[environment.NOBODY]),
    "--ntlm, disabled account": dict(arguments=("--ntlm", "-u", f"{environment.DISABLED.qualified}:{environment.DISABLED.password}")),
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


@check("curl {}, four at a time", {way: WAYS[way] for way in ("--ntlm", "--negotiate")})
def at_the_same_time(way):
    def logons(_):
        for _ in range(50):
            status, text, _ = curl(*WAYS[way]["arguments"], accounts=WAYS[way].get("accounts"))
            equal(status, 200, "status")
            let_in(text)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(logons, range(4)))
