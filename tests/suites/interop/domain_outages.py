"""Failures of domain controllers and connections: every logon ends correctly and in time, and afterwards logons work again."""

import os
import subprocess
import threading
import time

from checks import check, equal, holds
from domain_proxy import Proxy
from domain_environment import (
    ALICE, DENIED, LOCAL, PASSWORD, TIMEOUT, UNREACHABLE, WRONG, Log, address, another_process, configured, directory, file, frozen,
    halted, in_time, needs_root, netlogon_port, outcome, script, under_load, works_again, write_secret,
)  # fmt: skip


@check("outage: the domain controller is stopped and begins again")
def stopped():
    needs_root()
    equal(outcome(), "ok", "before")
    log = Log()
    with halted():
        equal(in_time(), UNREACHABLE, "a domain's user")
        equal(in_time(limit=1), UNREACHABLE, "the next, at once")
        equal(in_time(LOCAL, limit=1), "ok", "one of the machine's own accounts")
        log.says("no domain controller can be reached", address())
    works_again()
    equal(in_time(WRONG), DENIED, "a wrong password")


@check("outage: the domain controller is begun again between two logons")
def restarted():
    needs_root()
    equal(outcome(), "ok", "before")
    with halted():
        pass
    works_again(within=1)


@check("outage: the domain controller is frozen")
def stuck():
    needs_root()
    equal(outcome(), "ok", "before")
    with frozen():
        equal(in_time(), UNREACHABLE, "a domain's user")
        equal(in_time(LOCAL, limit=1), "ok", "one of the machine's own accounts")
        results = []
        waiting = [threading.Thread(target=lambda: results.append(in_time())) for _ in range(12)]
        for thread in waiting:
            thread.start()
        equal(in_time(LOCAL, limit=1), "ok", "one of the machine's own accounts, while others wait")
        for thread in waiting:
            thread.join()
        equal(results, [UNREACHABLE] * 12, "many at a time")
    works_again()


def through(edit=None):
    """The domain behind a proxy."""
    return Proxy((address(), netlogon_port()), edit)


@check("outage: connections are cut between logons")
def cut_between():
    needs_root()
    with through() as proxy, configured(controllers=[proxy.name]):
        for _ in range(3):
            equal(in_time(), "ok", "status")
            proxy.cut()
            time.sleep(0.1)
        equal(in_time(WRONG), DENIED, "a wrong password")


@check("outage: the connection is cut in the middle of a call")
def cut_within():
    needs_root()
    once = []

    def edit(number, chunk):
        if number > 1 and len(chunk) > 300 and not once:  # a logon's answer
            once.append(number)
            return None
        return chunk

    with through(edit) as proxy, configured(controllers=[proxy.name]):
        equal(in_time(), "ok", "status")
        holds(once, "nothing was cut")
        equal(in_time(WRONG), DENIED, "a wrong password")


