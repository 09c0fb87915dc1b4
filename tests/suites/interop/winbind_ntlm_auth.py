"""negossp as ntlm_auth on a member of a domain, beside Samba's program there: both ask winbindd."""

import os
import subprocess

import environment
from checks import check, equal
from domain_environment import ALICE, DOMAIN
from kerberos_environment import ROOT
from winbind_environment import WAYS, member, using

PROGRAMS = {
    "ours": [os.path.join(ROOT, "dist", "linux-x86_64", "negossp"), "ntlm-auth"],
    "Samba's": ["/usr/bin/ntlm_auth"],
}
REQUIREMENTS = {
    None: "OK",
    f"{DOMAIN}\\Domain Users": "OK",
    f"{DOMAIN}\\webusers": "OK",
    f"{DOMAIN}\\Domain Admins": "ERR",
    f"{DOMAIN}\\no such group": "ERR",
}


def run(program, *arguments, lines=""):
    command = [*PROGRAMS[program], f"--configfile={member()}/member/smb.conf", *arguments]
    variables = {**os.environ, "NEGOSSP_CONFIG": os.path.join(environment.directory, "negossp.toml")}
    return subprocess.run(command, env=variables, input=lines, capture_output=True, text=True, timeout=60)


@check("winbind: ntlm_auth beside Samba's: {}", list(REQUIREMENTS), label=lambda group: group or "any user")
def membership(group):
    using(WAYS[0])
    required = [f"--require-membership-of={group}"] if group else []
    lines = f"{DOMAIN}%5C{ALICE.user} {ALICE.password}\n{DOMAIN}%5C{ALICE.user} wrong\n{DOMAIN}%5Cnobody {ALICE.password}\n"
    answers = {program: run(program, "--helper-protocol=squid-2.5-basic", *required, lines=lines).stdout.split() for program in PROGRAMS}
    equal(answers["ours"], [REQUIREMENTS[group], "ERR", "ERR"], "answers")
    equal(answers["ours"], answers["Samba's"], "ours and Samba's")


@check("winbind: ntlm_auth beside Samba's: one logon by options, {}", [(ALICE.user, ALICE.password), (ALICE.user, "wrong"), ("nobody", "wrong")])  # fmt: skip
def by_options(user, password):
    using(WAYS[0])
    ours, theirs = (run(program, f"--username={user}", f"--domain={DOMAIN}", f"--password={password}") for program in PROGRAMS)
    equal(ours.returncode, theirs.returncode, "status")
    equal(ours.returncode, int(password == "wrong"), "status")
    # Samba 4.17 prints an empty name for success.
    equal(ours.stdout.split(":")[0], "NT_STATUS_LOGON_FAILURE" if ours.returncode else "NT_STATUS_OK", "answer")
