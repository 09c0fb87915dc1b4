"""Fills the directory of samba-ad.sh, before Samba runs: accounts, groups, service names, keytabs."""

import base64
import os
import time

from ldb import SCOPE_BASE
from samba import dckeytab, dsdb  # noqa: F401  dckeytab adds Net.export_keytab
from samba.auth import system_session
from samba.credentials import Credentials
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

DIR, DOMAIN, PASSWORD = (os.environ[name] for name in ("DIR", "DOMAIN", "PASSWORD"))
USERS = ["alice", "bob", "jörg", "disabled", "expired"]
REFUSED = ["mustchange", "locked", "nohours", "elsewhere"]
# games is also a user of any Debian machine.
COMPUTERS = ["web1", "games"]
RC4, AES, ALL = "4", "24", "28"  # msDS-SupportedEncryptionTypes
GROUPS = {
    "webusers": (dsdb.GTYPE_SECURITY_GLOBAL_GROUP, ["alice", "bob"]),
    "webadmins": (dsdb.GTYPE_SECURITY_UNIVERSAL_GROUP, ["alice"]),
    "weblocal": (dsdb.GTYPE_SECURITY_DOMAIN_LOCAL_GROUP, ["alice"]),
    "everybody": (dsdb.GTYPE_SECURITY_UNIVERSAL_GROUP, ["webusers"]),
}

settings = LoadParm()
settings.load(f"{DIR}/smb.conf")
directory = SamDB(session_info=system_session(), lp=settings)


def modify(dn, attribute, *values):
    lines = "".join(f"{attribute}: {value}\n" for value in values)
    directory.modify_ldif(f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{lines}")


def modify_base64(dn, attribute, value):
    text = base64.b64encode(value).decode()
    directory.modify_ldif(f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}:: {text}\n")


def entry(account):
    return directory.search(directory.domain_dn(), expression=f"(sAMAccountName={account})", attrs=["objectSid"])[0]


def sid(message):
    return directory.schema_format_value("objectSid", message["objectSid"][0]).decode()


def service(account, names, enctypes):
    """Keys are made for the encryption types that are set when the password is."""
    dn = entry(account).dn
    modify(dn, "servicePrincipalName", *names)
    modify(dn, "msDS-SupportedEncryptionTypes", enctypes)
    directory.setpassword(f"(sAMAccountName={account})", PASSWORD)


def add_ldap_names(host):
    """Names that a domain controller gives itself at some time after its start, where samba_spnupdate has not."""
    name = host.split(".")[0]
    dn = directory.search(directory.domain_dn(), expression=f"(sAMAccountName={name}$)")[0].dn
    had = directory.search(dn, scope=SCOPE_BASE, attrs=["servicePrincipalName"])[0].get("servicePrincipalName", [])
    had = {str(value).lower() for value in had}
    wanted = [f"ldap/{host}", f"ldap/{name}", f"ldap/{host}/{DOMAIN}"]
    missing = "".join(f"servicePrincipalName: {value}\n" for value in wanted if value.lower() not in had)
    if missing:
        directory.modify_ldif(f"dn: {dn}\nchangetype: modify\nadd: servicePrincipalName\n{missing}")


def main():
    base = directory.domain_dn()
    for attribute, value in {
        "maxPwdAge": "-9223372036854775808",
        "minPwdAge": "0",
        "pwdHistoryLength": "0",
        "pwdProperties": "0",
    }.items():
        modify(base, attribute, value)
    for user in USERS:
        directory.newuser(user, PASSWORD)
    modify(entry("alice").dn, "displayName", "Alice Example")
    directory.disable_account("(sAMAccountName=disabled)")
    modify(entry("expired").dn, "accountExpires", "116444736010000000")
    add_ldap_names(directory.host_dns_name())
    for user in REFUSED:
        directory.newuser(user, PASSWORD)
    modify(entry("mustchange").dn, "pwdLastSet", "0")
    modify(entry("locked").dn, "lockoutTime", str((int(time.time()) + 11644473600) * 10**7))
    modify_base64(entry("nohours").dn, "logonHours", bytes(21))
    modify(entry("elsewhere").dn, "userWorkstations", "ELSEWHERE")
    for group, (kind, members) in GROUPS.items():
        directory.newgroup(group, grouptype=kind)
        directory.add_remove_group_members(group, members, add_members_operation=True)
    directory.newuser("svc_http", PASSWORD)
    directory.newuser("svc_rc4", PASSWORD)
    for computer in COMPUTERS:
        directory.newcomputer(computer)
    directory.setpassword("(sAMAccountName=games$)", PASSWORD)
    service("svc_http", [f"HTTP/server.{DOMAIN}"], AES)
    modify(entry("svc_http").dn, "msDS-AllowedToDelegateTo", f"HTTP/web1.{DOMAIN}")
    service("svc_rc4", [f"HTTP/rc4.{DOMAIN}"], RC4)
    service("web1$", [f"HTTP/web1.{DOMAIN}", f"host/web1.{DOMAIN}"], ALL)
    modify(entry("web1$").dn, "dNSHostName", f"web1.{DOMAIN}")

    keytabs = {
        "users": USERS,
        "server": [f"HTTP/server.{DOMAIN}"],
        "rc4": [f"HTTP/rc4.{DOMAIN}"],
        "web1": ["web1$", f"HTTP/web1.{DOMAIN}", f"host/web1.{DOMAIN}"],
        "svc_http": ["svc_http"],
        "krbtgt": ["krbtgt"],
    }
    keytabs["http"] = keytabs["server"] + keytabs["rc4"] + keytabs["web1"]
    net = Net(Credentials(), settings)
    for name, principals in keytabs.items():
        for principal in principals:
            net.export_keytab(keytab=f"{DIR}/{name}.keytab", principal=principal)

    with open(f"{DIR}/sids", "w", encoding="utf-8") as out:
        out.write(f". {directory.get_domain_sid()}\n")
        for account in [*USERS, *GROUPS]:
            out.write(f"{account} {sid(entry(account))}\n")


main()
