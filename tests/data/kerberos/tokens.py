#!/usr/bin/env python3
"""tokens.py OUT: writes the tokens of GSS-API conversations between MIT's libraries and between Heimdal's, with what
the acceptor says of each, to OUT/tokens.txt, and the service's keys to OUT/tokens.keytab; and credential caches that
kinit and kvno made, of versions 3 and 4, to OUT/version3.ccache and OUT/version4.ccache.

Needs the environment of a running shared/infra/mit-kdc.sh, libgssapi-krb5-2 and libgssapi3-heimdal.
One line each: CASE WHAT VALUE, tokens in hexadecimal.
"""

import ctypes as c
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

KRB5 = bytes.fromhex("2a864886f712010202")
PRINCIPAL_NAME = bytes.fromhex("2a864886f71201020201")
SSPI_SESSION_KEY = bytes.fromhex("2a864886f71201020205") + b"\x05"
DELEG, MUTUAL, REPLAY, SEQUENCE, CONF, INTEG, DCE = 1, 2, 4, 8, 16, 32, 0x1000
PROTECT = REPLAY | SEQUENCE | CONF | INTEG
REALM = "EXAMPLE.TEST"
CASES = {
    "mutual": ("server", MUTUAL | PROTECT, None),
    "oneway": ("server", PROTECT, None),
    "bare": ("server", 0, None),
    "bindings": ("server", MUTUAL | PROTECT, b"tls-server-end-point:0123456789abcdef"),
    "delegation": ("server", DELEG | MUTUAL | PROTECT, None),
    "dce": ("server", DCE | MUTUAL | PROTECT, None),
    "aes128sha1": ("aes128sha1", MUTUAL | PROTECT, None),
    "aes256sha2": ("aes256sha2", MUTUAL | PROTECT, None),
    "aes128sha2": ("aes128sha2", MUTUAL | PROTECT, None),
    "rc4": ("rc4", DELEG | MUTUAL | PROTECT, None),
    "admin": ("server", MUTUAL | PROTECT, None),
}


class Buffer(c.Structure):
    _fields_ = [("length", c.c_size_t), ("value", c.c_void_p)]

    @classmethod
    def of(cls, data):
        buffer = cls(len(data), c.cast(c.create_string_buffer(data, len(data)), c.c_void_p))
        buffer.keep = c.create_string_buffer(data, len(data))
        buffer.value = c.cast(buffer.keep, c.c_void_p)
        return buffer

    def bytes(self):
        return c.string_at(self.value, self.length) if self.length else b""


class Oid(c.Structure):
    _fields_ = [("length", c.c_uint32), ("elements", c.c_void_p)]

    @classmethod
    def of(cls, data):
        oid = cls(len(data), None)
        oid.keep = c.create_string_buffer(data, len(data))
        oid.elements = c.cast(oid.keep, c.c_void_p)
        return oid


class Bindings(c.Structure):
    _fields_ = [("itype", c.c_uint32), ("iaddr", Buffer), ("atype", c.c_uint32), ("aaddr", Buffer), ("data", Buffer)]


class BufferSet(c.Structure):
    _fields_ = [("count", c.c_size_t), ("elements", c.POINTER(Buffer))]


