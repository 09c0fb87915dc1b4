#!/usr/bin/env python3
"""Writes the seed corpus: the tokens of tests/data/exchanges, each for the target that reads its kind.

The conversation targets make their own exchanges; their corpus holds what fuzzing found worth keeping.
"""

import hashlib
import pathlib
import struct
import uuid

HERE = pathlib.Path(__file__).parent
NTLM_TARGETS = {1: "ntlm_negotiate", 2: "ntlm_challenge", 3: "ntlm_authenticate"}


CONFIG = """[server]
netbios_computer = "SERVER"
netbios_domain = "EXAMPLE"
dns_computer = "server.example.test"
dns_domain = 'example.test'
dns_tree = ""
in_domain = true

[negotiate]
mechanisms = ["Kerberos", "NTLM"]
context_lifetime = "10h"
complete_auth_token = false

[ntlm]
weak_responses = ["LMv2", "NTLMv1", "NTLMv1-ESS", "LM"]
channel_bindings = "when-sent"
target_name = "require"
target_names = ["HTTP/server", "cifs/server"]
require_128 = true
require_extended_session_security = true
require_mic = true
max_clock_skew = "unlimited"
challenge_lifetime = 90
refuse_null_session = true

[kerberos]
keytab = "FILE:/etc/negossp/server.keytab"
principals = ["HTTP/server.example.test", "SERVER$@EXAMPLE.TEST"]
realm = "EXAMPLE.TEST"
enctypes = ["aes256-sha1", "aes128-sha2", "rc4-hmac"]
max_clock_skew = "5m"
replay_cache = "file"
replay_cache_file = "/var/lib/negossp/replay"
replay_cache_entries = 1000
channel_bindings = "require"
addresses = "when-known"
require_pac = true
krbtgt_keytab = "kdc.keytab"
delegation = false

[limits]
contexts = 1000
credentials = 10
max_token = 12288

[accounts]
domain = "EXAMPLE"
strict_domain = true
"""


def write(target, data):
    directory = HERE / "corpus" / target
    directory.mkdir(parents=True, exist_ok=True)
    (directory / hashlib.sha1(data).hexdigest()[:12]).write_bytes(data)


def ntlm_message(token):
    """The NTLM message in a token: SPNEGO has it in an OCTET STRING, whose length stands right before it."""
    start = token.find(b"NTLMSSP\0")
    if start <= 0:
        return token if start == 0 else None
    for width in (0, 1, 2):
        length = token[start - width - 1 : start]
        if width == 0 and length[0] < 0x80 and token[start - 2] == 4:
            return token[start : start + length[0]]
        if width and length[0] == 0x80 | width and token[start - width - 2] == 4:
            return token[start : start + int.from_bytes(length[1:], "big")]
    raise ValueError(token.hex())


def field(message, at):
    length, _, offset = struct.unpack_from("<HHI", message, at)
    return message[offset : offset + length]


KEYTAB = HERE.parent / "tests/data/kerberos/holes.keytab"
KINDS = {
    "d587aae8-f78f-4455-a112-c934beee7ce1": KEYTAB.read_bytes(),
    "28bfc32f-10f6-4738-98d1-1ac061df716a": "Passw0rd!".encode("utf-16-le"),
}


def identity(kind, data):
    """SEC_WINNT_AUTH_IDENTITY_EX2: its parts one after the other behind it."""
    packed = struct.pack("=HH16sIHxx", 28, 28 + len(data), kind.bytes_le, 28, len(data)) + data
    parts = ["HTTP/web1".encode("utf-16-le"), "EXAMPLE.TEST".encode("utf-16-le"), packed, "Kerberos".encode("utf-16-le")]
    fields, at = [], 48
    for part in parts:
        fields += [at, len(part)]
        at += len(part)
    # The target takes the header's length as 32 and this.
    header = struct.pack("=IHxxIIHxxIHxxIHxxIIHxx", 0x201, 16, at, *fields[:6], 2, *fields[6:])
    return header + b"".join(parts)


def strings(unit, *parts):
    """An identity as SspiMarshalAuthIdentity has it: a header of eleven words, the strings behind it, four bytes more."""
    words, text, flags = [], b"", {1: 1, 2: 6}[unit]
    for part in parts:
        data = part.encode("utf-16-le" if unit == 2 else "ascii")
        words += [44 + len(text), len(part)] if part else [0, 0]
        text += data
    return struct.pack("=11I", 0x200, 44, *words[:6], flags, *words[6:]) + text + bytes(4)


# GSS-API's flags: DELEG, MUTUAL, REPLAY, SEQUENCE, CONF, INTEG; and DCE style.
USUAL, DCE_STYLE = 0x3F, 0x1000
MUTUAL_REQUIRED = 0x20000000


