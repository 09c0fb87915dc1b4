"""examples/prefork: a client accepted by one process is served by another, and a handshake begun in one is ended in
another."""

import re
import socket
import subprocess
from pathlib import Path

from checks import Skip, check, equal, holds
from environment import ALICE, INITIATORS

PROGRAM = Path(__file__).resolve().parents[3] / "build/examples/linux-x86_64/prefork"
ANSWER = re.compile(rb"(\d+) serves (?:EXAMPLE\\alice|alice@EXAMPLE.TEST), accepted by ([\d, ]+): (.*)")


class Server:
    """The example, and the ids of its processes."""

    def __init__(self, *arguments):
        if not PROGRAM.exists():
            raise Skip(f"{PROGRAM} is not built (scripts/examples.sh linux-x86_64)")
        self.process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE)

    def __enter__(self):
        line = self.process.stdout.readline().decode()
        told = re.match(r"listening on ([\d.]+):(\d+), (\d+) with", line)
        holds(told, f"it listens: {line}")
        self.address, self.parent = (told[1], int(told[2])), int(told[3])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Connection:
    def __init__(self, server):
        self.socket = socket.create_connection(server.address, 20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, frame):
        self.socket.sendall(len(frame).to_bytes(4, "big") + frame)
        return self._read(int.from_bytes(self._read(4), "big"))

    def _read(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            holds(more, "the server goes on")
            data += more
        return data

    def log_in(self, initiator):
        """The handshake; returns its result: o or x."""
        token = initiator.step(None)
        while True:
            answer = self.ask(token or b"")
            letter, answer = answer[:1], answer[1:]
            if letter != b"c" and (letter == b"x" or not answer or initiator.complete):
                return letter
            token = initiator.step(answer)
            if letter == b"o":
                return letter

    def talk(self, initiator, text):
        """A sealed message and its answer: the process that serves, and those that accepted the client."""
        answer = initiator.unwrap(self.ask(initiator.wrap(text)))
        told = ANSWER.fullmatch(answer)
        holds(told, f"an answer: {answer}")
        equal(told[3], text, "what was asked")
        return int(told[1]), [int(leg) for leg in told[2].split(b", ")]


@check("accepted by the parent and served by a child: {}, {}", INITIATORS)
def parent_and_child(make, package):
    with Server() as server:
        served_by = set()
        for _ in range(3):
            with Connection(server) as connection:
                initiator = make.initiator(ALICE, package)
                equal(connection.log_in(initiator), b"o", "accepted")
                for text in (b"first", b"second", b"third"):
                    child, legs = connection.talk(initiator, text)
                    equal(set(legs), {server.parent}, "who let the client in")
                    holds(child != server.parent, "a child serves")
                served_by.add(child)
        equal(len(served_by), 2, "workers")


@check("each token to another worker: {}, {}", INITIATORS)
def workers_share_a_handshake(make, package):
    with Server("--balance", "--workers", "3") as server, Connection(server) as connection:
        initiator = make.initiator(ALICE, package)
        equal(connection.log_in(initiator), b"o", "accepted")
        for text in (b"first", b"second"):
            child, legs = connection.talk(initiator, text)
            holds(len(legs) >= 2 and len(set(legs)) == min(len(legs), 3), f"another worker for each leg: {legs}")
            holds(server.parent not in (child, *legs), "no work for the parent")


@check("the wrong password with workers that share the handshake: {}, {}", INITIATORS)
def wrong_password(make, package):
    with Server("--balance") as server, Connection(server) as connection:
        equal(connection.log_in(make.initiator(ALICE.but(password="wrong"), package)), b"x", "refused")
