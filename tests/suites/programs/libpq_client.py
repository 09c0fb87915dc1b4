"""PostgreSQL's libpq with SSPI: a client that logs on as the user who runs it, and so with credentials that are the system's though
the DLL is ours. Wine has Kerberos of the host's GSSAPI for that. The server is one of ours, with the library.

With `[outbound] provider = "negossp"` the credentials are this library's, a credential cache of the realm; the server is then Debian's
PostgreSQL, which accepts Kerberos by MIT's GSSAPI.
"""

import contextlib
import functools
import os
import re
import shutil
import socketserver
import struct
import subprocess
import threading

import sspi
import stage
from checks import check, equal, holds
from stage import REALM

# AuthenticationRequest's kinds (PostgreSQL, "Frontend/Backend Protocol").
OK, GSS, GSS_CONTINUE, SSPI = 0, 7, 8, 9
PROTOCOL = 0x30000
USER_QUERY = "select current_user"


class Session(socketserver.StreamRequestHandler):
    """The least of a server: the logon, and one row with the client's name for every query."""

    def send(self, kind, *parts):
        content = b"".join(parts)
        self.wfile.write(kind + struct.pack("!I", len(content) + 4) + content)

    def ask(self, request, token=b""):
        self.send(b"R", struct.pack("!I", request), token)

    def receive(self):
        kind = self.rfile.read(1)
        return kind, self.rfile.read(struct.unpack("!I", self.rfile.read(4))[0] - 4) if kind else b""

    def handle(self):
        with contextlib.suppress(ConnectionError, struct.error):
            while struct.unpack("!I", self.startup()[:4])[0] != PROTOCOL:
                self.wfile.write(b"N")
            try:
                name = self.log_on()
            except sspi.SspiError as error:
                self.send(b"E", b"SFATAL\0C28000\0M", str(error).encode(), b"\0\0")
                return
            self.ask(OK)
            self.send(b"Z", b"I")
            self.answer(name.encode())

    def startup(self):
        return self.rfile.read(struct.unpack("!I", self.rfile.read(4))[0] - 4)

    def log_on(self):
        self.ask(self.server.request)
        context = sspi.Acceptor.acceptor("Kerberos" if self.server.request == GSS else "Negotiate")
        while not context.complete:
            token = context.step(self.receive()[1])
            if token:
                self.ask(GSS_CONTINUE, token)
        return context.client

    def answer(self, name):
        while self.receive()[0] == b"Q":
            self.send(b"T", struct.pack("!H", 1), b"name\0", struct.pack("!IHIhiH", 0, 0, 25, -1, -1, 0))
            self.send(b"D", struct.pack("!HI", 1, len(name)), name)
            self.send(b"C", b"SELECT 1\0")
            self.send(b"Z", b"I")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, request):
        super().__init__(("127.0.0.1", 0), Session)
        self.request = request
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Postgres:
    """Debian's PostgreSQL, with the roles alice and bob, as postgres/server.example.test."""

    BIN = "/usr/lib/postgresql/15/bin"

    def __init__(self):
        folder = os.path.join(stage.public, "postgres")
        os.makedirs(folder)
        self.port = stage.free_port()
        for file in ("http.keytab", "krb5.conf"):
            shutil.copy(stage.realm_file(file), folder)
            os.chmod(os.path.join(folder, file), 0o600)
        self.user = []
        if os.getuid() == 0:  # as whom it does not run
            self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            subprocess.run(["chown", "-R", "postgres:postgres", folder], check=True)
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": folder, "KRB5_CONFIG": f"{folder}/krb5.conf",
                            "KRB5RCACHEDIR": folder}  # fmt: skip
        self.log = open(os.path.join(stage.directory, "postgres.log"), "wb")
        self.run(f"{self.BIN}/initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "--no-sync", "--no-instructions")
        with open(f"{folder}/data/pg_hba.conf", "w") as f:
            f.write("local all postgres trust\nhost all all 127.0.0.1/32 gss include_realm=0\n")
        with open(f"{folder}/data/postgresql.conf", "a") as f:
            f.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{folder}'\nfsync = off\n"
                f"krb_server_keyfile = 'FILE:{folder}/http.keytab'\n"
            )
        self.process = subprocess.Popen(
            [*self.user, f"{self.BIN}/postgres", "-D", f"{folder}/data"], env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, start_new_session=True,
        )  # fmt: skip
        stage.wait_for_port(self.port, self.process, "postgres")
        for role in ("alice", "bob"):
            self.run("psql", "-q", "-h", folder, "-p", str(self.port), "-U", "postgres", "-c", f"create role {role} login", "postgres")

    def run(self, *command):
        subprocess.run([*self.user, *command], env=self.environment, check=True, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def shutdown(self):
        self.process.terminate()

    def server_close(self):
        self.process.wait(30)
        self.log.close()


_running = []


@functools.cache
def server(request):
    os.environ["NEGOSSP_CONFIG"] = stage.configure("libpq-server")
    sspi.load(os.path.join(stage.ROOT, "dist", "linux-x86_64", "libnegossp.so"))
    _running.append(running := Server(request))
    return running


@functools.cache
def postgres():
    _running.append(running := Postgres())
    return running


def close():
    for running in _running:
        running.shutdown()
        running.server_close()


def realm_of(tickets):
    """A krb5.conf by which the host's GSSAPI finds these tickets: Wine's programs do not see the variable for that."""
    path = os.path.join(stage.directory, f"krb5-{tickets}.conf")
    with open(stage.realm_file("krb5.conf")) as f:
        text = f.read()
    cache = f"default_ccache_name = FILE:{stage.realm_file(tickets)}.ccache"
    with open(path, "w") as f:
        f.write(re.sub(r"(?m)^\[libdefaults\]$", f"[libdefaults]\n    {cache}", text))
    return path


def query(platform, request, tickets="none", host="server.example.test", service="postgres"):
    """What client.exe prints."""
    port = server(request).server_address[1]
    connection = f"host={host} hostaddr=127.0.0.1 port={port} user=any dbname=any krbsrvname={service}"
    return run(platform, connection, stage.configure(f"libpq-{platform}"), TEST_KRB5_CONFIG=realm_of(tickets))


def query_postgres(platform, role, tickets="none", host="server.example.test", service="postgres"):
    """The same, by this library's credentials."""
    connection = f"host={host} hostaddr=127.0.0.1 port={postgres().port} user={role} dbname=postgres krbsrvname={service}"
    return run(platform, connection, stage.configure_client(f"libpq-{platform}", platform, tickets))


def run(platform, connection, configuration, **variables):
    command, environment = stage.command(platform, "libpq", "client", connection, USER_QUERY, configuration=configuration)
    environment.update(variables)
    out = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    with open(os.path.join(stage.directory, f"libpq-{platform}.log"), "ab") as log:
        log.write(out.stdout + out.stderr)
    return out.stdout.decode("cp1252").replace("\r", "").strip()


def register(platform):
    stage.keep_alive(platform)
    for name, request in (("gss", GSS), ("sspi", SSPI)):

        @check(f"libpq-{platform}: {name}, ticket, {{}}", ["alice", "bob"])
        def _(user, request=request):
            equal(query(platform, request, user), f"{user}@{REALM}", "answer")

        @check(f"libpq-{platform}: {name}, no ticket: refused")
        def _(request=request):
            said = query(platform, request)
            holds("SSPI" in said, said)

        # A service whose key the server does not have.
        @check(f"libpq-{platform}: {name}, another's ticket: refused")
        def _(request=request):
            said = query(platform, request, "alice", host="absent.example.test", service="HTTP")
            holds("SEC_E_LOGON_DENIED" in said, said)

    @check(f"libpq-{platform}: Debian's PostgreSQL, gss, ticket, {{}}", ["alice", "bob"])
    def _(user):
        equal(query_postgres(platform, user, user), user, "answer")

    @check(f"libpq-{platform}: Debian's PostgreSQL, gss, another role: refused")
    def _():
        said = query_postgres(platform, "bob", "alice")
        holds('GSSAPI authentication failed for user "bob"' in said, said)

    @check(f"libpq-{platform}: Debian's PostgreSQL, gss, no ticket: refused")
    def _():
        said = query_postgres(platform, "alice")
        holds("SSPI" in said, said)

    @check(f"libpq-{platform}: Debian's PostgreSQL, gss, unknown service: refused")
    def _():
        said = query_postgres(platform, "alice", "alice", service="nobody")
        holds("SSPI" in said, said)
