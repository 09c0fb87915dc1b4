"""The library through its C ABI, by ctypes: structures and numbers as the SSPI documentation states them.

`Acceptor` and `Initiator` have the methods of the other implementations in `peers`, so a check can put either
on either end.
"""

import ctypes
import struct
import uuid
from ctypes import POINTER, byref, c_int32, c_int64, c_size_t, c_uint16, c_uint32, c_void_p

SEC_E_OK = 0
SEC_E_NO_IMPERSONATION = 0x8009030B
SEC_I_CONTINUE_NEEDED = 0x00090312
SEC_I_COMPLETE_NEEDED = 0x00090313
SEC_I_COMPLETE_AND_CONTINUE = 0x00090314
STATUS = {
    0x80090300: "SEC_E_INSUFFICIENT_MEMORY",
    0x80090301: "SEC_E_INVALID_HANDLE",
    0x80090302: "SEC_E_UNSUPPORTED_FUNCTION",
    0x80090303: "SEC_E_TARGET_UNKNOWN",
    0x80090304: "SEC_E_INTERNAL_ERROR",
    0x80090305: "SEC_E_SECPKG_NOT_FOUND",
    0x80090306: "SEC_E_NOT_OWNER",
    0x80090308: "SEC_E_INVALID_TOKEN",
    0x8009030A: "SEC_E_QOP_NOT_SUPPORTED",
    0x8009030B: "SEC_E_NO_IMPERSONATION",
    0x8009030C: "SEC_E_LOGON_DENIED",
    0x8009030D: "SEC_E_UNKNOWN_CREDENTIALS",
    0x8009030E: "SEC_E_NO_CREDENTIALS",
    0x8009030F: "SEC_E_MESSAGE_ALTERED",
    0x80090310: "SEC_E_OUT_OF_SEQUENCE",
    0x80090311: "SEC_E_NO_AUTHENTICATING_AUTHORITY",
    0x80090317: "SEC_E_CONTEXT_EXPIRED",
    0x80090318: "SEC_E_INCOMPLETE_MESSAGE",
    0x80090321: "SEC_E_BUFFER_TOO_SMALL",
    0x80090322: "SEC_E_WRONG_PRINCIPAL",
    0x80090324: "SEC_E_TIME_SKEW",
    0x80090334: "SEC_E_NO_TGT_REPLY",
    0x80090340: "SEC_E_KDC_INVALID_REQUEST",
    0x80090342: "SEC_E_KDC_UNKNOWN_ETYPE",
    0x80090343: "SEC_E_UNSUPPORTED_PREAUTH",
    0x80090346: "SEC_E_BAD_BINDINGS",
    0x80090350: "SEC_E_DOWNGRADE_DETECTED",
    0x8009035D: "SEC_E_INVALID_PARAMETER",
    0xC000006C: "STATUS_PASSWORD_RESTRICTION",
    0xC0000071: "STATUS_PASSWORD_EXPIRED",
}

SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND = 1, 2
SECURITY_NATIVE_DREP = 0x10
SECBUFFER_VERSION = 0
SECBUFFER_DATA, SECBUFFER_TOKEN, SECBUFFER_PADDING, SECBUFFER_STREAM, SECBUFFER_CHANNEL_BINDINGS = 1, 2, 9, 10, 14
SECBUFFER_READONLY_WITH_CHECKSUM = 0x10000000
SIGNED = SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM
SEC_WINNT_AUTH_IDENTITY_UNICODE = 2

SECPKG_ATTR_SIZES, SECPKG_ATTR_NAMES, SECPKG_ATTR_SESSION_KEY, SECPKG_ATTR_PACKAGE_INFO = 0, 1, 9, 10
SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_ATTR_NATIVE_NAMES, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET = 12, 13, 27
SECPKG_ATTR_NEGOSSP_DELEGATED_CCACHE, SECPKG_ATTR_NEGOSSP_CLIENT_SIDS = 0x4E530001, 0x4E530002
SECPKG_CRED_ATTR_NEGOSSP_CLIENT_CONTEXT = 0x4E530011
NEGOSSP_TOKEN_USER_NAME = 1

