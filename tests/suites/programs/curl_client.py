"""curl with SSPI, as a client: to Debian's Apache (gss-ntlmssp, within MIT's SPNEGO or by itself), to pyspnego, and with Kerberos to
Apache (MIT's Kerberos) and to the example server.

On Windows curl loads secur32.dll from the system's folder and from nowhere else, so that is where it is put, in a Wine prefix of
its own; and it has TLS from Schannel, by the same function table.
"""

import functools
import hashlib
import os
import re
import ssl
import subprocess

import httpd
import peers
import stage
from apache import Gssapi, Kerberos
from checks import check, equal, holds
from stage import DOMAIN, PASSWORDS, REALM

_open = []


@functools.cache
def apache():
    _open.append(running := Gssapi())
    return running


class Example(stage.Running):
    """examples/http_server.c on Linux, as HTTP/server.example.test."""

    def __init__(self):
        self.port = stage.free_port()
        self.log = open(os.path.join(stage.directory, "http-server.log"), "wb")
        self.process = subprocess.Popen(
            [f"{stage.ROOT}/build/examples/linux-x86_64/http_server", "--port", str(self.port), "--library",
             f"{stage.ROOT}/dist/linux-x86_64/libnegossp.so"],
            env={"NEGOSSP_CONFIG": stage.configure("http-server"), "NEGOSSP_LOG": "info"}, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        stage.wait_for_port(self.port, self.process, "http_server")


@functools.cache
def kerberos_server(kind):
    _open.append(running := kind())
    return running


def close():
    for running in _open:
        running.close()


def curl(platform, *arguments, configuration=None):
    """Returns curl's exit status, each answer's status, the names of X-User, the body, and how many connections were made."""
    command, environment = stage.command(
        platform, "curl", "curl", "-q", "-sS", "-i", "--noproxy", "*", "--max-time", "60", "-w", "\nmade %{num_connects}\n", *arguments,
        configuration=configuration or stage.configure(f"curl-{platform}"), prefix=stage.IN_SYSTEM,
    )  # fmt: skip
    out = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
    text = out.stdout.decode("utf-8").replace("\r", "")
    with open(os.path.join(stage.directory, f"curl-{platform}.log"), "ab") as log:
        log.write(out.stdout + out.stderr)
    return dict(
        exit=out.returncode, statuses=[int(s) for s in re.findall(r"^HTTP/1.1 (\d+)", text, re.M)], body=text,
        users=re.findall(r"^X-User: (.*)", text, re.M), made=sum(map(int, re.findall(r"^made (\d+)$", text, re.M))),
        error=out.stderr.decode("utf-8", "replace"),
    )  # fmt: skip


def register(platform):
    def login(user, password=None):
        return ("-u", f"{DOMAIN}\\{user}:{password or PASSWORDS[user]}")

    def page(path="index.html"):
        return f"http://127.0.0.1:{apache().port}/{path}"

    stage.keep_alive(platform, stage.IN_SYSTEM)
    kerberos_checks(platform)
    for way in ("--ntlm", "--negotiate"):

        @check(f"curl-{platform}: {way}, Apache, {{}}", ["alice", "bob"])
        def _(user, way=way):
            got = curl(platform, way, *login(user), page())
            equal((got["exit"], got["statuses"]), (0, [401, 200]), "answers")
            equal(got["users"], [f"{DOMAIN}\\{user}"], "user")

        @check(f"curl-{platform}: {way}, Apache, {{}}: refused", ["wrong password", "unknown user"])
        def _(who, way=way):
            wrong = {"wrong password": login("alice", "wrong"), "unknown user": login("nobody", "Passw0rd!")}[who]
            got = curl(platform, way, *wrong, page())
            equal((got["exit"], got["statuses"], got["users"]), (0, [401, 401], []), "answers")

        @check(f"curl-{platform}: {way}, nobody is logged on")
        def _(way=way):
            got = curl(platform, way, "-u", ":", page())
            holds(200 not in got["statuses"], f"answers {got['statuses']}")
            holds(got["exit"] in (0, 94), f"curl ended with {got['exit']}: {got['error']}")

        @check(f"curl-{platform}: {way}, one connection")
        def _(way=way):
            got = curl(platform, way, *login("alice"), page(), page(), page())
            equal(got["statuses"], [401, 200, 200, 200], "answers")
            equal(got["made"], 1, "connections")

        # gss-ntlmssp finds only ASCII names in a process that has set no locale, as Apache.
        @check(f"curl-{platform}: {way}, pyspnego, {{}}", ["alice", "jörg"])
        def _(user, way=way):
            package = {"--ntlm": "NTLM", "--negotiate": "Negotiate"}[way]
            with httpd.Server(lambda scheme: peers.Pyspnego.acceptor(package), [package]) as server:
                got = curl(platform, way, *login(user), f"http://127.0.0.1:{server.port}/")
            equal(got["statuses"], [401, 200], "answers")
            holds(user in got["body"], got["body"])

        if platform != "linux":
            tls_checks(platform, way, login)


def kerberos_checks(platform):
    """Tickets from the realm's KDC, by this library. What the server says of its client: X-User, or the page's line `user`."""
    domain, password = f"{REALM}\\alice", "Passw0rd!"  # the realm's, not the account file's
    logons = {
        "domain and password": ("-u", f"{REALM}\\alice:{password}"),
        "name@realm and password": ("-u", f"alice@{REALM}:{password}"),
        "name and password": ("-u", f"alice:{password}"),
        "ticket": ("-u", ":"),
    }
    refusals = {
        "wrong password": ("-u", f"{domain}:wrong"),
        "unknown user": ("-u", f"{REALM}\\nobody:{password}"),
        "no ticket": ("-u", ":"),
    }

    def ask(kind, tickets, *arguments, host="server.example.test"):
        port = kerberos_server(kind).port
        configuration = stage.configure_client(f"curl-{platform}", platform, tickets)
        way = ("--negotiate", "--resolve", f"{host}:{port}:127.0.0.1")
        got = curl(platform, *way, *arguments, f"http://{host}:{port}/index.html", configuration=configuration)
        got["users"] += re.findall(r"^user: (.*)", got["body"], re.M)
        return got

    for name, kind in (("Apache", Kerberos), ("http_server", Example)):

        @check(f"curl-{platform}: Kerberos, {name}, {{}}", logons)
        def _(how, kind=kind):
            got = ask(kind, "alice" if how == "ticket" else "none", *logons[how])
            equal((got["exit"], got["statuses"][-1:]), (0, [200]), f"answers ({got['error']})")
            equal(got["users"], [f"alice@{REALM}"], "user")
            holds("NTLM" not in got["body"], got["body"])

        @check(f"curl-{platform}: Kerberos, {name}, {{}}: refused", refusals)
        def _(how, kind=kind):
            got = ask(kind, "none", *refusals[how])
            holds(got["statuses"] and set(got["statuses"]) == {401}, f"answers {got['statuses']}")
            equal(got["users"], [], "users")

        # A ticket for a service whose key the server does not have.
        @check(f"curl-{platform}: Kerberos, {name}, another's ticket: refused")
        def _(kind=kind):
            got = ask(kind, "alice", "-u", ":", host="absent.example.test")
            holds(got["statuses"] and set(got["statuses"]) == {401}, f"answers {got['statuses']}")


def tls_checks(platform, way, login):
    """The whole of it: TLS by the system's Schannel, and the login within by ours."""

    @check(f"curl-{platform}: {way}, Apache, TLS by Schannel")
    def _():
        got = curl(platform, "-k", way, *login("alice"), f"https://127.0.0.1:{apache().tls_port}/index.html")
        equal((got["exit"], got["statuses"]), (0, [401, 200]), f"answers ({got['error']})")
        equal(got["users"], [f"{DOMAIN}\\alice"], "user")

    @check(f"curl-{platform}: {way}, pyspnego, with TLS's channel bindings from Schannel")
    def _():
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(f"{apache().folder}/cert.pem", f"{apache().folder}/key.pem")
        with open(f"{apache().folder}/cert.pem") as f:
            certificate = ssl.PEM_cert_to_DER_cert(f.read())
        package = {"--ntlm": "NTLM", "--negotiate": "Negotiate"}[way]
        for bindings, last in ((hashlib.sha256(certificate).digest(), 200), (bytes(32), 401)):
            with httpd.Server(
                lambda scheme: peers.Pyspnego.acceptor(package, b"tls-server-end-point:" + bindings), [package], tls=tls
            ) as server:
                got = curl(platform, "-k", way, *login("alice"), f"https://127.0.0.1:{server.port}/")
            equal(got["statuses"][-1:], [last], f"answer ({got['error']})")
