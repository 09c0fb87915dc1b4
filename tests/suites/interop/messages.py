"""Signed and sealed messages, both ways, after each kind of exchange."""

import os

from spnego.iov import BufferType as IOV

from checks import check, equal, refused
from peers import GssNtlmssp, Pyspnego
from sspi import Acceptor, Initiator, SspiError
from environment import ACCEPTORS, ALICE, INITIATORS, established

SIZES = [0, 1, 16, 1000, 65536, 1 << 20]


def conversation(initiator, acceptor):
    """Messages of all sizes in both directions, signed and sealed in turn: each one advances the sequence
    numbers."""
    for size in SIZES:
        if not size and not (initiator.empty_messages and acceptor.empty_messages):
            continue
        for sender, receiver in ((initiator, acceptor), (acceptor, initiator), (acceptor, initiator)):
            data = os.urandom(size)
            message = sender.wrap(data)
            equal(len(message), size + 16, "length of a sealed message")
            equal(receiver.unwrap(message), data, f"unsealed {size} bytes")
            receiver.verify(data, sender.sign(data))


@check("sign and seal with initiator {}, {}", INITIATORS)
def with_initiator(make, package):
    initiator, acceptor = make.initiator(ALICE, package), Acceptor.acceptor("Negotiate")
    established(initiator, acceptor)
    conversation(initiator, acceptor)


@check("sign and seal with acceptor {}, {}", ACCEPTORS)
def with_acceptor(make, package):
    initiator, acceptor = Initiator.initiator(ALICE, package), make.acceptor(package)
    established(initiator, acceptor)
    conversation(initiator, acceptor)


def pair(make, package):
    initiator, acceptor = make.initiator(ALICE, package), Acceptor.acceptor("Negotiate")
    established(initiator, acceptor)
    return initiator, acceptor


@check("a whole message in one SECBUFFER_STREAM from {}, {}", INITIATORS)
def stream(make, package):
    initiator, acceptor = pair(make, package)
    for data in (b"x", b"in one piece" * 100):
        equal(acceptor.unwrap_stream(initiator.wrap(data)), data, "unsealed")


@check("sealed data between signed parts, as RPC has it, with pyspnego, {}", ["NTLM", "Negotiate"])
def between(package):
    initiator, acceptor = pair(Pyspnego, package)
    before, data, after = b"head" * 6, os.urandom(1000), b"verifier"
    for _ in range(2):
        signature, sealed = acceptor.wrap_between(before, data, after)
        parts = [(IOV.sign_only, before), (IOV.data, sealed), (IOV.sign_only, after), (IOV.header, signature)]
        equal(initiator.context.unwrap_iov(parts).buffers[1].data, data, "unsealed there")
        parts = [(IOV.sign_only, before), (IOV.data, data), (IOV.sign_only, after), IOV.header]
        made = initiator.context.wrap_iov(parts).buffers
        equal(acceptor.unwrap_between(before, made[1].data, after, made[3].data), data, "unsealed here")
    made = initiator.context.wrap_iov(parts).buffers
    error = refused(SspiError, "another head", acceptor.unwrap_between, b"HEAD" * 6, made[1].data, after, made[3].data)
    equal(error.status, "SEC_E_MESSAGE_ALTERED", "status")


# Where one bit is changed: [MS-NLMP] 2.2.2.9.2, then the data.
PLACES = {"version": 0, "checksum": 4, "last of the checksum": 11, "data": 16, "last of the data": -1}


@check("turned bit in a sealed message of {}, {}: {}", [(*who, place) for who in INITIATORS for place in PLACES])
def tampered_seal(make, package, place):
    initiator, acceptor = pair(make, package)
    equal(acceptor.unwrap(initiator.wrap(b"untouched")), b"untouched", "unsealed")
    message = bytearray(initiator.wrap(b"to be touched"))
    message[PLACES[place]] ^= 0x10
    error = refused(SspiError, "the message", acceptor.unwrap, bytes(message))
    equal(error.status, "SEC_E_MESSAGE_ALTERED", "status")


@check("turned bit in a signature or its data from {}, {}", INITIATORS)
def tampered_sign(make, package):
    for touch in (0, 4, 11):
        initiator, acceptor = pair(make, package)
        signature = bytearray(initiator.sign(b"data"))
        signature[touch] ^= 1
        error = refused(SspiError, f"byte {touch}", acceptor.verify, b"data", bytes(signature))
        equal(error.status, "SEC_E_MESSAGE_ALTERED", "status")
    initiator, acceptor = pair(make, package)
    error = refused(SspiError, "other data", acceptor.verify, b"date", initiator.sign(b"data"))
    equal(error.status, "SEC_E_MESSAGE_ALTERED", "status")


@check("message of {}, {}, replayed", INITIATORS)
def replayed(make, package):
    initiator, acceptor = pair(make, package)
    message = initiator.wrap(b"once")
    equal(acceptor.unwrap(message), b"once", "unsealed")
    error = refused(SspiError, "the same again", acceptor.unwrap, message)
    equal(error.status in ("SEC_E_OUT_OF_SEQUENCE", "SEC_E_MESSAGE_ALTERED"), True, error.status)


@check("messages of {}, {}, out of order", INITIATORS)
def out_of_order(make, package):
    initiator, acceptor = pair(make, package)
    initiator.wrap(b"first")
    error = refused(SspiError, "the second before the first", acceptor.unwrap, initiator.wrap(b"second"))
    equal(error.status in ("SEC_E_OUT_OF_SEQUENCE", "SEC_E_MESSAGE_ALTERED"), True, error.status)


@check("message of {}, {}, sent back to where it came from", [(Pyspnego, "Negotiate"), (GssNtlmssp, "NTLM")])
def reflected(make, package):
    _, acceptor = pair(make, package)
    refused(SspiError, "our own message", acceptor.unwrap, acceptor.wrap(b"mine"))


@check("message cut short from {}, {}", INITIATORS)
def cut(make, package):
    for length in (0, 1, 15, 16, 20):
        initiator, acceptor = pair(make, package)
        refused(SspiError, f"the first {length} bytes", acceptor.unwrap, initiator.wrap(b"to be cut off")[:length])


@check("messages between conversations are not interchangeable")
def crossed():
    first, second = pair(Pyspnego, "Negotiate"), pair(Pyspnego, "Negotiate")
    error = refused(SspiError, "another's message", second[1].unwrap, first[0].wrap(b"for the first"))
    equal(error.status, "SEC_E_MESSAGE_ALTERED", "status")
