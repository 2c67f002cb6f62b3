"""What the servers with real sockets share: each connection has a thread of its own."""

from __future__ import annotations

import socket
import threading


class ThreadedServer:
    """Listens from its creation until `close`, on a port that was free. A server's own attributes
    come before: a client may be there at once."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.closed = False
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._listener.shutdown(socket.SHUT_RDWR)  # or `accept` would take one more
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            peer.settimeout(60)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        """One connection, from its begin to its end."""
        raise NotImplementedError
