"""The simulated station's own web page, at this machine alone: board/contract.pyi, Door."""

import errno
from binascii import crc32

from micropython import const

from .. import listener
from .network import Stream

# Where no port is given: one of these, below those that systems give away by themselves
_FIRST, _COUNT = const(20000), const(12000)
_TRIES = const(50)


class Door:
    def __init__(self, settings: dict, network, store: str) -> None:
        """settings: of the start file; a port 0 is replaced by the one that is found. store: the
        same folder has the same port, as long as it is free."""
        self._settings = settings
        self._network = network
        self._store = store
        self.password = settings["password"]
        self.open = settings["open"]
        self.listener: "tuple | None" = None

    def begin(self) -> None:
        wanted = self._settings["port"]
        first = crc32(self._store.encode()) % _COUNT
        for again in range(1 if wanted else _TRIES):
            port = wanted or _FIRST + (first + again) % _COUNT
            try:
                self.listener = listener.listen("127.0.0.1", port)
                self._settings["port"] = port
                return
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE)

    def url(self) -> "str | None":
        if self.listener is None:
            return None
        return "http://127.0.0.1:%d/" % self._settings["port"]

    def names(self) -> "tuple[str, ...]":
        return "127.0.0.1", "localhost"

    def waits(self) -> bool:
        """What waits while the cable is out is accepted when it is back."""
        return self._network.up and self.listener is not None and listener.waits(self.listener)

    def accept(self) -> "Stream | None":
        if self.listener is None or not self.waits():
            return None
        connection = listener.accept(self.listener)
        if connection is None:
            return None
        stream = Stream(self._network, connection)
        self._network.streams.append(stream)
        return stream
