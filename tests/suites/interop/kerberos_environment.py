"""What the Kerberos checks have in common: a realm with its KDC, tickets and keys, and the server's copy of a keytab."""

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import environment
from kerberos_peers import Heimdal, Mit
from sspi import Acceptor, SspiError

REALM = "EXAMPLE.TEST"
ALICE = f"alice@{REALM}"
ROOT = str(Path(__file__).resolve().parents[3])

# The combinations of initiator and kind of token ...
INITIATORS = [(make, package) for make in (Mit, Heimdal) for package in ("Kerberos", "Negotiate")]
# ... and the packages that accept it: bare Kerberos works with both, SPNEGO only with Negotiate.
PAIRS = [(*who, "Negotiate") for who in INITIATORS] + [(make, "Kerberos", "Kerberos") for make in (Mit, Heimdal)]

SERVER = "HTTP/server.example.test"
AES = ["aes256-sha1", "aes128-sha1", "aes256-sha2", "aes128-sha2"]
OFF_BY_DEFAULT = ["rc4", "des3"]
ALL_ENCTYPES = 'enctypes = ["aes256-sha1", "aes128-sha1", "aes256-sha2", "aes128-sha2", "rc4-hmac", "des3-cbc-sha1"]'


def realm_file(name):
    return os.path.join(environment.directory, "realm", name)


def ccache(name="alice"):
    return f"FILE:{realm_file(name)}.ccache"


def service(name):
    return f"HTTP/{name}.example.test"


def server_keytab():
    """The keytab that the configuration names: at first a copy of the realm's http.keytab."""
    return os.path.join(environment.directory, "server.keytab")


def install_keytab(name):
    """Replaces the keytab by another of the realm's, atomically, as an administrator should."""
    shutil.copy(realm_file(f"{name}.keytab"), server_keytab() + ".new")
    os.replace(server_keytab() + ".new", server_keytab())


@contextlib.contextmanager
def keytab(name):
    """Has another keytab in effect while the block lasts. The library checks the file once a second."""
    install_keytab(name)
    time.sleep(1.2)
    try:
        yield
    finally:
        install_keytab("http")
        time.sleep(1.2)


@contextlib.contextmanager
def no_keytab():
    """Has a keytab without keys in effect while the block lasts."""
    with open(realm_file("empty.keytab"), "wb") as f:
        f.write(b"\5\2")
    with keytab("empty"):
        yield


def prepare():
    """Called before the library is loaded, which reads the environment then."""
    environment.BASE["kerberos"] = f'keytab = "{server_keytab()}"\n'
    environment.prepare()
    # The realm's script ends the KDC when this process is gone; remove() need not.
    script = os.path.join(ROOT, "tests", "infra", "mit-kdc.sh")
    subprocess.run(
        [script, "start", os.path.join(environment.directory, "realm")], check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "OWNER": str(os.getpid()), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    install_keytab("http")
    os.environ.update(KRB5_CONFIG=realm_file("krb5.conf"), KRB5RCACHEDIR=realm_file("rcache"))


def remove():
    script = os.path.join(ROOT, "tests", "infra", "mit-kdc.sh")
    subprocess.run([script, "stop", os.path.join(environment.directory, "realm")], check=False)
    environment.remove()


def run_tool(*command, ccache):
    """One of MIT's programs with a credential cache; returns (exit status, what it printed)."""
    out = subprocess.run(command, env={**os.environ, "KRB5CCNAME": ccache}, capture_output=True, text=True)
    return out.returncode, out.stdout + out.stderr


def refused_first(token, statuses, **options):
    """Our acceptor must refuse the token with one of `statuses`, and no context must be left; returns the error."""
    acceptor = Acceptor.acceptor(options.pop("package", "Negotiate"), **options)
    try:
        acceptor.step(token)
    except SspiError as error:
        if error.status not in statuses:
            raise AssertionError(f"{error}, expected {' or '.join(statuses)}") from error
        if acceptor.live:
            raise AssertionError("a context was made") from error
        return error
    raise AssertionError("accepted")
