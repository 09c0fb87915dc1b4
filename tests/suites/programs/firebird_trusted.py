"""Firebird's trusted authentication (the plugin Win_Sspi), which exists on Windows only: its server asked by pyspnego, and its
client, which logs on as the user who runs it, and so by the system's NTLM."""

import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import logged_on
import peers
import stage
from checks import check, equal, holds
from stage import DISABLED, DOMAIN, PASSWORDS


def run(platform, *arguments):
    return stage.command(platform, "firebird", "trusted", *arguments, configuration=stage.configure(f"firebird-{platform}"))


class Server(stage.Running):
    def __init__(self, platform):
        self.port = stage.free_port()
        command, environment = run(platform, "server", str(self.port))
        self.log = open(os.path.join(stage.directory, f"firebird-{platform}.log"), "wb")
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        stage.wait_for_port(self.port, self.process, "trusted.exe")

    def login(self, initiator):
        """The server's answer, by lines."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection, connection.makefile("rb") as incoming:
            token = initiator.step()
            while True:
                connection.sendall(len(token).to_bytes(4, "little") + b"T" + token)
                head = incoming.read(5)
                content = incoming.read(int.from_bytes(head[:4], "little"))
                if head[4:] == b"A":
                    return content.decode("cp1252").split("\n")
                token = initiator.step(content)


server = stage.Servers(Server)
close = server.close


def ask(platform, user, password=None):
    """The client's lines, of a user who is logged on so."""
    command, environment = run(platform, "client", str(server(platform).port))
    logged_on.as_user(environment, user, password)
    out = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    return out.stdout.decode("cp1252").replace("\r", "").strip().split("\n")


def register(platform):
    def initiator(user, password=None, domain=DOMAIN):
        return peers.Pyspnego.initiator(peers.Account(user, password or PASSWORDS[user], domain), "NTLM")

    for user in ("alice", "bob"):

        @check(f"firebird-{platform}: {user}, with the key for encryption")
        def _(user=user):
            client = initiator(user)
            equal(server(platform).login(client), [f"{DOMAIN}\\{user}".upper(), client.key.hex()], "answer")

    def refused(name, user, password=None, domain=DOMAIN):
        @check(f"firebird-{platform}: {name}: refused")
        def _():
            equal(server(platform).login(initiator(user, password, domain)), ["refused"], "answer")

    refused("wrong password", "alice", "wrong")
    refused("unknown user", "nobody", "Passw0rd!")
    refused("disabled account", DISABLED)
    refused("foreign domain", "alice", domain="ELSEWHERE")

    @check(f"firebird-{platform}: no credentials of the user's own")
    def _():
        command, environment = run(platform, "client", str(server(platform).port))
        out = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        equal(out.stdout.decode().strip(), "no credentials", "client")

    # The stand-in's Python is not in the chroot of 32-bit Wine.
    if platform == "wine64":

        @check(f"firebird-{platform}: as a client, the user who is logged on")
        def _():
            # Wine's NTLM tells the client no session key.
            name, key = ask(platform, "alice")
            equal((name, len(key)), (f"{DOMAIN}\\ALICE", 32), "answer")

        @check(f"firebird-{platform}: as a client, wrong password: refused")
        def _():
            holds("refused" in ask(platform, "alice", "wrong"), "let in")

    @check(f"firebird-{platform}: 40 clients at once, each itself")
    def _():
        names = ["alice", "bob"] * 20
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda user: server(platform).login(initiator(user))[0], names))
        equal(answers, [f"{DOMAIN}\\{user}".upper() for user in names], "names")
