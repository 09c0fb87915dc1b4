#!/usr/bin/env python3
"""Runs the Kerberos checks, in a process of their own: theirs is a server with keys. Arguments as suite.py's."""

import sys

import kerberos_environment

kerberos_environment.prepare()

import sspi  # noqa: E402

ARGUMENTS = [a for a in sys.argv[1:] if a != "-v"]
sspi.load(ARGUMENTS[0])

import checks, http_service  # noqa: E401, E402
import http_curl, http_python, mechanism_lists, prefork  # noqa: E401, E402, F401
import kerberos_accept, kerberos_ad, kerberos_bindings, kerberos_delegation, kerberos_http  # noqa: E401, E402, F401
import kerberos_import, kerberos_keys, kerberos_messages, kerberos_negotiate, kerberos_pac, kerberos_prefork, kerberos_tampering  # noqa: E401, E402, F401
import kerberos_constrained, kerberos_initiate, kerberos_kdcs, kerberos_differential, kerberos_names, kerberos_token  # noqa: E401, E402, F401
import kerberos_resource_based, kerberos_heimdal_kdc  # noqa: E401, E402  the last: they leave the configuration as they make it

try:
    failed = checks.run(ARGUMENTS[1] if len(ARGUMENTS) > 1 else "", "-v" in sys.argv, "kerberos_")
finally:
    http_service.close()
    kerberos_ad.remove()
    kerberos_constrained.remove()
    kerberos_kdcs.remove()
    kerberos_resource_based.remove()
    kerberos_heimdal_kdc.remove()
    kerberos_environment.remove()
sys.exit(1 if failed else 0)
