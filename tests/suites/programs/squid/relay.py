"""relay.py SOCKET: what Squid runs for a helper. The helper itself is on the other side of the socket.

Squid gives up its rights before it runs helpers, and those may need them: a Wine prefix is its owner's alone, and 32-bit
Wine lives in a chroot.
"""

import os
import socket
import sys
import threading

with socket.socket(socket.AF_UNIX) as helper:
    helper.connect(sys.argv[1])

    def answers():
        while answer := helper.recv(65536):
            os.write(1, answer)
        os._exit(0)

    threading.Thread(target=answers, daemon=True).start()
    while request := os.read(0, 65536):
        helper.sendall(request)
