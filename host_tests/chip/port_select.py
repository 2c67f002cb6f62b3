"""`select` as the ESP32's port has it for sockets (ports/esp32/modsocket.c), over the host's own.

A refused connection is POLLOUT and nothing else to who asks for POLLOUT: POLLERR is never told, and
POLLHUP only to who registered for it. (It cannot be called `select`: CPython's asyncio needs its
own.)"""

from select import POLLERR, POLLHUP, POLLIN, POLLOUT  # noqa: F401  # POLLERR is there, and never told
from select import poll as host_poll


class poll:
    def __init__(self):
        self._poll = host_poll()
        self._asked = {}  # by the number of the socket

    def register(self, connection, events):
        self._asked[connection.fileno()] = events & (POLLIN | POLLOUT | POLLHUP)
        self._poll.register(connection, events)

    def poll(self, ms):
        told = [
            (one[0], one[1] & self._asked[one[0] if type(one[0]) is int else one[0].fileno()])
            for one in self._poll.poll(ms)
        ]
        return [(connection, events) for connection, events in told if events]
