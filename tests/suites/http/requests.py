"""Malformed and unusual requests to the example server: each is answered as HTTP requires, or the connection is closed,
and the server continues to serve others."""

import base64
import contextlib
import re
import select
import socket
import struct
import subprocess
import sys
import threading
import time

HOST = "Host: localhost\r\n"
# A NEGOTIATE_MESSAGE ([MS-NLMP] 2.2.1.1) without payload: UNICODE, NTLM, EXTENDED_SESSIONSECURITY, TARGET, 128, KEY_EXCH.
NEGOTIATE = base64.b64encode(b"NTLMSSP\0" + struct.pack("<II", 1, 0x60088205) + bytes(16)).decode()


class Connection:
    """One connection, read response by response."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.stream = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def response(self, head_only=False):
        """(status, headers as a list of pairs, body); status None when the server closed instead."""
        line = self.stream.readline()
        if not line:
            return None, [], b""
        status = int(line.split()[1])
        headers = []
        while (line := self.stream.readline().strip()):
            name, value = line.decode().split(": ", 1)
            headers.append((name.lower(), value))
        length = 0 if head_only or status == 100 else int(dict(headers)["content-length"])
        return status, headers, self.stream.read(length)

    def closed(self):
        return self.stream.read(1) == b""

    def close(self):
        self.stream.close()
        self.socket.close()


def challenges(headers):
    return [value for name, value in headers if name == "www-authenticate"]


def status_of(port, data):
    connection = Connection(port)
    try:
        return connection.send(data).response()[0]
    finally:
        connection.close()


def check_malformed(port):
    for title, data, wanted in [
        ("no target", "GET\r\n\r\n", 400),
        ("no version", "GET /\r\n\r\n", 400),
        ("HTTP/2.0", f"GET / HTTP/2.0\r\n{HOST}\r\n", 505),
        ("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        ("two Hosts", f"GET / HTTP/1.1\r\n{HOST}{HOST}\r\n", 400),
        ("two Authorizations", f"GET / HTTP/1.1\r\n{HOST}Authorization: NTLM a\r\nAuthorization: NTLM b\r\n\r\n", 400),
        ("space before colon", f"GET / HTTP/1.1\r\n{HOST}X : y\r\n\r\n", 400),
        ("folded line", f"GET / HTTP/1.1\r\n{HOST}X: y\r\n z\r\n\r\n", 400),
        ("a zero byte", f"GET / HTTP/1.1\r\n{HOST}X: \0\r\n\r\n", 400),
        ("a bare CR", f"GET / HTTP/1.1\r\n{HOST}X: a\rb\r\n\r\n", 400),
        ("unknown method", f"BREW / HTTP/1.1\r\n{HOST}\r\n", 501),
        ("chunked", f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        ("negative length", f"POST / HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\n", 400),
        ("two lengths", f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("huge length", f"POST / HTTP/1.1\r\n{HOST}Content-Length: 99999999999999999999\r\n\r\n", 413),
        ("endless head", f"GET / HTTP/1.1\r\n{HOST}X: " + "a" * 200_000, 431),
        ("endless line", "A" * 200_000, 431),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32) + b"\n\n", 400),
    ]:
        got = status_of(port, data)
        assert got == wanted, f"{title}: {got} instead of {wanted}"


def check_bad_tokens(port):
    for scheme in "NTLM", "Negotiate", "nEgOtIaTe":
        for token, wanted in [
            ("", 401), ("!", 400), ("A", 400), ("AAAA", 401), ("=", 401), ("TlRMTVNTUAA", 401), ("TlRMTVNTUAABAAAA", 401),
            (base64.b64encode(b"\x60\x84\xff\xff\xff\xff" + bytes(40)).decode(), 401),
            (base64.b64encode(bytes(60_000)).decode(), 401),
            (base64.b64encode(b"NTLMSSP\0\3\0\0\0" + b"\xff" * 80).decode(), 401),
        ]:
            got = status_of(port, f"GET / HTTP/1.1\r\n{HOST}Authorization: {scheme} {token}\r\n\r\n")
            assert got == wanted, f"{scheme} {token[:40]}: {got} instead of {wanted}"


def check_offer(port):
    connection = Connection(port).send(f"GET / HTTP/1.1\r\n{HOST}\r\n")
    status, headers, _ = connection.response()
    assert (status, challenges(headers)) == (401, ["Negotiate", "NTLM"]), (status, headers)
    # The connection stays open, whatever the next request's letter case, and an unknown scheme is treated like none.
    connection.send(f"GET / HTTP/1.1\r\nhOST: x\r\nAuthorization: Basic YTpi\r\nConnection: Close\r\n\r\n")
    status, headers, _ = connection.response()
    assert (status, challenges(headers)) == (401, ["Negotiate", "NTLM"]), (status, headers)
    assert connection.closed()
    connection.close()


def check_methods(port):
    connection = Connection(port)
    status, headers, body = connection.send(f"HEAD / HTTP/1.1\r\n{HOST}\r\n").response(head_only=True)
    assert status == 401 and int(dict(headers)["content-length"]) > 0
    status, _, _ = connection.send(f"PUT /x HTTP/1.1\r\n{HOST}Content-Length: 5\r\n\r\nhello").response()
    assert status == 401
    connection.send(f"POST / HTTP/1.1\r\n{HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert connection.response()[0] == 100
    assert connection.send("hello").response()[0] == 401
    connection.close()


def check_pipeline(port):
    """Three requests in one packet, one with a body, one byte by byte."""
    connection = Connection(port)
    one = f"POST / HTTP/1.1\r\n{HOST}Content-Length: 9\r\n\r\nGET / HTT"
    connection.send(one + one + f"GET / HTTP/1.1\r\n{HOST}\r\n")
    assert [connection.response()[0] for _ in range(3)] == [401, 401, 401]
    for byte in one:
        connection.send(byte)
    assert connection.response()[0] == 401
    connection.close()


def check_old_version(port):
    connection = Connection(port).send("GET / HTTP/1.0\r\n\r\n")
    assert connection.response()[0] == 401 and connection.closed()
    connection.close()


def check_challenge(port):
    """A first token is answered with a CHALLENGE_MESSAGE; the conversation is the connection's own."""
    connection = Connection(port)
    ask = f"GET / HTTP/1.1\r\n{HOST}Authorization: NTLM {NEGOTIATE}\r\n\r\n"
    seen = set()
    for _ in range(2):
        status, headers, _ = connection.send(ask).response()
        scheme, token = challenges(headers)[0].split()
        message = base64.b64decode(token)
        assert (status, scheme, message[:12]) == (401, "NTLM", b"NTLMSSP\0\2\0\0\0"), (status, headers)
        seen.add(message[24:32])
        connection.close()
        connection = Connection(port)
    assert len(seen) == 2, "the same challenge twice"
    connection.close()


