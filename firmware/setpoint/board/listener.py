"""A socket that others connect to. Looking is all it does: nobody sleeps on it, so that it can be
asked between everything else. Loaded where a station has a page."""

import select
import socket

from micropython import const

_WAITING = const(4)  # connections that the system keeps until they are accepted
_TCP, _TCP_NODELAY = 6, 1


class Listener:
    def __init__(self, host: str, port: int) -> None:
        """Raises OSError where the port is taken, or there is no socket left."""
        address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0][-1]
        self._socket = socket.socket()
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(address)
            self._socket.listen(_WAITING)
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        self._ready = getattr(poller, "ipoll", poller.poll)  # a PC's Python has no ipoll

    def waits(self) -> bool:
        """Does somebody wait to be accepted?"""
        for _ in self._ready(0):
            return True
        return False

    def accept(self):
        """A connected socket that does not block, or None: nobody waits. Raises OSError."""
        if not self.waits():
            return None
        connection = self._socket.accept()[0]
        connection.setblocking(False)
        # An answer comes in pieces, which must not wait for one another
        connection.setsockopt(_TCP, _TCP_NODELAY, 1)
        return connection
