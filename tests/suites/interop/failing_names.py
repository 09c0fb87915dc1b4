"""The library of names/names.c, in which no client has a name."""

import os
import subprocess
import sys
from pathlib import Path

import environment

HERE = Path(__file__).resolve().parent


def library():
    """Its path; made once."""
    out = os.path.join(environment.directory, "names.so")
    if not os.path.exists(out):
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-Wall", "-Werror", f"-I{HERE.parents[2]}/include", HERE / "names/names.c",
             "-o", out, "-ldl"], check=True,
        )  # fmt: skip
    return out


def in_front():
    """The environment in which it stands in front of the library under test."""
    return {"NAMES_LIBRARY": os.path.abspath(sys.argv[1])}
