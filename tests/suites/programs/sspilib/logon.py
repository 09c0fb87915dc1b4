"""logon.py PACKAGE USER PASSWORD TARGET: a client and a server of sspilib's log on to each other in this process, and exchange a message.
Prints the client's name, or the status with which the client or the server is refused."""

import sys

import sspilib
import sspilib.raw as sr

package, user, password, target = sys.argv[1:]
flags = sr.IscReq.ISC_REQ_MUTUAL_AUTH | sr.IscReq.ISC_REQ_CONFIDENTIALITY | sr.IscReq.ISC_REQ_INTEGRITY
try:
    credential = sspilib.UserCredential(user, password, protocol=package)
    client = sspilib.ClientSecurityContext(credential, target, flags)
    server = sspilib.ServerSecurityContext(sspilib.UserCredential(protocol="Negotiate", usage="accept"))
    token = client.step()
    while token:
        token = server.step(token)
        token = client.step(token) if token and not client.complete else None
    assert client.complete and server.complete
    assert server.unwrap(client.wrap(b"a message")).data == b"a message"
    print(sr.query_context_attributes(server, sr.SecPkgContextNames).username)
except sr.WindowsError as error:
    print(f"0x{error.winerror & 0xFFFFFFFF:08X}")