def conversation(library, case, out):
    host, flags, bound = CASES[case]
    gss = c.CDLL(library)
    mit = "krb5" in library
    minor = c.c_uint32()

    def say(what, value):
        out.append(f"{'mit' if mit else 'heimdal'}-{case} {what} {value}")

    def name(text):
        handle = c.c_void_p()
        buffer, kind = Buffer.of(text.encode()), Oid.of(PRINCIPAL_NAME)
        assert gss.gss_import_name(c.byref(minor), c.byref(buffer), c.byref(kind), c.byref(handle)) == 0
        return handle

    bindings = None
    if bound:
        data = Buffer.of(bound)
        bindings = Bindings(data=data)
    acceptor = c.c_void_p()
    assert gss.gss_acquire_cred(c.byref(minor), None, 0, None, 2, c.byref(acceptor), None, None) == 0
    target, mech = name(f"HTTP/{host}.example.test@{REALM}"), Oid.of(KRB5)
    initiating, accepting = c.c_void_p(), c.c_void_p()
    ours, theirs, granted, src, delegated, lifetime = Buffer(), Buffer(), c.c_uint32(), c.c_void_p(), c.c_void_p(), c.c_uint32()
    by = c.byref(bindings) if bindings else None
    first = None
    while True:
        major = gss.gss_init_sec_context(
            c.byref(minor), None, c.byref(initiating), target, c.byref(mech), c.c_uint32(flags), 0, by,
            c.byref(theirs), None, c.byref(ours), None, None)
        assert major in (0, 1), (case, hex(major & 0xFFFFFFFF), minor.value)
        if not ours.length:
            break
        say("initiator", ours.bytes().hex())
        first = first or ours.bytes()
        accepted = gss.gss_accept_sec_context(
            c.byref(minor), c.byref(accepting), acceptor, c.byref(ours), by, c.byref(src), None,
            c.byref(theirs), c.byref(granted), c.byref(lifetime), c.byref(delegated))
        assert accepted in (0, 1), (case, hex(accepted & 0xFFFFFFFF), minor.value)
        if theirs.length:
            say("acceptor", theirs.bytes().hex())
        if not theirs.length:
            break
    shown = Buffer()
    assert gss.gss_display_name(c.byref(minor), src, c.byref(shown), None) == 0
    say("client", shown.bytes().decode())
    say("flags", granted.value & 0xFFFF)
    if mit:
        when, ticket_flags = c.c_int32(), c.c_uint32()
        assert gss.gsskrb5_extract_authtime_from_sec_context(c.byref(minor), accepting, c.byref(when)) == 0
        say("authtime", when.value)
        assert gss.gss_krb5_get_tkt_flags(c.byref(minor), accepting, c.byref(ticket_flags)) == 0
        say("ticket-flags", ticket_flags.value)
        found, wanted = c.POINTER(BufferSet)(), Oid.of(SSPI_SESSION_KEY)
        assert gss.gss_inquire_sec_context_by_oid(c.byref(minor), accepting, c.byref(wanted), c.byref(found)) == 0
        say("key", found.contents.elements[0].bytes().hex())
        if delegated:
            with tempfile.TemporaryDirectory() as directory:
                krb5 = c.CDLL("libkrb5.so.3")
                context, cache = c.c_void_p(), c.c_void_p()
                assert krb5.krb5_init_context(c.byref(context)) == 0
                path = f"{directory}/cc"
                assert krb5.krb5_cc_resolve(context, f"FILE:{path}".encode(), c.byref(cache)) == 0
                owner = c.c_void_p()
                assert krb5.krb5_parse_name(context, shown.bytes(), c.byref(owner)) == 0
                assert krb5.krb5_cc_initialize(context, cache, owner) == 0
                assert gss.gss_krb5_copy_ccache(c.byref(minor), delegated, cache) == 0
                say("ccache", pathlib.Path(path).read_bytes().hex())
        if case == "mutual":
            # Once more, which is a replay: the error token.
            again, token = c.c_void_p(), Buffer.of(first)
            gss.gss_accept_sec_context(
                c.byref(minor), c.byref(again), acceptor, c.byref(token), by, c.byref(src), None,
                c.byref(theirs), c.byref(granted), c.byref(lifetime), c.byref(delegated))
            say("replay", theirs.bytes().hex())


def main():
    if sys.argv[1] == "--one":
        out = []
        conversation(sys.argv[2], sys.argv[3], out)
        print("\n".join(out))
        return
    out = pathlib.Path(sys.argv[1])
    env = dict(os.environ, KRB5_KTNAME=os.environ["KRB5_KTNAME"])
    lines = []
    for library in ("libgssapi_krb5.so.2", "libgssapi.so.3"):
        for case in CASES:
            user = "admin/admin" if case == "admin" else "alice"
            with tempfile.NamedTemporaryFile() as cache:
                env["KRB5CCNAME"] = f"FILE:{cache.name}"
                subprocess.run(["kinit", "-f", user], input=os.environ.get("PASSWORD", "Passw0rd!") + "\n", text=True, env=env,
                               check=True, stdout=subprocess.DEVNULL)
                one = subprocess.run([sys.executable, __file__, "--one", library, case], env=env, text=True, stdout=subprocess.PIPE)
                if one.returncode:
                    print(f"{library} {case}: not written", file=sys.stderr)
                lines += one.stdout.splitlines()
    (out / "tokens.txt").write_text("\n".join(lines) + "\n")
    config = pathlib.Path(os.environ["KRB5_CONFIG"]).read_text()
    for version in 3, 4:
        cache = out / f"version{version}.ccache"
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(config.replace("ccache_type = 4", f"ccache_type = {version}"))
            file.flush()
            env.update(KRB5_CONFIG=file.name, KRB5CCNAME=f"FILE:{cache}")
            # One with addresses, which the KDC does not find us at; one with a service's ticket.
            addresses = ["-a"] if version == 3 else []
            subprocess.run(["kinit", "-f", *addresses, "alice"], input="Passw0rd!\n", text=True, env=env, check=True)
            if version == 4:
                subprocess.run(["kvno", "-q", "HTTP/server.example.test"], env=env, check=True)
        cache.chmod(0o644)
    shutil.copy(os.environ["KRB5_KTNAME"].removeprefix("FILE:"), out / "tokens.keytab")


main()
