"""ChangeAccountPassword for a domain's user, by the domain controller's password service (RFC 3244)."""

import contextlib
import os
import subprocess

import environment
from checks import check, equal, holds
from domain_environment import DENIED, DOMAIN, PASSWORD, REALM, outcome
from environment import established
from kerberos_initiate import ISC_MUTUAL
from kerberos_peers import Mit
from peers import Account
from sspi import Initiator, SspiError, change_password
from winbind_environment import member, using

USER, NEW = "changing", "An0ther-Passwörd"
RESTRICTION, EXPIRED = "STATUS_PASSWORD_RESTRICTION", "STATUS_PASSWORD_EXPIRED"
SERVER = "HTTP/server.ad.example.test"


def samba_tool(*arguments):
    configuration = os.path.join(member(), "smb.conf")
    done = subprocess.run(["samba-tool", *arguments, "-s", configuration], capture_output=True, text=True, check=False)
    holds(done.returncode == 0, f"samba-tool {' '.join(arguments)}: {done.stdout}{done.stderr}")


@contextlib.contextmanager
def account():
    """A user of the checks' own, with the password that all have."""
    samba_tool("user", "create", USER, PASSWORD)
    try:
        yield
    finally:
        samba_tool("user", "delete", USER)


@contextlib.contextmanager
def password_policy(**settings):
    """The domain's policy for passwords while the block lasts; its script has made it permit everything."""
    samba_tool("domain", "passwordsettings", "set", *(f"--{name.replace('_', '-')}={value}" for name, value in settings.items()))
    try:
        yield
    finally:
        samba_tool(
            "domain", "passwordsettings", "set", "--complexity=off", "--history-length=0", "--min-pwd-length=7", "--min-pwd-age=0"
        )  # fmt: skip


def user(password, domain=REALM):
    return Account(USER, password, domain)


def changed(old, new, package="Kerberos", domain=REALM):
    """ok or the status."""
    try:
        change_password(user(old, domain), new, package)
        return "ok"
    except SspiError as error:
        return error.status


def kerberos(password):
    """ok, or the status of a logon by Kerberos to a service of the domain."""
    initiator = Initiator.initiator(user(password), "Kerberos", target=SERVER, flags=ISC_MUTUAL)
    try:
        established(initiator, Mit.acceptor(os.path.join(member(), "http.keytab")))
        return "ok"
    except SspiError as error:
        return error.status


def counts(password, other):
    """That password logs on, and the other one does not. By NTLM a domain takes the previous one for another hour."""
    equal((kerberos(password), kerberos(other)), ("ok", DENIED), "by Kerberos: this password, the other one")
    equal(outcome(user(password, DOMAIN)), "ok", "by NTLM: this password")
    equal(outcome(user(f"{other}x", DOMAIN)), DENIED, "by NTLM: a wrong one")


@check("ChangeAccountPassword in a domain, {}", ["Kerberos", "Negotiate"])
def password_changed(package):
    using("libwbclient")
    with account():
        counts(PASSWORD, NEW)
        equal(changed(PASSWORD, NEW, package), "ok", "status")
        counts(NEW, PASSWORD)
        equal(changed(NEW, PASSWORD, package), "ok", "status")
        counts(PASSWORD, NEW)


@check("ChangeAccountPassword in a domain: KDC and password service are found by DNS")
def found_by_dns():
    using("libwbclient")
    with open(os.path.join(member(), "krb5.conf")) as f:
        lines = [line for line in f if "kdc = " not in line and "kpasswd_server" not in line]
    path = os.path.join(environment.directory, "dns.conf")
    with open(path, "w") as f:
        f.writelines(line.replace("[libdefaults]", "[libdefaults]\ndns_lookup_kdc = true") for line in lines)
    with account(), environment.policy(kerberos=f'krb5_conf = "{path}"'):
        equal(changed(PASSWORD, NEW), "ok", "status")
        counts(NEW, PASSWORD)


@check("ChangeAccountPassword in a domain: what stays as it is")
def password_stays():
    using("libwbclient")
    with account():
        equal(changed("wrong", NEW), DENIED, "status with a wrong old password")
        with password_policy(min_pwd_length=8, complexity="on"):
            equal(changed(PASSWORD, "Sh0rt!"), RESTRICTION, "status of a password that is too short")
            equal(changed(PASSWORD, "longenoughbutplain"), RESTRICTION, "status of a password that is not complex")
        with password_policy(min_pwd_age=1):
            equal(changed(PASSWORD, NEW), RESTRICTION, "status of a change that is too early")
        counts(PASSWORD, NEW)
    equal(changed(PASSWORD, NEW), DENIED, "status of an unknown user")


@check("ChangeAccountPassword in a domain: a password that must be changed")
def must_change():
    using("libwbclient")
    with account():
        samba_tool("user", "setpassword", USER, f"--newpassword={PASSWORD}", "--must-change-at-next-login")
        equal(kerberos(PASSWORD), EXPIRED, "status before")
        equal(changed(PASSWORD, NEW), "ok", "status")
        counts(NEW, PASSWORD)
