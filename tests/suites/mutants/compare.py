#!/usr/bin/env python3
"""compare.py [--all] MUTANTS.OUT EQUIVALENT: fails if cargo-mutants missed a mutant that the list has not.

A line of the list is `MUTANT -- SOURCE -- REASON`: the mutant as cargo-mutants names it, without line and column; the
line of source in which it stands; and why no test can tell it from the original. `--all`: all mutants were tried, and a
line of which none was missed fails too.
"""

import collections
import pathlib
import re
import sys

LOCATED = re.compile(r"(?P<file>[^:]+):(?P<line>\d+):\d+: (?P<change>.*)")


def without_location(name):
    """The mutant without line and column, and the line of source."""
    found = LOCATED.fullmatch(name)
    source = pathlib.Path(found["file"]).read_text(encoding="utf-8").splitlines()
    return f"{found['file']}: {found['change']}", source[int(found["line"]) - 1].strip()


def names(out, kind):
    return [line for line in (out / f"{kind}.txt").read_text(encoding="utf-8").splitlines() if line]


def main():
    everything = "--all" in sys.argv
    out, listed = map(pathlib.Path, sys.argv[-2:])
    allowed = collections.Counter()
    for line in listed.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            mutant, source, _reason = line.split(" -- ", 2)
            allowed[mutant, source] += 1

    survivors = 0
    for name in names(out, "missed"):
        key = without_location(name)
        if allowed[key] > 0:
            allowed[key] -= 1
        else:
            survivors += 1
            print(f"MISSED: {name}\n    {key[1]}")
    # Some of the list make a test so slow that it is stopped.
    allowed.subtract(without_location(name) for name in names(out, "timeout"))
    stale = list(allowed.elements()) if everything else []
    for mutant, source in stale:
        print(f"NOTICED, but in {listed}: {mutant}\n    {source}")

    counts = {kind: len(names(out, kind)) for kind in ["caught", "timeout", "unviable", "missed"]}
    print(
        f"{counts['caught'] + counts['timeout']} noticed, {counts['missed'] - survivors} equivalent, "
        f"{counts['unviable']} do not compile, {survivors} missed"
    )
    return 1 if survivors or stale else 0


if __name__ == "__main__":
    sys.exit(main())
