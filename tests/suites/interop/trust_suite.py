#!/usr/bin/env python3
"""Runs the checks of a trust, in a process of their own beside two domain controllers (samba-trust.sh). Arguments as
suite.py's."""

import sys

import trust_environment

trust_environment.prepare()

import sspi  # noqa: E402

ARGUMENTS = [a for a in sys.argv[1:] if a != "-v"]
sspi.load(ARGUMENTS[0])

import checks, http_service  # noqa: E401, E402
import http_curl, kerberos_accept, kerberos_ad  # noqa: E401, E402, F401
import trust_logons, trust_tickets  # noqa: E401, E402, F401

try:
    failed = checks.run(ARGUMENTS[1] if len(ARGUMENTS) > 1 else "", "-v" in sys.argv, "trust_")
finally:
    http_service.close()
    trust_environment.remove()
sys.exit(1 if failed else 0)
