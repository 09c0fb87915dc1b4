"""Kerberos of MIT and of Heimdal, each behind the methods that `peers` tells of.

Both are asked for a service by the name that Kerberos itself uses, `HTTP/server.example.test`; tickets come from a
credential cache, which must be named.
"""

import contextlib
import ctypes
import os
from ctypes import POINTER, Structure, byref, c_size_t, c_uint32, c_void_p

import gssapi
from gssapi.raw import ChannelBindings, inquire_sec_context_by_oid, set_neg_mechs

from peers import NTLMSSP, SPNEGO, SSPI_SESSION_KEY

KRB5 = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
PRINCIPAL = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2.1")  # GSS_KRB5_NT_PRINCIPAL_NAME

# gss_init_sec_context's req_flags, [RFC 2743] 2.2.1 and GSS-API extensions.
DELEG, MUTUAL, REPLAY, SEQUENCE, CONF, INTEG = 1, 2, 4, 8, 16, 32
DCE_STYLE, IDENTIFY, DELEG_POLICY = 0x1000, 0x2000, 0x8000
PROTECTED = REPLAY | SEQUENCE | CONF | INTEG
DEFAULT = PROTECTED | MUTUAL


@contextlib.contextmanager
def default_ccache(name):
    """For clients that have no parameter for it."""
    kept, os.environ["KRB5CCNAME"] = os.environ["KRB5CCNAME"], name
    try:
        yield
    finally:
        os.environ["KRB5CCNAME"] = kept


class Context(gssapi.SecurityContext):
    """Fails at the failed step, not at the next."""


# Here and not in the class: its metaclass sets the attribute after the class' body.
Context.__DEFER_STEP_ERRORS__ = False


class Mit:
    """MIT's GSS-API, bare Kerberos or inside the mechglue's SPNEGO."""

    name = "MIT"
    empty_messages = True
    refusals = (gssapi.exceptions.GSSError,)

    def __init__(self, context, ccache=None):
        self.context, self.ccache = context, ccache

    @classmethod
    def initiator(cls, ccache, package, service, flags=DEFAULT, bindings=None, mechs=(KRB5,)):
        """`mechs`: what SPNEGO's list shall hold, in this order. NTLMSSP takes its user from NTLM_USER_FILE, and then the cache
        must be the process' own: a credential for both cannot be acquired from a named one."""
        mech, both = SPNEGO if package == "Negotiate" else KRB5, NTLMSSP in mechs
        if both:
            with default_ccache(ccache):
                credentials = gssapi.Credentials(usage="initiate", mechs=[mech])
        else:
            credentials = gssapi.Credentials(usage="initiate", mechs=[mech], store={"ccache": ccache})
        if mech is SPNEGO:
            set_neg_mechs(credentials, list(mechs))
        return cls(
            Context(
                name=target(service, mechs), mech=mech, creds=credentials, usage="initiate", flags=flags,
                channel_bindings=ChannelBindings(application_data=bindings) if bindings is not None else None,
            ),
            ccache if both else None,
        )  # fmt: skip

    @classmethod
    def acceptor(cls, keytab, bindings=None):
        """Used by tests of the tests."""
        credentials = gssapi.Credentials(usage="accept", mechs=[KRB5, SPNEGO], store={"keytab": keytab})
        given = ChannelBindings(application_data=bindings) if bindings is not None else None
        return cls(Context(usage="accept", creds=credentials, channel_bindings=given))

    def step(self, token=None):
        if self.ccache is None:
            return self.context.step(token)
        with default_ccache(self.ccache):
            return self.context.step(token)

    @property
    def complete(self):
        return self.context.complete

    @property
    def flags(self):
        return int(self.context.actual_flags)

    @property
    def key(self):
        return inquire_sec_context_by_oid(self.context, SSPI_SESSION_KEY)[0]

    @property
    def client(self):
        return str(self.context.initiator_name)

    def wrap(self, data):
        return self.context.wrap(data, True).message

    def unwrap(self, message):
        return self.context.unwrap(message).message

    def sign(self, data):
        return self.context.get_signature(data)

    def verify(self, data, signature):
        self.context.verify_signature(data, signature)


def target(service, mechs):
    """A principal's name; where NTLM may be used too, a name that it understands as well."""
    if NTLMSSP in mechs:
        return gssapi.Name(service.replace("/", "@", 1), gssapi.NameType.hostbased_service)
    return gssapi.Name(service, PRINCIPAL)


# ---------------------------------------------------------------------------------------------- Heimdal


class Buffer(Structure):
    _fields_ = [("length", c_size_t), ("value", c_void_p)]

    @classmethod
    def of(cls, data):
        memory = ctypes.create_string_buffer(data, len(data))
        made = cls(len(data), ctypes.addressof(memory))
        made.memory = memory
        return made

    def bytes(self):
        return ctypes.string_at(self.value, self.length) if self.length else b""


class Oid(Structure):
    _fields_ = [("length", c_uint32), ("elements", c_void_p)]

    @classmethod
    def of(cls, oid):
        encoded = bytes(oid)
        memory = ctypes.create_string_buffer(encoded, len(encoded))
        made = cls(len(encoded), ctypes.addressof(memory))
        made.memory = memory
        return made


class OidSet(Structure):
    _fields_ = [("count", c_size_t), ("elements", POINTER(Oid))]


class Bindings(Structure):
    _fields_ = [
        ("initiator_type", c_uint32), ("initiator", Buffer), ("acceptor_type", c_uint32), ("acceptor", Buffer),
        ("application_data", Buffer),
    ]  # fmt: skip


class HeimdalError(Exception):
    """A call that failed."""


CONTINUE_NEEDED = 1


