"""A TCP proxy before the domain controller, to interrupt connections and change answers in transit."""

import socket
import threading


class Proxy:
    """Listens on 127.0.0.1 and passes on to `to`. `edit(connection, chunk) -> chunk or None` may change what the domain
    controller sends, or with None cut the connection; connections are counted from 1."""

    def __init__(self, to, edit=None):
        self.to, self.edit, self.open, self.count = to, edit, set(), 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.name = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        listener = self.listener
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.to, timeout=10)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.count += 1
                number = self.count
                self.open.update((client, server))
            threading.Thread(target=self._pass, args=(client, server, None, number), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True, number), daemon=True).start()

    def _pass(self, source, target, from_server, number):
        try:
            while chunk := source.recv(65536):
                if from_server and self.edit:
                    chunk = self.edit(number, chunk)
                    if chunk is None:
                        break
                target.sendall(chunk)
        except OSError:
            pass
        for end in (source, target):
            end_connection(end)

    def cut(self):
        """All open connections."""
        with self.lock:
            ends, self.open = self.open, set()
        for end in ends:
            end_connection(end)

    def refuse(self):
        """Refuses new connections and cuts the open ones."""
        end_connection(self.listener)
        self.listener.close()
        self.cut()

    def accept_again(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.refuse()


def end_connection(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
