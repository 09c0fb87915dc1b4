"""What the checks of the domain have in common: a Samba domain controller, the machine's secret, the library's log."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import Counter

import environment
from checks import Skip, equal, holds
from impacket.dcerpc.v5 import epm, nrpc
from kerberos_environment import ROOT
from peers import Account, Pyspnego, exchange
from sspi import Acceptor, SspiError

SCRIPT = os.path.join(ROOT, "tests", "infra", "samba-ad.sh")
REALM, DOMAIN, PASSWORD = "AD.EXAMPLE.TEST", "EXAMPLE", "Passw0rd!"
ALICE, BOB, JOERG = (Account(user, PASSWORD, DOMAIN) for user in ("alice", "bob", "jörg"))
LOCAL = environment.ALICE.but(user="local", password="L0cal-Passw0rd", domain="")
WRONG = ALICE.but(password="wrong")
UNREACHABLE, DENIED = "SEC_E_NO_AUTHENTICATING_AUTHORITY", "SEC_E_LOGON_DENIED"
TIMEOUT = 3.0

# What the domain's own script reports about its users.
GROUPS = {"alice": ["webusers", "webadmins", "weblocal", "everybody"], "bob": ["webusers", "everybody"], "jörg": []}


def directory():
    return os.path.join(environment.directory, "domain")


def file(name):
    return os.path.join(directory(), name)


def script(verb, where=None, *arguments):
    started = subprocess.run(
        [SCRIPT, verb, where or directory(), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OWNER": str(os.getpid()), "NETLOGON": "1", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    if started.returncode:
        raise AssertionError(f"samba-ad.sh {verb}: {started.stderr}")


def address(of=None):
    with open(os.path.join(of or directory(), "address")) as f:
        return f.read().strip()


def netlogon_port():
    return int(epm.hept_map(address(), nrpc.MSRPC_UUID_NRPC, protocol="ncacn_ip_tcp").split("[")[1].rstrip("]"))


def sids():
    with open(file("sids"), encoding="utf-8") as f:
        return dict(line.split() for line in f)


def expected_sids(user):
    known = sids()
    return known[user], {known["."] + "-513", *(known[group] for group in GROUPS[user])}


def secret_file():
    return os.path.join(environment.directory, "machine.secret")


def write_secret(text):
    with open(secret_file() + ".new", "w") as f:
        os.chmod(f.name, 0o600)
        f.write(text + "\n")
    os.replace(secret_file() + ".new", secret_file())


def section(controllers=None, secret=None, timeout=TIMEOUT, more=""):
    """The configuration's [domain]; with an empty list of controllers they are found by DNS."""
    controllers = ", ".join(f'"{name}"' for name in ([address()] if controllers is None else controllers))
    secret = secret or f'machine_secret_file = "{secret_file()}"'
    return (
        f'name = "{DOMAIN}"\nrealm = "{REALM}"\ncontrollers = [{controllers}]\nmachine_account = "WEB1$"\n'
        f"{secret}\ntimeout_ms = {int(timeout * 1000)}\n{more}\n"
    )


@contextlib.contextmanager
def configured(**options):
    """Changes the domain's configuration while the block lasts. The library checks the file once a second."""
    before = environment.BASE["domain"]
    environment.BASE["domain"] = section(**options)
    with environment.policy():
        environment.BASE["domain"] = before
        yield


def prepare():
    """Called before the library is loaded, which reads the environment then."""
    environment.ACCOUNTS[:] = [LOCAL]
    environment.prepare()
    if os.geteuid() == 0:
        script("start")
        write_secret(PASSWORD)
        environment.BASE.update(
            accounts=f'file = "{environment.directory}/accounts"\n', server="", domain=section(),
            kerberos=f'keytab = "{file("http.keytab")}"\n',
        )  # fmt: skip
        environment.write_policy()
        os.environ.update(KRB5_CONFIG=file("krb5.conf"), KRB5RCACHEDIR=file("rcache"))
    os.environ.update(NEGOSSP_LOG="info", NEGOSSP_LOG_FILE=log_file())


