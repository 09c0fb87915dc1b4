"""Squid's helpers negotiate_sspi_auth and ntlm_sspi_auth, under Debian's Squid, to which curl authenticates as to a proxy.

Squid asks a helper over two pipes (YR, KK; TT, AF, OK, NA, ERR, BH). Who it takes the client for, it tells the origin server
in a header, which that returns.
"""

import contextlib
import http.server
import os
import shutil
import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import peers
import stage
from checks import check, equal, holds
from stage import DISABLED, DOMAIN, PASSWORDS, REALM, converse, curl, ntlm_user_file

HERE = os.path.dirname(os.path.abspath(__file__))
# negotiate_sspi_auth encodes what it believes to be an answer, cbMaxToken bytes of it when there is none because the client was
# refused, into 8192 bytes: with longer tokens a wrong password ends it. Requests of more do not reach it in any case.
LIMITS = "max_token = 6141"


class Helper:
    """A helper program behind a socket, started anew for each connection."""

    def __init__(self, name, command, environment):
        self.path, self.started, self.running = os.path.join(stage.public, f"{name}.socket"), 0, []
        self.command, self.environment = command, environment
        self.line = f"/usr/bin/python3 -S -E {stage.public}/relay.py {self.path}"
        self.log = open(os.path.join(stage.directory, f"{name}.log"), "wb")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                program = subprocess.Popen(
                    self.command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log
                )
                self.started += 1
                self.running.append(program)
                threading.Thread(target=self._requests, args=(connection, program), daemon=True).start()
                threading.Thread(target=self._answers, args=(connection, program), daemon=True).start()

    @staticmethod
    def _requests(connection, program):
        with contextlib.suppress(OSError), program.stdin:
            while request := connection.recv(65536):
                program.stdin.write(request)
                program.stdin.flush()

    @staticmethod
    def _answers(connection, program):
        with contextlib.suppress(OSError), connection:
            while answer := os.read(program.stdout.fileno(), 65536):
                connection.sendall(answer)
            connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.socket.close()
        for program in self.running:
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        self.log.close()


