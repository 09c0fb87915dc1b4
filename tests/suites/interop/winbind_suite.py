#!/usr/bin/env python3
"""Runs the checks of winbind, in a process of their own on a member of a domain (samba-member.sh). Arguments as suite.py's."""

import sys

import winbind_environment

winbind_environment.prepare()

import sspi  # noqa: E402

ARGUMENTS = [a for a in sys.argv[1:] if a != "-v"]
sspi.load(ARGUMENTS[0])

import checks, domain_logons  # noqa: E401, E402, F401
import winbind_logons, winbind_ntlm_auth, winbind_outages, winbind_passwords, winbind_smb  # noqa: E401, E402, F401

try:
    failed = checks.run(ARGUMENTS[1] if len(ARGUMENTS) > 1 else "", "-v" in sys.argv, "winbind_")
finally:
    winbind_environment.remove()
sys.exit(1 if failed else 0)
