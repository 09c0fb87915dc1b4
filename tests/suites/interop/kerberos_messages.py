"""Messages of Kerberos contexts: everything that MIT's and Heimdal's GSSAPI protect is read here, and the reverse.

Theirs are gss_wrap's and gss_get_mic's tokens, and gss_wrap_iov's pieces; ours are SSPI's buffers, concatenated.
"""

import os
from ctypes import byref, c_uint32

import gss
import sspi
from checks import Skip, check, equal, holds, refused
from kerberos_peers import default_ccache
from kerberos_environment import AES, ALL_ENCTYPES, OFF_BY_DEFAULT, ccache, realm_file
from sspi import SECBUFFER_DATA, SECBUFFER_STREAM, SECBUFFER_TOKEN, SIGNED, Acceptor, Buffers, SspiError
from environment import policy

SECBUFFER_PADDING = 9
SECQOP_WRAP_NO_ENCRYPT = 0x80000001
MUTUAL_AUTH = 2
SIZES = [0, 1, 7, 8, 15, 16, 17, 1000, 65535, 65536, 1 << 20]
NUMBERS = {"aes256-sha1": 18, "aes128-sha1": 17, "aes256-sha2": 20, "aes128-sha2": 19, "rc4": 23, "des3": 16}
LIBRARIES = {"MIT": gss.MIT, "Heimdal": gss.HEIMDAL}
ENCTYPES = AES + OFF_BY_DEFAULT
PEERS = [(library, name) for library in LIBRARIES for name in ENCTYPES]
OLD = OFF_BY_DEFAULT


def pair(library, name, flags=gss.MUTUAL | gss.REPLAY | gss.SEQUENCE | gss.CONF | gss.INTEG):
    """An established context: their initiator, our acceptor. `name` is a service with keys of one enctype."""
    if not os.path.exists(realm_file(f"{name}.keytab")):
        raise Skip(f"this KDC makes no keys of {name}")
    theirs = gss.Library(LIBRARIES[library])
    requirements = sspi.ASC_DEFAULT | (sspi.USE_DCE_STYLE if flags & gss.DCE_STYLE else 0)
    if flags & gss.MUTUAL:
        requirements |= MUTUAL_AUTH
    with default_ccache(ccache()):
        initiator = gss.Context(theirs, f"HTTP@{name}.example.test", flags, NUMBERS[name] if theirs.mit else None)
        acceptor = Acceptor.acceptor("Kerberos", flags=requirements)
        answer = acceptor.step(initiator.step())
        while answer or not (initiator.done and acceptor.complete):
            token = initiator.step(answer)
            answer = acceptor.step(token) if token else None
    equal(initiator.session_key(), acceptor.key, "session key")
    return initiator, acceptor


def call(function, acceptor, buffers, qop=0):
    """EncryptMessage or DecryptMessage; returns the content of the buffers."""
    buffers = Buffers(*buffers)
    if function == "EncryptMessage":
        sspi.LIBRARY.call(function, byref(acceptor.handle), c_uint32(qop), byref(buffers.desc), c_uint32(0))
        return [buffers[n] for n in range(len(buffers.array))]
    told = c_uint32()
    sspi.LIBRARY.call(function, byref(acceptor.handle), byref(buffers.desc), c_uint32(0), byref(told))
    return [buffers[n] for n in range(len(buffers.array))], told.value


def encrypt(acceptor, data, sealed=True):
    """Token, data and padding, as programs that interoperate with GSSAPI use them."""
    sizes = acceptor.sizes
    buffers = [(SECBUFFER_TOKEN, bytes(sizes.cbSecurityTrailer)), (SECBUFFER_DATA, data)]
    buffers.append((SECBUFFER_PADDING, bytes(sizes.cbBlockSize)))
    token, data, padding = call("EncryptMessage", acceptor, buffers, 0 if sealed else SECQOP_WRAP_NO_ENCRYPT)
    holds(len(token) <= sizes.cbSecurityTrailer, f"a token of {len(token)} bytes, cbSecurityTrailer {sizes.cbSecurityTrailer}")
    return token, data, padding


def decrypt_stream(acceptor, token):
    (_, data), qop = call("DecryptMessage", acceptor, [(SECBUFFER_STREAM, token), (SECBUFFER_DATA, b"")])
    return data, qop != SECQOP_WRAP_NO_ENCRYPT


def decrypt_apart(acceptor, front, data, padding):
    """The same in three buffers."""
    buffers = [(SECBUFFER_TOKEN, front), (SECBUFFER_DATA, data), (SECBUFFER_PADDING, padding)]
    (_, data, _), qop = call("DecryptMessage", acceptor, buffers)
    return data, qop != SECQOP_WRAP_NO_ENCRYPT