def check_begins_anew(port):
    """A client may begin anew on the same connection before it has finished (libsoup does): each first message gets a
    challenge of its own, raw and in SPNEGO."""
    connection = Connection(port)
    # NegTokenInit (RFC 4178 4.2.1) with NTLM alone and the message as its mechToken.
    message = base64.b64decode(NEGOTIATE)
    mechanism = b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
    der = lambda tag, body: bytes([tag, len(body)]) + body
    token = der(0xA0, der(0x30, mechanism)) + der(0xA2, der(0x04, message))
    init = der(0x60, b"\x06\x06\x2b\x06\x01\x05\x05\x02" + der(0xA0, der(0x30, token)))
    spnego = base64.b64encode(init).decode()
    seen = set()
    for value in [f"NTLM {NEGOTIATE}"] * 2 + [f"Negotiate {spnego}"] * 2 + [f"Negotiate {NEGOTIATE}"] * 2:
        status, headers, body = connection.send(f"GET / HTTP/1.1\r\n{HOST}Authorization: {value}\r\n\r\n").response()
        assert status == 401 and b"SEC_E" not in body, (value, status, body)
        answer = base64.b64decode(challenges(headers)[0].split()[1])
        at = answer.index(b"NTLMSSP\0\2\0\0\0")
        seen.add(answer[at + 24 : at + 32])
    assert len(seen) == 6, "a challenge twice"
    connection.close()


def check_third_leg_elsewhere(port):
    """An AUTHENTICATE_MESSAGE on a connection without a challenge is rejected."""
    message = b"NTLMSSP\0" + struct.pack("<I", 3) + struct.pack("<HHI", 0, 0, 64) * 6 + struct.pack("<I", 0x60088205)
    status, headers, body = None, None, None
    connection = Connection(port)
    connection.send(f"GET / HTTP/1.1\r\n{HOST}Authorization: NTLM {base64.b64encode(message).decode()}\r\n\r\n")
    status, headers, body = connection.response()
    assert status == 401 and b"SEC_E_INVALID_TOKEN" in body, (status, body)
    connection.close()


