"""The other implementations, each behind the same few methods.

An initiator or an acceptor here has `step(token) -> token or None`, `complete`, `key` (the exported session
key, or None where the implementation keeps it to itself), and once complete `wrap`, `unwrap`, `sign`,
`verify`. A wrapped message is NTLM's 16-byte signature followed by the sealed text. Whatever the
implementation raises on a refusal is left as it is; `verify` and `unwrap` raise too.
"""

import os
import struct

import gssapi
import spnego
import spnego.channel_bindings
from gssapi.raw import acquire_cred_with_password, inquire_sec_context_by_oid, set_neg_mechs
from gssapi.raw import ChannelBindings as GssBindings
from impacket import ntlm as impacket_ntlm
from impacket.spnego import SPNEGO_NegTokenInit, SPNEGO_NegTokenResp, TypesMech
from spnego._ntlm_raw.messages import AvId, Challenge

NTLMSSP = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
SSPI_SESSION_KEY = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2.5.5")

SERVICE, HOST = "HTTP", "server.example.test"
SIGN_SEAL = spnego.ContextReq.default
SIGN_ONLY = SIGN_SEAL & ~spnego.ContextReq.confidentiality


class Account:
    """A user with a password, as each implementation wants to be told."""

    def __init__(self, user, password, domain="EXAMPLE"):
        self.user, self.password, self.domain = user, password, domain

    @property
    def qualified(self):
        return f"{self.domain}\\{self.user}" if self.domain else self.user

    def but(self, **changes):
        return Account(**{**vars(self), **changes})

    def user_file_line(self):
        """A line of the NTLM_USER_FILE that gss-ntlmssp and pyspnego read."""
        return f"{self.domain}:{self.user}:{self.password}\n"


# ---------------------------------------------------------------------------------------------- pyspnego


class Pyspnego:
    """pyspnego's own Python NTLM, bare or inside its own SPNEGO; no system library is used."""

    name = "pyspnego"
    empty_messages = True

    def __init__(self, context, package):
        self.context, self.package = context, package

    @staticmethod
    def _options(package):
        options = spnego.NegotiateOptions
        return options.use_ntlm if package == "NTLM" else options.use_negotiate

    @staticmethod
    def _bindings(application_data):
        if application_data is None:
            return None
        return spnego.channel_bindings.GssChannelBindings(application_data=application_data)

    @classmethod
    def initiator(cls, account, package, bindings=None, flags=SIGN_SEAL, service=SERVICE, host=HOST):
        return cls(
            spnego.client(
                account.qualified, account.password, hostname=host, service=service, protocol=_protocol(package),
                options=cls._options(package), channel_bindings=cls._bindings(bindings), context_req=flags,
            ),
            package,
        )  # fmt: skip

    @classmethod
    def acceptor(cls, package, bindings=None, flags=SIGN_SEAL):
        """Has the accounts of NTLM_USER_FILE."""
        return cls(
            spnego.server(
                hostname=HOST, service=SERVICE, protocol=_protocol(package), options=cls._options(package),
                channel_bindings=cls._bindings(bindings), context_req=flags,
            ),
            package,
        )  # fmt: skip

    def step(self, token=None):
        return self.context.step(token)

    @property
    def complete(self):
        return self.context.complete

    @property
    def key(self):
        return self.context.session_key

    @property
    def client(self):
        return self.context.client_principal

    def wrap(self, data):
        return self.context.wrap(data).data

    def unwrap(self, message):
        return self.context.unwrap(message).data

    def sign(self, data):
        return self.context.sign(data)

    def verify(self, data, signature):
        self.context.verify(data, signature)


class PyspnegoWithMechListMic(Pyspnego):
    """pyspnego's initiator, which sends a mechListMIC even where the acceptor did not ask for one."""

    name = "pyspnego, mechListMIC unasked"

    def __init__(self, context, package):
        super().__init__(context, package)
        context._mic_required = True


class PyspnegoWithoutMic(Pyspnego):
    """pyspnego's bare initiator as if the server had sent no time: it sends no MIC then, and not all of the target
    information. In SPNEGO it always sends a MIC."""

    name = "pyspnego without MIC"

    def step(self, token=None):
        return super().step(timeless(token) if token else None)


