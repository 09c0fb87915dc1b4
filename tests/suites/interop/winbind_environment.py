"""What the checks of winbind have in common: this machine is a member of a domain, with its winbindd."""

import contextlib
import os
import signal
import subprocess
import time

import domain_environment
import environment
from domain_environment import ALICE, DOMAIN, LOCAL, PASSWORD, TIMEOUT
from kerberos_environment import ROOT

SCRIPT = os.path.join(ROOT, "tests", "infra", "samba-member.sh")
WAYS = ["libwbclient", "ntlm_auth"]
SERVER = f'netbios_computer = "MEMBER1"\nnetbios_domain = "{DOMAIN}"\n'
COMPUTER = "MEMBER1"
CONTROLLER = "127.0.0.10"


def member():
    return os.environ["SAMBA_MEMBER"]


domain_environment.directory = member


def section(way, more=""):
    return f'use = "{way}"\ntimeout_ms = {int(TIMEOUT * 1000)}\nsmb_conf = "{member()}/member/smb.conf"\n{more}\n'


def prepare():
    """Called before the library is loaded, which reads the environment then."""
    environment.ACCOUNTS[:] = [LOCAL]
    environment.prepare()
    domain_environment.write_secret(PASSWORD)
    environment.BASE.update(accounts=f'file = "{environment.directory}/accounts"\n', server=SERVER, winbind=section(WAYS[0]))
    environment.write_policy()
    # For what asks the domain's KDC.
    os.environ.update(NEGOSSP_LOG="info", NEGOSSP_LOG_FILE=domain_environment.log_file(), KRB5_CONFIG=f"{member()}/krb5.conf")


def remove():
    environment.remove()


def using(way):
    """winbindd is asked in this way from now on. The library checks its file once a second."""
    if environment.BASE["winbind"] != section(way):
        configure(winbind=section(way))


def configure(**sections):
    environment.BASE.update(sections)
    environment.write_policy()
    time.sleep(1.2)


@contextlib.contextmanager
def configured(**sections):
    """Changes sections while the block lasts; None removes one."""
    before = dict(environment.BASE)
    environment.BASE.update(sections)
    for name in [name for name, text in sections.items() if text is None]:
        del environment.BASE[name]
    configure()
    try:
        yield
    finally:
        environment.BASE.clear()
        configure(**before)


def netlogon():
    """The same domain, asked by Netlogon, as another of its computers."""
    return configured(domain=domain_environment.section(controllers=[CONTROLLER]), server="", winbind=None)


def winbindd(verb):
    done = subprocess.run([SCRIPT, "winbindd", verb, member()], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise AssertionError(f"winbindd {verb}: {done.stderr}")


@contextlib.contextmanager
def stopped():
    """winbindd does not run while the block lasts."""
    winbindd("stop")
    try:
        yield
    finally:
        winbindd("start")


@contextlib.contextmanager
def frozen():
    """winbindd and its children are stopped, without ending, while the block lasts."""
    with open(os.path.join(member(), "winbindd.pid")) as f:
        pids = [int(f.read())]
    pids += [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and parent(pid) == pids[0]]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def stat(pid):
    """The state and the parent of a process; nothing if there is none."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            state, ppid = f.read().rsplit(") ", 1)[1].split()[:2]
            return state, int(ppid)
    except OSError:
        return None, None


def parent(pid):
    return stat(pid)[1]


def children():
    """This process' children that are ntlm_auth, and their states."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        state, ppid = stat(pid)
        if ppid == os.getpid():
            found[int(pid)] = state
    return found


def who(account=ALICE, **options):
    """The library's view of a client: name, SID, groups."""
    acceptor = domain_environment.logon(account, **options)
    sid, *groups = acceptor.client_sids
    return acceptor.client, sid, frozenset(groups)