CORRUPTED = {
    "one bit of each answer": lambda number, chunk: chunk[:-9] + bytes([chunk[-9] ^ 1]) + chunk[-8:],
    "one bit of what is encrypted": lambda number, chunk: chunk[:40] + bytes([chunk[40] ^ 4]) + chunk[41:] if len(chunk) > 100 else chunk,
    "the lengths": lambda number, chunk: chunk[:8] + b"\xff\xff" + chunk[10:],
    "answers cut short": lambda number, chunk: chunk[: len(chunk) // 2],
    "answers that never end": lambda number, chunk: chunk + bytes(4096) * 64,
    "nothing of it is left": lambda number, chunk: os.urandom(len(chunk)),
}


@check("outage: answers are corrupted: {}", CORRUPTED)
def corrupted(how):
    needs_root()
    on = [True]
    edit = CORRUPTED[how]
    with through(lambda *chunk: edit(*chunk) if on[0] else chunk[1]) as proxy, configured(controllers=[proxy.name]):
        for account in (ALICE, WRONG):
            equal(in_time(account), UNREACHABLE, "status")
        on[0] = False
        proxy.cut()
        works_again()


@check("outage: an answer to somebody else is no answer")
def replayed():
    needs_root()
    kept, replay = [], [False]

    def edit(number, chunk):
        if number > 1 and len(chunk) > 300:
            if replay[0]:
                return kept[0]
            kept.append(chunk)
        return chunk

    with through(edit) as proxy, configured(controllers=[proxy.name]):
        equal(in_time(), "ok", "status")
        replay[0] = True
        holds(in_time(WRONG) != "ok", "accepted with somebody else's answer")


@check("outage: the first domain controller fails, the second is asked, and later the first again")
def fail_over():
    needs_root()
    with through() as first, through() as second, configured(controllers=[first.name, second.name]):
        equal((in_time(), second.count), ("ok", 0), "the first alone is asked")
        first.refuse()
        equal(in_time(), "ok", "by the second")
        asked = second.count
        holds(asked > 0, "the second was not asked")
        first.accept_again()
        before = first.count
        end = time.monotonic() + 30
        while first.count == before and time.monotonic() < end:
            equal(in_time(), "ok", "meanwhile")
            time.sleep(0.5)
        holds(first.count > before, "the first is not asked again")
        equal(in_time(WRONG), DENIED, "a wrong password")


@check("outage: the first domain controller does not answer, the second is asked in time")
def silent():
    needs_root()
    silenced = [True]

    def edit(number, chunk):
        while silenced[0]:
            time.sleep(0.05)
        return chunk

    with through(edit) as first, through() as second, configured(controllers=[first.name, second.name]):
        equal(in_time(), "ok", "status")
        holds(second.count > 0, "the second was not asked")
        silenced[0] = False


@check("outage: the domain controller is replaced by a second one, and that by the first")
def replaced():
    needs_root()
    twin = directory() + "-twin"
    script("halt")
    try:
        script("twin", twin, "--", directory())
        script("resume")
        with configured(controllers=[address(), address(twin)]):
            for stopped, other in ((None, twin), (twin, None), (None, twin)):
                works_again()
                script("halt", stopped)
                # The remaining controller has no channel yet, or only an old one.
                for _ in range(3):
                    equal(in_time(ALICE, limit=TIMEOUT + 1), "ok", "a logon by the other one")
                equal(in_time(WRONG, limit=TIMEOUT + 1), DENIED, "a wrong password by the other one")
                script("resume", stopped)
                # A controller that has failed is not tried for three seconds.
                time.sleep(3.5)
    finally:
        script("stop", twin)
        script("halt")
        script("resume")
    works_again()


@check("outage: a domain controller that is not there, by name and by port")
def absent():
    needs_root()
    with configured(controllers=["no-such-host.invalid", "127.0.0.1:1"]):
        log = Log()
        equal(in_time(limit=TIMEOUT + 12), UNREACHABLE, "status")
        equal(in_time(limit=1), UNREACHABLE, "the next, at once")
        log.says("no-such-host.invalid 127.0.0.1:1")


@check("outage: the machine's password is changed by somebody else")
def password_changed():
    needs_root()
    equal(outcome(), "ok", "before")
    change("An0ther-Passw0rd")
    try:
        # The existing channel lasts until the domain controller restarts; then only the new secret is accepted.
        script("halt")
        script("resume")
        log = Log()
        equal(in_time(), UNREACHABLE, "with the old secret")
        log.says("secure channel", "STATUS_ACCESS_DENIED")
        write_secret("An0ther-Passw0rd")
        works_again()
    finally:
        change(PASSWORD)
        write_secret(PASSWORD)
        time.sleep(1.2)
        works_again()


def change(password):
    command = ["samba-tool", "user", "setpassword", "WEB1$", f"--newpassword={password}", "-H", file("private/sam.ldb")]
    subprocess.run([*command, f"--configfile={file('smb.conf')}"], check=True, capture_output=True)


@check("outage: another process of the machine makes a channel of its own")
def forked():
    needs_root()
    another_process()


def footprint():
    """Open files of this process, and KiB of memory."""
    with open("/proc/self/status") as f:
        resident = next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
    return len(os.listdir("/proc/self/fd")), resident


@check("outage: 8 threads log on while the domain controller begins again twice")
def restarted_under_load():
    needs_root()
    works_again()
    files, memory = footprint()

    def restart_twice():
        for _ in range(2):
            time.sleep(3)
            script("halt")
            script("resume")

    under_load(2000, restart_twice)
    # Nothing remains of 16,000 logons: no socket, and no more memory than an allocator keeps.
    files_then, memory_then = footprint()
    holds(files_then <= files + 4, f"{files} open files before, {files_then} after")
    holds(memory_then <= memory + 32 * 1024, f"{memory} KiB before, {memory_then} after")
