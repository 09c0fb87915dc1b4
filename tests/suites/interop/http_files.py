"""Files opened, and commands run, as the client, authenticated by curl: the example server, as root on Linux, with two
users."""

import os
import shutil
import tempfile

import environment
from checks import Skip, check, equal, holds
from http_curl import curl
from http_service import Example
from peers import Account
from environment import ALICE, LONG
from processes import children, eventually

# User ids that need no account on the machine.
USERS = {ALICE: (61101, 62101), LONG: (61102, 62102)}
STRANGER = Account("stranger", "Passw0rd!", environment.DOMAIN)
_place = None


def place():
    """The folder of files, each of which its user alone may read, and the server's port."""
    global _place
    if os.name != "posix" or "wine" in os.environ.get("NEGOSSP_HTTP_SERVER", ""):
        raise Skip("Linux only")
    if os.geteuid() != 0:
        raise Skip("only root can act as others")
    if not os.environ.get("NEGOSSP_HTTP_SERVER"):
        raise Skip("needs the example server (scripts/examples.sh)")
    if _place is None:
        folder = tempfile.mkdtemp(prefix="negossp-files-")
        os.chmod(folder, 0o711)
        for account, (uid, gid) in USERS.items():
            path = os.path.join(folder, f"of-{uid}")
            with open(path, "w") as f:
                f.write(f"the secret of {uid}\n")
            os.chown(path, uid, gid)
            os.chmod(path, 0o600)
        with open(os.path.join(folder, "of-root"), "w") as f:
            os.chmod(f.name, 0o600)
        os.mkfifo(os.path.join(folder, "pipe"))
        os.chown(os.path.join(folder, "pipe"), *USERS[ALICE])
        accounts = os.path.join(environment.directory, "files-accounts")
        with open(accounts, "w") as f:
            f.writelines(environment.smbpasswd_line(number, account) for number, account in enumerate([*USERS, STRANGER]))
        config = os.path.join(environment.directory, "files.toml")
        with open(config, "w") as f:
            f.write(f'[accounts]\nfile = "{accounts}"\ndomain = "{environment.DOMAIN}"\n[tokens.users]\n')
            f.writelines(f"'{account.qualified}' = {{ uid = {uid}, gid = {gid} }}\n" for account, (uid, gid) in USERS.items())
        # What a check has written into `command`.
        run = ("--run", f". {folder}/command")
        _place = folder, Example(*run, NEGOSSP_CONFIG=config, HTTP_SERVER_FILES=folder)
    return _place


def close():
    if _place:
        _place[1].close()
        shutil.rmtree(_place[0])


def fetch(account, name):
    """What curl gets as that user: status and text."""
    _, example = place()
    login = f"{account.qualified}:{account.password}"
    status, text, _ = curl("--ntlm", "-u", login, at=example.port, path=name)
    return status, text


@check("a file opened as curl's user {}", [(account,) for account in USERS], lambda account: account.user)
def own_file(account):
    uid, _ = USERS[account]
    status, text = fetch(account, f"of-{uid}")
    equal(status, 200, "status")
    holds(f"the secret of {uid}" in text, "the file's text")


@check("no other file for curl's user {}", [(account,) for account in USERS], lambda account: account.user)
def others_files(account):
    others = [f"of-{uid}" for other, (uid, _) in USERS.items() if other is not account]
    for name in [*others, "of-root"]:
        status, text = fetch(account, name)
        equal(status, 403, "status")
        holds("secret" not in text, "the file's text")


@check("no file as a user without a local account")
def stranger():
    status, text = fetch(STRANGER, "of-61101")
    equal(status, 403, "status")
    holds("SEC_E_NO_IMPERSONATION" in text, f"says {text.strip()!r}")


@check("a pipe is no file, and keeps nobody waiting")
def pipe():
    status, text = fetch(ALICE, "pipe")
    equal(status, 403, "status")
    holds("not a regular file" in text, f"says {text.strip()!r}")


def run(account, command):
    """What curl gets of the command, run as that user; nothing of it remains."""
    folder, example = place()
    path = os.path.join(folder, "command")
    with open(path, "w") as f:
        os.chmod(path, 0o644)
        f.write(command)
    status, text = fetch(account, "run")
    eventually(lambda: not children(example.process.pid), "the command has ended, and has been waited for")
    return status, text


@check("a command run as curl's user {}", [(account,) for account in USERS], lambda account: account.user)
def own_command(account):
    uid, gid = USERS[account]
    status, text = run(account, "id -u; id -g; id -G; id -ru; id -rg; grep CapEff /proc/self/status")
    equal(status, 200, "status")
    holds(f"\n{uid}\n{gid}\n{gid}\n{uid}\n{gid}\nCapEff:\t0000000000000000\n" in text, f"says {text.strip()!r}")


@check("a command gets nothing of the server's")
def command_alone():
    status, text = run(ALICE, "env; cat; ls -l /proc/self/fd")
    equal(status, 200, "status")
    holds("NEGOSSP" not in text and "HTTP_SERVER" not in text, f"the environment: {text.strip()!r}")
    holds("/dev/null" in text and "pipe:" in text and "socket:" not in text, f"what is open: {text.strip()!r}")


@check("a command that writes too much is cut off")
def command_too_long():
    status, text = run(ALICE, "exec yes")
    equal(status, 200, "status")
    holds(65536 <= len(text) < 67000 and "there is more" in text, f"{len(text)} bytes")


def has_ended(pipe):
    """Nobody has it open for writing any more."""
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False


@check("a command that takes too long is ended, with its children")
def command_too_slow():
    folder, _ = place()
    started = os.path.join(folder, "started")
    os.mkfifo(started)
    os.chmod(started, 0o666)
    reader = os.open(started, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status, text = run(ALICE, f"echo begun; sleep 1000 3>{started} & wait")
        equal(status, 200, "status")
        holds("begun" in text and "ended" in text, f"says {text.strip()!r}")
        eventually(lambda: has_ended(reader), "its child has ended")
    finally:
        os.close(reader)


@check("no command as a user without a local account")
def stranger_command():
    status, text = run(STRANGER, "id -u")
    equal(status, 403, "status")
    holds("SEC_E_NO_IMPERSONATION" in text, f"says {text.strip()!r}")


@check("no command on Windows")
def windows_command():
    if "wine" not in os.environ.get("NEGOSSP_HTTP_SERVER", ""):
        raise Skip("Windows only")
    example = Example("--run", "echo run")
    try:
        status, text, _ = curl("--ntlm", "-u", f"{ALICE.qualified}:{ALICE.password}", at=example.port, path="run")
        equal(status, 404, "status")
        holds("not on Windows" in text, f"says {text.strip()!r}")
    finally:
        example.close()
