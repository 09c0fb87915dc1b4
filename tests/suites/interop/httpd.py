"""A small HTTP server that authenticates with whatever context it is given; one context per connection
([RFC 4559] 5, [MS-NTHT])."""

import base64
import http.server
import threading


class Server:
    """Listens on loopback while the `with` block lasts. `new_context(scheme)` makes an acceptor of `peers`'
    shape; `record(side, token)` sees every token; `tls` is an ssl.SSLContext."""

    def __init__(self, new_context, schemes, record=lambda side, token: None, tls=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            context = user = None

            def log_message(self, *_):
                pass

            def answer(self, status, text, headers=()):
                body = text.encode()
                self.send_response(status)
                for value in headers:
                    self.send_header("WWW-Authenticate", value)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def read_body(self):
                length = int(self.headers.get("Content-Length") or 0)
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    while length := int(self.rfile.readline().split(b";")[0], 16):
                        self.rfile.read(length + 2)
                    self.rfile.readline()
                else:
                    self.rfile.read(length)

            def do_GET(self):
                self.read_body()
                scheme, _, text = (self.headers.get("Authorization") or "").partition(" ")
                if self.user and not text:
                    return self.answer(200, f"hello {self.user}\n")
                if scheme not in schemes or not text:
                    self.context = None
                    return self.answer(401, "who are you?\n", schemes)
                token = base64.b64decode(text)
                record("C", token)
                self.context = self.context or new_context(scheme)
                try:
                    reply = self.context.step(token)
                except Exception:
                    self.context = None
                    return self.answer(401, "no\n", schemes)
                if reply:
                    record("S", reply)
                value = scheme + (" " + base64.b64encode(reply).decode() if reply else "")
                if not self.context.complete:
                    return self.answer(401, "go on\n", [value])
                self.user, self.context = self.context.client, None
                self.answer(200, f"hello {self.user}\n", [value] if reply else [])

            do_POST = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
