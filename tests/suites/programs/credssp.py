"""A client's side of NLA: RDP's connection request, TLS, and within it [MS-CSSP], by the tokens of any initiator."""

import hashlib
import os
import socket
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# [MS-RDPBCGR] 2.2.1.1: TPKT, X.224's connection request, RDP_NEG_REQ that asks for PROTOCOL_SSL or PROTOCOL_HYBRID.
CONNECTION_REQUEST = bytes.fromhex("03 00 00 13 0e e0 00 00 00 00 00 01 00 08 00 03 00 00 00")
PROTOCOL_HYBRID = 2
VERSION = 6
INTEGER, OCTET_STRING, SEQUENCE = 2, 4, 0x30
# Fields of a TSRequest.
NEGO_TOKENS, AUTH_INFO, PUB_KEY_AUTH, ERROR_CODE, CLIENT_NONCE = 0xA1, 0xA2, 0xA3, 0xA4, 0xA5


class Refused(Exception):
    """The server has ended the exchange."""


def der(tag, *content):
    content = b"".join(content)
    size = len(content)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, size] if size < 128 else [tag, 0x80 | len(digits), *digits]) + content


def parse(data):
    """The tag of the first element of DER, its content, and what follows it."""
    tag, size, start = data[0], data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    return tag, data[start : start + size], data[start + size :]


def request(**fields):
    """A TSRequest. Its fields by their names, negoTokens as the token itself."""
    parts = [der(0xA0, der(INTEGER, bytes([VERSION])))]
    if fields.get("token"):
        parts.append(der(NEGO_TOKENS, der(SEQUENCE, der(SEQUENCE, der(0xA0, der(OCTET_STRING, fields["token"]))))))
    for name, tag in (("auth_info", AUTH_INFO), ("pub_key_auth", PUB_KEY_AUTH), ("nonce", CLIENT_NONCE)):
        if name in fields:
            parts.append(der(tag, der(OCTET_STRING, fields[name])))
    return der(SEQUENCE, *parts)


def receive(connection):
    """The fields of a TSRequest, by tag."""
    incoming = connection.makefile("rb", buffering=0)

    def read(size):
        data = b""
        while len(data) < size:
            more = incoming.read(size - len(data))
            if not more:
                raise Refused("the server has closed the connection")
            data += more
        return data

    head = read(2)
    if head[1] & 0x80:
        head += read(head[1] & 0x7F)
    size = head[1] if len(head) == 2 else int.from_bytes(head[2:], "big")
    rest, fields = read(size), {}
    while rest:
        tag, content, rest = parse(rest)
        fields[tag] = content
    if ERROR_CODE in fields:
        raise Refused(f"error {int.from_bytes(parse(fields[ERROR_CODE])[1], 'big') & 0xFFFFFFFF:#x}")
    return fields


def connect(port):
    """TLS within RDP, and the server's public key."""
    plain = socket.create_connection(("127.0.0.1", port), 30)
    plain.sendall(CONNECTION_REQUEST)
    answer = plain.recv(19)
    if len(answer) < 19 or answer[11] != 2 or answer[15] != PROTOCOL_HYBRID:
        raise Refused(f"no NLA: {answer.hex()}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = context.wrap_socket(plain)
    certificate = x509.load_der_x509_certificate(connection.getpeercert(True))
    return connection, certificate.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


def log_on(port, initiator, wrap):
    """Logs on, up to the credentials that the client delegates, here none. `wrap` seals a message as SSPI does, the token first."""
    connection, key = connect(port)
    with connection:
        token, answer = initiator.step(), b""
        while not initiator.complete:
            connection.sendall(request(token=token))
            answer = parse(parse(parse(parse(receive(connection)[NEGO_TOKENS])[1])[1])[1])[1]
            token = initiator.step(answer)
        nonce = os.urandom(32)

        def binding(direction):
            return hashlib.sha256(f"CredSSP {direction} Binding Hash\0".encode() + nonce + key).digest()

        own = wrap(binding("Client-To-Server"))
        connection.sendall(request(token=token, pub_key_auth=own, nonce=nonce))
        answer = receive(connection)
        proof = parse(answer[PUB_KEY_AUTH])[1] if PUB_KEY_AUTH in answer else own
        # FreeRDP 2, refusing, returns what it was sent.
        if proof == own:
            raise Refused("no proof of the server's")
        proof = initiator.unwrap(proof)
        if proof != binding("Server-To-Client"):
            raise AssertionError("the server's proof of its public key")
        names = [der(0xA0 + n, der(OCTET_STRING)) for n in range(3)]
        password = der(SEQUENCE, *names)
        credentials = der(SEQUENCE, der(0xA0, der(INTEGER, b"\1")), der(0xA1, der(OCTET_STRING, password)))
        connection.sendall(request(auth_info=wrap(credentials)))
