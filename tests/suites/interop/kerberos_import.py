"""Contexts of clients with tickets, exported by one process and imported by others: an importer refuses whom it would not have
let in itself."""

import os
import subprocess
import sys
from pathlib import Path

import environment
import sspi
from checks import check, equal
from environment import BINDINGS, established, policy
from kerberos_accept import ASC_MUTUAL
from kerberos_environment import ALICE, PAIRS, SERVER, ccache
from kerberos_peers import Mit
from sspi import Acceptor

PROGRAM = Path(__file__).with_name("importing_process.py")
MESSAGE = b"sealed before the context was exported"
DENIED, INVALID = "SEC_E_LOGON_DENIED", "SEC_E_INVALID_TOKEN"
ACCEPTED = f"SEC_E_OK {ALICE} {MESSAGE.hex()}"

# Importers do not see whose token it was.
TOKENS = [pair for pair in PAIRS if pair[0] is Mit]
# What an importer's configuration has besides the exporter's, and what becomes of the context. The client's service is
# HTTP/server.example.test, and it has sent no channel bindings.
IMPORTERS = [
    ({"negotiate": 'mechanisms = ["NTLM"]'}, DENIED),
    ({"export": 'audience = "others"'}, INVALID),
    ({"kerberos": 'principals = ["cifs/server.example.test"]'}, DENIED),
    ({"kerberos": 'principals = ["HTTP/other.example.test"]'}, DENIED),
    ({"kerberos": 'channel_bindings = "require"'}, DENIED),
    ({"kerberos": 'principals = ["HTTP/server.example.test"]'}, ACCEPTED),
    ({"negotiate": 'mechanisms = ["Kerberos"]'}, ACCEPTED),
    ({}, ACCEPTED),
]


def new_key(name):
    path = os.path.join(environment.directory, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(os.urandom(32))
    return f'key_file = "{path}"\n'


def import_elsewhere(package, packed, message, sections):
    """What a process with this configuration makes of the context."""
    path = os.path.join(environment.directory, "importer.toml")
    environment.write_sections(path, sections)
    ended = subprocess.run(
        [sys.executable, PROGRAM, sspi.LIBRARY.dll._name, package], input=f"{packed.hex()}\n{message.hex()}\n",
        env={**os.environ, "NEGOSSP_CONFIG": path}, text=True, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return ended.stdout.strip()


def exported(make, package, ours, bindings=None):
    initiator = make.initiator(ccache(), package, SERVER, bindings=bindings)
    acceptor = Acceptor.acceptor(ours, bindings=bindings, flags=ASC_MUTUAL)
    established(initiator, acceptor)
    message = initiator.wrap(MESSAGE)
    return acceptor.exported(), message


def becomes(ours, packed, message, export, added, expected):
    sections = dict(added, export=export + added.get("export", ""))
    equal(import_elsewhere(ours, packed, message, sections), expected, f"with {added}")


@check("an importer refuses whom it would not let in: {}, {} token, package {}", TOKENS)
def importers_decide(make, package, ours):
    export = new_key("export.key")
    with policy(export=export):
        packed, message = exported(make, package, ours)
    # One context: what refuses it is the importer's policy.
    becomes(ours, packed, message, new_key("another.key"), {}, INVALID)
    for added, expected in IMPORTERS:
        becomes(ours, packed, message, export, added, expected)


@check("an importer that requires bindings takes a context with them: {}, {} token, package {}", TOKENS)
def with_bindings(make, package, ours):
    export = new_key("export.key")
    with policy(export=export):
        packed, message = exported(make, package, ours, BINDINGS)
    becomes(ours, packed, message, export, {"kerberos": 'channel_bindings = "require"'}, ACCEPTED)
