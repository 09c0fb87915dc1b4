"""The HTTP server for testing the clients, and the settings with which all clients reach it."""

import os
import shlex
import socket
import subprocess
import tempfile
import threading
import time

import httpd
import peers
import environment
from checks import holds
from sspi import Acceptor
from environment import ALICE


class Example:
    """examples/http_server.c, built; or, where it is not, a server of our own with the same answers. `arguments`: what
    else is on its command line; `variables`: in its environment."""

    def __init__(self, *arguments, **variables):
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
            [*shlex.split(command), str(self.port), *arguments], env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
            stdout=open(os.path.join(environment.directory, "http-server.log"), "w"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"{command} does not listen: " + open(os.path.join(environment.directory, "http-server.log")).read())

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
        if self.own:
            self.own.__exit__()


_example = None
_starting = threading.Lock()


def port():
    """Where it listens; the first thread to ask starts it."""
    with _starting:
        return _port()


def _port():
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


def url(path="/", at=None):
    return f"http://{peers.HOST}:{at or port()}{path}"


_getaddrinfo = socket.getaddrinfo


def _loopback(host, *rest, **more):
    """No name service is used for this."""
    name = host.decode() if isinstance(host, bytes) else host
    return _getaddrinfo("127.0.0.1" if name == peers.HOST else host, *rest, **more)


socket.getaddrinfo = _loopback


def ntlm_user_file(accounts):
    """The accounts that gss-ntlmssp finds in curl's environment; none unless given."""
    path = tempfile.mkstemp(dir=environment.directory)[1]
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(account.user_file_line() for account in accounts or [])
    return path


def let_in(text, account=ALICE):
    holds(account.user in text, f"answer {text.strip()!r}")
