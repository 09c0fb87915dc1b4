"""Our initiator and its KDCs: down, slow, dead, wrong by their clock, of other realms, with accounts that may not log on."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import environment
import sspi
from checks import Skip, check, equal, holds, refused
from environment import established, policy
from kerberos_environment import ALICE, REALM, ROOT, SERVER, service
from kerberos_initiate import DENIED, ISC_MUTUAL, PASSWORD, context_with, failure, initiated, kdc_requests
from kerberos_peers import Mit, default_ccache
from peers import Account
from sspi import Credentials, Initiator, SspiError, change_password

SCRIPT = os.path.join(ROOT, "tests", "infra", "mit-kdc.sh")
UNREACHABLE = "SEC_E_NO_AUTHENTICATING_AUTHORITY"
TIMEOUT = 4

_directory = None


def file(name):
    return os.path.join(_directory, name)


def script(verb, directory=None, text=None, **settings):
    done = subprocess.run(
        [SCRIPT, verb, directory or _directory], stdout=subprocess.PIPE, stderr=subprocess.PIPE, input=text, text=True,
        env={**os.environ, "OWNER": str(os.getpid()), "LC_ALL": "C.UTF-8", "REALMS": "1", "KADMIND": "1", **settings},
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(f"mit-kdc.sh {verb}: {done.stderr}")
    return done.stdout


def start():
    """The realms, once for all checks."""
    global _directory
    if _directory is None:
        directory = os.path.join(environment.directory, "kdcs")
        script("start", directory)
        _directory = directory
    return _directory


def port():
    with open(file("port")) as f:
        return int(f.read())


@contextlib.contextmanager
def realms(conf="krb5.conf", kdcs=None, more="", kerberos=""):
    """Our library is a client of these realms while the block lasts. `kdcs`: other KDCs of EXAMPLE.TEST than the real one;
    `more`: lines of [libdefaults]."""
    start()
    with open(file(conf)) as f:
        text = f.read()
    if kdcs is not None:
        lines = "".join(f"kdc = {kdc}\n" for kdc in kdcs)
        text = text.replace(f"kdc = 127.0.0.1:{port()}\n", lines, 1)
    text = text.replace("[libdefaults]\n", f"[libdefaults]\n{more}\n", 1)
    with open(file("client.conf"), "w") as f:
        f.write(text)
    lines = f'krb5_conf = "{file("client.conf")}"\nkdc_timeout = "{TIMEOUT}s"\n{kerberos}'
    with policy(kerberos=lines):
        yield


def logon(account=PASSWORD, name=SERVER, client=ALICE, package="Kerberos", keytab="http"):
    initiator = Initiator.initiator(account, package, target=name, flags=ISC_MUTUAL)
    acceptor = Mit.acceptor(file(f"{keytab}.keytab"))
    established(initiator, acceptor)
    equal(acceptor.client, client, "the client there")
    return initiator


def in_time(account=PASSWORD, limit=TIMEOUT + 2, **options):
    """ok or the status; it may not take longer than configured, and some for a slow machine."""
    started = time.monotonic()
    try:
        logon(account, **options)
        result = "ok"
    except SspiError as error:
        result = error.status
    took = time.monotonic() - started
    holds(took <= limit, f"{result} took {took:.1f} s")
    return result


@contextlib.contextmanager
def halted():
    script("halt")
    try:
        yield
    finally:
        script("resume")


@contextlib.contextmanager
def frozen():
    with open(file("kdc.pid")) as f:
        pid = int(f.read())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


# ------------------------------------------------------------------------------------------------------ outages


@check("the KDC is {}, and comes back", [halted, frozen], label=lambda outage: outage.__name__)
def outage(how):
    with realms():
        credentials = Credentials("Kerberos", sspi.SECPKG_CRED_OUTBOUND, PASSWORD)
        context_with(credentials, keytab=file("http.keytab"))
        with how():
            equal(in_time(), UNREACHABLE, "without a KDC")
            equal(context_with(credentials, keytab=file("http.keytab")), ALICE, "with a ticket held")
            started = time.monotonic()
            initiator = Initiator(credentials, None, ISC_MUTUAL)
            initiator.target = sspi.utf16(service("aes128-sha1"))
            for _ in range(3):
                equal(refused(SspiError, "another service", initiator.step).status, UNREACHABLE, "status")
            holds(time.monotonic() - started < TIMEOUT + 2, "each attempt waits anew")
        equal(in_time(), "ok", "with the KDC again")
        end = time.monotonic() + 15
        while True:
            try:
                context_with(credentials, service("aes128-sha1"), keytab=file("http.keytab"))
                break
            except SspiError as error:
                equal(error.status, UNREACHABLE, "until it works")
                holds(time.monotonic() < end, "it does not come back")
                time.sleep(0.5)


@check("the first KDC of two is {}", ["dead", "silent"])
def first_of_two(how):
    start()
    listener = socket.create_server(("127.0.0.1", 0))
    dead = listener.getsockname()[1]
    if how == "dead":
        listener.close()
    with realms(kdcs=[f"127.0.0.1:{dead}", f"127.0.0.1:{port()}"]):
        equal(in_time(), "ok", "the first logon")
        started = time.monotonic()
        equal(in_time(), "ok", "the next")
        holds(time.monotonic() - started < 0.9, "the KDC that replied is not asked first")
    listener.close()


# ---------------------------------------------------------------------------------------------------- transport


class Relay:
    """Stands between client and KDC, by one transport only; nothing listens there for the other one. Loses the first datagrams."""

    def __init__(self, transport, lose=0):
        self.transport, self.lose, self.count = transport, lose, 0
        kind = socket.SOCK_DGRAM if transport == "UDP" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.bind(("127.0.0.1", 0))
        if transport == "TCP":
            self.socket.listen()
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                if self.transport == "UDP":
                    self.datagram(*self.socket.recvfrom(65535))
                else:
                    threading.Thread(target=self.connection, args=(self.socket.accept()[0],), daemon=True).start()

    def datagram(self, request, client):
        self.count += 1
        if self.count <= self.lose:
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kdc:
            kdc.settimeout(2)
            kdc.sendto(request, ("127.0.0.1", port()))
            self.socket.sendto(kdc.recv(65535), client)

    def connection(self, client):
        self.count += 1
        with client, socket.create_connection(("127.0.0.1", port())) as kdc, contextlib.suppress(OSError):
            kdc.sendall(client.recv(65535))
            while data := kdc.recv(65535):
                client.sendall(data)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@check("a KDC that is reached by {} alone, where krb5.conf prefers {}", [
    ("TCP", "UDP"), ("UDP", "UDP"), ("UDP", "TCP"), ("TCP", "TCP"),
])  # fmt: skip
def transport(reached, preferred):
    start()
    relay = Relay(reached)
    limit = 1 if preferred == "TCP" else 32700
    try:
        with realms(kdcs=[f"127.0.0.1:{relay.port}"]):
            with open(file("client.conf")) as f:
                text = f.read().replace("udp_preference_limit = 1\n", f"udp_preference_limit = {limit}\n")
            with open(file("client.conf"), "w") as f:
                f.write(text)
            time.sleep(1.2)
            equal(in_time(), "ok", "the logon")
            holds(relay.count >= 3, f"{relay.count} requests through the relay")
    finally:
        relay.close()


@check("a KDC reached by UDP, which loses the first request")
def lost():
    start()
    relay = Relay("UDP", lose=1)
    try:
        with realms(kdcs=[f"127.0.0.1:{relay.port}"]):
            with open(file("client.conf")) as f:
                text = f.read().replace("udp_preference_limit = 1\n", "udp_preference_limit = 32700\n")
            with open(file("client.conf"), "w") as f:
                f.write(text)
            time.sleep(1.2)
            equal(in_time(), "ok", "the logon")
            holds(relay.count >= 4, f"{relay.count} requests through the relay")
    finally:
        relay.close()


@check("[kerberos] kdcs comes before krb5.conf")
def configured():
    start()
    with realms(kdcs=["127.0.0.1:1"], kerberos=f'kdcs = {{ "{REALM}" = ["127.0.0.1:{port()}"] }}'):
        equal(in_time(), "ok", "the logon")


# ----------------------------------------------------------------------------------------------------- accounts


@check("an account that may not log on: {}, {}", [
    ("+needchange", "STATUS_PASSWORD_EXPIRED"), ("-pwexpire yesterday", "STATUS_PASSWORD_EXPIRED"), ("-allow_tix", DENIED),
    ("-expire yesterday", DENIED),
])  # fmt: skip
def account(option, expected):
    """None of these is a reason to try NTLM. Who may change the password can do so."""
    with realms():
        script("admin", text=f"addprinc -pw Passw0rd! temporary\nmodprinc {option} temporary\n")
        try:
            for package in ("Kerberos", "Negotiate"):
                status = failure(Account("temporary", "Passw0rd!", REALM), package)
                equal(status, expected, f"status, {package}")
            script("admin", text="delprinc -force temporary\naddprinc -pw Passw0rd! temporary\n")
            logon(Account("temporary", "Passw0rd!", REALM), client=f"temporary@{REALM}")
        finally:
            script("admin", text="delprinc -force temporary\n")


@check("a KDC that demands FAST, by a ticket of the user's as armor")
def fast():
    """The KDC refuses ticket-granting tickets without the authentication indicator of FAST."""
    with realms():
        shutil.copy(file("bob.ccache"), file("armor.ccache"))
        script("admin", text=f"setstr krbtgt/{REALM} require_auth fast\n")
        try:
            equal(failure(PASSWORD, "Kerberos"), DENIED, "without armor")
            with default_ccache(f"FILE:{file('armor.ccache')}"):
                logon()
                equal(failure(PASSWORD.but(password="wrong"), "Kerberos"), DENIED, "a wrong password")
        finally:
            script("admin", text=f"delstr krbtgt/{REALM} require_auth\n")
        logon()


# ---------------------------------------------------------------------------------------------------- passwords

NEW_PASSWORD, RESTRICTION, EXPIRED = "An0ther-Passwörd", "STATUS_PASSWORD_RESTRICTION", "STATUS_PASSWORD_EXPIRED"


def changed(old, new, package="Kerberos", user="temporary"):
    """ok or the status."""
    try:
        change_password(Account(user, old, REALM), new, package)
        return "ok"
    except SspiError as error:
        return error.status


def counts(password, other):
    logon(Account("temporary", password, REALM), client=f"temporary@{REALM}")
    equal(failure(Account("temporary", other, REALM), "Kerberos"), DENIED, "status with the other password")


@check("ChangeAccountPassword with MIT's kadmind")
def passwords():
    old, new = PASSWORD.password, NEW_PASSWORD
    with realms():
        script("admin", text=f"addpol -minlength 8 long\naddprinc -pw {old} -policy long temporary\n")
        try:
            for package, before, after in (("Kerberos", old, new), ("Negotiate", new, old)):
                equal(changed(before, after, package), "ok", f"status, {package}")
                counts(after, before)
            equal(changed(old, "short"), RESTRICTION, "status of a password that is too short")
            equal(changed("wrong", new), DENIED, "status with a wrong old password")
            equal(changed(old, new, user="nobody"), DENIED, "status of an unknown user")
            counts(old, new)
            script("admin", text="modprinc +needchange temporary\n")
            equal(failure(Account("temporary", old, REALM), "Kerberos"), EXPIRED, "status before an enforced change")
            equal(changed(old, new), "ok", "status of an enforced change")
            counts(new, old)
        finally:
            script("admin", text="delprinc -force temporary\ndelpol -force long\n")


@check("ChangeAccountPassword where there is {}", ["no password service", "no KDC"])
def no_password_service(missing):
    with realms():
        if missing == "no password service":
            with open(file("client.conf")) as f:
                text = f.read().replace(f"kpasswd_server = 127.0.0.1:{port() + 1}\n", "kpasswd_server = 127.0.0.1:1\n")
            holds("127.0.0.1:1\n" in text, "krb5.conf has no kpasswd_server")
            with open(file("client.conf"), "w") as f:
                f.write(text)
            time.sleep(1.2)
        with halted() if missing == "no KDC" else contextlib.nullcontext():
            started = time.monotonic()
            equal(changed(PASSWORD.password, NEW_PASSWORD, user="alice"), UNREACHABLE, "status")
            holds(time.monotonic() - started < TIMEOUT + 2, "it takes too long")
        equal(in_time(), "ok", "the old password, afterwards")


# ------------------------------------------------------------------------------------------------------- realms


@check("a service of another realm: {} by {}", [
    ("HTTP/www.other.test", "krb5.conf"), ("HTTP/www.other.test@OTHER.TEST", "krb5.conf"), ("HTTP/www.other.test", "of-kdc.conf"),
    ("HTTP@www.other.test", "krb5.conf"), ("HTTP/www.far.test", "krb5.conf"), ("HTTP/www.far.test@FAR.TEST", "far.conf"),
    ("HTTP/www.far.test", "of-kdc.conf"),
])  # fmt: skip
def other_realm(name, conf):
    """krb5.conf does not say where the host is: the KDC does, by referrals. The other ones have the path and the hosts."""
    with realms(conf):
        for package in ("Kerberos", "Negotiate"):
            before = kdc_requests("TGS_REQ", file("kdc.log"))
            initiator = logon(name=name, keytab="other", package=package)
            realm = "FAR.TEST" if "far" in name else "OTHER.TEST"
            equal(initiator.native_names[1], f"HTTP/www.{realm.lower()}@{realm}", "the service in SECPKG_ATTR_NATIVE_NAMES")
            holds(kdc_requests("TGS_REQ", file("kdc.log")) - before >= (3 if "far" in name else 2), "too few requests")


@check("services of other realms share the tickets between realms")
def cross_realm_tickets():
    with realms("of-kdc.conf"):
        credentials = Credentials("Kerberos", sspi.SECPKG_CRED_OUTBOUND, PASSWORD)
        counts = []
        for name in ("HTTP/www.other.test", "HTTP/www.far.test"):
            before = kdc_requests("TGS_REQ", file("kdc.log"))
            initiator = Initiator(credentials, None, ISC_MUTUAL)
            initiator.target = sspi.utf16(name)
            established(initiator, Mit.acceptor(file("other.keytab")))
            counts.append(kdc_requests("TGS_REQ", file("kdc.log")) - before)
        equal(counts, [2, 2], "TGS requests: the trust's ticket is held for the second service")


@check("a service of a realm that nobody trusts, and a host in a realm that does not know it")
def no_path():
    with realms():
        for name in ("HTTP/www.nowhere.test@NOWHERE.TEST", "HTTP/nosuch.other.test"):
            equal(failure(PASSWORD, "Kerberos", name), "SEC_E_TARGET_UNKNOWN", name)


# -------------------------------------------------------------------------------------------------------- clock


ACCEPT = """
import sys
sys.path.insert(0, sys.argv[1])
from kerberos_peers import Mit
acceptor = Mit.acceptor(sys.argv[2])
token = acceptor.step(bytes.fromhex(sys.stdin.read()))
print(acceptor.client, token.hex())
"""


@check("the clocks of KDC and service are wrong by {}", ["+2h", "-2h"])
def clock(shift):
    """The client learns the difference from the KDC, and dates its authenticators by it."""
    start()
    script("halt")
    try:
        script("resume", SHIFT=shift)
        with realms(more="kdc_timesync = 1"):
            for package in ("Kerberos", "Negotiate"):
                initiator = Initiator.initiator(PASSWORD, package, target=SERVER, flags=ISC_MUTUAL)
                acceptor = subprocess.run(
                    ["faketime", "-f", shift, sys.executable, "-c", ACCEPT, os.path.dirname(__file__), file("http.keytab")],
                    input=initiator.step().hex(), capture_output=True, text=True, check=False,
                )  # fmt: skip
                equal(acceptor.returncode, 0, f"the acceptor: {acceptor.stderr[-300:]}")
                client, reply = acceptor.stdout.split()
                equal(client, ALICE, "the client there")
                initiator.step(bytes.fromhex(reply))
                holds(initiator.complete, "not complete")
    finally:
        script("halt")
        script("resume")


def remove():
    """Called at the end."""
    if _directory:
        subprocess.run([SCRIPT, "stop", _directory], check=False)
