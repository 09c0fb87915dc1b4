"""A domain's client that asks the KDC for a ticket under another name than its account's. Whoever may make a computer account,
in Active Directory every user, can call it `games$`; the KDC then takes `games` for it, which is a local user of this machine."""

import os
import pwd
import subprocess

import sspi
from checks import Skip, check, equal, holds
from kerberos_accept import ASC_MUTUAL, DENIED
from kerberos_ad import DOMAIN, SERVER, domain
from kerberos_environment import refused_first
from kerberos_peers import Mit
from sspi import Acceptor
from environment import established, policy, write_policy

REALM = DOMAIN.upper()
BOUNDED = f'domains = ["{REALM}"]\n'
LOCAL_USERS = BOUNDED + "min_uid = 1\nmin_gid = 1\n"
TABLE = f'users = {{ "games@{REALM}" = "games" }}\n'
# In these the domain's clients need a PAC.
REQUIRED = {
    "[domain]": {
        "domain": f'name = "EXAMPLE"\nrealm = "{REALM}"\nmachine_account = "SERVER$"\nmachine_secret_file = "none"\n'
        'controllers = ["127.0.0.1"]\n'
    },
    "[server] member": {"server": f'dns_domain = "{DOMAIN}"\nmember = true\n'},
    "require_pac": {"kerberos": "require_pac = true\n"},
}


def ccache(there, name, *options):
    """A ticket-granting ticket under this name of GAMES$'s."""
    path = there.file(f"{name}{''.join(options)}.ccache")
    done = subprocess.run(["kinit", *options, "-c", path, f"{name}@{REALM}"], input="Passw0rd!\n", capture_output=True, text=True)
    equal(done.returncode, 0, f"kinit: {done.stderr}")
    return f"FILE:{path}"


def initiator(there, name, *options):
    return Mit.initiator(ccache(there, name, *options), "Kerberos", SERVER)


def accepted(client):
    acceptor = Acceptor.acceptor("Negotiate", flags=ASC_MUTUAL)
    established(client, acceptor)
    return acceptor


def needs_user():
    try:
        pwd.getpwnam("games")
    except KeyError:
        raise Skip("no user games on this machine") from None


@check("domain: a computer account games$ that calls itself games is games$, and no local user")
def with_pac():
    needs_user()
    with domain() as there, policy(tokens=LOCAL_USERS + TABLE):
        for name in ("games", "games$"):
            client = accepted(initiator(there, name))
            equal((client.client, client.native_names[0]), ("EXAMPLE\\games$", f"games$@{REALM}"), f"names of {name}")
            equal(client.local_account, None, f"the local account of {name}")


@check("domain: games$ gets a ticket for games without a PAC, which is refused where its realm's clients need one")
def without_pac():
    with domain() as there:
        for name, section in REQUIRED.items():
            with policy(tokens=LOCAL_USERS, **section):
                refused_first(initiator(there, "games", "--no-request-pac").step(), DENIED)
                equal(accepted(initiator(there, "games")).native_names[0], f"games$@{REALM}", f"{name}, with a PAC")


@check("domain: where nothing requires a PAC games$ is games, and negossp config check says so")
def believed():
    """Shows that the KDC would not have refused it in the checks above."""
    needs_user()
    with domain() as there, policy(tokens=LOCAL_USERS):
        equal(accepted(initiator(there, "games", "--no-request-pac")).local_account, "games", "the local account")
        warned("[tokens] domains")
    with domain() as there, policy(tokens=BOUNDED):
        equal(accepted(initiator(there, "games", "--no-request-pac")).local_account, None, "by default: a user of the system")
    with policy():
        write_policy(tokens=TABLE)
        warned("[tokens.users]")


def warned(section):
    program = os.path.join(os.path.dirname(sspi.LIBRARY.dll._name), "negossp")
    if not os.path.exists(program):
        raise Skip("no negossp beside the library")
    done = subprocess.run([program, "config", "check"], capture_output=True, text=True)
    holds(f"{section}: clients of {REALM} are believed" in done.stderr, done.stderr)
