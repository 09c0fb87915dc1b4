"""A C program that asks the domain's directory, through our library on Linux or through our DLL under Wine, whichever system the
example server runs on."""

import functools
import os
import re
import shutil
import subprocess
import sys

from checks import check, equal, holds
from domain_environment import DOMAIN, PASSWORD, REALM, address, file, needs_root
from kerberos_environment import ROOT

HOST = REALM.lower()
BASE = ",".join(f"DC={part}" for part in HOST.split("."))
FOLDER = os.path.join(ROOT, "build", "ldap-client")
WINDOWS = ".exe" in os.environ.get("NEGOSSP_HTTP_SERVER", "")
SOURCES = [os.path.join(ROOT, path) for path in ("tests/suites/interop/ldap_client/ldap_client.c", "examples/library.c")]
FLAGS = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/examples", f"-I{ROOT}/include"]


@functools.cache
def program():
    """The command that runs the program, with its library."""
    os.makedirs(FOLDER, exist_ok=True)
    if WINDOWS:
        out, dll = os.path.join(FOLDER, "ldap_client.exe"), os.path.join(FOLDER, "negossp.dll")
        shutil.copy(os.path.join(ROOT, "dist", "windows-x86_64", "negossp.dll"), dll)
        defines = ["-D__USE_MINGW_ANSI_STDIO=1", "-D_WIN32_WINNT=0x0601"]
        subprocess.run(["x86_64-w64-mingw32-gcc", *FLAGS, *defines, "-o", out, *SOURCES, "-lws2_32"], check=True)
        return [os.path.join(ROOT, "scripts", "wine.sh"), "64", out, "negossp.dll"]
    out = os.path.join(FOLDER, "ldap_client")
    subprocess.run(["gcc", *FLAGS, "-D_GNU_SOURCE", "-o", out, *SOURCES, "-ldl", "-lpthread"], check=True)
    return [out, next(argument for argument in sys.argv[1:] if argument != "-v")]


def configuration(ccache):
    """The client's settings in a file of its own: no krb5.conf is needed."""
    with open(file("krb5.conf"), encoding="utf-8") as f:
        kdc = re.search(r"(?m)^\s*kdc = (\S+)", f.read()).group(1)
    path, cache = os.path.join(FOLDER, "negossp.toml"), os.path.join(FOLDER, "user.ccache")
    if ccache:
        shutil.copy(file(ccache), cache)
    else:
        cache = os.path.join(FOLDER, "none.ccache")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"""
[outbound]
provider = "negossp"
[kerberos]
krb5_conf = ""
realm = "{REALM}"
ccache = "FILE:{"Z:" if WINDOWS else ""}{cache}"
[kerberos.kdcs]
"{REALM}" = ["{kdc}"]
""")
    return path


def ask(user, *identity, ccache=None):
    """Exit status, output, errors."""
    command = [*program(), address(), f"ldap/dc1.{HOST}", BASE, user, *identity]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEGOSSP_")}
    environment["NEGOSSP_CONFIG"] = configuration(ccache)
    done = subprocess.run(command, env=environment, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.split("\n"), done.stderr


@check("ldap_client: a sealed search, as alice by {}", ["a password", "a ticket"])
def searches(how):
    needs_root()
    identity, ccache = ((PASSWORD, DOMAIN), None) if how == "a password" else ((), "alice.ccache")
    status, lines, errors = ask("alice", *identity, ccache=ccache)
    equal(status, 0, f"exit status ({errors})")
    equal([line.rstrip() for line in lines if line], ["package Kerberos", f"entry CN=alice,CN=Users,{BASE}", "ended"], "its output")


@check("ldap_client: a wrong password is refused")
def wrong():
    needs_root()
    status, lines, errors = ask("alice", "wrong", DOMAIN)
    equal(status, 1, "exit status")
    holds("SEC_E_LOGON_DENIED" in errors and lines == [""], f"{lines} {errors}")
