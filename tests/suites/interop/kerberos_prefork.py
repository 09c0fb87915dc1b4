"""examples/prefork with clients that have tickets."""

from checks import check, equal, holds
from kerberos_environment import AES, ccache, service
from kerberos_peers import Heimdal, Mit
from prefork import Connection, Server

CLIENTS = [(make, package, name) for make in (Mit, Heimdal) for package in ("Kerberos", "Negotiate") for name in AES]


@check("accepted with a ticket by one process, served by another: {}, {} token: {}", CLIENTS)
def let_in_and_served(make, package, name):
    for arguments in ([], ["--balance"]):
        with Server(*arguments) as server, Connection(server) as connection:
            initiator = make.initiator(ccache(), package, service(name))
            equal(connection.log_in(initiator), b"o", "accepted")
            for text in (b"first", b"second"):
                child, legs = connection.talk(initiator, text)
                equal(child in legs, False, f"another process than {legs} serves")
                equal(server.parent in legs, not arguments, "the parent has let the client in")
                holds(child != server.parent, "a child serves")
