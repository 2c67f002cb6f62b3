"""An address at which nobody listens, for as long as the tests run."""

import socket

_held = []


def closed_port() -> int:
    """A port of 127.0.0.1 that refuses every connection, and that nobody else can take."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    return held.getsockname()[1]
