"""A domain's clients to a Windows server: what its access tokens of them say and decide. Settings:

NEGOSSP_TOKEN_SERVER  command that runs token_server.exe, to which a list of SIDs is appended (scripts/test.sh); else there are
                      no such checks
"""

import os
import shlex
import shutil
import subprocess

from checks import check, equal, holds
from kerberos_ad import SERVER, domain, groups_of
from kerberos_peers import Heimdal, Mit
from kerberos_environment import ROOT

COMMAND = os.environ.get("NEGOSSP_TOKEN_SERVER")
FOLDER = os.path.join(ROOT, "build", "token-server")  # a chroot contains nothing but the checkout
ADMINISTRATORS, EVERYONE, AUTHENTICATED = "S-1-5-32-544", "S-1-1-0", "S-1-5-11"
WAYS = ("AccessCheck", "CheckTokenMembership", "OpenEvent")


class TokenServer:
    """The server, with the domain's keys, for as many clients as there are."""

    def __init__(self, there, sids):
        os.makedirs(FOLDER, exist_ok=True)
        shutil.copy(there.file("http.keytab"), os.path.join(FOLDER, "http.keytab"))
        configuration = os.path.join(FOLDER, "negossp.toml")
        with open(configuration, "w", encoding="utf-8") as f:
            f.write('[kerberos]\nkeytab = "http.keytab"\nreplay_cache = "memory"\n')
        self.process = subprocess.Popen(
            [*shlex.split(COMMAND), *sids], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=FOLDER,
            env={**os.environ, "NEGOSSP_CONFIG": configuration},
        )  # fmt: skip

    def answer(self, token):
        """(the server's token, its other output)"""
        self.process.stdin.write(token.hex() + "\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().strip()) != "end":
            if not line and self.process.poll() is not None:
                raise AssertionError(f"token_server.exe has ended with {self.process.returncode}: {lines}")
            lines.append(line)
        equal(lines[0], "status 00000000", "AcceptSecurityContext")
        return bytes.fromhex(lines[1].partition(" ")[2]), lines[2:]

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


def told(lines, what):
    return [line.split()[1] for line in lines if line.startswith(f"{what} ")]


def decided(lines, sid):
    return {way: f"{sid} {way} yes" in lines for way in WAYS if f"{sid} {way} yes" in lines or f"{sid} {way} no" in lines}


@check("domain: a group of the client's decides what a Windows server lets it do, {}", [Mit, Heimdal] if COMMAND else [])
def decides(make):
    with domain() as there:
        admins, users = there.sids["webadmins"], there.sids["webusers"]
        asked = [admins, users, there.sids["alice"], there.sids["bob"], ADMINISTRATORS, EVERYONE]
        server = TokenServer(there, asked)
        try:
            for user in ("alice", "bob"):
                initiator = make.initiator(there.ccache(user), "Negotiate", SERVER)
                reply, lines = server.answer(initiator.step())
                initiator.step(reply)
                holds(initiator.complete, "the initiator is not complete")
                equal(told(lines, "user"), [there.sids[user]], "TokenUser")
                groups = set(told(lines, "group"))
                holds(groups_of(there, user) <= groups, f"TokenGroups {sorted(groups)}")
                holds({EVERYONE, AUTHENTICATED} <= groups and ADMINISTRATORS not in groups, f"TokenGroups {sorted(groups)}")
                equal(told(lines, "level"), ["2"], "TokenImpersonationLevel")
                # alice is in both groups, bob only in the users'.
                holds_for = {admins: user == "alice", users: True, there.sids[user]: True, EVERYONE: True, ADMINISTRATORS: False}
                holds_for[there.sids["bob" if user == "alice" else "alice"]] = False
                for sid, expected in holds_for.items():
                    ways = dict.fromkeys(WAYS, expected)
                    if sid == there.sids[user]:
                        ways["CheckTokenMembership"] = False  # Wine checks the groups alone
                    equal(decided(lines, sid), ways, f"what {user} gets that only {sid} may have")
        finally:
            server.close()