class HeimdalLibrary:
    """libgssapi.so.3. It lives beside MIT's: both have versioned symbols."""

    def __init__(self):
        self.library = ctypes.CDLL("libgssapi.so.3")

    def call(self, function, *arguments):
        minor = c_uint32()
        f = getattr(self.library, function)
        f.restype = c_uint32
        major = f(byref(minor), *arguments)
        if major & ~CONTINUE_NEEDED:  # supplementary information, a message out of order for one, counts as refusal
            raise HeimdalError(f"{function}: {major:#x}, {self.text(major, 1)}; {self.text(minor.value, 2)}")
        return major

    def text(self, status, kind):
        minor, more, text = c_uint32(), c_uint32(), Buffer()
        self.library.gss_display_status(byref(minor), c_uint32(status), kind, byref(Oid.of(KRB5)), byref(more), byref(text))
        return text.bytes().decode(errors="replace")

    def take(self, buffer):
        """Releases what a call allocated."""
        data = buffer.bytes()
        self.call("gss_release_buffer", byref(buffer))
        return data


class Heimdal:
    """Heimdal's GSS-API."""

    name = "Heimdal"
    empty_messages = True
    refusals = (HeimdalError,)
    _library = None

    def __init__(self, ccache, name, mech, flags, bindings):
        self.ccache, self.target, self.mech = ccache, name, mech
        self.requirements, self.bindings = flags, self._bindings(bindings)
        self.context, self.complete, self.flags = c_void_p(), False, 0
        self.peer, self.delegated = c_void_p(), c_void_p()

    @classmethod
    def library(cls):
        if cls._library is None:
            cls._library = HeimdalLibrary()
        return cls._library

    @classmethod
    def initiator(cls, ccache, package, service, flags=DEFAULT, bindings=None):
        gss, mech = cls.library(), Oid.of(SPNEGO if package == "Negotiate" else KRB5)
        name = c_void_p()
        gss.call("gss_import_name", byref(Buffer.of(service.encode())), byref(Oid.of(PRINCIPAL)), byref(name))
        return cls(ccache, name, mech, flags, bindings)

    @classmethod
    def acceptor(cls, keytab, bindings=None):
        """The keytab is then the process' own, for contexts of this library."""
        if cls.library().library.gsskrb5_register_acceptor_identity(keytab.encode()):
            raise HeimdalError("gsskrb5_register_acceptor_identity")
        return cls(None, None, None, 0, bindings)

    @staticmethod
    def _bindings(application_data):
        if application_data is None:
            return None
        data = Buffer.of(application_data)
        given = Bindings(application_data=data)
        given.memory = data.memory
        return given

    def __del__(self):
        gss = self.library()
        if self.context:
            gss.call("gss_delete_sec_context", byref(self.context), None)
        for name in (self.target, self.peer):
            if name:
                gss.call("gss_release_name", byref(name))
        if self.delegated:
            gss.call("gss_release_cred", byref(self.delegated))

    def step(self, token=None):
        return self._initiate(token) if self.target is not None else self._accept(token)

    def _accept(self, token):
        out, flags, peer, delegated = Buffer(), c_uint32(), c_void_p(), c_void_p()
        bindings = None if self.bindings is None else byref(self.bindings)
        try:
            major = self.library().call(
                "gss_accept_sec_context", byref(self.context), None, byref(Buffer.of(token)), bindings, byref(peer), None,
                byref(out), byref(flags), None, byref(delegated),
            )  # fmt: skip
        finally:
            made = self.library().take(out)
        self.complete, self.flags = not major & CONTINUE_NEEDED, flags.value
        self.peer, self.delegated = peer, delegated
        return made or None

    @property
    def client(self):
        out = Buffer()
        self.library().call("gss_display_name", self.peer, byref(out), None)
        return self.library().take(out).decode()

    def _initiate(self, token):
        out, flags = Buffer(), c_uint32()
        given = None if token is None else byref(Buffer.of(token))
        try:
            with default_ccache(self.ccache):
                major = self.library().call(
                    "gss_init_sec_context", None, byref(self.context), self.target, byref(self.mech),
                    c_uint32(self.requirements), c_uint32(0), None if self.bindings is None else byref(self.bindings),
                    given, None, byref(out), byref(flags), None,
                )  # fmt: skip
        finally:
            made = self.library().take(out)
        self.complete, self.flags = not major & CONTINUE_NEEDED, flags.value
        return made or None

    @property
    def key(self):
        """GSS_C_INQ_SSPI_SESSION_KEY."""

        class BufferSet(Structure):
            _fields_ = [("count", c_size_t), ("elements", POINTER(Buffer))]

        found = POINTER(BufferSet)()
        self.library().call("gss_inquire_sec_context_by_oid", self.context, byref(Oid.of(SSPI_SESSION_KEY)), byref(found))
        key = found.contents.elements[0].bytes()
        self.library().call("gss_release_buffer_set", byref(found))
        return key

    def wrap(self, data):
        out = Buffer()
        self.library().call("gss_wrap", self.context, 1, c_uint32(0), byref(Buffer.of(data)), None, byref(out))
        return self.library().take(out)

    def unwrap(self, message):
        out = Buffer()
        self.library().call("gss_unwrap", self.context, byref(Buffer.of(message)), byref(out), None, None)
        return self.library().take(out)

    def sign(self, data):
        out = Buffer()
        self.library().call("gss_get_mic", self.context, c_uint32(0), byref(Buffer.of(data)), byref(out))
        return self.library().take(out)

    def verify(self, data, signature):
        self.library().call("gss_verify_mic", self.context, byref(Buffer.of(data)), byref(Buffer.of(signature)), None)