def padding_length(name, size):
    return {"rc4": 1, "des3": 8 - size % 8}.get(name, 0)


@check("messages of every size with {}, {}, {}", [(*peer, style) for peer in PEERS for style in ("mutual", "one-way")])
def every_size(library, name, style):
    flags = gss.REPLAY | gss.SEQUENCE | gss.CONF | gss.INTEG | (gss.MUTUAL if style == "mutual" else 0)
    # Without an AP-REP Heimdal expects our numbers to begin at 0.
    back = style == "mutual" or library == "MIT"
    with policy(kerberos=ALL_ENCTYPES) if name in OLD else default_ccache(ccache()):
        initiator, acceptor = pair(library, name, flags)
        token = initiator.wrap(b"anything")
        of_that_enctype(library, name, token, 8)
        decrypt_stream(acceptor, token)
        for size in SIZES:
            data = os.urandom(size)
            for sealed in (True, False):
                what = f"{size} bytes, {'sealed' if sealed else 'not sealed'}"
                equal(decrypt_stream(acceptor, initiator.wrap(data, sealed)), (data, sealed), f"{what}, in one buffer")
                token = initiator.wrap(data, sealed)
                end = len(token) - (0 if in_new_format(token) else padding_length(name, size))
                start = end - size
                found = decrypt_apart(acceptor, token[:start], token[start:end], token[end:])
                equal(found, (data, sealed), f"{what}, in buffers")
                if back:
                    equal(initiator.unwrap(b"".join(encrypt(acceptor, data, sealed))), (data, sealed), f"{what}, there")
            acceptor.verify(data, initiator.mic(data))
            if back:
                initiator.verify(data, acceptor.sign(data))


def in_new_format(token):
    return token[0] == 5


# The length of a sealed message beyond its data.
LONGER_BY = {"aes256-sha1": 60, "aes128-sha1": 60, "aes256-sha2": 72, "aes128-sha2": 64}


def of_that_enctype(library, name, token, size):
    """MIT's initiator was given the enctype. Heimdal's chooses a better one than the service's if the library supports
    it."""
    if library != "MIT":
        return
    equal(in_new_format(token), name not in OLD, "the new format")
    if name not in OLD:
        equal(len(token) - size, LONGER_BY[name], "header, confounder, header and tag")


@check("order and replay of messages with {}, {}", PEERS)
def order(library, name):
    with policy(kerberos=ALL_ENCTYPES) if name in OLD else default_ccache(ccache()):
        initiator, acceptor = pair(library, name)
        first, second = initiator.wrap(b"first"), initiator.wrap(b"second")
        error = refused(SspiError, "the second before the first", decrypt_stream, acceptor, second)
        equal(error.status, "SEC_E_OUT_OF_SEQUENCE", "status")
        for message, plain in ((first, b"first"), (second, b"second")):
            altered = bytearray(message)
            altered[-1] ^= 1
            error = refused(SspiError, "an altered message", decrypt_stream, acceptor, bytes(altered))
            equal(error.status, "SEC_E_MESSAGE_ALTERED", "status")
            equal(decrypt_stream(acceptor, message), (plain, True), "the message that is due")
        error = refused(SspiError, "the first again", decrypt_stream, acceptor, first)
        equal(error.status, "SEC_E_OUT_OF_SEQUENCE", "status")
        ours = b"".join(encrypt(acceptor, b"ours"))
        equal(initiator.unwrap(ours), (b"ours", True), "ours")
        refused(gss.GssError, "ours again", initiator.unwrap, ours)


KINDS = {SECBUFFER_DATA: gss.DATA, SIGNED: gss.SIGN_ONLY}
PIECES = [
    [(SECBUFFER_DATA, 48)],
    [(SIGNED, 24), (SECBUFFER_DATA, 65536), (SIGNED, 8)],
    [(SIGNED, 5), (SECBUFFER_DATA, 16), (SIGNED, 3), (SECBUFFER_DATA, 1024)],
]


