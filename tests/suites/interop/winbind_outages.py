"""Failures of winbindd, and of a helper process."""

import os
import signal
import threading
import time
from collections import Counter

from checks import check, equal, holds
from domain_environment import (
    ALICE, DENIED, LOCAL, UNREACHABLE, WRONG, Log, another_process, in_time, outcome, under_load, works_again,
)  # fmt: skip
from winbind_environment import WAYS, children, configured, frozen, section, stopped, using


@check("winbind by {}: winbindd is not there, and begins again", WAYS)
def not_there(way):
    using(way)
    equal(outcome(), "ok", "before")
    with stopped():
        log = Log()
        for account in (ALICE, WRONG):
            equal(in_time(account), UNREACHABLE, "status")
        equal(in_time(limit=1), UNREACHABLE, "the next, at once")
        equal(in_time(LOCAL, limit=1), "ok", "one of the machine's own accounts")
        log.says("winbind")
    works_again()
    equal(outcome(WRONG), DENIED, "a wrong password")


@check("winbind by {}: winbindd does not answer, and goes on", WAYS)
def does_not_answer(way):
    using(way)
    equal(outcome(), "ok", "before")
    with frozen():
        results = Counter()

        def work():
            results[in_time()] += 1

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        equal(in_time(LOCAL, limit=2), "ok", "one of the machine's own accounts, meanwhile")
        for thread in threads:
            thread.join()
        equal(dict(results), {UNREACHABLE: 8}, "logons")
        equal(in_time(WRONG), UNREACHABLE, "a wrong password")
    works_again(within=60)
    equal(outcome(WRONG), DENIED, "a wrong password")


@check("winbind: helpers that are killed are replaced, and waited for")
def helpers_killed():
    using("ntlm_auth")
    equal(outcome(), "ok", "before")
    for _ in range(3):
        helpers = children()
        holds(helpers, "no helper runs")
        for pid in helpers:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        equal([in_time(), in_time(WRONG)], ["ok", DENIED], "logons")
    holds("Z" not in children().values(), f"zombies: {children()}")


@check("winbind: helpers end when the configuration no longer wants them")
def helpers_end():
    using("ntlm_auth")
    equal(outcome(), "ok", "before")
    holds(children(), "no helper runs")
    using("libwbclient")
    equal(outcome(), "ok", "the other way")
    end = time.monotonic() + 20
    while children() and time.monotonic() < end:
        time.sleep(0.2)
    equal(children(), {}, "helpers")


@check("winbind: no program of that name")
def no_program():
    with configured(winbind=section("ntlm_auth", 'ntlm_auth = "/nonexistent/ntlm_auth"')):
        log = Log()
        equal(in_time(limit=1), UNREACHABLE, "status")
        equal(in_time(LOCAL, limit=1), "ok", "one of the machine's own accounts")
        log.says("/nonexistent/ntlm_auth")


@check("winbind by {}: another process of the machine asks for itself", WAYS)
def forked(way):
    using(way)
    another_process()


@check("winbind by {}: 8 threads log on while winbindd begins again", WAYS)
def restarted_under_load(way):
    using(way)

    def restart():
        time.sleep(0.7)
        with stopped():
            pass

    under_load(60, restart)
    holds(len(children()) <= 4, f"helpers: {children()}")
