#!/usr/bin/env python3
"""Records exchanges between implementations that are not this one, for tests and fuzzing to start from.

record.py DIRECTORY     (through run.sh: `tests/suites/interop/run.sh record`)

One file per exchange, of lines `word value...`, text in UTF-8, bytes in hex (`-` for none):
    # remark            initiator, acceptor
    package             Negotiate or NTLM: whether the tokens are SPNEGO's
    user domain password    what the initiator was given (a line each)
    bindings            application data of the channel bindings, where there were some
    C token, S token    the initiator's and the acceptor's tokens, in order
    key                 the exported session key, the same on both sides
    seal C data message     a message sealed by the initiator (S: by the acceptor): signature, then sealed data
    sign C data signature
The sealed and signed messages follow one another as listed, each side counting its own.
"""

import ctypes
import os
import subprocess
import sys
import tempfile

import httpd
import peers
from peers import Account, GssNtlmssp, Impacket, Pyspnego, PyspnegoWithMechListMic

ALICE = Account("alice", "Passw0rd!")
JOERG = Account("jörg", "Pässwörd€ 漢字")
LONG = Account("a-user-with-a-name-of-some-length.and-a-dot", "correct horse battery staple, and then some more")
NO_DOMAIN = Account("carol", "Passw0rd!", "")
MESSAGES = (b"", b"x", b"0123456789abcdef", bytes(range(256)) * 4)
ACCOUNTS = [ALICE, JOERG, LONG, NO_DOMAIN]
CLOSING = b"tls-server-end-point:" + bytes(range(32))


def hexed(data):
    return data.hex() or "-"


class Recording:
    """Writes one exchange to a file."""

    def __init__(self, directory, name, initiator, acceptor, package, account, bindings=None):
        self.path = os.path.join(directory, name + ".txt")
        self.lines = [f"# initiator {initiator}, acceptor {acceptor}", f"package {package}"]
        self.lines += [f"user {account.user}", f"domain {account.domain}".rstrip(), f"password {account.password}"]
        if bindings is not None:
            self.lines.append(f"bindings {hexed(bindings)}")

    def token(self, side, token):
        self.lines.append(f"{side} {hexed(token)}")

    def messages(self, initiator, acceptor):
        if initiator.key != acceptor.key:
            raise RuntimeError("session keys differ")
        self.lines.append(f"key {acceptor.key.hex()}")
        for data in MESSAGES:
            if not data and not (initiator.empty_messages and acceptor.empty_messages):
                continue
            for side, sender, receiver in (("C", initiator, acceptor), ("S", acceptor, initiator)):
                message = sender.wrap(data)
                if receiver.unwrap(message) != data:
                    raise RuntimeError("unwrapped to something else")
                self.lines.append(f"seal {side} {hexed(data)} {message.hex()}")
                signature = sender.sign(data)
                receiver.verify(data, signature)
                self.lines.append(f"sign {side} {hexed(data)} {signature.hex()}")

    def write(self):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write("\n".join(self.lines) + "\n")
        print(os.path.basename(self.path))


def loop(directory, name, make, package, account, acceptor, bindings=None, messages=True, **options):
    """Records an exchange between two contexts of this process."""
    with_bindings = {"bindings": bindings} if bindings is not None else {}
    initiator = make.initiator(account, package, **with_bindings, **options)
    server = acceptor.acceptor(package, **with_bindings)
    recording = Recording(directory, name, make.name, acceptor.name, package, account, bindings)
    peers.exchange(initiator, server, recording.token)
    if not (initiator.complete and server.complete):
        raise RuntimeError(f"{name}: not complete")
    if messages:
        recording.messages(initiator, server)
    else:
        recording.lines.append(f"key {server.key.hex()}")
    recording.write()


def impacket(directory, name, package, account):
    """Records impacket's side. Its NTLMv2 blob lacks the four zeros at the end; pyspnego, which builds the
    blob anew to compare, refuses that, and gss-ntlmssp refuses its NEGOTIATE_MESSAGE. So no acceptor has
    confirmed this one; its answer to AUTHENTICATE_MESSAGE is missing."""
    initiator, acceptor = Impacket.initiator(account, package), Pyspnego.acceptor(package)
    recording = Recording(directory, name, "impacket", "pyspnego (which refuses)", package, account)
    try:
        peers.exchange(initiator, acceptor, recording.token)
    except peers.spnego.exceptions.InvalidTokenError:
        pass
    recording.lines.append(f"key {initiator.key.hex()}")
    for data in MESSAGES:
        recording.lines.append(f"seal C {hexed(data)} {initiator.wrap(data).hex()}")
        recording.lines.append(f"sign C {hexed(data)} {initiator.sign(data).hex()}")
    recording.write()


