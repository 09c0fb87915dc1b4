#!/usr/bin/env python3
"""Runs the checks. suite.py LIBRARY [-v] [part of a check's name]; run.sh prepares what it needs."""

import sys

import environment

environment.prepare()

import sspi  # noqa: E402

ARGUMENTS = [a for a in sys.argv[1:] if a != "-v"]
sspi.load(ARGUMENTS[0])

import accepting, bindings, initiating, mechanism_lists, messages, prefork, tampering, variants  # noqa: E401, E402, F401
import http_browser, http_curl, http_files, http_python, smb_session  # noqa: E401, E402, F401
import checks, http_service  # noqa: E401, E402

try:
    failed = checks.run(ARGUMENTS[1] if len(ARGUMENTS) > 1 else "", "-v" in sys.argv)
finally:
    http_files.close()
    http_service.close()
    environment.remove()
sys.exit(1 if failed else 0)
