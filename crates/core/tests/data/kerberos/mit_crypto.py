#!/usr/bin/env python3
"""Writes mit_crypto.txt: random data encrypted, signed and derived by MIT's libk5crypto.

Lines, binary fields in hexadecimal, "-" for an empty one:
  encrypt   ENCTYPE USAGE KEY PLAINTEXT CIPHERTEXT
  checksum  ENCTYPE USAGE KEY DATA CKSUMTYPE CHECKSUM
  prf       ENCTYPE KEY INPUT OUTPUT
  string    ENCTYPE PASSWORD SALT ITERATIONS KEY
"""
import ctypes as c
import os
import random

krb5 = c.CDLL("libkrb5.so.3")
k5crypto = c.CDLL("libk5crypto.so.3")


class Data(c.Structure):
    _fields_ = [("magic", c.c_int32), ("length", c.c_uint), ("data", c.c_void_p)]


class Keyblock(c.Structure):
    _fields_ = [("magic", c.c_int32), ("enctype", c.c_int32), ("length", c.c_uint), ("contents", c.c_void_p)]


class EncData(c.Structure):
    _fields_ = [("magic", c.c_int32), ("enctype", c.c_int32), ("kvno", c.c_uint), ("ciphertext", Data)]


class Checksum(c.Structure):
    _fields_ = [("magic", c.c_int32), ("type", c.c_int32), ("length", c.c_uint), ("contents", c.c_void_p)]


context = c.c_void_p()
assert krb5.krb5_init_context(c.byref(context)) == 0


def call(name, *args):
    code = getattr(k5crypto, name)(context, *args)
    assert code == 0, f"{name}: {code}"


def data(content):
    buffer = c.create_string_buffer(content, max(len(content), 1))
    result = Data(0, len(content), c.addressof(buffer))
    result.keep = buffer
    return result


def keyblock(enctype, content):
    buffer = c.create_string_buffer(content, len(content))
    result = Keyblock(0, enctype, len(content), c.addressof(buffer))
    result.keep = buffer
    return result


def line(*fields):
    print(*[(f.hex() or "-") if isinstance(f, bytes) else f for f in fields])


def random_key(enctype):
    key = Keyblock()
    call("krb5_c_make_random_key", c.c_int32(enctype), c.byref(key))
    return c.string_at(key.contents, key.length)


CHECKSUMS = {16: 12, 17: 15, 18: 16, 19: 19, 20: 20, 23: -138}
LENGTHS = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 100, 357, 1024]

for enctype, checksum_type in CHECKSUMS.items():
    for at, length in enumerate(LENGTHS):
        key, plain = random_key(enctype), os.urandom(length)
        usage = [2, 3, 11, 12, 9, 22, 24, 1, 17, 1000][at % 10]
        size = c.c_size_t()
        call("krb5_c_encrypt_length", c.c_int32(enctype), c.c_size_t(length), c.byref(size))
        out = data(bytes(size.value))
        sealed = EncData(0, 0, 0, out)
        call("krb5_c_encrypt", c.byref(keyblock(enctype, key)), c.c_int32(usage), None, c.byref(data(plain)), c.byref(sealed))
        line("encrypt", enctype, usage, key, plain, c.string_at(out.data, sealed.ciphertext.length))

        checksum = Checksum()
        usage = [10, 6, 17, 23, 25, 3][at % 6]
        call("krb5_c_make_checksum", c.c_int32(checksum_type), c.byref(keyblock(enctype, key)), c.c_int32(usage),
             c.byref(data(plain)), c.byref(checksum))
        line("checksum", enctype, usage, key, plain, checksum_type, c.string_at(checksum.contents, checksum.length))

        call("krb5_c_prf_length", c.c_int32(enctype), c.byref(size))
        out = data(bytes(size.value))
        call("krb5_c_prf", c.byref(keyblock(enctype, key)), c.byref(data(plain)), c.byref(out))
        line("prf", enctype, key, plain, c.string_at(out.data, size.value))
    for password in ["x", "Passw0rd!", "pässwörd", "日本語", "a" * 100]:
        salt = b"EXAMPLE.TESTHTTP" + os.urandom(random.randrange(9)).hex().encode()
        least = {17: 4096, 18: 4096, 19: 32768, 20: 32768}.get(enctype)
        iterations = random.randrange(least, least + 100) if least else 0
        params = data(iterations.to_bytes(4, "big"))
        key = Keyblock()
        call("krb5_c_string_to_key_with_params", c.c_int32(enctype), c.byref(data(password.encode())),
             c.byref(data(salt)), c.byref(params) if iterations else None, c.byref(key))
        line("string", enctype, password.encode(), salt, iterations, c.string_at(key.contents, key.length))
