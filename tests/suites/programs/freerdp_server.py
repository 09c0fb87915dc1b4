"""FreeRDP's shadow server, as Debian has it, with the library as its SSPI module; NLA clients log on to it. It serves the
screen of an X server of its own. xfreerdp of FreeRDP 2 knows no Kerberos; a client of ours, below, has it from pyspnego."""

import os
import re
import subprocess

import credssp
import gssapi.raw
import kerberos_peers
import stage
from checks import Skip, check, equal, holds
from stage import DISABLED, DOMAIN, PASSWORDS, REALM

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = "server.example.test"
# The account that clients act as: the server calls ImpersonateSecurityContext.
MAPPED = "\n".join(f'"{user}" = {{ uid = 65534, gid = 65534 }}' for user in ["alice", "bob", f"alice@{REALM}"])
LOG = os.path.join(stage.directory, "freerdp-negossp.log")


class Display:
    """An X server without a screen, which only this machine can reach."""

    def __init__(self):
        reader, writer = os.pipe()
        self.log = open(os.path.join(stage.directory, "xvfb.log"), "wb")
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-noreset", "-screen", "0", "640x480x24"], pass_fds=[writer], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log,
        )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as f:
            self.name = f":{f.readline().strip()}"
        holds(self.name != ":", "Xvfb does not start")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Server:
    """freerdp-shadow-cli in a mount namespace of its own, where WinPR's registry names the library."""

    def __init__(self):
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            raise Skip("needs root, and a mount namespace for /etc/winpr/HKLM.reg")
        self.display = Display()
        self.port = stage.free_port()
        configuration = stage.configure("freerdp", **{"tokens.users": MAPPED})
        environment = {
            "PATH": os.environ["PATH"], "HOME": stage.directory, "LC_ALL": "C.UTF-8", "DISPLAY": self.display.name,
            "NEGOSSP_CONFIG": configuration, "NEGOSSP_LOG": "info", "NEGOSSP_LOG_FILE": LOG,
        }  # fmt: skip
        library = os.path.join(stage.ROOT, "dist", "linux-x86_64", "libnegossp.so")
        self.log = open(os.path.join(stage.directory, "freerdp-shadow.log"), "wb")
        self.process = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", os.path.join(HERE, "freerdp", "registry.sh"), library, "freerdp-shadow-cli",
             f"/port:{self.port}", "/bind-address:127.0.0.1", "/sec:nla", "+auth"],
            env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        stage.wait_for_port(self.port, self.process, "freerdp-shadow-cli")

    def xfreerdp(self, user, password, domain):
        """Whether FreeRDP's own client is let in."""
        environment = {"PATH": os.environ["PATH"], "HOME": stage.directory, "LC_ALL": "C.UTF-8", "DISPLAY": self.display.name}
        out = subprocess.run(
            ["xfreerdp", f"/v:127.0.0.1:{self.port}", "/cert:ignore", "/sec:nla", "+auth-only", f"/u:{user}", f"/d:{domain}",
             f"/p:{password}"],
            env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return out.returncode == 0

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        self.display.close()


_servers = []


def server():
    if not _servers:
        _servers.append(Server())
    return _servers[0]


def close():
    for running in _servers:
        running.close()


def decided(act):
    """What `act` returns, and the lines that the library has logged meanwhile of clients that it accepted or refused."""
    before = os.path.getsize(LOG) if os.path.exists(LOG) else 0
    result = act()
    with open(LOG, encoding="utf-8") as f:
        f.seek(before)
        return result, [line for line in f if re.search("client (accepted|refused)", line)]


def register(platform):
    def known(name, client, ask):
        @check(f"freerdp-{platform}: {name}")
        def _():
            let_in, lines = decided(lambda: ask(server()))
            holds(let_in, "refused")
            equal(len(lines), 1, "decisions of the library")
            holds(f'client accepted client="{client}"' in lines[0], lines[0])

    def unknown(name, why, ask):
        @check(f"freerdp-{platform}: {name}: refused")
        def _():
            let_in, lines = decided(lambda: ask(server()))
            holds(not let_in, "let in")
            equal(len(lines), 1, "decisions of the library")
            holds("client refused" in lines[0] and why in lines[0], lines[0])

    def xfreerdp(user, password=None, domain=DOMAIN):
        return lambda running: running.xfreerdp(user, password or PASSWORDS[user], domain)

    def ticket(user, service=f"HTTP/{HOST}"):
        def ask(running):
            os.environ["KRB5_CONFIG"] = stage.realm_file("krb5.conf")
            cache = f"FILE:{stage.realm_file(user)}.ccache"
            # FreeRDP 2 cannot send an answer together with the demand for the client's proof of the public key, so none is asked for.
            initiator = kerberos_peers.Mit.initiator(cache, "Kerberos", service, kerberos_peers.PROTECTED)
            try:
                credssp.log_on(running.port, initiator, lambda data: in_sspi_s_order(initiator, data))
            except credssp.Refused:
                return False
            return True

        return ask

    known("xfreerdp, NTLM", in_log("alice"), xfreerdp("alice"))
    known("xfreerdp, NTLM, another user", in_log("bob"), xfreerdp("bob"))
    unknown("xfreerdp, NTLM, wrong password", "wrong password", xfreerdp("alice", "wrong"))
    unknown("xfreerdp, NTLM, unknown user", "unknown user", xfreerdp("nobody", "Passw0rd!"))
    unknown("xfreerdp, NTLM, disabled account", "disabled", xfreerdp(DISABLED))
    unknown("xfreerdp, NTLM, foreign domain", "unknown user", xfreerdp("alice", domain="ELSEWHERE"))
    known("NLA with a one-way ticket", f"alice@{REALM}", ticket("alice"))
    unknown("NLA with another service's ticket", "no key opens the ticket", ticket("alice", "HTTP/absent.example.test"))
    known("xfreerdp, NTLM, again", in_log("alice"), xfreerdp("alice"))


def in_log(user):
    """The name of a client with a password, as the log quotes it."""
    return rf"{DOMAIN}\\{user}"


def in_sspi_s_order(initiator, data):
    """A sealed message as SSPI's token and data, one after the other: all that is not data stands before it."""
    iov = gssapi.raw.IOV(gssapi.raw.IOVBufferType.header, data, std_layout=False)
    gssapi.raw.wrap_iov(initiator.context, iov, True)
    return b"".join(buffer.value for buffer in iov)
