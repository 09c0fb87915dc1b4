"""negossp as ntlm_auth, under Debian's Squid: by the helper lines that its documentation has for Samba's program.

Squid runs its helpers as another user, who gets accounts, keytab and the program in a folder of its own.
"""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import peers
import squid_helpers
import stage
from checks import check, equal
from stage import DISABLED, DOMAIN, PASSWORDS, ntlm_user_file

PROTOCOLS = {"negotiate": "gss-spnego", "ntlm": "squid-2.5-ntlmssp", "basic": "squid-2.5-basic"}
NEGOTIATE = ("--proxy-negotiate", "-U", ":")


class Program:
    """A helper that Squid starts itself."""

    def __init__(self, line):
        self.line = line

    def close(self):
        pass


_running = []


def squid():
    if not _running:
        folder = os.path.join(stage.public, "ntlm_auth")
        os.makedirs(folder, exist_ok=True)
        shutil.copy(stage.TOOL, os.path.join(folder, "ntlm_auth"))
        for name in ("accounts", "http.keytab"):
            shutil.copy(os.path.join(stage.directory, name), folder)
        shutil.copy(stage.configure("ntlm_auth"), os.path.join(folder, "negossp.toml"))
        if os.getuid() == 0:
            for name in ("", "accounts", "http.keytab", "negossp.toml"):
                shutil.chown(os.path.join(folder, name), "proxy")
        helpers = {
            scheme: Program(f"{folder}/ntlm_auth --helper-protocol={protocol}") for scheme, protocol in PROTOCOLS.items()
        }
        environment = {"PATH": os.environ["PATH"], "NEGOSSP_CONFIG": os.path.join(folder, "negossp.toml")}
        # What Squid has checked it remembers, and a wrong password must not be remembered as a right one.
        _running.append(squid_helpers.Squid(helpers, environment, ["auth_param basic credentialsttl 1 second"]))
    return _running[0]


def close():
    for running in _running:
        running.close()


def curl(scheme, user, password=None, domain=DOMAIN):
    name = f"{domain}\\{user}" if domain else user
    return squid().ask(f"--proxy-{scheme}", "-U", f"{name}:{password or PASSWORDS[user]}")


def spnego(user, password=None):
    return squid().ask(*NEGOTIATE, user_file=ntlm_user_file(user, password or PASSWORDS[user]))


def bare(scheme, user, password=None):
    who = peers.Account(user, password or PASSWORDS[user], DOMAIN)
    return squid().converse(scheme, peers.Pyspnego.initiator(who, "NTLM"))


def named(user):
    """As Squid sends it: %ul shows a backslash once, and characters byte by byte."""
    return f"{DOMAIN}\\{user}".encode().decode("latin-1")


def register(platform):
    def accepted(what, user, ask):
        @check(f"ntlmauth-{platform}: Squid, {what}")
        def _():
            equal(ask(), (200, user), "answer")

    def refused(what, ask):
        @check(f"ntlmauth-{platform}: Squid, {what}: refused")
        def _():
            equal(ask()[0], 407, "status")

    accepted("ntlm, curl", named("alice"), lambda: curl("ntlm", "alice"))
    accepted("ntlm, pyspnego", named("jörg"), lambda: bare("NTLM", "jörg"))
    accepted("basic, curl", "bob", lambda: curl("basic", "bob", domain=""))
    # Squid itself writes basic names in lower case.
    accepted("basic, with the domain", named("alice").lower(), lambda: curl("basic", "alice"))
    accepted("basic, a name that is not ASCII", "jörg".encode().decode("latin-1"), lambda: curl("basic", "jörg", domain=""))
    accepted("negotiate, NTLM", named("alice"), lambda: spnego("alice"))
    accepted("negotiate, NTLM by itself", named("bob"), lambda: bare("Negotiate", "bob"))
    accepted("negotiate, a ticket", "alice@EXAMPLE.TEST", lambda: squid().ask(*NEGOTIATE, tickets="alice"))
    for scheme in ("ntlm", "basic"):
        refused(f"{scheme}, wrong password", lambda scheme=scheme: curl(scheme, "alice", "wrong"))
        refused(f"{scheme}, unknown user", lambda scheme=scheme: curl(scheme, "nobody", "Passw0rd!"))
        refused(f"{scheme}, disabled account", lambda scheme=scheme: curl(scheme, DISABLED))
        refused(f"{scheme}, foreign domain", lambda scheme=scheme: curl(scheme, "alice", domain="ELSEWHERE"))
    refused("negotiate, wrong password", lambda: spnego("alice", "wrong"))
    refused("negotiate, by itself, wrong password", lambda: bare("Negotiate", "bob", "wrong"))
    refused("negotiate, another's ticket", lambda: squid().ask(*NEGOTIATE, tickets="alice", host="absent.example.test"))
    refused("no authentication", lambda: squid().ask())

    @check(f"ntlmauth-{platform}: Squid, 40 clients at once, each with its own name")
    def _():
        users = ["alice", "bob"] * 20
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda user: curl("ntlm", user), users))
        equal(answers, [(200, named(user)) for user in users], "answers")
