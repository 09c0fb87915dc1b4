"""Files opened as the client, authenticated by curl: the example server, as root on Linux, with two users."""

import os
import shutil
import tempfile

import environment
from checks import Skip, check, equal, holds
from http_curl import curl
from http_service import Example
from peers import Account
from environment import ALICE, LONG

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
        _place = folder, Example(NEGOSSP_CONFIG=config, HTTP_SERVER_FILES=folder)
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
