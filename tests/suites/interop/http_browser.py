"""A headless Chromium. It first tries NTLM of its own with the password in the URL; when
that is refused, Negotiate with GSSAPI's default credentials, which are gss-ntlmssp's from NTLM_USER_FILE."""

import os
import shutil
import subprocess
import tempfile
from urllib.parse import quote

import peers
import environment
from checks import Skip, check, holds
from http_service import ntlm_user_file, port
from environment import ALICE, JOERG, NOBODY


def browse(account, defaults=()):
    """The page as the browser shows it, with the account in the URL."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise Skip("chromium is not installed")
    login = f"{quote(account.qualified, safe='')}:{quote(account.password, safe='')}"
    return subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--no-proxy-server", "--timeout=15000",
         f"--user-data-dir={tempfile.mkdtemp(dir=environment.directory)}", "--auth-server-allowlist=*",
         f"--host-resolver-rules=MAP {peers.HOST} 127.0.0.1", "--dump-dom", f"http://{login}@{peers.HOST}:{port()}/"],
        env={**os.environ, "NTLM_USER_FILE": ntlm_user_file(defaults)}, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip


def is_let_in(account, defaults=()):
    """The page names ALICE, or the given account. A browser that is slow on a busy machine shows an empty page, as it
    does when it is rejected; so the check is repeated."""
    user = defaults[0].user if defaults else account.user
    pages = []
    for _ in range(3):
        pages.append(browse(account, defaults))
        if user in pages[-1]:
            return
    holds(False, f"pages {pages!r}")


@check("Chromium with a password")
def accepted():
    for account in (ALICE, JOERG):
        is_let_in(account)


@check("Chromium, from NTLM with a wrong password to Negotiate")
def negotiate():
    is_let_in(ALICE.but(password="wrong"), [ALICE])
    page = browse(ALICE.but(password="wrong"), [ALICE.but(password="wrong, too")])
    holds(ALICE.user not in page, f"page {page!r}")


@check("Chromium with a wrong password, an unknown user")
def refused():
    for account in (ALICE.but(password="wrong"), NOBODY):
        page = browse(account)
        holds(account.user not in page, f"page {page!r}")
