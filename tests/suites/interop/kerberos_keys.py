"""Keys that the caller brings: a service's password, a keytab in packed credentials."""

from checks import check, equal
from kerberos_peers import Mit
from kerberos_environment import ALICE, SERVER, ccache, no_keytab, realm_file, refused_first, service
from peers import Account
from sspi import ASC_DEFAULT, Acceptor, packed_keytab
from environment import established

DENIED = ("SEC_E_LOGON_DENIED",)
REALM = "EXAMPLE.TEST"
PASSWORD = "ServicePassw0rd!"
SERVICE = service("password")


def accepts(name, account, package="Negotiate", principal=None):
    acceptor = Acceptor.acceptor(package, flags=ASC_DEFAULT | 2, account=account, principal=principal)
    established(Mit.initiator(ccache(), package, name), acceptor)
    equal(acceptor.client, ALICE, "SECPKG_ATTR_NAMES")


@check("a service's password instead of a keytab, package {}", ["Negotiate", "Kerberos"])
def password(package):
    with no_keytab():
        for account in (
            Account(SERVICE, PASSWORD, REALM),
            Account(f"{SERVICE}@{REALM}", PASSWORD, ""),
            Account(SERVICE, PASSWORD, REALM.lower()),
        ):
            accepts(SERVICE, account, package)
            refused_first(Mit.initiator(ccache(), package, SERVER).step(), DENIED, package=package, account=account)
        wrong = Account(SERVICE, PASSWORD.lower(), REALM)
        refused_first(Mit.initiator(ccache(), package, SERVICE).step(), DENIED, package=package, account=wrong)


@check("a keytab in packed credentials, package {}", ["Negotiate", "Kerberos"])
def packed(package):
    with open(realm_file("http.keytab"), "rb") as f:
        keytab = f.read()
    with no_keytab():
        for user in ("", SERVER):
            accepts(SERVER, packed_keytab(keytab, user), package)
            accepts(SERVICE, packed_keytab(keytab, user), package)
        accepts(SERVER, packed_keytab(keytab), package, principal=SERVER)
        other = Mit.initiator(ccache(), package, SERVICE).step()
        refused_first(other, DENIED, package=package, account=packed_keytab(keytab), principal=SERVER)


@check("a keytab in packed credentials stands for the configured one")
def instead():
    with open(realm_file("rolled.keytab"), "rb") as f:
        keytab = packed_keytab(f.read())
    accepts(service("rolled"), keytab)
    refused_first(Mit.initiator(ccache(), "Kerberos", SERVER).step(), DENIED, account=keytab)