def timeless(message):
    """CHALLENGE_MESSAGE without MsvAvTimestamp."""
    challenge = Challenge.unpack(message)
    told = challenge.target_info
    del told[AvId.timestamp]
    return Challenge(
        challenge.flags, challenge.server_challenge, target_name=challenge.target_name, target_info=told,
        version=challenge.version,
    ).pack()  # fmt: skip


def _protocol(package):
    return "ntlm" if package == "NTLM" else "negotiate"


# ------------------------------------------------------------------------------------------- gss-ntlmssp


class GssNtlmssp:
    """gss-ntlmssp under MIT's mechglue: bare, or inside the mechglue's SPNEGO."""

    name = "gss-ntlmssp"
    empty_messages = False  # it refuses to wrap or sign nothing
    FLAGS = gssapi.RequirementFlag

    def __init__(self, context):
        self.context = context

    @classmethod
    def initiator(cls, account, package, bindings=None, flags=None, service=SERVICE, host=HOST):
        if flags is None:
            flags = cls.FLAGS.integrity | cls.FLAGS.confidentiality | cls.FLAGS.replay_detection
            flags |= cls.FLAGS.out_of_sequence_detection
        mech = NTLMSSP if package == "NTLM" else SPNEGO
        name = gssapi.Name(account.qualified, gssapi.NameType.user)
        raw = acquire_cred_with_password(name, account.password.encode(), mechs=[mech], usage="initiate").creds
        credentials = gssapi.Credentials(base=raw)
        if mech is SPNEGO:
            set_neg_mechs(credentials, [NTLMSSP])
        target = gssapi.Name(f"{service}@{host}", gssapi.NameType.hostbased_service)
        return cls(
            gssapi.SecurityContext(
                name=target, mech=mech, creds=credentials, usage="initiate", flags=flags,
                channel_bindings=GssBindings(application_data=bindings) if bindings is not None else None,
            )
        )  # fmt: skip

    @classmethod
    def acceptor(cls, package, bindings=None):
        """Has the accounts of NTLM_USER_FILE."""
        return cls(
            gssapi.SecurityContext(
                usage="accept",
                channel_bindings=GssBindings(application_data=bindings) if bindings is not None else None,
            )
        )

    def step(self, token=None):
        return self.context.step(token)

    @property
    def complete(self):
        return self.context.complete

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


# ---------------------------------------------------------------------------------------------- impacket


