#!/usr/bin/env python3
"""Runs the checks of real programs. main.py [-v] [--only PART] [--skip NAME:WHY] [PROGRAM-PLATFORM]...; run.sh builds them first."""

import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "interop"))

import checks  # noqa: E402
import curl_client  # noqa: E402
import firebird_trusted  # noqa: E402
import freeradius  # noqa: E402
import freerdp_server  # noqa: E402
import go_sspi  # noqa: E402
import libpq_client  # noqa: E402
import mariadb_plugin  # noqa: E402
import mod_authn_ntlm  # noqa: E402
import node_addon  # noqa: E402
import ntlm_auth_helpers  # noqa: E402
import squid_helpers  # noqa: E402
import sspilib_tests  # noqa: E402
import stage  # noqa: E402

PROGRAMS = {
    "squid": squid_helpers,
    "curl": curl_client,
    "mariadb": mariadb_plugin,
    "ntlmauth": ntlm_auth_helpers,
    "freeradius": freeradius,
    "freerdp": freerdp_server.FREERDP,
    "freerdp3": freerdp_server.FREERDP3,
    "go": go_sspi,
    "firebird": firebird_trusted,
    "libpq": libpq_client,
    "sspilib": sspilib_tests,
    "node": node_addon,
    "mod_authn_ntlm": mod_authn_ntlm,
}


def skip(what):
    name, _, why = what.partition(": ")

    @checks.check(name)
    def _():
        raise checks.Skip(why)


parser = argparse.ArgumentParser()
parser.add_argument("-v", action="store_true")
parser.add_argument("--only", default="")
parser.add_argument("--skip", action="append", default=[])
parser.add_argument("programs", nargs="*")
arguments = parser.parse_args()
try:
    stage.prepare()
    for name in arguments.programs:
        program, platform = name.split("-")
        PROGRAMS[program].register(platform)
    for what in arguments.skip:
        skip(what)
    failed = checks.run(arguments.only, arguments.v)
finally:
    for program in PROGRAMS.values():
        program.close()
    if not os.environ.get("KEEP"):
        stage.remove()
sys.exit(1 if failed else 0)