EXPORT_DELETE_OLD = 2
REPLAY_DETECT, SEQUENCE_DETECT, CONFIDENTIALITY, USE_DCE_STYLE = 0x4, 0x8, 0x10, 0x200
ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY = 0x10000, 0x20000
ASC_REQ_DELEGATE = 1
ASC_REQ_EXTENDED_ERROR, ASC_REQ_ALLOW_NULL_SESSION = 0x8000, 0x100000
ASC_RET_NULL_SESSION, ASC_REQ_ALLOW_MISSING_BINDINGS = 0x100000, 0x10000000
ISC_DEFAULT = REPLAY_DETECT | SEQUENCE_DETECT | CONFIDENTIALITY | ISC_REQ_INTEGRITY
ASC_DEFAULT = REPLAY_DETECT | SEQUENCE_DETECT | CONFIDENTIALITY | ASC_REQ_INTEGRITY


class SecHandle(ctypes.Structure):
    _fields_ = [("dwLower", c_size_t), ("dwUpper", c_size_t)]


class SecBuffer(ctypes.Structure):
    _fields_ = [("cbBuffer", c_uint32), ("BufferType", c_uint32), ("pvBuffer", c_void_p)]


class SecBufferDesc(ctypes.Structure):
    _fields_ = [("ulVersion", c_uint32), ("cBuffers", c_uint32), ("pBuffers", POINTER(SecBuffer))]


class AuthIdentityW(ctypes.Structure):
    _fields_ = [
        ("User", c_void_p), ("UserLength", c_uint32), ("Domain", c_void_p), ("DomainLength", c_uint32),
        ("Password", c_void_p), ("PasswordLength", c_uint32), ("Flags", c_uint32),
    ]  # fmt: skip


class SecPkgInfoW(ctypes.Structure):
    _fields_ = [
        ("fCapabilities", c_uint32), ("wVersion", c_uint16), ("wRPCID", c_uint16), ("cbMaxToken", c_uint32),
        ("Name", c_void_p), ("Comment", c_void_p),
    ]  # fmt: skip


class Sizes(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("cbMaxToken", "cbMaxSignature", "cbBlockSize", "cbSecurityTrailer")]


class SessionKey(ctypes.Structure):
    _fields_ = [("SessionKeyLength", c_uint32), ("SessionKey", c_void_p)]


class OnePointer(ctypes.Structure):
    """SecPkgContext_Names, _PackageInfo, _ClientSpecifiedTarget."""

    _fields_ = [("pointer", c_void_p)]


class NativeNames(ctypes.Structure):
    _fields_ = [("sClientName", c_void_p), ("sServerName", c_void_p)]


class NegotiationInfo(ctypes.Structure):
    _fields_ = [("PackageInfo", c_void_p), ("NegotiationState", c_uint32)]


class SspiError(Exception):
    """A failed call. `token` is the library's token for the peer."""

    def __init__(self, function, status, token=None):
        self.status, self.token = STATUS.get(status, f"{status:#010x}"), token
        super().__init__(f"{function}: {self.status}")


class Library:
    """The loaded library; the status of every function is checked."""

    def __init__(self, path):
        self.path, self.dll = path, ctypes.CDLL(path)

    def call(self, function, *arguments, accept=(SEC_E_OK,)):
        f = getattr(self.dll, function)
        f.restype = c_int32
        status = f(*arguments) & 0xFFFFFFFF
        if status not in accept:
            raise SspiError(function, status)
        return status


LIBRARY = None


def load(path):
    global LIBRARY
    LIBRARY = Library(path)


def utf16(text):
    """A zero-terminated SEC_WCHAR string."""
    return ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")


def from_utf16(address):
    if not address:
        return None
    length = 0
    while ctypes.c_uint16.from_address(address + length).value:
        length += 2
    return ctypes.string_at(address, length).decode("utf-16-le")


class Buffers:
    """A SecBufferDesc over bytearrays."""

    def __init__(self, *buffers):
        self.memory = [(ctypes.c_char * max(len(data), 1)).from_buffer_copy(bytes(data) or b"\0") for _, data in buffers]
        self.array = (SecBuffer * len(buffers))(
            *(SecBuffer(len(data), kind, ctypes.addressof(memory)) for (kind, data), memory in zip(buffers, self.memory))
        )
        self.desc = SecBufferDesc(SECBUFFER_VERSION, len(buffers), self.array)

    def __getitem__(self, index):
        """The bytes that the buffer now refers to."""
        buffer = self.array[index]
        return ctypes.string_at(buffer.pvBuffer, buffer.cbBuffer) if buffer.cbBuffer else b""