def kerberos_accept(enctype, pac, dce=False, **flags):
    """A genuine request, which is accepted, as the crate `arbitrary` reads it: the fields of the target's Plan in their
    order; a list is a byte 1 before each element and a byte 0 at its end, an optional value a byte 1 and the value, or 0."""
    edits = b"\0"
    signed = bytes([flags.get("kdc", False)] * 2)
    pac = b"\1" + 3 * edits + b"\0" + signed + edits if pac else b"\0"
    request = struct.pack("BB", enctype, flags.get("admin", False)) + pac + 4 * edits
    request += struct.pack("<BHI", flags.get("sealed", False), USUAL | (DCE_STYLE if dce else 0), MUTUAL_REQUIRED)
    known = flags.get("known", False)
    request += bytes([known, known, known, flags.get("user_to_user", False)])
    requirements = struct.pack("<I", 0xFFFFFFFF)
    server = bytes([0, flags.get("kdc", False)]) + (b"\1\1" if known else b"\0") + bytes([known] * 7)
    return request + requirements + server + edits


def ccache_parts(file):
    """The principal of a credential cache file of version 4 without a header, and its credentials, each alone."""
    at = 4

    def number():
        nonlocal at
        at += 4
        return struct.unpack_from(">I", file, at - 4)[0]

    def data():
        nonlocal at
        length = number()
        at += length

    def principal():
        number()
        for _ in range(number() + 1):
            data()

    principal()
    owner, credentials = file[4:at], []
    while at < len(file):
        begin = at
        principal()
        principal()
        at += 2
        data()
        at += 4 * 4 + 1 + 4
        for _ in range(2):
            for _ in range(number()):
                at += 2
                data()
        data()
        data()
        credentials.append(file[begin:at])
    return owner, credentials


def ccaches():
    """What kinit and kvno of MIT's wrote, and the replies of a credential cache manager that has it."""
    old, file = ((HERE.parent / f"tests/data/kerberos/version{version}.ccache").read_bytes() for version in (3, 4))
    owner, credentials = ccache_parts(file)
    for data in (old, file, file[:2] + struct.pack(">HHHii", 12, 1, 8, 300, 7) + file[4:], owner, *credentials):
        write("ccache", data)
    for name in ("FILE:/tmp/krb5cc_0", "DIR::/d/tktX", "KEYRING:persistent:0:tkt", "KCM:1000", "MEMORY:a"):
        write("ccache", name.encode())
    listed = struct.pack(">I", len(credentials)) + b"".join(struct.pack(">I", len(each)) + each for each in credentials)
    for results in (owner, credentials[-1], b"1000:2\0", bytes(range(32)), struct.pack(">i", -300), listed):
        write("kcm_reply", bytes(4) + results)
    write("kcm_reply", struct.pack(">i", -1765328189))


def der(tag, *contents):
    """An element of DER."""
    data = b"".join(contents)
    length = bytes([len(data)]) if len(data) < 128 else b"\x82" + struct.pack(">H", len(data))
    return bytes([tag]) + length + data


def fields(**values):
    """A SEQUENCE of fields with explicit tags: f0, f1, ..."""
    return der(0x30, *(der(0xA0 + int(name[1:]), value) for name, value in values.items()))