def remove():
    if os.geteuid() == 0:
        subprocess.run([SCRIPT, "stop", directory()], check=False)
    environment.remove()


def needs_root():
    if os.geteuid() != 0:
        raise Skip("a Samba domain controller needs root")


# ----------------------------------------------------------------------------------------------- the log


def log_file():
    return os.path.join(environment.directory, "negossp.log")


class Log:
    """Collects what is logged from now on."""

    def __init__(self):
        self.start = os.path.getsize(log_file()) if os.path.exists(log_file()) else 0

    def text(self):
        with open(log_file(), encoding="utf-8") as f:
            f.seek(self.start)
            return f.read()

    def says(self, *words):
        lines = self.text().splitlines()
        if not any(all(word in line for word in words) for line in lines):
            raise AssertionError(f"the log says nothing of {' '.join(words)}: " + " / ".join(lines[-4:]))


# ----------------------------------------------------------------------------------------------- logons


def logon(account=ALICE, make=Pyspnego, package="NTLM"):
    """Logs on; returns our context."""
    acceptor = Acceptor.acceptor(package)
    environment.established(make.initiator(account, package), acceptor)
    return acceptor


def outcome(account=ALICE):
    """ok, or the status of a refusal."""
    try:
        acceptor = Acceptor.acceptor("NTLM")
        exchange(Pyspnego.initiator(account, "NTLM"), acceptor)
        return "ok" if acceptor.complete else "incomplete"
    except SspiError as error:
        return error.status


def in_time(account=ALICE, limit=TIMEOUT + 2):
    """An outcome that must not take longer than the configured time, and some for a slow machine."""
    started = time.monotonic()
    result = outcome(account)
    took = time.monotonic() - started
    if took > limit:
        raise AssertionError(f"{result} took {took:.1f} s")
    return result


def works_again(account=ALICE, within=20):
    """Logons work again after some time, and until then no wrong result is returned."""
    end = time.monotonic() + within
    while (result := in_time(account)) != "ok":
        if result != UNREACHABLE:
            raise AssertionError(result)
        if time.monotonic() > end:
            raise AssertionError("it does not come back")
        time.sleep(0.2)


def another_process():
    """A forked child makes logons of its own, and its parent continues."""
    equal(outcome(), "ok", "before")
    child = os.fork()
    if child == 0:
        os._exit(0 if [in_time(), in_time(WRONG), in_time()] == ["ok", DENIED, "ok"] else 1)
    equal(os.waitpid(child, 0)[1], 0, "the child's logons")
    equal([in_time(), in_time(WRONG)], ["ok", DENIED], "the parent's")


def under_load(rounds, meanwhile):
    """8 threads log on so many times each, two of three with the right password, while `meanwhile` disturbs the domain
    controller or winbindd: no wrong result is returned, and afterwards all logons work."""
    counts, wrong = Counter(), []

    def work(number):
        for turn in range(rounds):
            right = (turn + number) % 3 != 0
            result = in_time(ALICE if right else WRONG, limit=2 * TIMEOUT + 2)
            counts[result] += 1
            if result not in ("ok" if right else DENIED, UNREACHABLE):
                wrong.append((right, result))
            if result == UNREACHABLE:
                time.sleep(0.2)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()
    equal(wrong, [], "wrong answers")
    equal(sum(counts.values()), 8 * rounds, "answers")
    holds(counts["ok"] and counts[DENIED], str(counts))
    works_again()


@contextlib.contextmanager
def halted():
    """The domain controller does not run while the block lasts."""
    script("halt")
    try:
        yield
    finally:
        script("resume")


@contextlib.contextmanager
def frozen():
    """The domain controller is stopped, without ending, while the block lasts."""
    with open(file("samba.group")) as f:
        group = int(f.read())
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)
