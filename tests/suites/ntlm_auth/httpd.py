#!/usr/bin/env python3
"""httpd.py NTLM_AUTH: a web server that authenticates by NTLM through the helper program, as a proxy does. Prints its port, and
serves until its input ends. The page is the client's name.
"""

import http.server
import subprocess
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.helper = subprocess.Popen(
            [sys.argv[1], "--helper-protocol=squid-2.5-ntlmssp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.begun = False

    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "NTLM":
            return self.answer(401, "NTLM")
        self.helper.stdin.write(f"{'KK' if self.begun else 'YR'} {token}\n")
        code, _, rest = self.helper.stdout.readline().strip().partition(" ")
        self.begun = code == "TT"
        if code == "TT":
            return self.answer(401, f"NTLM {rest}")
        return self.answer(200, body=rest) if code == "AF" else self.answer(401, "NTLM")

    def answer(self, status, challenge=None, body=""):
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def finish(self):
        super().finish()
        self.helper.stdin.close()
        self.helper.wait()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
