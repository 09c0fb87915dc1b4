"""A client of SMB 2.0.2 and 2.1 that sets up its session with our initiator. impacket has the structures.

The session key of SECPKG_ATTR_SESSION_KEY signs what follows ([MS-SMB2] 3.1.4.1): a server whose key is another one does not
take our requests, and we do not take its answers.
"""

import hashlib
import hmac
import os
import socket
import struct

from impacket import smb3structs as smb2
from impacket.nt_errors import STATUS_LOGON_FAILURE, STATUS_MORE_PROCESSING_REQUIRED, STATUS_SUCCESS

from checks import equal, holds

SIGNATURE = slice(48, 64)
DIALECTS = {"2.0.2": smb2.SMB2_DIALECT_002, "2.1": smb2.SMB2_DIALECT_21}
LOGON_FAILURE = STATUS_LOGON_FAILURE


class Refused(Exception):
    """The server's answer is not STATUS_SUCCESS."""

    def __init__(self, what, status):
        self.status = status
        super().__init__(f"{what}: {status:#010x}")


def signature(key, message):
    """Of dialects below 3.0: HMAC-SHA256 of the message with zeros in the signature's place."""
    return hmac.new(key, message[:48] + bytes(16) + message[64:], hashlib.sha256).digest()[:16]


class Smb:
    """A connection. `hint` is the server's NegTokenInit2 once `negotiate` has returned."""

    def __init__(self, address, port=445):
        self.socket = socket.create_connection((address, port), timeout=20)
        self.number, self.session, self.tree, self.key, self.hint = 0, 0, 0, None, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _receive(self, length):
        data = b""
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            holds(part, "the server has closed the connection")
            data += part
        return data

    def ask(self, command, body, what, expected=(STATUS_SUCCESS,), key=None):
        """Sends a request, signed if the session has a key; returns the answer and its bytes."""
        packet = smb2.SMB2Packet()
        packet["Command"], packet["MessageID"], packet["SessionID"] = command, self.number, self.session
        packet["TreeID"], packet["CreditRequestResponse"], packet["Data"] = self.tree, 16, body
        self.number += 1
        key = key or self.key
        if key:
            packet["Flags"] = smb2.SMB2_FLAGS_SIGNED
        message = packet.getData()
        if key:
            message = message[:48] + signature(key, message) + message[64:]
        self.socket.sendall(struct.pack(">L", len(message)) + message)
        (length,) = struct.unpack(">L", self._receive(4))
        received = self._receive(length)
        answer = smb2.SMB2Packet(received)
        equal(answer["MessageID"], packet["MessageID"], f"{what}: MessageId")
        if answer["Status"] not in expected:
            raise Refused(what, answer["Status"])
        if self.key:
            self.verify(received, what)
        return answer, received

    def verify(self, received, what):
        holds(smb2.SMB2Packet(received)["Flags"] & smb2.SMB2_FLAGS_SIGNED, f"{what}: the answer is not signed")
        equal(received[SIGNATURE], signature(self.key, received), f"{what}: the answer's signature")

    def negotiate(self, dialect):
        body = smb2.SMB2Negotiate()
        body["SecurityMode"], body["ClientGuid"] = smb2.SMB2_NEGOTIATE_SIGNING_REQUIRED, os.urandom(16)
        body["Dialects"], body["DialectCount"] = [DIALECTS[dialect]], 1
        answer, _ = self.ask(smb2.SMB2_NEGOTIATE, body, "NEGOTIATE")
        chosen = smb2.SMB2Negotiate_Response(answer["Data"])
        equal(chosen["DialectRevision"], DIALECTS[dialect], "dialect")
        self.hint = bytes(chosen["Buffer"][: chosen["SecurityBufferLength"]])
        holds(self.hint, "the server sends no list of mechanisms")

    def set_up(self, initiator, hinted):
        """Sets up a session. With `hinted` the server's list is the initiator's first input token, as on Windows."""
        token = initiator.step(self.hint if hinted else None)
        while True:
            body = smb2.SMB2SessionSetup()
            body["SecurityMode"] = smb2.SMB2_NEGOTIATE_SIGNING_REQUIRED
            body["SecurityBufferLength"], body["Buffer"] = len(token), token
            expected = STATUS_SUCCESS, STATUS_MORE_PROCESSING_REQUIRED
            answer, received = self.ask(smb2.SMB2_SESSION_SETUP, body, "SESSION_SETUP", expected)
            self.session = answer["SessionID"]
            response = smb2.SMB2SessionSetup_Response(answer["Data"])
            theirs = bytes(response["Buffer"][: response["SecurityBufferLength"]])
            if answer["Status"] == STATUS_SUCCESS:
                break
            token = initiator.step(theirs)
            holds(token, "the server wants another token, and there is none")
        if not initiator.complete:
            equal(initiator.step(theirs or None), None, "a token after the server's last")
        holds(initiator.complete, "the server has set up the session, and our context is not complete")
        equal(response["SessionFlags"], 0, "SessionFlags: a guest's or nobody's session")
        self.key = initiator.key[:16].ljust(16, b"\0")
        self.verify(received, "SESSION_SETUP")

    def connect(self, path, key=None):
        """A tree; signed with another key than the session's if one is given."""
        body = smb2.SMB2TreeConnect()
        body["Buffer"] = path.encode("utf-16-le")
        body["PathLength"] = len(body["Buffer"])
        answer, _ = self.ask(smb2.SMB2_TREE_CONNECT, body, f"TREE_CONNECT {path}", key=key)
        self.tree = answer["TreeID"]
        holds(self.tree, "no TreeId")

    def echo(self):
        self.ask(smb2.SMB2_ECHO, smb2.SMB2Echo(), "ECHO")
