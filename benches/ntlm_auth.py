#!/usr/bin/env python3
"""Measures how fast one process of winbind's ntlm_auth validates logons: ntlm_auth.py SMB_CONF. N: how many. Writes driver.c's lines.

The processor time is that process' own, without winbindd's and without this client's.
"""
import hashlib
import hmac
import os
import struct
import subprocess
import sys
import time

from impacket.ntlm import compute_nthash

USER, DOMAIN, PASSWORD, COMPUTER = "alice", "EXAMPLE", "Passw0rd!", "MEMBER1"


def utf16(text):
    return text.encode("utf-16-le")


def pair(number, value):
    return struct.pack("<HH", number, len(value)) + value


def md5(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.md5).digest()


def request():
    """An NTLMv2 response to a challenge of its own ([MS-NLMP] 3.3.2), as ntlm-server-1 wants it."""
    challenge = os.urandom(8)
    now = struct.pack("<Q", int((time.time() + 11644473600) * 10**7))
    target = pair(2, utf16(DOMAIN)) + pair(1, utf16(COMPUTER)) + pair(7, now) + pair(0, b"")
    blob = b"\x01\x01" + bytes(6) + now + os.urandom(8) + bytes(4) + target + bytes(4)
    key = md5(compute_nthash(PASSWORD), utf16(USER.upper() + DOMAIN))
    proof = md5(key, challenge, blob)
    text = f"LANMAN-Challenge: {challenge.hex()}\nNT-Response: {(proof + blob).hex()}\nNT-Domain: {DOMAIN}\nUsername: {USER}\n"
    return (text + "Request-User-Session-Key: Yes\n.\n").encode(), md5(key, proof).hex().upper()


def main():
    count = int(os.environ.get("N", "1000"))
    command = ["ntlm_auth", "--helper-protocol=ntlm-server-1", f"--configfile={sys.argv[1]}"]
    helper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(question, key):
        helper.stdin.write(question)
        helper.stdin.flush()
        answer = b"".join(iter(helper.stdout.readline, b".\n")).decode()
        if f"User-Session-Key: {key}" not in answer:
            sys.exit(f"ntlm_auth: {answer}")

    def spent():
        with open(f"/proc/{helper.pid}/stat") as f:
            fields = f.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    for _ in range(100):
        ask(*request())
    questions = [request() for _ in range(count)]
    before, started = spent(), time.perf_counter()
    for question in questions:
        ask(*question)
    took, cpu = time.perf_counter() - started, spent() - before
    helper.stdin.close()
    helper.wait()
    print(f"ntlm_auth-alone,ntlm,logons,,per_second,{count / took:.3f}")
    print(f"ntlm_auth-alone,ntlm,logons,,cpu_ns,{cpu * 1e9 / count:.3f}")


main()
