"""negossp as ntlm_auth, under Debian's FreeRADIUS: its module mschap runs the program for each MS-CHAP logon. radclient, by
radtest, is the client, and checks what the server makes of the session key.
"""

import os
import subprocess

import stage
from checks import check, equal, holds
from stage import DISABLED, PASSWORDS

SECRET = "a shared secret"
CONFIGURATION = """
prefix = /usr
libdir = /usr/lib/freeradius
logdir = {folder}
run_dir = {folder}
pidfile = {folder}/pid
security {{
    max_attributes = 200
    reject_delay = 0
    status_server = no
}}
client localhost {{
    ipaddr = 127.0.0.1
    secret = "{secret}"
}}
modules {{
    mschap {{
        with_ntdomain_hack = yes
        ntlm_auth = "/usr/bin/env NEGOSSP_CONFIG={configuration} {program} --request-nt-key --allow-mschapv2 \
--username=%{{mschap:User-Name}} --challenge=%{{mschap:Challenge}} --nt-response=%{{mschap:NT-Response}}"
    }}
}}
server default {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {port}
    }}
    authorize {{
        mschap
    }}
    authenticate {{
        Auth-Type MS-CHAP {{
            mschap
        }}
    }}
}}
"""


class Server(stage.Running):
    def __init__(self, name, policy):
        self.folder, self.port = os.path.join(stage.directory, f"freeradius-{name}"), stage.free_port()
        os.mkdir(self.folder)
        program = os.path.join(self.folder, "ntlm_auth")
        os.symlink(stage.TOOL, program)
        with open(os.path.join(self.folder, "dictionary"), "w") as f:
            f.write("$INCLUDE /usr/share/freeradius/dictionary\n")
        with open(os.path.join(self.folder, "radiusd.conf"), "w") as f:
            f.write(
                CONFIGURATION.format(
                    folder=self.folder, secret=SECRET, configuration=stage.configure(name, ntlm=policy), program=program, port=self.port
                )
            )
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(
            ["freeradius", "-f", "-l", "stdout", "-d", self.folder], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )

    def ask(self, user, password, kind="mschap"):
        """The code of the answer."""
        command = ["radtest", "-t", kind, user, password, f"127.0.0.1:{self.port}", "0", SECRET]
        out = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": stage.directory})
        answers = [line.split()[1] for line in out.stdout.splitlines() if line.startswith("Received ")]
        if answers != ["Access-Accept"] and answers != ["Access-Reject"]:
            raise AssertionError(f"radtest: {out.stdout} {out.stderr}")
        return answers[0].removeprefix("Access-"), out.stdout


_servers = {}


def server(name, policy):
    if name not in _servers:
        _servers[name] = Server(name, policy)
    return _servers[name]


def close():
    for running in _servers.values():
        running.close()


def register(platform):
    def allowing():
        return server("mschap", 'weak_responses = ["MS-CHAPv2"]')

    def logon(what, user, password, expected):
        @check(f"freeradius-{platform}: MS-CHAP, {what}: {expected}")
        def _():
            equal(allowing().ask(user, password)[0], expected, "answer")

    logon("right password", "alice", PASSWORDS["alice"], "Accept")
    # radtest takes a backslash for its own quoting.
    logon("a name with its domain", "EXAMPLE\\\\bob", PASSWORDS["bob"], "Accept")
    logon("wrong password", "alice", "wrong", "Reject")
    logon("unknown user", "nobody", PASSWORDS["alice"], "Reject")
    logon("disabled account", DISABLED, PASSWORDS[DISABLED], "Reject")
    logon("right password again", "alice", PASSWORDS["alice"], "Accept")

    @check(f"freeradius-{platform}: MS-CHAP, the session key reaches the server")
    def _():
        holds("MS-CHAP-MPPE-Keys" in allowing().ask("alice", PASSWORDS["alice"])[1], "no MS-CHAP-MPPE-Keys")

    @check(f"freeradius-{platform}: MS-CHAP is refused unless a setting allows it")
    def _():
        equal(server("strict", "").ask("alice", PASSWORDS["alice"])[0], "Reject", "answer")
