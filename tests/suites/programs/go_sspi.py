"""Go's packages for SSPI, quasoft/websspi (a server, Negotiate) and alexbrainman/sspi (both sides, either package): a program of
ours that makes their calls. Go loads secur32.dll from the system's folder only: a Wine prefix with the library there."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import httpd
import peers
import stage
from checks import check, equal, holds
from stage import DISABLED, DOMAIN, PASSWORDS, REALM, converse, curl, ntlm_user_file


class Server(stage.Running):
    def __init__(self, platform):
        self.port = stage.free_port()
        command, environment = run(platform, "server", str(self.port))
        self.log = open(os.path.join(stage.directory, f"go-{platform}.log"), "wb")
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        stage.wait_for_port(self.port, self.process, "sspi.exe")

    def ask(self, path, *arguments, **options):
        """The answer's status, the client's name, and what the system is told of the client."""
        status, body = curl(*arguments, f"http://localhost:{self.port}/{path}", **options)
        return status, *(body.split("\n") if status == 200 else ("", ""))

    def converse(self, path, scheme, initiator):
        status, body = converse(self.port, f"/{path}", scheme, initiator)
        return status, *(body.split("\n") if status == 200 else ("", ""))


def run(platform, *arguments):
    tokens = {"tokens": "wine_restricted_token = true"}
    configuration = stage.configure(f"go-{platform}", **tokens)
    return stage.command(platform, "go", "sspi", *arguments, configuration=configuration, prefix=stage.IN_SYSTEM)


server = stage.Servers(Server)
close = server.close


NEGOTIATE = ("--negotiate", "-u", ":")


def register(platform):
    stage.keep_alive(platform, stage.IN_SYSTEM)

    def known_to(way, name, user, ask):
        @check(f"go-{platform}: {way}, {name}")
        def _():
            status, who, told = ask(server(platform))
            equal((status, who), (200, user), "answer")
            # Wine 8 makes no token but the server's own, restricted.
            holds(told.startswith("groups ") if way == "websspi" else "\\" in told, told)

    def unknown_to(way, name, ask):
        @check(f"go-{platform}: {way}, {name}: refused")
        def _():
            equal(ask(server(platform))[0], 401, "status")

    for way in ("websspi", "negotiate"):
        negotiate_checks(way, known_to, unknown_to)
    ntlm_checks(known_to, unknown_to)

    @check(f"go-{platform}: 40 clients at once, each itself")
    def _():
        names = ["alice", "bob"] * 20
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda user: server(platform).ask("websspi", *NEGOTIATE, tickets=user)[1], names))
        equal(answers, [f"{user}@{REALM}" for user in names], "names")

    for package in ("Negotiate", "NTLM"):

        def ask(user, password, package=package):
            with httpd.Server(lambda scheme: peers.Pyspnego.acceptor(package), [package]) as running:
                command, environment = run(
                    platform, "client", package, f"http://127.0.0.1:{running.port}/", DOMAIN, user, password or PASSWORDS[user]
                )
                out = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
            return out.stdout.decode().split(maxsplit=1)

        @check(f"go-{platform}: as a client, {package}, {{}}", ["alice", "jörg"])
        def _(user, ask=ask):
            status, body = ask(user, None)
            equal(status, "200", "status")
            holds(user in body, body)

        @check(f"go-{platform}: as a client, {package}, wrong password: refused")
        def _(ask=ask):
            equal(ask("alice", "wrong")[0], "401", "status")


def negotiate_checks(way, known_to, unknown_to):
    def ticket(user, host="localhost"):
        return lambda running: running.ask(way, *NEGOTIATE, tickets=user)

    def ntlm(user, password=None, domain=DOMAIN):
        return lambda running: running.ask(way, *NEGOTIATE, user_file=ntlm_user_file(user, password or PASSWORDS[user], domain))

    def bare(user, password=None):
        who = peers.Account(user, password or PASSWORDS[user], DOMAIN)
        return lambda running: running.converse(way, "Negotiate", peers.Pyspnego.initiator(who, "NTLM"))

    known_to(way, "ticket", f"alice@{REALM}", ticket("alice"))
    known_to(way, "NTLM within SPNEGO", rf"{DOMAIN}\alice", ntlm("alice"))
    known_to(way, "NTLM by itself", rf"{DOMAIN}\bob", bare("bob"))
    unknown_to(way, "NTLM, wrong password", ntlm("alice", "wrong"))
    unknown_to(way, "NTLM, unknown user", ntlm("nobody", "Passw0rd!"))
    unknown_to(way, "NTLM, disabled account", ntlm(DISABLED))
    unknown_to(way, "NTLM, foreign domain", ntlm("alice", domain="ELSEWHERE"))
    unknown_to(way, "no authentication", lambda running: running.ask(way))


def ntlm_checks(known_to, unknown_to):
    def curl_ntlm(user, password=None, domain=DOMAIN):
        return lambda running: running.ask("ntlm", "--ntlm", "-u", f"{domain}\\{user}:{password or PASSWORDS[user]}")

    def pyspnego(user, password=None):
        who = peers.Account(user, password or PASSWORDS[user], DOMAIN)
        return lambda running: running.converse("ntlm", "NTLM", peers.Pyspnego.initiator(who, "NTLM"))

    known_to("ntlm", "curl", rf"{DOMAIN}\alice", curl_ntlm("alice"))
    known_to("ntlm", "pyspnego", rf"{DOMAIN}\bob", pyspnego("bob"))
    unknown_to("ntlm", "wrong password", curl_ntlm("alice", "wrong"))
    unknown_to("ntlm", "unknown user", curl_ntlm("nobody", "Passw0rd!"))
    unknown_to("ntlm", "disabled account", curl_ntlm(DISABLED))
    unknown_to("ntlm", "wrong password, pyspnego", pyspnego("alice", "wrong"))
