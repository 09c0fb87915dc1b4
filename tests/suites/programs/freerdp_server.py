"""FreeRDP's shadow server, as Debian has it, with the library as its SSPI module; NLA clients log on to it. It serves the
screen of an X server of its own. FreeRDP 2 is Debian 12's; its xfreerdp knows no Kerberos, which a client of ours has. FreeRDP 3
is Debian 13's, in a chroot; its server passes the library a SAM file and a keytab."""

import os
import re
import subprocess
from types import SimpleNamespace

import credssp
import gssapi.raw
import kerberos_peers
import stage
from checks import Skip, check, equal, holds
from stage import DISABLED, DOMAIN, PASSWORDS, REALM

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = os.path.join(stage.ROOT, "dist", "linux-x86_64", "libnegossp.so")
HOST = "server.example.test"
# An account of the SAM file alone.
EVE, EVES_PASSWORD, EVES_HASH = "eve", "Password", "a4f49c406510bdcab6824ee7c30fd852"
# The account that clients act as: the server calls ImpersonateSecurityContext.
MAPPED = "\n".join(f'"{user}" = {{ uid = 65534, gid = 65534 }}' for user in ["alice", "bob", EVE, f"alice@{REALM}"])


class Display(stage.Running):
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


class Server(stage.Running):
    """A server that logs decisions of the library."""

    def __init__(self, name, configuration, command, client):
        self.display, self.port, self.client = Display(), stage.free_port(), client
        self.decisions = os.path.join(stage.directory, f"{name}-negossp.log")
        environment = self._environment()
        environment.update(NEGOSSP_CONFIG=configuration, NEGOSSP_LOG="info", NEGOSSP_LOG_FILE=self.decisions)
        self.log = open(os.path.join(stage.directory, f"{name}.log"), "wb")
        self.process = subprocess.Popen(
            [*command, f"/port:{self.port}", "/bind-address:127.0.0.1", "/sec:nla"], env=environment, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log,
        )  # fmt: skip
        stage.wait_for_port(self.port, self.process, name)

    def _environment(self):
        return {
            "PATH": os.environ["PATH"], "HOME": stage.directory, "LC_ALL": "C.UTF-8", "DISPLAY": self.display.name,
            "KRB5_CONFIG": stage.realm_file("krb5.conf"), "KRB5CCNAME": "FILE:/dev/null",
        }  # fmt: skip

    def xfreerdp(self, user, password, domain, *options):
        """Whether FreeRDP's own client is let in."""
        out = subprocess.run(
            [*self.client, f"/v:localhost:{self.port}", "/cert:ignore", "/sec:nla", "+auth-only", f"/u:{user}", f"/d:{domain}",
             f"/p:{password}", *options],
            env=self._environment(), capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return out.returncode == 0

    def decided(self, ask):
        """What `ask` returns, and the lines that the library logs meanwhile of clients that it accepts or refuses."""
        before = os.path.getsize(self.decisions) if os.path.exists(self.decisions) else 0
        result = ask(self)
        with open(self.decisions, encoding="utf-8") as f:
            f.seek(before)
            return result, [line for line in f if re.search("client (accepted|refused)", line)]

    def close(self):
        super().close()
        self.display.close()


REGISTRY = os.path.join(HERE, "freerdp", "registry.sh")


def freerdp():
    """Debian 12's, in a mount namespace of its own, where WinPR's registry names the library."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        raise Skip("needs root, and a mount namespace for /etc/winpr/HKLM.reg")
    configuration = stage.configure("freerdp", **{"tokens.users": MAPPED})
    command = ["unshare", "-m", "--propagation", "private", REGISTRY, LIBRARY, "freerdp-shadow-cli", "+auth"]
    return Server("freerdp", configuration, command, ["xfreerdp"])


RDP_SERVICE = "TERMSRV/localhost"


def freerdp3():
    """Debian 13's, told of a SAM file. xfreerdp asks for tickets user-to-user, for which the server needs one of its own."""
    keytab, ticket = rdp_keytab(), os.path.join(stage.directory, "rdp.ccache")
    environment = {**os.environ, "KRB5_CONFIG": stage.realm_file("krb5.conf")}
    subprocess.run(["kinit", "-k", "-t", keytab, "-c", f"FILE:{ticket}", RDP_SERVICE], env=environment, check=True, capture_output=True)
    sam = os.path.join(stage.directory, "sam")
    with open(os.open(sam, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(f"{EVE}:{DOMAIN}::{EVES_HASH}:::\n")
    return debian13("freerdp3", {"kerberos": f'tgt_ccache = "{ticket}"'}, f"/sam-file:{sam}")


def freerdp3_with_keytab():
    """The same, told of a keytab."""
    return debian13("freerdp3-keytab", {}, f"/keytab:{rdp_keytab()}")


def rdp_keytab():
    """A keytab that the configuration does not name."""
    keytab = os.path.join(stage.directory, "rdp.keytab")
    if not os.path.exists(keytab):
        stage.realm_admin(f"addprinc -randkey -requires_preauth {RDP_SERVICE}", f"ktadd -q -k {keytab} -norandkey {RDP_SERVICE}")
    return keytab


def debian13(name, sections, *options):
    chroot = [os.path.join(stage.ROOT, "scripts", "wine_chroot.sh"), "10", stage.ROOT]
    configuration = stage.configure(name, **sections, **{"tokens.users": MAPPED})
    return Server(name, configuration, [*chroot, REGISTRY, LIBRARY, "freerdp-shadow-cli3", "+auth", *options], [*chroot, "xfreerdp3"])


_servers = {}


def server(make):
    if make not in _servers:
        _servers[make] = make()
    return _servers[make]


def close():
    while _servers:
        _servers.popitem()[1].close()


class Checks:
    """The checks of one server."""

    def __init__(self, name, make):
        self.name, self.make = name, make

    def known(self, name, client, ask):
        @check(f"{self.name}: {name}")
        def _():
            let_in, lines = server(self.make).decided(ask)
            holds(let_in, "refused")
            equal(len(lines), 1, "decisions of the library")
            holds(f'client accepted client="{client}"' in lines[0], lines[0])

    def unknown(self, name, why, ask):
        @check(f"{self.name}: {name}: refused")
        def _():
            let_in, lines = server(self.make).decided(ask)
            holds(not let_in, "let in")
            holds(lines, "the library was not asked")  # more than once by xfreerdp 3
            for line in lines:
                holds("client refused" in line and why in line, line)

    def passwords(self):
        self.known("xfreerdp, NTLM", in_log("alice"), xfreerdp("alice"))
        self.unknown("xfreerdp, NTLM, wrong password", "wrong password", xfreerdp("alice", "wrong"))
        self.unknown("xfreerdp, NTLM, unknown user", "unknown user", xfreerdp("nobody", "Passw0rd!"))


def register_freerdp(platform):
    checks = Checks(f"freerdp-{platform}", freerdp)
    checks.passwords()
    checks.known("xfreerdp, NTLM, another user", in_log("bob"), xfreerdp("bob"))
    checks.unknown("xfreerdp, NTLM, disabled account", "disabled", xfreerdp(DISABLED))
    checks.unknown("xfreerdp, NTLM, foreign domain", "unknown user", xfreerdp("alice", domain="ELSEWHERE"))
    checks.known("NLA with a one-way ticket", f"alice@{REALM}", ticket("alice"))
    checks.unknown("NLA with another service's ticket", "no key opens the ticket", ticket("alice", "HTTP/absent.example.test"))
    checks.known("xfreerdp, NTLM, again", in_log("alice"), xfreerdp("alice"))


def register_freerdp3(platform):
    checks = Checks(f"freerdp3-{platform}", freerdp3)
    checks.passwords()
    checks.known("xfreerdp, NTLM, an account of the SAM file", in_log(EVE), xfreerdp(EVE, EVES_PASSWORD))
    checks.unknown("xfreerdp, NTLM, an account of the SAM file, wrong password", "wrong password", xfreerdp(EVE, "wrong"))
    alone = "/auth-pkg-list:!ntlm,kerberos"
    checks.known("xfreerdp, Kerberos", f"alice@{REALM}", xfreerdp("alice", None, REALM, alone))
    checks.known("xfreerdp, Kerberos preferred to NTLM", f"alice@{REALM}", xfreerdp("alice", None, REALM))
    # Without a ticket xfreerdp goes on with NTLM, where the realm is no domain of ours.
    checks.unknown("xfreerdp, Kerberos, wrong password", "unknown user", xfreerdp("alice", "wrong", REALM))
    checks = Checks(f"freerdp3-{platform}", freerdp3_with_keytab)
    mutual = ticket("alice", RDP_SERVICE, "Negotiate", kerberos_peers.DEFAULT)
    checks.known("NLA with a ticket for the keytab that it was told of", f"alice@{REALM}", mutual)
    checks.unknown("NLA with a ticket for the configured keytab", "no key opens the ticket", ticket("alice", f"HTTP/{HOST}"))


def xfreerdp(user, password=None, domain=DOMAIN, *options):
    return lambda running: running.xfreerdp(user, password or PASSWORDS[user], domain, *options)


def ticket(user, service=f"HTTP/{HOST}", package="Kerberos", flags=kerberos_peers.PROTECTED):
    """Without mutual authentication: FreeRDP 2 has no message for the answer."""

    def ask(running):
        os.environ["KRB5_CONFIG"] = stage.realm_file("krb5.conf")
        cache = f"FILE:{stage.realm_file(user)}.ccache"
        initiator = kerberos_peers.Mit.initiator(cache, package, service, flags)
        try:
            credssp.log_on(running.port, initiator, lambda data: in_sspi_s_order(initiator, data))
        except credssp.Refused:
            return False
        return True

    return ask


def in_log(user):
    """The name of a client with a password, as the log quotes it."""
    return rf"{DOMAIN}\\{user}"


def in_sspi_s_order(initiator, data):
    """A sealed message as SSPI's token and data, one after the other: all that is not data stands before it."""
    iov = gssapi.raw.IOV(gssapi.raw.IOVBufferType.header, data, std_layout=False)
    gssapi.raw.wrap_iov(initiator.context, iov, True)
    return b"".join(buffer.value for buffer in iov)


FREERDP, FREERDP3 = (SimpleNamespace(register=register, close=close) for register in (register_freerdp, register_freerdp3))