def curl(directory, name, package, account, arguments, environment=None):
    """Records what curl and a pyspnego server say to each other over HTTP."""
    recording = Recording(directory, name, "curl", "pyspnego", package, account)
    contexts = []

    def new_context(scheme):
        contexts.append(Pyspnego.acceptor(package))
        return contexts[-1]

    with httpd.Server(new_context, ["Negotiate" if package == "Negotiate" else "NTLM"], recording.token) as server:
        out = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "20", *arguments,
             "--resolve", f"{peers.HOST}:{server.port}:127.0.0.1", f"http://{peers.HOST}:{server.port}/"],
            env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=True,
        )  # fmt: skip
    if account.user not in out.stdout:
        raise RuntimeError(f"{name}: {out.stdout} {out.stderr}")
    recording.lines.append(f"key {contexts[-1].key.hex()}")
    recording.write()


def own_host_name(name):
    """The recordings name a machine that does not exist, not the one they are made on."""
    clone_newuts = 0x04000000
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(clone_newuts) or libc.sethostname(name, len(name)):
        sys.exit("record.py: needs the right to name its own host (root)")


def main(directory):
    own_host_name(b"server")
    os.makedirs(directory, exist_ok=True)
    scratch = tempfile.mkdtemp()
    peers.clean_environment(scratch, ACCOUNTS)
    for package, short in (("NTLM", "ntlm"), ("Negotiate", "spnego")):
        impacket(directory, f"{short}-impacket", package, ALICE)
        for make, who in ((Pyspnego, "pyspnego"), (GssNtlmssp, "gss-ntlmssp")):
            for acceptor, whose in ((Pyspnego, "pyspnego"), (GssNtlmssp, "gss-ntlmssp")):
                loop(directory, f"{short}-{who}-to-{whose}", make, package, ALICE, acceptor)
        loop(directory, f"{short}-not-ascii", Pyspnego, package, JOERG, Pyspnego)
        loop(directory, f"{short}-long-names", Pyspnego, package, LONG, Pyspnego)
        loop(directory, f"{short}-no-domain", Pyspnego, package, NO_DOMAIN, Pyspnego)
        loop(directory, f"{short}-bindings", Pyspnego, package, ALICE, Pyspnego, bindings=CLOSING)
        loop(directory, f"{short}-bindings-gss-ntlmssp", GssNtlmssp, package, ALICE, GssNtlmssp, bindings=CLOSING)
    none = peers.spnego.ContextReq.none
    loop(directory, "ntlm-no-flags", Pyspnego, "NTLM", ALICE, Pyspnego, messages=False, flags=none)
    loop(directory, "ntlm-sign-only", Pyspnego, "NTLM", ALICE, Pyspnego, flags=peers.SIGN_ONLY)
    loop(directory, "spnego-mech-list-mic-unasked", PyspnegoWithMechListMic, "Negotiate", ALICE, Pyspnego)
    for level, name in (("0", "ntlmv1"), ("1", "ntlmv1-ess-lm"), ("2", "ntlmv1-ess")):
        os.environ["LM_COMPAT_LEVEL"] = level
        loop(directory, f"ntlm-{name}", Pyspnego, "NTLM", ALICE, Pyspnego)
    del os.environ["LM_COMPAT_LEVEL"]
    login = f"{ALICE.qualified}:{ALICE.password}"
    curl(directory, "ntlm-curl", "NTLM", ALICE, ["--ntlm", "-u", login])
    only_alice = peers.clean_environment(tempfile.mkdtemp(), [ALICE])
    curl(directory, "spnego-curl", "Negotiate", ALICE, ["--negotiate", "-u", ":"], {"NTLM_USER_FILE": only_alice})


if __name__ == "__main__":
    main(*sys.argv[1:])
