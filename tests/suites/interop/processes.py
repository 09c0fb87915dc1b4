"""Processes and their children, as /proc tells."""

import time
from pathlib import Path

from checks import holds


def children(parent):
    """The children's ids and states; Z is a dead one that nobody has waited for."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may contain anything.
            state, its_parent, *_ = path.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(its_parent) == parent:
            found[int(path.parent.name)] = state
    return found


def eventually(condition, what, seconds=20):
    """Waits until the condition holds, which it does soon or never."""
    end = time.monotonic() + seconds
    while not condition():
        holds(time.monotonic() < end, what)
        time.sleep(0.05)
