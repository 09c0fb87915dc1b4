"""A user who is logged on to the system, for Wine's NTLM: that asks a program `ntlm_auth`, for which there is a stand-in here."""

import os
import sys

import stage
from stage import DOMAIN, PASSWORDS

# Wine asks it for its version, then line by line for tokens, flags and the key.
HELPER = """#!{python}
import base64, os, sys
import spnego
if "--version" in sys.argv:
    print("Version 4.0.0")
    sys.exit()
domain, user, password = os.environ["TEST_LOGGED_ON"].split(":")
context = spnego.client(rf"{{domain}}\\{{user}}", password, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
for line in sys.stdin:
    verb, _, text = line.strip().partition(" ")
    if verb in ("YR", "TT"):
        token = context.step(base64.b64decode(text) or None) or b""
        print("AF" if context.complete else "YR", base64.b64encode(token).decode(), flush=True)
    elif verb == "GK":
        print("GK", base64.b64encode(context.session_key).decode(), flush=True)
    elif verb == "GF":
        print("GF 0xe2088235", flush=True)
    else:
        print("OK", flush=True)
"""


def as_user(environment, user, password=None):
    """Changes the environment of a command of Wine's so that it runs as this user."""
    folder = os.path.join(stage.directory, "helper")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "ntlm_auth")
    with open(path, "w") as f:
        f.write(HELPER.format(python=sys.executable))
    os.chmod(path, 0o755)
    environment["TEST_PATH"] = folder
    environment["TEST_LOGGED_ON"] = f"{DOMAIN}:{user}:{password or PASSWORDS[user]}"