class Impacket:
    """impacket's NTLM functions, bare or in its SPNEGO structures. An initiator only."""

    name = "impacket"
    empty_messages = True

    def __init__(self, account, package, binding_hash, use_ntlmv2, sign):
        self.account, self.package = account, package
        self.binding_hash, self.use_ntlmv2, self.signing = binding_hash, use_ntlmv2, sign
        self.complete, self.key, self._negotiate = False, None, None

    @classmethod
    def initiator(cls, account, package, bindings=None, use_ntlmv2=True, sign=True):
        digest = b"" if bindings is None else binding_digest(bindings)
        return cls(account, package, digest, use_ntlmv2, sign)

    def step(self, token=None):
        if self._negotiate is None:
            self._negotiate = impacket_ntlm.getNTLMSSPType1("CLIENT", "", self.signing, self.use_ntlmv2)
            return self._first(self._negotiate.getData())
        if self.complete:
            # The acceptor's last NegTokenResp; accept-completed is all that is expected of it.
            state = SPNEGO_NegTokenResp(token)["NegState"]
            if state != b"\x00":
                raise ValueError(f"negState {state.hex()} after AUTHENTICATE_MESSAGE")
            return None
        challenge = SPNEGO_NegTokenResp(token)["ResponseToken"] if self.package == "Negotiate" else token
        authenticate, key = impacket_ntlm.getNTLMSSPType3(
            self._negotiate, challenge, self.account.user, self.account.password, self.account.domain,
            use_ntlmv2=self.use_ntlmv2, channel_binding_value=self.binding_hash, service=SERVICE,
        )  # fmt: skip
        self.key, self.complete = key, True
        self._prepare(authenticate["flags"], key)
        return self._later(authenticate.getData())

    def _first(self, message):
        if self.package == "NTLM":
            return message
        token = SPNEGO_NegTokenInit()
        token["MechTypes"] = [TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]]
        token["MechToken"] = message
        return token.getData()

    def _later(self, message):
        if self.package == "NTLM":
            return message
        token = SPNEGO_NegTokenResp()
        token["ResponseToken"] = message
        return token.getData()

    def _prepare(self, flags, key):
        from Cryptodome.Cipher import ARC4

        self.flags, self.sequence = flags, {"Client": 0, "Server": 0}
        if flags & impacket_ntlm.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY:
            self.sign_key = {side: impacket_ntlm.SIGNKEY(flags, key, side) for side in self.sequence}
            self.rc4 = {side: ARC4.new(impacket_ntlm.SEALKEY(flags, key, side)).encrypt for side in self.sequence}
        else:
            self.sign_key = dict.fromkeys(self.sequence)
            self.rc4 = dict.fromkeys(self.sequence, ARC4.new(impacket_ntlm.SEALKEY(flags, key)).encrypt)

    def _mac(self, side, data):
        number = self.sequence[side]
        self.sequence[side] += 1
        return impacket_ntlm.SIGN(self.flags, self.sign_key[side], data, number, self.rc4[side]).getData()

    def wrap(self, data):
        sealed = self.rc4["Client"](data)
        return self._mac("Client", data) + sealed

    def unwrap(self, message):
        data = self.rc4["Server"](message[16:])
        if self._mac("Server", data) != message[:16]:
            raise ValueError("signature differs")
        return data

    def sign(self, data):
        return self._mac("Client", data)

    def verify(self, data, signature):
        if self._mac("Server", data) != signature:
            raise ValueError("signature differs")


def binding_digest(application_data):
    """MsvAvChannelBindings of these application data: [MS-NLMP] 2.2.2.1, [RFC 2744] 3.11."""
    import hashlib

    empty = struct.pack("<4L", 0, 0, 0, 0)
    return hashlib.md5(empty + struct.pack("<L", len(application_data)) + application_data).digest()


# --------------------------------------------------------------------------------------------------------


def exchange(initiator, acceptor, recorder=None, tamper=None, limit=8):
    """Passes tokens between the two until neither has one, and returns the (side, token) pairs.

    `tamper(number, side, token) -> token` may change each in transit."""
    legs, token = [], initiator.step(None)
    side, parties = "C", {"C": acceptor, "S": initiator}
    while token:
        if len(legs) == limit:
            raise RuntimeError("the exchange does not end")
        if tamper:
            token = tamper(len(legs), side, token)
        legs.append((side, token))
        if recorder:
            recorder(side, token)
        token = parties[side].step(token)
        side = "S" if side == "C" else "C"
    return legs


def clean_environment(directory, accounts):
    """The peers do not depend on the machine's settings: no tickets, no proxies, own NTLM accounts and names."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("KRB5", "NTLM", "NEGOSSP_", "GSS")):
            if name not in ("NEGOSSP_LIB", "NEGOSSP_LIBRARY", "NEGOSSP_HTTP_SERVER", "NEGOSSP_TOKEN_SERVER"):
                del os.environ[name]
    user_file = os.path.join(directory, "ntlm-users")
    with open(user_file, "w", encoding="utf-8") as f:
        os.chmod(user_file, 0o600)
        f.writelines(account.user_file_line() for account in accounts)
    krb5_conf = os.path.join(directory, "krb5.conf")
    with open(krb5_conf, "w") as f:
        f.write("[libdefaults]\n\tdns_lookup_kdc = false\n\tdns_lookup_realm = false\n\trdns = false\n")
    os.environ.update(
        NTLM_USER_FILE=user_file,
        KRB5_CONFIG=krb5_conf,
        KRB5CCNAME=f"FILE:{directory}/no-tickets",
        KRB5_KTNAME=f"FILE:{directory}/no-keys",
        NETBIOS_COMPUTER_NAME="SERVER",
        NETBIOS_DOMAIN_NAME="EXAMPLE",
        HOME=directory,
    )
    return user_file
