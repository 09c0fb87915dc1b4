#!/usr/bin/env python3
"""Writes session_mit.txt or session_heimdal.txt: messages of established contexts, by MIT's or Heimdal's GSSAPI.

  ../../../../../tests/infra/mit-kdc.sh run /tmp/kdc -- python3 session.py mit > session_mit.txt
  ../../../../../tests/infra/mit-kdc.sh run /tmp/kdc -- python3 session.py heimdal > session_heimdal.txt

Lines; a side is I (initiator) or A (acceptor), binary fields are hexadecimal, "-" for an empty one. What was protected is
`text(SIZE)`, the same as in crates/core/tests/it/kerberos/session.rs.
  context ENCTYPE STYLE KEY ACCEPTOR_SUBKEY FIRST_NUMBER_OF_I FIRST_NUMBER_OF_A
                                        STYLE is mutual, one-way or dce; what follows belongs to it, in its order
  mic SIDE SIZE TOKEN
  wrap SIDE SEALED SIZE TOKEN           by gss_wrap
  iov SIDE SEALED HEADER PIECE...       by gss_wrap_iov: d:SIZE:BYTES encrypted data, s:SIZE data that is signed only,
                                        p:BYTES padding
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../../tests/suites/interop"))
import gss  # noqa: E402

STYLES = {
    "mutual": gss.MUTUAL | gss.REPLAY | gss.SEQUENCE | gss.CONF | gss.INTEG,
    "one-way": gss.REPLAY | gss.SEQUENCE | gss.CONF | gss.INTEG,
    "dce": gss.MUTUAL | gss.DCE_STYLE | gss.CONF | gss.INTEG,
}
SERVICES = {"aes256-sha1": 18, "aes128-sha1": 17, "aes256-sha2": 20, "aes128-sha2": 19, "rc4": 23, "des3": 16}


def text(size):
    return bytes((i * 31 + i // 256) & 0xFF for i in range(size))


def messages(side, context, old, style):
    """The lines of one side's messages."""
    sizes = [0, 1, 15, 16, 17, 100] if style == "mutual" else [16, 33]
    for size in sizes:
        if style == "dce" and old:
            size = size // 8 * 8
        yield "mic", side, size, context.mic(text(size)).hex()
        # In DCE style gss_wrap and its like are not for RPC's messages.
        for sealed in (1, 0) if style != "dce" else ():
            yield "wrap", side, sealed, size, context.wrap(text(size), sealed).hex()
    # Heimdal refuses the latter in DCE style.
    for sealed in (1, 0) if context.library.mit or style != "dce" else (1,):
        for lengths in ([("d", 48)], [("s", 24), ("d", 40), ("s", 8)], [("s", 5), ("d", 16), ("s", 3), ("d", 24)]):
            kinds = {"d": gss.DATA, "s": gss.SIGN_ONLY}
            pieces = [(gss.HEADER, b"")] + [(kinds[kind], text(size)) for kind, size in lengths]
            if old and style != "dce":
                pieces.append((gss.PADDING, b""))
            header, *rest = context.wrap_iov(pieces, sealed)
            fields = [f"d:{size}:{rest[n][1].hex()}" if kind == "d" else f"s:{size}" for n, (kind, size) in enumerate(lengths)]
            if len(rest) > len(lengths) and rest[-1][1]:
                fields.append(f"p:{rest[-1][1].hex()}")
            yield "iov", side, sealed, header[1].hex(), *fields


def context(library, service, enctype, style, seen):
    only = enctype if library.mit else None
    initiator, acceptor = gss.establish(library, f"HTTP@{service}.example.test", STYLES[style], only)
    key = initiator.session_key()
    assert acceptor.session_key() == key
    # Triple DES and RC4 have the older tokens. Heimdal's sides take another sub-key than the service's where they can.
    old = enctype in (16, 23) and len(key) != 32
    lines = {"I": list(messages("I", initiator, old, style)), "A": list(messages("A", acceptor, old, style))}
    inside = {"I": initiator.export(), "A": acceptor.export()}
    first = [inside[side].send_seq - len(lines[side]) for side in "IA"]
    subkey = inside["I"].rfc4121.have_acceptor_subkey if inside["I"].protocol else 0
    found = inside["I"].key().type if inside["I"].protocol else enctype
    if (found, style) in seen:
        return
    seen.add((found, style))
    print("context", found, style, key.hex(), subkey, *first)
    for line in lines["I"] + lines["A"]:
        print(*line)


def main():
    library = gss.Library(gss.HEIMDAL if sys.argv[1] == "heimdal" else gss.MIT)
    seen = set()
    for service, enctype in SERVICES.items():
        for style in STYLES:
            try:
                context(library, service, enctype, style, seen)
            except gss.GssError as error:
                print(service, style, error, file=sys.stderr)


main()
