"""One WebSocket connection over a stream of the board's network port.

A stream is `await read(n) -> bytes` (b"" at the end), `await write(bytes)` (all of them, or
OSError) and `close()`. connecting.py opens one."""

import asyncio
import os

from micropython import const

from ..clock import sleep_ms
from ..protocol.websocket import (
    NO_CODE,
    NORMAL,
    PING,
    PONG,
    FrameReader,
    close_frame,
    frame,
    text_pieces,
)

MAX_MESSAGE = const(8192)  # bytes
_READ_AT_ONCE = const(512)
_LAST_WORDS_S = const(2)  # a close frame is worth no longer wait

# Where messages are put together: taken while the heap has no holes yet, enough for a
# SetChargingProfile of 24 periods. A longer message makes it longer, for good; one of 96 periods
# has 5400 bytes, and 6000 where its sender puts blanks after commas and colons.
_buffer = bytearray(2048)


class Connection:
    """Any task may send: a lock keeps frames whole. One task only may receive.

    `heard` counts the bytes that have arrived. `root`: the fingerprint of the authority that
    vouched for the server, None without TLS.
    """

    def __init__(self, stream, max_message: int, first_bytes: bytes = b"") -> None:
        self._stream = stream  # None: closed
        self._reader = FrameReader(max_message, _buffer)
        self._events = self._reader.feed(first_bytes)
        self._writing = asyncio.Lock()
        self._torn = False  # a frame was left half written: nothing may follow it
        self.heard = len(first_bytes)
        self.root = None

    async def receive(self) -> tuple:
        """The next event: ("text", str or memoryview), ("binary", memoryview), ("pong", bytes),
        ("close", code, reason), or ("fault", code to close with, reason). A view is valid until the
        next call. Pings are answered here. OSError when the connection is lost."""
        while True:
            for event in self._events:
                if event[0] != "ping":
                    return event
                await self._write((frame(PONG, event[1], os.urandom),))
            if self._stream is None:
                raise OSError("the connection is closed")
            data = await self._stream.read(_READ_AT_ONCE)
            if not data:
                raise OSError("the server hung up")
            self.heard += len(data)
            self._events = self._reader.feed(data)
            await sleep_ms(0)  # where data waits already, the network's read may not give way

    async def send(self, text: "str | list") -> None:
        """Returns when the network has taken the whole text. OSError when the connection is
        lost."""
        await self._write(text_pieces(text, os.urandom))

    async def ping(self) -> None:
        await self._write((frame(PING, b"", os.urandom),))

    async def say_goodbye(self, code: int = NORMAL, reason: str = "") -> None:
        """Sends a close, if that goes quickly. Nothing may be sent after it. Never raises
        OSError."""
        try:
            await asyncio.wait_for(
                self._write((close_frame(code, reason, os.urandom),)), _LAST_WORDS_S
            )
        except (OSError, asyncio.TimeoutError):
            pass  # nobody listens; hanging up says the same
        self._torn = True

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Says goodbye and hangs up."""
        try:
            await self.say_goodbye(code, reason)
        finally:
            self.abort()

    def abort(self) -> None:
        """Hangs up without a close. Cancel any task that still waits for the stream before."""
        global _buffer
        _buffer = self._reader.buffer  # there is one connection at a time
        stream = self._stream
        self._stream = None
        if stream is not None:
            stream.close()

    async def _write(self, pieces) -> None:
        """Sends one frame."""
        async with self._writing:
            if self._stream is None or self._torn:
                raise OSError("the connection is closed")
            self._torn = True
            for piece in pieces:
                await self._stream.write(piece)
            self._torn = False


def reply_code(code: int) -> int:
    """The code that answers a close: the same one (RFC 6455, section 5.5.1)."""
    return NORMAL if code == NO_CODE else code
