"""Takes connections, at most two at once; others wait where the system keeps them. What serves them is
loaded for the first and dropped after the last.

Rule 1: a connection ends when nothing has moved for _STILL_MS, when its head is not there after
    _HEAD_MS, or when its own time is over. While another one waits, it need only be still for
    _GIVES_WAY_MS; browsers open some that never ask for anything.
Rule 2: nothing that goes wrong here reaches the agent.
Rule 3: nobody is served where that could take the memory that the agent needs."""

import asyncio
import gc

from micropython import const

from ..clock import sleep_ms

_LOOK_MS = const(20)
_AGAIN_MS = const(60000)  # after a port that was taken
_MOST = const(2)
_STILL_MS = const(30000)
_GIVES_WAY_MS = const(1500)
_LEAST_FREE = const(12000)  # bytes; two answers were seen to take 7000 at their worst moment


class Listening:
    """door: the board's (board/contract.pyi). log(level, area, sentence). Who makes use of it has a
    method `load`, which returns (Exchange, serve): what is to be loaded for a connection;
    serve(exchange) is a coroutine."""

    def __init__(self, door, clock, log) -> None:
        self.door = door
        self._clock = clock
        self._log = log
        self._loaded = None  # what `load` returned, while there are exchanges
        self.exchanges = []

    def load(self) -> tuple:
        raise NotImplementedError

    async def run(self) -> None:
        """Opens the door and looks for ever: for who has nothing else to do."""
        while self.door.url() is None:
            try:
                self.door.begin()
            except OSError as error:
                self._log("error", "page", "no page: its port cannot be opened: %s" % error)
                await sleep_ms(_AGAIN_MS)
        self._log("info", "page", self.door.url())
        try:
            while True:
                self.look()
                await sleep_ms(_LOOK_MS)
        finally:
            self.end()

    def look(self) -> bool:
        """To be called often. False: nobody is connected."""
        if self.exchanges:
            self._look_after()
        if len(self.exchanges) < _MOST:
            self._accept()
        if not self.exchanges:
            self._loaded = None
        return len(self.exchanges) > 0

    def end(self) -> None:
        for exchange in self.exchanges:
            exchange.task.cancel()
            exchange.close()

    def _accept(self) -> None:
        stream = None
        try:
            stream = self.door.accept()
            if stream is None:
                return
            gc.collect()
            if gc.mem_free() < _LEAST_FREE:
                raise MemoryError
            if self._loaded is None:
                self._loaded = self.load()
            make, serve = self._loaded
            exchange = make(stream, self._clock)
            exchange.task = asyncio.create_task(self._guarded(serve, exchange))
            self.exchanges.append(exchange)
        except (OSError, MemoryError):
            if stream is not None:
                stream.close()

    async def _guarded(self, serve, exchange) -> None:
        try:
            await serve(exchange)
        except (OSError, MemoryError):  # the client is gone, or it is too much for now
            pass
        except Exception as error:  # of this program
            self._log("error", "page", "fault: %s: %s" % (type(error).__name__, error))

    def _look_after(self) -> None:
        """Ends what is over, and what takes too long."""
        now_ms = self._clock.ticks_ms()
        still_ms = _STILL_MS
        if len(self.exchanges) == _MOST and self.door.waits():
            still_ms = _GIVES_WAY_MS
        left = []
        for exchange in self.exchanges:
            if not exchange.task.done() and (
                now_ms - exchange.moved_ms >= still_ms or now_ms >= exchange.ends_ms
            ):
                exchange.task.cancel()
            elif not exchange.task.done():
                left.append(exchange)
                continue
            exchange.close()
        self.exchanges[:] = left
