"""sspilib from PyPI, Python's bindings of SSPI, with this library in the place of the one that its Linux wheel carries (sspi-rs): its own
tests, those too that it skips there for what sspi-rs cannot do; and logons by Kerberos, which they do not have."""

import ctypes
import functools
import os
import re
import shutil
import subprocess
import sys

import stage
from checks import check, equal, holds
from stage import REALM

SOURCE = os.path.join(stage.ROOT, "build/programs/src/sspilib")
LIBRARY = os.path.join(stage.ROOT, "dist/linux-x86_64/libnegossp.so.1")
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sspilib")

# The tests that fail, and why. Some expect of every system but Windows what sspi-rs does.
DIFFERENCES = {
    "raw/test_credential.py::test_fail_with_invalid_package_name": "SEC_E_SECPKG_NOT_FOUND, as on Windows",
    "raw/test_security_context.py::test_sec_exchange_alloc_memory": "the server's last leg is SEC_E_OK, as on Windows",
    "raw/test_security_context.py::test_sec_exchange_prealloc_mem": "likewise",
    "raw/test_security_context.py::test_sec_exchange_with_channel_binding": "likewise",
    "raw/test_context_attributes.py::test_query_names": "a client that names no domain is told of as it is named; the server tells its own",
    "raw/test_security_context.py::test_sec_exchange_allowed_package_list": "nobody is logged on to a process on Linux",
    "raw/test_security_context.py::test_sec_exchange_with_negotiate_restricted_package": "likewise",
    "raw/test_credential_attributes.py::test_set_kdc_proxy_flags": "the library is built without KDC proxies",
    "raw/test_credential_attributes.py::test_set_kdc_proxy_server": "a host's name is of ASCII, and has no zeros",
    "test_credential.py::test_keytab_username_no_domain": "three letters are no keytab: refused at once",
    "test_credential.py::test_keytab_username_upn": "likewise",
    "test_credential.py::test_keytab_username_domain": "likewise",
}


@functools.cache
def put_in_place():
    """The library, under the name that sspilib's modules are linked to; returns the environment for them."""
    name = os.listdir(os.path.join(SOURCE, "carried"))[0]
    there = os.path.join(SOURCE, "site/sspilib.libs", name)
    shutil.copyfile(LIBRARY, there)
    holds(hasattr(ctypes.CDLL(there), "NegosspCloseToken"), "it is this library")
    return {
        "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONPATH": f"{SOURCE}/site:{HERE}", "PYTHONDONTWRITEBYTECODE": "1",
        "KRB5_CONFIG": "/dev/null", "KRB5CCNAME": f"FILE:{stage.directory}/none",
    }  # fmt: skip


@functools.cache
def outcomes():
    """What each of its tests has ended with."""
    configuration = os.path.join(stage.directory, "sspilib.toml")
    with open(configuration, "w") as f:  # a realm: an account that names none is one of its
        f.write(f'[kerberos]\nkrb5_conf = ""\nrealm = "{REALM}"\n')
    out = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "lift_skips", "tests"], cwd=SOURCE,
        env={**put_in_place(), "NEGOSSP_CONFIG": configuration}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    with open(os.path.join(stage.directory, "sspilib.log"), "w") as log:
        log.write(out.stdout + out.stderr)
    found = {test: outcome for outcome, test in re.findall(r"^(PASSED|FAILED|ERROR) tests/(\S+)", out.stdout, re.M)}
    holds(found, out.stdout[-2000:] + out.stderr[-2000:])
    return found


def log_on(package, user, password, target):
    configuration = os.path.join(stage.directory, "sspilib-kerberos.toml")
    with open(stage.configure_client("sspilib", "linux")) as f:
        client = f.read()
    with open(configuration, "w") as f:
        f.write(client.replace("[kerberos]\n", f'[kerberos]\nkeytab = "{stage.directory}/http.keytab"\n', 1))
    out = subprocess.run(
        [sys.executable, os.path.join(HERE, "logon.py"), package, user, password, target], capture_output=True, text=True, timeout=60,
        env={**put_in_place(), "NEGOSSP_CONFIG": configuration},
    )  # fmt: skip
    return (out.stdout + out.stderr[-300:]).strip()


def close():
    pass


def register(platform):
    @check(f"sspilib-{platform}: its own tests")
    def _():
        failed = sorted(test for test, outcome in outcomes().items() if outcome != "PASSED" and test not in DIFFERENCES)
        holds(not failed, ", ".join(failed))
        holds(len(outcomes()) > 60, f"{len(outcomes())} tests")

    # What no longer differs is to be struck from the list.
    @check(f"sspilib-{platform}: its own tests, {{}}", {test.partition("::")[2]: test for test in DIFFERENCES})
    def _(name):
        test = next(test for test in DIFFERENCES if test.endswith(f"::{name}"))
        equal(outcomes().get(test), "FAILED", DIFFERENCES[test])

    for package in ("Kerberos", "Negotiate"):

        @check(f"sspilib-{platform}: {package}, with a password")
        def _(package=package):
            equal(log_on(package, f"alice@{REALM}", "Passw0rd!", "HTTP/server.example.test"), f"alice@{REALM}", "client")

        @check(f"sspilib-{platform}: {package}, wrong password: refused")
        def _(package=package):
            equal(log_on(package, f"alice@{REALM}", "wrong", "HTTP/server.example.test"), "0x8009030C", "status")

    @check(f"sspilib-{platform}: Kerberos, unknown service: refused")
    def _():
        equal(log_on("Kerberos", f"alice@{REALM}", "Passw0rd!", "HTTP/nowhere.example.test"), "0x80090303", "status")
