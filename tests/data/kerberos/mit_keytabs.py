#!/usr/bin/env python3
"""Writes the keytab files of this folder with MIT's libkrb5, and what klist sees in them beside each (.txt):
KVNO, time stamp, name type, encryption type, principal, key, separated by tabs."""
import ctypes as c
import os
import sys

krb5 = c.CDLL("libkrb5.so.3")


class Data(c.Structure):
    _fields_ = [("magic", c.c_int32), ("length", c.c_uint), ("data", c.c_void_p)]


class Principal(c.Structure):
    _fields_ = [("magic", c.c_int32), ("realm", Data), ("data", c.c_void_p), ("length", c.c_int32), ("type", c.c_int32)]


class Keyblock(c.Structure):
    _fields_ = [("magic", c.c_int32), ("enctype", c.c_int32), ("length", c.c_uint), ("contents", c.c_void_p)]


class Entry(c.Structure):
    _fields_ = [("magic", c.c_int32), ("principal", c.POINTER(Principal)), ("timestamp", c.c_int32), ("vno", c.c_uint),
                ("key", Keyblock)]


context = c.c_void_p()
assert krb5.krb5_init_context(c.byref(context)) == 0


def call(name, *args):
    code = getattr(krb5, name)(context, *args)
    assert code == 0, f"{name}: {code}"


def entry(name, kvno, enctype, key, time=1700000000, name_type=1):
    principal = c.POINTER(Principal)()
    call("krb5_parse_name", name.encode(), c.byref(principal))
    principal.contents.type = name_type
    contents = c.create_string_buffer(key, len(key))
    result = Entry(0, principal, time, kvno, Keyblock(0, enctype, len(key), c.addressof(contents)))
    result.keep = contents
    return result


def resolve(path):
    keytab = c.c_void_p()
    call("krb5_kt_resolve", b"FILE:" + path.encode(), c.byref(keytab))
    return keytab


def write(path, entries, removed=(), header=None):
    if os.path.exists(path):
        os.remove(path)
    if header:
        with open(path, "wb") as file:
            file.write(header)
    keytab = resolve(path)
    for each in entries:
        call("krb5_kt_add_entry", keytab, c.byref(each))
    for each in removed:
        call("krb5_kt_remove_entry", keytab, c.byref(each))
    call("krb5_kt_close", keytab)


def show(path):
    keytab, cursor = resolve(path), c.c_void_p()
    call("krb5_kt_start_seq_get", keytab, c.byref(cursor))
    found = Entry()
    with open(path.removesuffix(".keytab") + ".txt", "w") as out:
        while krb5.krb5_kt_next_entry(context, keytab, c.byref(found), c.byref(cursor)) == 0:
            name = c.c_char_p()
            call("krb5_unparse_name", found.principal, c.byref(name))
            key = c.string_at(found.key.contents, found.key.length).hex()
            print(found.vno, found.timestamp, found.principal.contents.type, found.key.enctype, name.value.decode(), key,
                  sep="\t", file=out)


def key(length, seed):
    return bytes((seed * 31 + at * 7) % 256 for at in range(length))


HTTP = "HTTP/server.example.test@EXAMPLE.TEST"
os.chdir(os.path.dirname(os.path.abspath(sys.argv[0])))

every = [entry(HTTP, 3, enctype, key(length, enctype)) for enctype, length in
         [(18, 32), (17, 16), (20, 32), (19, 16), (23, 16), (16, 24), (26, 32), (3, 8)]]
write("every_enctype.keytab", every)

rolled = [entry(HTTP, kvno, 18, key(32, kvno % 200), 1700000000 + kvno) for kvno in (1, 2, 3, 255, 256, 70000)]
write("kvnos.keytab", rolled)

holes = [entry(name, kvno, 18, key(32, kvno)) for kvno, name in
         [(1, "host/long.name.of.a.server.example.test@EXAMPLE.TEST"), (2, HTTP), (3, HTTP), (4, "cifs/a@EXAMPLE.TEST")]]
write("holes.keytab", holes + [entry("a@B", 5, 17, key(16, 5))], removed=holes[2:3])
# A shorter entry in the place of a longer one.
keytab = resolve("holes.keytab")
call("krb5_kt_remove_entry", keytab, c.byref(holes[0]))
call("krb5_kt_add_entry", keytab, c.byref(entry("b@C", 6, 17, key(16, 6))))
call("krb5_kt_close", keytab)

names = ["alice@EXAMPLE.TEST", "alice/admin@EXAMPLE.TEST", "a/b/c/d@R", r"od\/d\@name@EXAMPLE.TEST", "müller@EXAMPLE.TEST"]
write("names.keytab", [entry(name, 1, 17, key(16, at), name_type=at + 1) for at, name in enumerate(names)])

write("version1.keytab", every[:3] + rolled[-1:], header=b"\x05\x01")
for path in ["every_enctype", "kvnos", "holes", "names", "version1"]:
    show(path + ".keytab")
