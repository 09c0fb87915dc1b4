"""How a check is written and counted.

A check is a function marked `@check("name")`; `@check("name {}", [values])` makes one of each value, which
the function gets. It fails by raising, and is skipped by raising `Skip(reason)`.
"""

import sys
import time
import traceback

CHECKS = []


class Skip(Exception):
    """The check cannot run here, for the reason given."""


def check(name, values=None, label=str):
    def mark(function):
        if values is None:
            CHECKS.append((name, function, ()))
        for value in values or ():
            arguments = value if isinstance(value, tuple) else (value,)
            shown = [getattr(argument, "name", None) or label(argument) for argument in arguments]
            CHECKS.append((name.format(*shown), function, arguments))
        return function

    return mark


def equal(got, expected, what):
    if got != expected:
        raise AssertionError(f"{what}: {shorten(got)}, expected {shorten(expected)}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(kinds, what, call, *arguments):
    """`call` must raise one of `kinds`; returns the exception."""
    try:
        call(*arguments)
    except kinds as refusal:
        return refusal
    raise AssertionError(f"{what} was not refused")


def shorten(value):
    text = value.hex() if isinstance(value, (bytes, bytearray)) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}... ({len(value)})"


def run(selected="", verbose=False, suite=""):
    """Runs the checks whose names contain one of `selected` (separated by commas), or those of files whose names begin so;
    returns how many failed.

    Only those of files whose names begin with `suite`: the others are imported for what they define."""
    counts = {"ok": 0, "FAIL": 0, "SKIPPED": 0}
    for name, function, arguments in CHECKS:
        if not function.__module__.startswith(suite):
            continue
        if not any(part in name or function.__module__.startswith(part) for part in selected.split(",")):
            continue
        started = time.monotonic()
        try:
            function(*arguments)
            result, why = "ok", ""
        except Skip as skip:
            result, why = "SKIPPED", f": {skip}"
        except Exception as error:
            result, why = "FAIL", f": {type(error).__name__}: {' '.join(str(error).split())}"
            if verbose:
                traceback.print_exc()
        counts[result] += 1
        took = time.monotonic() - started
        head = "SKIPPED:" if result == "SKIPPED" else result
        print(f"{head} {name}{why}" + (f" ({took:.1f} s)" if verbose else ""), flush=True)
    if not any(counts.values()):
        sys.exit(f"no check is called {selected}")
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['SKIPPED']} skipped")
    return counts["FAIL"]