class Origin(http.server.BaseHTTPRequestHandler):
    """Returns the client's name that the proxy sends."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.headers.get("X-User", "nobody").encode("latin-1")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Squid:
    """Squid with helpers; `environment` is what it and they have."""

    def __init__(self, helpers, environment=None, extra=()):
        self.helpers = helpers
        self.origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
        threading.Thread(target=self.origin.serve_forever, daemon=True).start()
        self.port, self.logs = stage.free_port(), os.path.join(stage.public, "squid")
        shutil.copy(os.path.join(HERE, "squid", "relay.py"), stage.public)
        os.makedirs(self.logs, exist_ok=True)
        lines = [
            f"http_port 127.0.0.1:{self.port}", "visible_hostname localhost", "pid_filename none", "shutdown_lifetime 0 seconds",
            "cache deny all", "pinger_enable off", f"cache_log {self.logs}/cache.log", f"access_log stdio:{self.logs}/access.log",
            f"coredump_dir {self.logs}", "dns_nameservers 127.0.0.1", "request_header_add X-User \"%ul\" all",
        ]  # fmt: skip
        for scheme, helper in helpers.items():
            lines += [
                f"auth_param {scheme} program {helper.line}",
                f"auth_param {scheme} children 2 startup=1 idle=1",
            ]
            if scheme != "basic":
                lines.append(f"auth_param {scheme} keep_alive on")
        lines += extra
        lines += ["acl known proxy_auth REQUIRED", "http_access allow known", "http_access deny all"]
        configuration = os.path.join(stage.public, "squid.conf")
        with open(configuration, "w") as f:
            f.write("\n".join(lines) + "\n")
        if os.getuid() == 0:
            shutil.chown(self.logs, "proxy")
        self.output = open(os.path.join(stage.directory, "squid.log"), "wb")
        self.process = subprocess.Popen(
            ["/usr/sbin/squid", "-N", "-f", configuration], stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            env=environment,
        )  # fmt: skip
        stage.wait_for_port(self.port, self.process, "squid")

    def ask(self, *arguments, host="localhost", urls=1, **options):
        target = f"http://127.0.0.1:{self.origin.server_address[1]}/"
        resolved = ("--resolve", f"{host}:{self.port}:127.0.0.1")
        return curl("--proxy", f"http://{host}:{self.port}", "--noproxy", "", *resolved, *arguments, *[target] * urls, **options)

    def converse(self, scheme, initiator):
        return converse(self.port, f"http://127.0.0.1:{self.origin.server_address[1]}/", scheme, initiator, proxy=True)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.origin.shutdown()
        for helper in self.helpers.values():
            helper.close()
        self.output.close()


_squids = {}


def squid(platform):
    """The helper of this platform, started at its first use."""
    if platform not in _squids:
        configuration = stage.configure(f"squid-{platform}", limits=LIMITS)
        helpers = {
            scheme: Helper(f"{scheme}-{platform}", *stage.command(platform, "squid", f"{scheme}_sspi_auth", configuration=configuration))
            for scheme in SCHEMES[platform]
        }
        _squids[platform] = Squid(helpers)
    return _squids[platform]


def close():
    for running in _squids.values():
        running.close()


SCHEMES = {"wine64": ["negotiate", "ntlm"], "wine32": ["negotiate", "ntlm"], "linux": ["negotiate"]}


def register(platform):
    # Of A functions: the ANSI code page, and UTF-8 on Linux.
    characters = "utf-8" if platform == "linux" else "cp1252"

    def as_sent(name):
        return name.encode(characters).decode("latin-1")

    def known_to(helper, name, user, ask):
        @check(f"squid-{platform}: {helper}, {name}")
        def _():
            status, body = ask(squid(platform))
            equal(status, 200, "status")
            equal(body, as_sent(user), "user")

    def unknown_to(helper, name, ask):
        @check(f"squid-{platform}: {helper}, {name}: refused")
        def _():
            equal(ask(squid(platform))[0], 407, "status")

    if "ntlm" in SCHEMES[platform]:
        ntlm_checks(known_to, unknown_to)
    negotiate_checks(known_to, unknown_to)

    @check(f"squid-{platform}: no authentication: refused")
    def _():
        equal(squid(platform).ask()[0], 407, "status")

    @check(f"squid-{platform}: 40 clients at once, each with its own name")
    def _():
        tickets = ["alice", "bob", "carol", "jörg"] * 10
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda user: squid(platform).ask(*NEGOTIATE, tickets=user), tickets)
        for user, answer in zip(tickets, answers):
            equal(answer, (200, as_sent(ticket_name(user))), "answer")

    @check(f"squid-{platform}: the helpers have lived through it")
    def _():
        for scheme, helper in squid(platform).helpers.items():
            holds(helper.started <= 2, f"{scheme}: {helper.started} started")
            holds(all(program.poll() is None for program in helper.running), f"{scheme}: one has ended")


NEGOTIATE = ("--proxy-negotiate", "-U", ":")


def ntlm_checks(known_to, unknown_to):
    """curl's own NTLM is OEM text, of which Squid's parser takes one character too many ("examplea\\alicew"); and Squid takes
    the helper's backslash for its own quoting."""

    def curl_ntlm(user, password=None, domain=DOMAIN):
        return lambda running: running.ask("--proxy-ntlm", "-U", f"{domain}\\{user}:{password or PASSWORDS[user]}")

    def unicode(user, password=None):
        who = peers.Account(user, password or PASSWORDS[user], DOMAIN)
        return lambda running: running.converse("NTLM", peers.Pyspnego.initiator(who, "NTLM"))

    helper = "ntlm_sspi_auth"
    known_to(helper, "curl", "exampleaalicew", curl_ntlm("alice"))
    known_to(helper, "pyspnego", "examplealice", unicode("alice"))
    known_to(helper, "another user", "examplebob", unicode("bob"))
    unknown_to(helper, "wrong password", curl_ntlm("alice", "wrong"))
    unknown_to(helper, "unknown user", curl_ntlm("nobody", "Passw0rd!"))
    unknown_to(helper, "disabled account", curl_ntlm(DISABLED))
    unknown_to(helper, "foreign domain", curl_ntlm("alice", domain="ELSEWHERE"))
    unknown_to(helper, "wrong password, pyspnego", unicode("alice", "wrong"))
    known_to(helper, "password again", "examplealice", unicode("alice"))


def ticket_name(user):
    """As the helper writes it: in lower case."""
    return f"{user}@{REALM}".lower()


def negotiate_checks(known_to, unknown_to):
    def ticket(user, host="localhost"):
        return lambda running: running.ask(*NEGOTIATE, tickets=user, host=host)

    def ntlm(user, password=None, domain=DOMAIN):
        return lambda running: running.ask(*NEGOTIATE, user_file=ntlm_user_file(user, password or PASSWORDS[user], domain))

    def bare(user, password=None):
        who = peers.Account(user, password or PASSWORDS[user], DOMAIN)
        return lambda running: running.converse("Negotiate", peers.Pyspnego.initiator(who, "NTLM"))

    helper = "negotiate_sspi_auth"
    known_to(helper, "ticket", ticket_name("alice"), ticket("alice"))
    known_to(helper, "ticket, a name that is not ASCII", ticket_name("jörg"), ticket("jörg"))
    known_to(helper, "NTLM within SPNEGO", r"example\alice", ntlm("alice"))
    known_to(helper, "NTLM by itself", r"example\bob", bare("bob"))
    unknown_to(helper, "NTLM, wrong password", ntlm("alice", "wrong"))
    unknown_to(helper, "NTLM, unknown user", ntlm("nobody", "Passw0rd!"))
    unknown_to(helper, "NTLM, disabled account", ntlm(DISABLED))
    unknown_to(helper, "NTLM, foreign domain", ntlm("alice", domain="ELSEWHERE"))
    unknown_to(helper, "NTLM by itself, wrong password", bare("bob", "wrong"))
    unknown_to(helper, "another's ticket", ticket("alice", host="absent.example.test"))
    known_to(helper, "ticket again", ticket_name("bob"), ticket("bob"))