def number(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def principal(*components):
    return fields(f0=number(1), f1=der(0x30, *(der(0x1B, part.encode()) for part in components)))


def kdc_reply():
    """Replies as the target reads them: its options, then kind, length and bytes of each. Its nonces are all the same."""
    def time(text):
        return der(0x18, text.encode())

    def text(value):
        return der(0x1B, value.encode())

    def element(kind, value):
        return fields(f1=number(kind), f2=der(4, value))

    def reply(kind, data):
        return bytes([kind]) + struct.pack(">H", len(data)) + data

    key = fields(f0=number(17), f1=der(4, b"k" * 16))
    now, end, nonce = time("20270115080000Z"), time("20270115180000Z"), number(0x11111111)
    info = fields(f0=number(17), f1=text("salt"), f2=der(4, struct.pack(">I", 4096)))
    info2 = element(19, der(0x30, info))
    error = der(0x7E, fields(f0=number(5), f1=number(30), f4=now, f5=number(0), f6=number(24), f9=text("R.TEST"), f10=principal("krbtgt")))

    def part(*server):
        last = der(0x30, fields(f0=number(6), f1=end))
        return der(0x79, fields(f0=key, f1=last, f2=nonce, f4=der(3, b"\0\x40\xc0\0\0"), f5=now, f6=now, f7=end, f8=end,
                                f9=text("R.TEST"), f10=principal(*server)))

    tgt, changepw = part("krbtgt", "R.TEST"), part("kadmin", "changepw")
    checksum = fields(f0=number(15), f1=der(4, bytes(12)))
    finished = fields(f0=now, f1=number(0), f2=text("R.TEST"), f3=principal("alice"), f4=checksum)
    response = fields(f0=der(0x30), f2=finished, f3=nonce)
    hints = der(0x30, info2, element(2, b""), element(133, b"cookie"))
    inner = fields(f0=der(0x30, info2, element(138, b""), element(137, error.replace(number(24), number(25)))), f3=nonce)
    wrong_realm = reply(2, bytes([68]))
    yield bytes([0]) + reply(1, tgt)
    yield bytes([0]) + reply(2, bytes([25]) + hints) + reply(1, tgt)
    yield bytes([2]) + reply(2, bytes([25]) + hints) + reply(0, error)
    yield bytes([4]) + reply(2, bytes([37])) + reply(1, changepw)
    yield bytes([0x11]) + wrong_realm + reply(2, bytes([25]) + hints) + reply(1, tgt)
    yield bytes([8]) + reply(4, bytes([len(response) + 1]) + response + tgt)
    yield bytes([8]) + reply(3, inner) + reply(4, bytes([len(response) + 1]) + response + tgt)
    yield bytes([0xFF]) + error
    data = der(4, b"\0\4No.")
    refused = der(0x7E, fields(f0=number(5), f1=number(30), f4=now, f5=number(0), f6=number(60), f9=text("R.TEST"), f10=principal("kadmin"), f12=data))
    yield bytes([0xFF]) + struct.pack(">HHH", len(refused) + 6, 1, 0) + refused
    yield tgt
    yield response


def main():
    ccaches()
    for seed in kdc_reply():
        write("kdc_reply", seed)
    for path in sorted((HERE.parent / "tests/data/exchanges").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            word, _, value = line.partition(" ")
            if word not in ("C", "S"):
                continue
            token = bytes.fromhex(value)
            message = ntlm_message(token)
            if message != token:
                write("spnego_token", token)
            if message:
                (kind,) = struct.unpack_from("<I", message, 8)
                write(NTLM_TARGETS[kind], message)
                if kind == 2 and field(message, 40):
                    write("av_pairs", field(message, 40))
                if kind == 3 and len(field(message, 20)) > 44:
                    write("av_pairs", field(message, 20)[44:])
    for path in sorted((HERE.parent / "tests/data/kerberos/pac").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            word, _, value = line.partition(" ")
            if word in ("pac", "enc_ticket_part"):
                write("pac", bytes.fromhex(value))
    hint = "604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa32a3028a0261b24" + b"not_defined_in_RFC4178@please_ignore".hex()
    write("spnego_token", bytes.fromhex(hint))
    bindings = b"tls-server-end-point:" + bytes(range(32))
    write("channel_bindings", struct.pack("=8I", 0, 0, 0, 0, 0, 0, len(bindings), 32) + bindings)
    write("channel_bindings", struct.pack("=8I", 2, 4, 32, 2, 4, 36, len(bindings), 40) + bytes(8) + bindings)
    lm, nt = "X" * 32, "8846F7EAEE8FB117AD06BDD830B7586C"
    write("account_line", f"alice:1000:{lm}:{nt}:[U          ]:LCT-5F3C2A10:\n".encode())
    write("account_line", f"# comment\n\njörg:0:{nt}:{nt}:[DU         ]:LCT-00000000:\r\nold:1:{lm}:{nt}:Old Name:\n".encode())
    write("account_line", f"pc$:1:{lm}:{lm}:[W          ]:\nnone:1:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:{nt}:[UX]:LCT-1:".encode())
    write("config_file", CONFIG.encode())
    for path in sorted((HERE.parent / "tests/data/krb5_conf").glob("*.conf")):
        write("krb5_conf", path.read_bytes())
    for kind, data in KINDS.items():
        block = identity(uuid.UUID(kind), data)
        write("auth_identity_ex2", b"\1" + block)
        write("auth_identity_bytes", block[:4] + struct.pack("=H", 48) + block[6:] + bytes(8))
    for unit in (1, 2):
        write("auth_identity_bytes", strings(unit, "alice", "EXAMPLE", "Password", "!NTLM"))
        write("auth_identity_bytes", strings(unit, "alice", "", "", ""))
    for enctype in range(6):
        for pac in (False, True):
            write("kerberos_accept", kerberos_accept(enctype, pac))
        write("kerberos_accept", kerberos_accept(enctype, True, dce=True, kdc=True, sealed=True))
        write("kerberos_accept", kerberos_accept(enctype, True, user_to_user=True))
    write("kerberos_accept", kerberos_accept(0, False, admin=True))
    write("kerberos_accept", kerberos_accept(0, True, known=True, sealed=True))
    for table in CONFIG.split("\n\n"):
        write("config_file", table.encode())


if __name__ == "__main__":
    main()