def pieces_both_ways(library, initiator, acceptor, padded):
    for shape in PIECES:
        for sealed in (True, False):
            if library == "Heimdal" and not sealed and initiator.flags & gss.DCE_STYLE:
                continue  # it rejects that itself
            parts = [(kind, os.urandom(size)) for kind, size in shape]
            plain = [data for _, data in parts]
            qop = 0 if sealed else SECQOP_WRAP_NO_ENCRYPT
            sizes = acceptor.sizes

            own = [(gss.HEADER, b"")], [(gss.PADDING, b"")] if padded else []
            made = initiator.wrap_iov(own[0] + [(KINDS[kind], data) for kind, data in parts] + own[1], sealed)
            header, *there = [content for _, content in made]
            buffers = [(SECBUFFER_TOKEN, header)] + [(kind, content) for (kind, _), content in zip(parts, there)]
            if padded:
                buffers.append((SECBUFFER_PADDING, there[-1]))
            found, told = call("DecryptMessage", acceptor, buffers)
            equal(found[1 : 1 + len(plain)], plain, "read here")
            equal(told, qop, "QOP")

            buffers = [(SECBUFFER_TOKEN, bytes(sizes.cbSecurityTrailer)), *parts]
            if padded:
                buffers.append((SECBUFFER_PADDING, bytes(sizes.cbBlockSize)))
            token, *ours = call("EncryptMessage", acceptor, buffers, qop)
            given = [(gss.HEADER, token)] + [(KINDS[kind], content) for (kind, _), content in zip(parts, ours)]
            if padded:
                given.append((gss.PADDING, ours[-1]))
            found, was_sealed = initiator.unwrap_iov(given)
            equal(found[1 : 1 + len(plain)], plain, "read there")
            equal(was_sealed, sealed, "sealed")


@check("messages in pieces, with {}, {}", PEERS)
def in_pieces(library, name):
    with policy(kerberos=ALL_ENCTYPES) if name in OLD else default_ccache(ccache()):
        initiator, acceptor = pair(library, name)
        padded = name in OLD and not in_new_format(initiator.wrap(b""))
        if padded and library == "Heimdal" and name == "des3":
            raise Skip("Heimdal has no gss_wrap_iov with triple DES")
        initiator, acceptor = pair(library, name)
        pieces_both_ways(library, initiator, acceptor, padded)


@check("messages in DCE style with {}, {}", PEERS)
def dce_style(library, name):
    with policy(kerberos=ALL_ENCTYPES) if name in OLD else default_ccache(ccache()):
        initiator, acceptor = pair(library, name, gss.MUTUAL | gss.DCE_STYLE | gss.CONF | gss.INTEG)
        pieces_both_ways(library, initiator, acceptor, False)
        data = os.urandom(1000)
        acceptor.verify(data, initiator.mic(data))
        initiator.verify(data, acceptor.sign(data))


@check("buffers without enough room, with {}, {}", [("MIT", name) for name in ENCTYPES])
def too_little_room(library, name):
    """The required length is returned, and the next message is the first one."""
    with policy(kerberos=ALL_ENCTYPES) if name in OLD else default_ccache(ccache()):
        initiator, acceptor = pair(library, name)
        sizes = acceptor.sizes
        data = os.urandom(100)

        def attempt(token_room, padding_room):
            parts = [(SECBUFFER_TOKEN, bytes(token_room)), (SECBUFFER_DATA, data), (SECBUFFER_PADDING, bytes(padding_room))]
            buffers = Buffers(*parts)
            arguments = byref(acceptor.handle), c_uint32(0), byref(buffers.desc), c_uint32(0)
            error = refused(SspiError, "too little room", sspi.LIBRARY.call, "EncryptMessage", *arguments)
            equal(error.status, "SEC_E_BUFFER_TOO_SMALL", "status")
            equal(buffers[1], data, "the data")
            return buffers.array[0].cbBuffer, buffers.array[2].cbBuffer

        padding = padding_length(name, 100)
        for room in (0, 15, 16, 40):
            needed, _ = attempt(room, padding)
            holds(room < needed <= sizes.cbSecurityTrailer, f"told {needed}")
        if padding:
            equal(attempt(sizes.cbSecurityTrailer, padding - 1)[1], padding, "the padding told")
        signature = Buffers((SECBUFFER_DATA, data), (SECBUFFER_TOKEN, bytes(sizes.cbMaxSignature - 1)))
        arguments = byref(acceptor.handle), c_uint32(0), byref(signature.desc), c_uint32(0)
        error = refused(SspiError, "too little room", sspi.LIBRARY.call, "MakeSignature", *arguments)
        equal((error.status, signature.array[1].cbBuffer), ("SEC_E_BUFFER_TOO_SMALL", sizes.cbMaxSignature), "MakeSignature")
        equal(initiator.unwrap(b"".join(encrypt(acceptor, data))), (data, True), "the first message")
        initiator.verify(data, acceptor.sign(data))


@check("RC4 and triple DES without a padding buffer, as Windows leaves it away, with MIT")
def without_padding():
    """Such messages are for receivers that take them in pieces."""
    with policy(kerberos=ALL_ENCTYPES):
        for name in OLD:
            initiator, acceptor = pair("MIT", name)
            data = os.urandom(64)
            token, sealed = call("EncryptMessage", acceptor, [(SECBUFFER_TOKEN, bytes(100)), (SECBUFFER_DATA, data)])
            found, _ = initiator.unwrap_iov([(gss.HEADER, token), (gss.DATA, sealed), (gss.DATA, b"")])
            equal(found[1], data, name)
