#!/usr/bin/env python3
"""Runs the checks of the domain, in a process of their own: theirs is a member of a domain. Arguments as suite.py's."""

import sys

import domain_environment

domain_environment.prepare()

import sspi  # noqa: E402

ARGUMENTS = [a for a in sys.argv[1:] if a != "-v"]
sspi.load(ARGUMENTS[0])

import checks, http_service  # noqa: E401, E402
import http_curl, http_python  # noqa: E401, E402, F401
import domain_http, domain_initiate, domain_ldap, domain_logons, domain_outages, domain_transition  # noqa: E401, E402, F401

try:
    failed = checks.run(ARGUMENTS[1] if len(ARGUMENTS) > 1 else "", "-v" in sys.argv, "domain_")
finally:
    http_service.close()
    domain_environment.remove()
sys.exit(1 if failed else 0)
