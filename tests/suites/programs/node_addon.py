"""node-expose-sspi's prebuilt addon, in Node.js for Windows. Windows looks for an addon's DLLs beside the addon."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import peers
import stage
from checks import check, equal
from stage import DISABLED, DOMAIN, PASSWORDS, REALM, converse, curl, ntlm_user_file

NEGOTIATE = ("--negotiate", "-u", ":")
# It impersonates each client, and looks up the name of the user that the thread then acts for.
TOKENS = "wine_restricted_token = true\nwine_user_name = true"
# It takes names apart at the backslash, and looks them up.
NAMES = f"names = [{{ realm = '{REALM}', name = '{DOMAIN}\\{{user}}' }}]"


class Server(stage.Running):
    def __init__(self, platform):
        self.port = stage.free_port()
        script = os.path.join(stage.ROOT, "build", "programs", "src", "node", "server.js")
        configuration = stage.configure(f"node-{platform}", tokens=TOKENS, kerberos=NAMES)
        command, environment = stage.command(platform, "node", "node", f"Z:{script}", str(self.port), configuration=configuration)
        self.log = open(os.path.join(stage.directory, f"node-{platform}.log"), "wb")
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        stage.wait_for_port(self.port, self.process, "node.exe")

    def ask(self, *arguments, **options):
        return user_of(*curl(*arguments, f"http://localhost:{self.port}/", **options))

    def converse(self, initiator):
        return user_of(*converse(self.port, "/", "Negotiate", initiator))


def user_of(status, body):
    """The status, by which mechanism the client came, and its name."""
    if status != 200:
        return status, "", ""
    told = json.loads(body)
    return status, told["method"], f"{told['user'].get('domain')}\\{told['user'].get('name')}"


server = stage.Servers(Server)
close = server.close


def register(platform):
    def pyspnego(user, package, password=None, domain=DOMAIN):
        return peers.Pyspnego.initiator(peers.Account(user, password or PASSWORDS[user], domain), package)

    for package in ("Negotiate", "NTLM"):

        @check(f"node-{platform}: pyspnego, {package}, {{}}", ["alice", "bob"])
        def _(user, package=package):
            equal(server(platform).converse(pyspnego(user, package)), (200, "NTLM", f"{DOMAIN}\\{user}"), "answer")

        def refused(name, *who, package=package, **more):
            @check(f"node-{platform}: pyspnego, {package}, {name}: refused")
            def _():
                equal(server(platform).converse(pyspnego(who[0], package, *who[1:], **more))[0], 401, "status")

        refused("wrong password", "alice", "wrong")
        refused("unknown user", "nobody", "Passw0rd!")
        refused("disabled account", DISABLED)
        refused("foreign domain", "alice", domain="ELSEWHERE")

    @check(f"node-{platform}: curl, NTLM within SPNEGO")
    def _():
        right, wrong = (ntlm_user_file("alice", password) for password in (PASSWORDS["alice"], "wrong"))
        equal(server(platform).ask(*NEGOTIATE, user_file=right)[::2], (200, f"{DOMAIN}\\alice"), "answer")
        equal(server(platform).ask(*NEGOTIATE, user_file=wrong)[0], 401, "status")

    @check(f"node-{platform}: curl, ticket")
    def _():
        equal(server(platform).ask(*NEGOTIATE, tickets="alice"), (200, "Kerberos", f"{DOMAIN}\\alice"), "answer")

    @check(f"node-{platform}: no authentication: refused")
    def _():
        equal(server(platform).ask()[0], 401, "status")

    @check(f"node-{platform}: 20 clients at once, each itself")
    def _():
        names = ["alice", "bob"] * 10
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda user: server(platform).converse(pyspnego(user, "Negotiate"))[2], names))
        equal(answers, [f"{DOMAIN}\\{user}" for user in names], "names")
