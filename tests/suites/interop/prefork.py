"""examples/prefork: a client accepted by one process is served by another, and a handshake begun in one is ended in
another; whatever clients and workers do, the others are served."""

import contextlib
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import failing_names
from checks import Skip, check, equal, holds
from environment import ALICE, INITIATORS, JOERG
from peers import Pyspnego
from processes import children, eventually

PROGRAM = Path(__file__).resolve().parents[3] / "build/examples/linux-x86_64/prefork"
ANSWER = re.compile(rb"(\d+) serves (?:EXAMPLE\\alice|alice@EXAMPLE.TEST), accepted by ([\d, ]+): (.*)")
# Longer than any connection waits here: who has to wait for a stranger fails.
PATIENT = ("--patience", "60")


class Server:
    """The example, and the ids of its processes."""

    def __init__(self, *arguments, **variables):
        if not PROGRAM.exists():
            raise Skip(f"{PROGRAM} is not built (scripts/examples.sh linux-x86_64)")
        self.process = subprocess.Popen(
            [PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **variables}
        )

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


def served(server, text=b"a message", account=ALICE):
    """A client that is accepted and served; returns the process that serves."""
    with Connection(server) as connection:
        initiator = Pyspnego.initiator(account, "NTLM")
        equal(connection.log_in(initiator), b"o", "accepted")
        return connection.talk(initiator, text)[0]


BOTH = {"the parent accepts": (), "workers accept": ("--balance",)}


@check("twenty clients are served beside strangers who are slow, {}", BOTH)
def slow_strangers(way):
    with Server(*PATIENT, *BOTH[way]) as server, contextlib.ExitStack() as open_ones:
        # Nothing, half a length, half a frame.
        for beginning in (b"", b"\0\0", b"\0\0\1\0half"):
            open_ones.enter_context(Connection(server)).socket.sendall(beginning)
        # A client of each worker that says nothing more.
        for _ in range(4):
            silent, initiator = open_ones.enter_context(Connection(server)), Pyspnego.initiator(ALICE, "NTLM")
            equal(silent.log_in(initiator), b"o", "accepted")
            silent.talk(initiator, b"the last words")
            silent.socket.sendall(b"\0")
        for number in range(20):
            served(server, b"client %d" % number)


@check("a client is served while more strangers than there are places say nothing")
def many_strangers():
    with Server(*PATIENT) as server, contextlib.ExitStack() as open_ones:
        for _ in range(300):
            open_ones.enter_context(Connection(server))
        served(server)


@check("a stranger who writes byte by byte is cut off when the time is over")
def byte_by_byte():
    with Server("--patience", "1") as server, Connection(server) as connection:
        connection.socket.sendall((1000).to_bytes(4, "big"))
        connection.socket.settimeout(0.1)

        def cut_off():
            try:
                connection.socket.sendall(b"a")
                return connection.socket.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        eventually(cut_off, "the stranger is cut off")
        served(server)


@check("a worker that is killed is replaced and gets no client, {}", BOTH)
def killed_worker(way):
    with Server(*PATIENT, *BOTH[way]) as server:
        before = children(server.parent)
        equal(len(before), 2, "workers")
        killed = min(before)
        with Connection(server) as connection:
            initiator = Pyspnego.initiator(ALICE, "NTLM")
            equal(connection.log_in(initiator), b"o", "accepted")
            connection.talk(initiator, b"before")
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: children(server.parent).get(killed) in (None, "Z"), "it is dead")
            for _ in range(8):
                holds(served(server) != killed, "a live worker serves")
        eventually(lambda: len(children(server.parent)) == 2 and killed not in children(server.parent), "it is replaced")
        holds("Z" not in children(server.parent).values(), "no dead process is left")
        equal({served(server) for _ in range(8)}, set(children(server.parent)), "the workers that serve")


@check("all workers killed at once are replaced, and the next clients served")
def all_workers_killed():
    with Server(*PATIENT) as server:
        before = set(children(server.parent))
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: all(children(server.parent).get(worker) in (None, "Z") for worker in before), "they are dead")
        for _ in range(4):
            holds(served(server) not in before, "a live worker serves")
        holds("Z" not in children(server.parent).values(), "no dead process is left")


@check("the name of prefork's client is whole")
def whole_name():
    with Server() as server, Connection(server) as connection:
        initiator = Pyspnego.initiator(JOERG, "NTLM")
        equal(connection.log_in(initiator), b"o", "accepted")
        answer = initiator.unwrap(connection.ask(initiator.wrap(b"who am I?")))
        holds(f" serves {JOERG.qualified}, ".encode() in answer, f"the name: {answer}")


@check("a client whose name cannot be had is refused, {}", BOTH)
def no_name(way):
    with Server(*BOTH[way], LD_PRELOAD=failing_names.library()) as server, Connection(server) as connection:
        equal(connection.log_in(Pyspnego.initiator(ALICE, "NTLM")), b"x", "refused")