def check_html(port):
    connection = Connection(port).send(f"GET / HTTP/1.1\r\n{HOST}Accept: text/html,*/*\r\n\r\n")
    _, headers, body = connection.response()
    assert dict(headers)["content-type"].startswith("text/html") and b"<h1>" in body
    connection.close()


def check_slow_and_many(port):
    """Two hundred idle connections at once do not block others, and incomplete requests that end are discarded."""
    idle = [Connection(port).send("GET / HT") for _ in range(200)]
    assert status_of(port, f"GET / HTTP/1.1\r\n{HOST}\r\n") == 401
    for connection in idle:
        connection.close()
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(status_of(port, f"GET / HTTP/1.1\r\n{HOST}\r\n"))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [401] * 20, results


PROXY_HEADERS = ["X-Forwarded-For: 192.0.2.1", "x-forwarded-for:", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy"]


def check_proxies(port):
    """What comes through a proxy is refused, whatever else it says, and the connection ended: it may be several clients'."""
    for header in PROXY_HEADERS:
        connection = Connection(port)
        assert connection.send(f"GET / HTTP/1.1\r\n{HOST}\r\n").response()[0] == 401
        connection.send(f"GET / HTTP/1.1\r\n{HOST}{header}\r\nAuthorization: NTLM {NEGOTIATE}\r\n\r\n")
        status, headers, _ = connection.response()
        assert (status, challenges(headers), dict(headers)["connection"]) == (403, [], "close"), (header, status, headers)
        assert connection.closed(), header
        connection.close()


def check_proxies_in_the_log(_):
    with server() as (port, lines):
        status_of(port, f"GET / HTTP/1.1\r\n{HOST}Via: 1.1 proxy\r\n\r\n")
        assert select.select([lines], [], [], 20)[0], "no line"
        line = lines.readline()
        assert b"Via" in line and b"--behind-proxy" in line, line


def check_behind_proxy(_):
    with server("--behind-proxy") as (port, _):
        for header in PROXY_HEADERS:
            assert status_of(port, f"GET / HTTP/1.1\r\n{HOST}{header}\r\n\r\n") == 401, header


def check_trickle(_):
    """A request that is not whole in time is ended, however often a byte of it comes."""
    with server("--patience", "2") as (port, _):
        for beginning in "GET / HTTP/1.1\r\nX: ", f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1000000\r\n\r\n", "":
            connection = Connection(port).send(beginning)
            connection.socket.settimeout(0.2)
            start = time.monotonic()
            while True:
                assert time.monotonic() < start + 20, f"{beginning!r}: not ended"
                try:
                    # A server with nothing to read but empty lines has no request to answer.
                    connection.send("a" if beginning else "\n")
                    data = connection.socket.recv(4096)
                    break
                except TimeoutError:
                    continue
                except ConnectionError:
                    data = None
                    break
            wanted = b"HTTP/1.1 408" if beginning else b""
            assert data is None or data[:12] == wanted, (beginning, data)
            connection.close()
            assert status_of(port, f"GET / HTTP/1.1\r\n{HOST}\r\n") == 401


def check_reads_nothing(_):
    """A client that does not take its answers holds no thread: the server ends the connection."""
    with server("--patience", "2") as (port, _):
        connection = Connection(port)
        connection.socket.settimeout(20)
        try:
            while True:
                connection.send(f"GET / HTTP/1.1\r\n{HOST}\r\n" * 1000)
        except ConnectionError:
            pass
        connection.close()


@contextlib.contextmanager
def server(*arguments):
    """The server, started with these further arguments: its port, and the lines that it writes."""
    process = subprocess.Popen([*sys.argv[1:], *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        yield int(re.match(rb"listening on http://[^:]+:(\d+)/", process.stdout.readline()).group(1)), process.stdout
        assert process.poll() is None, f"the server ended with status {process.poll()}"
    finally:
        process.terminate()
        process.wait()


def main():
    passed = failed = 0
    with server() as (port, lines):
        threading.Thread(target=lines.read, daemon=True).start()
        for name, check in sorted(globals().items()):
            if not name.startswith("check_"):
                continue
            title = name.removeprefix("check_").replace("_", " ")
            try:
                check(port)
                assert status_of(port, f"GET / HTTP/1.1\r\n{HOST}\r\n") == 401, "the server continues to serve"
                passed += 1
                print(f"ok {title}")
            except Exception as error:
                failed += 1
                print(f"FAIL {title}: {type(error).__name__}: {error}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


sys.exit(main())
