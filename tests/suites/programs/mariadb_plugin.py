"""MariaDB's GSSAPI plugin on SSPI, in a server of its own, asked by Debian's `mariadb` with a Kerberos ticket. That knows no
NTLM; what a client on Windows would send comes from a client of ours, which takes its tokens from pyspnego and gss-ntlmssp."""

import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import peers
import stage
from checks import check, equal, holds
from stage import DISABLED, DOMAIN, PASSWORDS, REALM

PRINCIPAL = "HTTP/server.example.test"
# As in CREATE USER: by their own name, or USING another.
USERS = {
    "alice": "", "bob": "", "admin": f"alice@{REALM}", "ntlm": f"{DOMAIN}\\alice", "ntlm-disabled": f"{DOMAIN}\\{DISABLED}",
    "ntlm-nobody": f"{DOMAIN}\\nobody",
}  # fmt: skip
CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH = 1 << 9, 1 << 15, 1 << 19
AUTH_SWITCH, OK, ERR, MORE_DATA = 0xFE, 0x00, 0xFF, 0x01


class Server(stage.Running):
    def __init__(self, platform):
        self.port = stage.free_port()
        users = [f"{user}={using}" if using else user for user, using in USERS.items()]
        command, environment = stage.command(
            platform, "mariadb", "server", str(self.port), PRINCIPAL, *users, configuration=stage.configure(f"mariadb-{platform}")
        )
        self.log = open(os.path.join(stage.directory, f"mariadb-{platform}.log"), "wb")
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        stage.wait_for_port(self.port, self.process, "server.exe")

    def query(self, user, tickets):
        """Debian's client: its exit status, its output, its error messages."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": stage.directory, "KRB5_CONFIG": stage.realm_file("krb5.conf"),
            "KRB5CCNAME": f"FILE:{stage.realm_file(tickets)}.ccache",
        }  # fmt: skip
        out = subprocess.run(
            ["mariadb", "--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-P", str(self.port), "-u", user, "-N", "-e",
             "select current_user()"],
            env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return out.returncode, out.stdout.strip(), out.stderr.strip()

    def login(self, user, initiator):
        """Our client: the server's last answer, "OK" or its error message."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection, connection.makefile("rb") as incoming:

            def receive():
                head = incoming.read(4)
                return incoming.read(int.from_bytes(head[:3], "little")), head[3]

            def send(number, content):
                connection.sendall(len(content).to_bytes(3, "little") + bytes([number]) + content)

            _, number = receive()
            capabilities = CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH
            head = capabilities.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + bytes([33]) + bytes(23)
            send(number + 1, head + user.encode() + b"\0\0" + b"mysql_native_password\0")
            packet, number = receive()
            if packet[0] == AUTH_SWITCH:
                equal(packet[1:], b"auth_gssapi_client\0" + PRINCIPAL.encode() + b"\0Negotiate\0", "request")
                token = initiator.step()
                while True:
                    send(number + 1, token)
                    packet, number = receive()
                    if packet[0] in (OK, ERR):
                        break
                    token = initiator.step(packet[1:] if packet[0] == MORE_DATA else packet)
                    # The last token of SPNEGO needs no answer.
                    if not token:
                        packet, number = receive()
                        break
            return "OK" if packet[0] == OK else packet[9:].decode("latin-1")


server = stage.Servers(Server)
close = server.close


def register(platform):
    def ticket(name, user, tickets, complaint=None):
        @check(f"mariadb-{platform}: {name}")
        def _():
            status, printed, said = server(platform).query(user, tickets)
            if complaint:
                equal((status, printed), (1, ""), "answer")
                holds(complaint in said, said)
            else:
                equal((status, printed, said), (0, user, ""), "answer")

    ticket("ticket", "alice", "alice")
    ticket("another user's ticket", "bob", "bob")
    ticket("ticket of the account that the user is known by", "admin", "alice")
    ticket("somebody else's ticket: refused", "alice", "bob", "GSSAPI name mismatch, requested 'alice', actual name 'bob'")
    ticket("somebody else's ticket for that account: refused", "admin", "bob", f"requested 'alice@{REALM}'")
    ticket("no ticket: refused", "alice", "none", "No credentials")

    def password(name, user, account, secret=None, expected="OK"):
        for make in (peers.Pyspnego, peers.GssNtlmssp):
            for package in ("Negotiate", "NTLM"):

                @check(f"mariadb-{platform}: {name}, {make.name}, {package}")
                def _(make=make, package=package):
                    who = peers.Account(account, secret or PASSWORDS[account], DOMAIN)
                    said = server(platform).login(user, make.initiator(who, package))
                    holds(expected in said, said)

    password("NTLM", "ntlm", "alice")
    password("NTLM, wrong password", "ntlm", "alice", "wrong", expected="SEC_E_LOGON_DENIED")
    password("NTLM, unknown user", "ntlm-nobody", "nobody", "Passw0rd!", expected="SEC_E_LOGON_DENIED")
    password("NTLM, disabled account", "ntlm-disabled", DISABLED, expected="SEC_E_LOGON_DENIED")
    password("NTLM, somebody else's account", "ntlm", "bob", expected="GSSAPI name mismatch")

    @check(f"mariadb-{platform}: 40 clients at once, each itself")
    def _():
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda user: server(platform).query(user, user), ["alice", "bob"] * 20))
        equal([printed for _, printed, _ in answers], ["alice", "bob"] * 20, "names")
