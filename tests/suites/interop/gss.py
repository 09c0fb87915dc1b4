"""GSSAPI by ctypes: contexts of MIT's or Heimdal's library, and their messages, also in pieces (gss_wrap_iov).

Both have the same binary interface. What a library reads (KRB5_CONFIG, KRB5CCNAME, KRB5_KTNAME) is set before it is loaded.
"""
import ctypes as c

MIT, HEIMDAL = "libgssapi_krb5.so.2", "libgssapi.so.3"

DELEG, MUTUAL, REPLAY, SEQUENCE, CONF, INTEG = 1, 2, 4, 8, 16, 32
DCE_STYLE = 0x1000

# Pieces of a message.
DATA, HEADER, TRAILER, PADDING, STREAM, SIGN_ONLY = 1, 2, 7, 9, 10, 11
ALLOCATE = 0x10000

KRB5 = bytes.fromhex("2a864886f712010202")
HOSTBASED_SERVICE = bytes.fromhex("2a864886f7120102010" + "4")
SSPI_SESSION_KEY = KRB5 + b"\5\5"

CONTINUE_NEEDED = 1


class Oid(c.Structure):
    _fields_ = [("length", c.c_uint32), ("elements", c.c_char_p)]


class Buffer(c.Structure):
    _fields_ = [("length", c.c_size_t), ("value", c.c_void_p)]

    def __bytes__(self):
        return c.string_at(self.value, self.length) if self.length else b""


class BufferSet(c.Structure):
    _fields_ = [("count", c.c_size_t), ("elements", c.POINTER(Buffer))]


class Iov(c.Structure):
    _fields_ = [("type", c.c_uint32), ("buffer", Buffer)]


class LucidKey(c.Structure):
    _fields_ = [("type", c.c_uint32), ("length", c.c_uint32), ("data", c.c_void_p)]


class Rfc1964Keys(c.Structure):
    _fields_ = [("sign_alg", c.c_uint32), ("seal_alg", c.c_uint32), ("key", LucidKey)]


class Rfc4121Keys(c.Structure):
    _fields_ = [("have_acceptor_subkey", c.c_uint32), ("key", LucidKey), ("acceptor_subkey", LucidKey)]


class Lucid(c.Structure):
    """What gss_krb5_export_lucid_sec_context gives."""

    _fields_ = [("version", c.c_uint32), ("initiate", c.c_uint32), ("endtime", c.c_uint32)]
    _fields_ += [("send_seq", c.c_uint64), ("recv_seq", c.c_uint64), ("protocol", c.c_uint32)]
    _fields_ += [("rfc1964", Rfc1964Keys), ("rfc4121", Rfc4121Keys)]

    def key(self):
        """The one in effect."""
        if self.protocol == 0:
            return self.rfc1964.key
        return self.rfc4121.acceptor_subkey if self.rfc4121.have_acceptor_subkey else self.rfc4121.key


class GssError(Exception):
    def __init__(self, function, major, minor):
        super().__init__(f"{function}: {major:#x}, {minor:#x}")
        self.major, self.minor = major, minor


def oid(contents):
    return Oid(len(contents), contents)


def buffer(content):
    memory = c.create_string_buffer(bytes(content), max(len(content), 1))
    result = Buffer(len(content), c.addressof(memory))
    result.keep = memory
    return result


class Library:
    """One of the two."""

    def __init__(self, name=MIT):
        self.name = name
        self.mit = name == MIT
        self.functions = c.CDLL(name)

    def call(self, function, *arguments):
        minor = c.c_uint32()
        major = getattr(self.functions, function)(c.byref(minor), *arguments)
        if major & 0xFFFF0000 or major & 0xFFFF & ~CONTINUE_NEEDED:
            raise GssError(function, major & 0xFFFFFFFF, minor.value)
        return major

    def taken(self, result):
        """The bytes of a buffer that the library allocated."""
        content = bytes(result)
        self.call("gss_release_buffer", c.byref(result))
        return content


