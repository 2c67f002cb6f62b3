"""What lies between a station and its central system: a TCP connection passed on byte by byte, that
can fail in the ways of a network."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the next close sends RST instead of FIN


class Wire:
    """Listens on a port of its own, from the beginning on, and passes on to the central system's.

    byte_s        seconds that each byte to the station takes; 0: none
    silent        True: takes connections, and whoever calls never hears a word
    reset_after   resets a connection once so many more bytes have gone to the station; None: never
    taken         how many connections it took
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.byte_s = 0.0
        self.silent = False
        self.reset_after: int | None = None
        self.taken = 0
        self._central = (host, port)
        self._pairs: list[_Pair] = []
        self._listener: socket.socket | None = socket.create_server((host, 0))
        self._address = self._listener.getsockname()
        self._listen()

    @property
    def url(self) -> str:
        return "ws://%s:%d" % self._address

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                station, _ = listener.accept()
                self.taken += 1
                self._pairs.append(
                    _Pair(
                        self,
                        station,
                        None if self.silent else socket.create_connection(self._central),
                    )
                )

    def refuse(self) -> None:
        """Nobody listens any more, and every connection is reset."""
        if self._listener is not None:
            # Or the thread that accepts would keep it open
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.reset()

    def listen(self) -> None:
        """Again, on the same port."""
        self._listener = socket.create_server(self._address)
        self._listen()

    def mend(self) -> None:
        """As good as new, on new connections."""
        self.byte_s, self.silent, self.reset_after = 0.0, False, None
        self.reset()
        if self._listener is None:
            self.listen()

    def reset(self) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.reset()

    def vanish(self) -> None:
        """The other end of every connection is gone without a word; new ones are as good as
        ever."""
        for pair in self._pairs:
            pair.dead = True

    def close(self) -> None:
        self.refuse()


class _Pair:
    """A connection of the station's, and the one that it is passed on to."""

    def __init__(self, wire: Wire, station: socket.socket, central: socket.socket | None) -> None:
        self.dead = False
        self._wire = wire
        self._sockets = [station] if central is None else [station, central]
        if central is not None:
            for source, sink, to_station in ((station, central, False), (central, station, True)):
                threading.Thread(
                    target=self._pass_on, args=(source, sink, to_station), daemon=True
                ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, to_station: bool) -> None:
        try:
            while data := source.recv(4096):
                if self.dead:
                    continue
                limit = self._wire.reset_after
                if to_station and limit is not None and len(data) >= limit:
                    sink.sendall(data[:limit])
                    self.reset()
                    return
                while to_station and self._wire.byte_s and data:
                    sink.sendall(data[:1])
                    data = data[1:]
                    time.sleep(self._wire.byte_s)
                sink.sendall(data)
            if not self.dead:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            self.reset()

    def reset(self) -> None:
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                # Wakes whoever reads it: until then the close would wait
                end.shutdown(socket.SHUT_RD)
            end.close()