def channel_bindings(application_data):
    """SEC_CHANNEL_BINDINGS: 8 ULONGs, then the data that the last two describe."""
    head = [0, 0, 0, 0, 0, 0, len(application_data), 32]
    return b"".join(n.to_bytes(4, "little") for n in head) + application_data


def packed_keytab(keytab, user=""):
    """SEC_WINNT_AUTH_IDENTITY_EX2 with the bytes of a keytab, laid out as "sspilib" does it on Windows."""
    kind = uuid.UUID("d587aae8-f78f-4455-a112-c934beee7ce1").bytes_le
    packed = struct.pack("=HH16sIHxx", 28, 28 + len(keytab), kind, 28, len(keytab)) + keytab
    user = user.encode("utf-16-le")
    at, end = 48 + len(user), 48 + len(user) + len(packed)
    header = (0x201, 48, end, 48 if user else 0, len(user), 0, 0, at, len(packed), SEC_WINNT_AUTH_IDENTITY_UNICODE, 0, 0)
    return struct.pack("=IHxxIIHxxIHxxIHxxIIHxx", *header) + user + packed


class Credentials:
    """A CredHandle, freed with the object. The account may be a block that begins with SEC_WINNT_AUTH_IDENTITY_EX2."""

    def __init__(self, package, use, account=None, principal=None):
        self.handle, expiry = SecHandle(), c_int64()
        identity = None
        if isinstance(account, bytes):
            identity = ctypes.create_string_buffer(account, len(account))
        elif account is not None:
            texts = [text.encode("utf-16-le") for text in (account.user, account.domain, account.password)]
            keep = [ctypes.create_string_buffer(text + b"\0\0") for text in texts]
            arguments = [x for text, memory in zip(texts, keep) for x in (ctypes.addressof(memory), len(text) // 2)]
            identity = AuthIdentityW(*arguments, SEC_WINNT_AUTH_IDENTITY_UNICODE)
        self.live = False
        LIBRARY.call(
            "AcquireCredentialsHandleW", utf16(principal) if principal else None, utf16(package), c_uint32(use), None,
            byref(identity) if identity is not None else None, None, None, byref(self.handle), byref(expiry),
        )  # fmt: skip
        self.live = True

    def act_as(self, context):
        """Contexts that are started from now on act as the client of that context."""
        attribute, handle = c_uint32(SECPKG_CRED_ATTR_NEGOSSP_CLIENT_CONTEXT), context.handle
        LIBRARY.call(
            "SetCredentialsAttributesW", byref(self.handle), attribute, byref(handle), c_uint32(ctypes.sizeof(handle))
        )

    def __del__(self):
        if self.live:
            LIBRARY.call("FreeCredentialsHandle", byref(self.handle))
            self.live = False


class Context:
    """A CtxtHandle in either role."""

    name = "negossp"
    empty_messages = True
    MAX_TOKEN = 65535

    def __init__(self, credentials, bindings, flags):
        self.credentials, self.bindings, self.requirements = credentials, bindings, flags
        self.handle, self.live, self.complete = SecHandle(), False, False
        self.attributes, self.expiry = c_uint32(), c_int64()

    def __del__(self):
        self.delete()

    def delete(self):
        if self.live:
            self.live = False
            LIBRARY.call("DeleteSecurityContext", byref(self.handle))

    def _input(self, token):
        buffers = [] if token is None else [(SECBUFFER_TOKEN, token)]
        if self.bindings is not None:
            buffers.append((SECBUFFER_CHANNEL_BINDINGS, channel_bindings(self.bindings)))
        return Buffers(*buffers) if buffers else None

    def _advance(self, function, out, arguments):
        """Calls the function; returns the output token, or None. An error's token goes with the error."""
        try:
            status = LIBRARY.call(
                function, *arguments,
                accept=(SEC_E_OK, SEC_I_CONTINUE_NEEDED, SEC_I_COMPLETE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE),
            )  # fmt: skip
        except SspiError as error:
            error.token = out[0] or None
            raise
        self.live = True
        if status in (SEC_I_COMPLETE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE):
            LIBRARY.call("CompleteAuthToken", byref(self.handle), byref(out.desc))
        self.complete = status in (SEC_E_OK, SEC_I_COMPLETE_NEEDED)
        return out[0] or None

    # ---- established

    def exported(self):
        """The context packed for another process. It ends here."""
        packed = SecBuffer()
        LIBRARY.call("ExportSecurityContext", byref(self.handle), c_uint32(EXPORT_DELETE_OLD), byref(packed), None)
        self.live = False
        data = ctypes.string_at(packed.pvBuffer, packed.cbBuffer)
        self._free(packed.pvBuffer)
        return data

    def query(self, attribute, structure):
        LIBRARY.call("QueryContextAttributesW", byref(self.handle), c_uint32(attribute), byref(structure))
        return structure

    def _free(self, address):
        LIBRARY.call("FreeContextBuffer", c_void_p(address))

    def _text(self, attribute):
        answer = self.query(attribute, OnePointer())
        text = from_utf16(answer.pointer)
        self._free(answer.pointer)
        return text

    @property
    def sizes(self):
        return self.query(SECPKG_ATTR_SIZES, Sizes())

    @property
    def client(self):
        return self._text(SECPKG_ATTR_NAMES)

    @property
    def client_target(self):
        return self._text(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET)

    @property
    def client_sids(self):
        """The account's SID and then its groups'."""
        return self._text(SECPKG_ATTR_NEGOSSP_CLIENT_SIDS).split()

    @property
    def native_names(self):
        """The client's and the service's."""
        answer = self.query(SECPKG_ATTR_NATIVE_NAMES, NativeNames())
        names = from_utf16(answer.sClientName), from_utf16(answer.sServerName)
        self._free(answer.sClientName)
        self._free(answer.sServerName)
        return names

    @property
    def local_account(self):
        """On Linux: the account that a thread would act as for this client; None if there is none."""
        token, name, length = c_void_p(), ctypes.create_string_buffer(256), c_uint32()
        status = LIBRARY.call("QuerySecurityContextToken", byref(self.handle), byref(token), accept=(SEC_E_OK, SEC_E_NO_IMPERSONATION))
        if status:
            return None
        try:
            LIBRARY.call("NegosspQueryToken", token, c_uint32(NEGOSSP_TOKEN_USER_NAME), name, c_uint32(256), byref(length))
        finally:
            LIBRARY.call("NegosspCloseToken", token)
        return name.value.decode()

    def _octets(self, attribute):
        answer = self.query(attribute, SessionKey())
        octets = ctypes.string_at(answer.SessionKey, answer.SessionKeyLength)
        self._free(answer.SessionKey)
        return octets

    @property
    def key(self):
        return self._octets(SECPKG_ATTR_SESSION_KEY)

    @property
    def delegated_ccache(self):
        return self._octets(SECPKG_ATTR_NEGOSSP_DELEGATED_CCACHE)

    def _package(self, attribute, structure, field):
        answer = self.query(attribute, structure)
        address = getattr(answer, field)
        name = from_utf16(SecPkgInfoW.from_address(address).Name)
        self._free(address)
        return name

    @property
    def package(self):
        return self._package(SECPKG_ATTR_PACKAGE_INFO, OnePointer(), "pointer")

    @property
    def negotiated(self):
        return self._package(SECPKG_ATTR_NEGOTIATION_INFO, NegotiationInfo(), "PackageInfo")

    def wrap(self, data, sequence=0):
        buffers = Buffers((SECBUFFER_TOKEN, bytes(self.sizes.cbSecurityTrailer)), (SECBUFFER_DATA, data))
        LIBRARY.call("EncryptMessage", byref(self.handle), c_uint32(0), byref(buffers.desc), c_uint32(sequence))
        return buffers[0] + buffers[1]

    def wrap_padded(self, data):
        """EncryptMessage with a SECBUFFER_PADDING, as needed for a token of gss_wrap's form: old Kerberos tokens pad."""
        sizes = self.sizes
        parts = [(SECBUFFER_TOKEN, bytes(sizes.cbSecurityTrailer)), (SECBUFFER_DATA, data), (SECBUFFER_PADDING, bytes(sizes.cbBlockSize))]
        buffers = Buffers(*parts)
        LIBRARY.call("EncryptMessage", byref(self.handle), c_uint32(0), byref(buffers.desc), c_uint32(0))
        return buffers[0] + buffers[1] + buffers[2]

    def unwrap(self, message, sequence=0):
        buffers = Buffers((SECBUFFER_TOKEN, message[:16]), (SECBUFFER_DATA, message[16:]))
        LIBRARY.call("DecryptMessage", byref(self.handle), byref(buffers.desc), c_uint32(sequence), byref(c_uint32()))
        return buffers[1]

    def unwrap_stream(self, message):
        """DecryptMessage with the whole message in one SECBUFFER_STREAM, the data found inside it."""
        buffers = Buffers((SECBUFFER_STREAM, message), (SECBUFFER_DATA, b""))
        LIBRARY.call("DecryptMessage", byref(self.handle), byref(buffers.desc), c_uint32(0), byref(c_uint32()))
        return buffers[1]

    def wrap_between(self, before, data, after):
        """EncryptMessage as RPC uses it: `before` and `after` are signed along. Returns signature and sealed data."""
        parts = [(SIGNED, before), (SECBUFFER_DATA, data), (SIGNED, after), (SECBUFFER_TOKEN, bytes(16))]
        buffers = Buffers(*parts)
        LIBRARY.call("EncryptMessage", byref(self.handle), c_uint32(0), byref(buffers.desc), c_uint32(0))
        return buffers[3], buffers[1]

    def unwrap_between(self, before, sealed, after, signature):
        """DecryptMessage as RPC uses it."""
        parts = [(SIGNED, before), (SECBUFFER_DATA, sealed), (SIGNED, after), (SECBUFFER_TOKEN, signature)]
        buffers = Buffers(*parts)
        LIBRARY.call("DecryptMessage", byref(self.handle), byref(buffers.desc), c_uint32(0), byref(c_uint32()))
        return buffers[1]

    def sign(self, data, sequence=0):
        buffers = Buffers((SECBUFFER_DATA, data), (SECBUFFER_TOKEN, bytes(self.sizes.cbMaxSignature)))
        LIBRARY.call("MakeSignature", byref(self.handle), c_uint32(0), byref(buffers.desc), c_uint32(sequence))
        return buffers[1]

    def verify(self, data, signature, sequence=0):
        buffers = Buffers((SECBUFFER_DATA, data), (SECBUFFER_TOKEN, signature))
        LIBRARY.call("VerifySignature", byref(self.handle), byref(buffers.desc), c_uint32(sequence), byref(c_uint32()))


class Acceptor(Context):
    """AcceptSecurityContext, leg by leg."""

    @classmethod
    def acceptor(cls, package, bindings=None, flags=ASC_DEFAULT, account=None, principal=None):
        return cls(Credentials(package, SECPKG_CRED_INBOUND, account, principal), bindings, flags)

    def step(self, token):
        given, out = self._input(token), Buffers((SECBUFFER_TOKEN, bytes(self.MAX_TOKEN)))
        return self._advance(
            "AcceptSecurityContext", out,
            [
                byref(self.credentials.handle), byref(self.handle) if self.live else None,
                byref(given.desc) if given else None, c_uint32(self.requirements), c_uint32(SECURITY_NATIVE_DREP),
                byref(self.handle), byref(out.desc), byref(self.attributes), byref(self.expiry),
            ],
        )  # fmt: skip


def imported(package, packed):
    """A context that another process has exported."""
    memory = ctypes.create_string_buffer(packed, len(packed))
    buffer, context = SecBuffer(len(packed), 0, ctypes.addressof(memory)), Context(None, None, 0)
    LIBRARY.call("ImportSecurityContextW", utf16(package), byref(buffer), None, byref(context.handle))
    context.live = True
    return context


class Initiator(Context):
    """InitializeSecurityContext, leg by leg."""

    target = None

    @classmethod
    def initiator(cls, account, package, bindings=None, flags=ISC_DEFAULT, target="HTTP/server.example.test"):
        self = cls(Credentials(package, SECPKG_CRED_OUTBOUND, account), bindings, flags)
        self.target = utf16(target)
        return self

    def step(self, token=None):
        given, out = self._input(token), Buffers((SECBUFFER_TOKEN, bytes(self.MAX_TOKEN)))
        return self._advance(
            "InitializeSecurityContextW", out,
            [
                byref(self.credentials.handle), byref(self.handle) if self.live else None, self.target,
                c_uint32(self.requirements), c_uint32(0), c_uint32(SECURITY_NATIVE_DREP),
                byref(given.desc) if given else None, c_uint32(0), byref(self.handle), byref(out.desc),
                byref(self.attributes), byref(self.expiry),
            ],
        )  # fmt: skip


def change_password(account, new, package="Kerberos"):
    """ChangeAccountPasswordW, from the account's password to `new`."""
    texts = [utf16(text) for text in (package, account.domain, account.user, account.password, new)]
    output = Buffers()
    LIBRARY.call("ChangeAccountPasswordW", *texts, ctypes.c_uint8(0), c_uint32(0), byref(output.desc))