class Context:
    """An initiator's or an acceptor's context with the default credentials."""

    def __init__(self, library, target=None, flags=MUTUAL | REPLAY | SEQUENCE | CONF | INTEG, enctype=None):
        self.library, self.flags, self.mechanism = library, flags, oid(KRB5)
        self.handle, self.credential, self.done = c.c_void_p(), c.c_void_p(), False
        if enctype is not None:
            # Also for the sub-keys: otherwise MIT's two sides agree on their best enctype.
            self.library.call("gss_acquire_cred", None, c.c_uint32(0), None, c.c_int(1), c.byref(self.credential), None, None)
            only = (c.c_int32 * 1)(enctype)
            self.library.call("gss_krb5_set_allowable_enctypes", self.credential, c.c_uint32(1), only)
        self.name = None
        if target is not None:
            self.name, spn, kind = c.c_void_p(), buffer(target.encode()), oid(HOSTBASED_SERVICE)
            library.call("gss_import_name", c.byref(spn), c.byref(kind), c.byref(self.name))

    def step(self, token=b""):
        given, made, granted = buffer(token), Buffer(), c.c_uint32()
        if self.name is not None:
            major = self.library.call(
                "gss_init_sec_context", self.credential, c.byref(self.handle), self.name, c.byref(self.mechanism),
                c.c_uint32(self.flags), c.c_uint32(0), None, c.byref(given), None, c.byref(made), c.byref(granted), None,
            )  # fmt: skip
        else:
            major = self.library.call(
                "gss_accept_sec_context", c.byref(self.handle), None, c.byref(given), None, None, None, c.byref(made),
                c.byref(granted), None, None,
            )  # fmt: skip
        self.done = not major & CONTINUE_NEEDED
        self.granted = granted.value
        return self.library.taken(made)

    def session_key(self):
        """The bytes of the key in effect."""
        found, kind = c.POINTER(BufferSet)(), oid(SSPI_SESSION_KEY)
        self.library.call("gss_inquire_sec_context_by_oid", self.handle, c.byref(kind), c.byref(found))
        return bytes(found.contents.elements[0])

    def export(self):
        """The data inside; the context is used up."""
        found = c.POINTER(Lucid)()
        self.library.call("gss_krb5_export_lucid_sec_context", c.byref(self.handle), c.c_uint32(1), c.byref(found))
        return found.contents

    def mic(self, message):
        given, made = buffer(message), Buffer()
        self.library.call("gss_get_mic", self.handle, c.c_uint32(0), c.byref(given), c.byref(made))
        return self.library.taken(made)

    def verify(self, message, mic):
        self.library.call("gss_verify_mic", self.handle, c.byref(buffer(message)), c.byref(buffer(mic)), None)

    def wrap(self, message, confidential=True):
        given, made = buffer(message), Buffer()
        self.library.call("gss_wrap", self.handle, c.c_int(confidential), c.c_uint32(0), c.byref(given), None, c.byref(made))
        return self.library.taken(made)

    def unwrap(self, token):
        """The message, and whether it was encrypted."""
        made, confidential = Buffer(), c.c_int()
        self.library.call("gss_unwrap", self.handle, c.byref(buffer(token)), c.byref(made), c.byref(confidential), None)
        return self.library.taken(made), bool(confidential.value)

    def wrap_iov(self, pieces, confidential=True):
        """The pieces, (type, bytes) each, wrapped; those the library makes are given with no bytes."""
        kept = [(kind, buffer(content)) for kind, content in pieces]
        own = (HEADER, TRAILER, PADDING)
        iov = (Iov * len(kept))(*(Iov(k | ALLOCATE, Buffer()) if k in own else Iov(k, b) for k, b in kept))
        self.library.call(
            "gss_wrap_iov", self.handle, c.c_int(confidential), c.c_uint32(0), None, c.byref(iov), c.c_int(len(kept))
        )
        wrapped = [(kind, bytes(iov[n].buffer)) for n, (kind, _) in enumerate(kept)]
        self.library.call("gss_release_iov_buffer", c.byref(iov), c.c_int(len(kept)))
        return wrapped

    def unwrap_iov(self, pieces):
        kept = [(kind, buffer(content)) for kind, content in pieces]
        iov = (Iov * len(kept))(*(Iov(k, b) for k, b in kept))
        confidential = c.c_int()
        self.library.call(
            "gss_unwrap_iov", self.handle, c.byref(confidential), None, c.byref(iov), c.c_int(len(kept))
        )
        return [bytes(iov[n].buffer) for n in range(len(kept))], bool(confidential.value)


def establish(library, target, flags, enctype=None):
    """Both sides of a context: initiator, acceptor."""
    initiator, acceptor = Context(library, target, flags, enctype), Context(library)
    token = initiator.step()
    while not (initiator.done and acceptor.done and not token):
        token = acceptor.step(token)
        if token or not initiator.done:
            token = initiator.step(token)
    return initiator, acceptor
