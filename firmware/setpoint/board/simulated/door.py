"""The simulated station's own web page, at this machine alone: board/contract.pyi, Door."""

import errno
from binascii import crc32

from micropython import const

from ..listener import Listener
from .network import Stream

# Where no port is given: one of these, below those that systems give away by themselves
_FIRST, _COUNT = const(20000), const(12000)
_TRIES = const(50)


class Door:
    def __init__(self, settings: dict, network, store: str) -> None:
        """settings: of the start file. store: the same folder has the same port, as long as it is
        free."""
        self.password = settings["password"]
        self.open = settings["open"]
        self._port = settings["port"]
        self._network = network
        self._store = store
        self._listener: "Listener | None" = None

    def begin(self) -> None:
        first = crc32(self._store.encode()) % _COUNT
        for again in range(1 if self._port else _TRIES):
            port = self._port or _FIRST + (first + again) % _COUNT
            try:
                self._listener = Listener("127.0.0.1", port)
                self._port = port
                return
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE)

    def url(self) -> "str | None":
        return None if self._listener is None else "http://127.0.0.1:%d/" % self._port

    def names(self) -> "tuple[str, ...]":
        return "127.0.0.1", "localhost"

    def waits(self) -> bool:
        return self._network.up and self._listener is not None and self._listener.waits()

    def accept(self) -> "Stream | None":
        """What waits while the cable is out is accepted when it is back."""
        if not self._network.up or self._listener is None:
            return None
        connection = self._listener.accept()
        if connection is None:
            return None
        stream = Stream(self._network, connection)
        self._network.streams.append(stream)
        return stream
