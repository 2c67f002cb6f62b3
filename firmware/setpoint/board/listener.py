"""A socket that others connect to, and a look at whether somebody waits there. Nobody sleeps on it, so
that it can be asked between everything else. Loaded to open it and for each who comes (late.py); what
stays is a tuple:

    (socket, ready)   ready(0) yields something while somebody waits to be accepted"""

import select
import socket

from micropython import const

_WAITING = const(4)  # connections that the system keeps until they are accepted
_TCP, _TCP_NODELAY = 6, 1


def listen(host: str, port: int) -> tuple:
    """Raises OSError where the port is taken, or there is no socket left."""
    address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0][-1]
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_WAITING)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    # A PC's Python has no ipoll, which takes no memory
    return listener, getattr(poller, "ipoll", poller.poll)


def waits(listener: tuple) -> bool:
    for _ in listener[1](0):
        return True
    return False


def accept(listener: tuple):
    """A connected socket that does not block, or None: nobody waits. Raises OSError."""
    if not waits(listener):
        return None
    connection = listener[0].accept()[0]
    connection.setblocking(False)
    # An answer comes in pieces, which must not wait for one another
    connection.setsockopt(_TCP, _TCP_NODELAY, 1)
    return connection
