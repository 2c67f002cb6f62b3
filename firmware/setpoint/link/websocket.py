"""One WebSocket connection over a stream of the board's network port.

A stream is `await read(n) -> bytes` (b"" at the end), `await write(bytes)` (all of them, or OSError) and `close()`.
`connect` gives an open connection, or raises HandshakeError (the server says no), OSError (the network does),
or BadUrl. Whatever happens, a stream that was opened here is closed here.
"""

import asyncio
import binascii
import os

from micropython import const

from ..clock import sleep_ms
from ..protocol.handshake import Handshake, HandshakeError
from ..protocol.websocket import NO_CODE, NORMAL, PING, PONG, FrameReader, close_frame, frame, text_frame

MAX_MESSAGE = const(8192)  # bytes; a SetChargingProfile of 96 periods has 5400
_READ_AT_ONCE = const(512)
_LAST_WORDS_S = const(2)  # a close frame is worth no longer wait
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"  # RFC 3986, section 2.3


class BadUrl(ValueError):
    """The URL of the central system cannot be used."""

# Taken once, while the heap has no holes yet: there is one connection at a time, and a profile of 24 periods fits.
_buffer = bytearray(2048)


def parts_of(url: str, last_segment: str) -> "tuple[str, str, int, str]":
    """(Host field, host, port, path) of ws://host[:port]/path, with one more, encoded, segment. BadUrl if it is none."""
    scheme, separator, rest = url.partition("://")
    if scheme.lower() == "wss":
        raise BadUrl("wss:// (TLS) is not supported yet; use ws://")
    if scheme.lower() != "ws" or not separator:
        raise BadUrl("the URL of the central system must begin with ws://")
    authority, _, path = rest.partition("/")
    if "@" in authority:
        raise BadUrl("a password does not belong into the URL; use basic_auth")
    if "?" in rest or "#" in rest or " " in rest or not all([" " < c <= "~" for c in rest]):
        raise BadUrl("the URL of the central system must be plain: no query, no fragment, no blanks")
    host, port = authority, ""
    if authority[:1] == "[":  # an IPv6 address
        host, _, port = authority[1:].partition("]")
        port = port[1:] if port[:1] == ":" else port
    elif ":" in authority:
        host, _, port = authority.partition(":")
    if not host or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise BadUrl("the URL of the central system must name a host and a port from 1 to 65535")
    while path[-1:] == "/":
        path = path[:-1]
    return authority, host, int(port or "80"), "/" + (path + "/" if path else "") + percent_encoded(last_segment)


def percent_encoded(text: str) -> str:
    """Text as one segment of a path: "CP 01/a" is "CP%2001%2Fa"."""
    return "".join([chr(b) if chr(b) in _UNRESERVED else "%%%02X" % b for b in text.encode()])


def authorization(user: str, password: str) -> str:
    """The header line of HTTP basic authentication (RFC 7617)."""
    return "Authorization: Basic " + binascii.b2a_base64((user + ":" + password).encode()).strip().decode()


async def connect(network, url: str, last_segment: str, protocol: str, headers: tuple = (), max_message: int = MAX_MESSAGE):
    """An open Connection. Takes as long as the network lets it: time-outs are the caller's."""
    host_field, host, port, path = parts_of(url, last_segment)
    stream = await network.open(host, port)
    connection = None
    try:
        handshake = Handshake(host_field, path, protocol, os.urandom, headers)
        await stream.write(handshake.request())
        rest = None
        while rest is None:
            data = await stream.read(_READ_AT_ONCE)
            if not data:
                raise HandshakeError("the server hung up during the handshake")
            rest = handshake.feed(data)
        connection = Connection(stream, max_message, rest)
        return connection
    finally:
        if connection is None:
            stream.close()


class Connection:
    """Send from any task: a lock keeps frames whole. Receive from one task only.

    `heard` counts the bytes that have come.
    """

    def __init__(self, stream, max_message: int, first_bytes: bytes = b"") -> None:
        self._stream = stream  # None: closed
        self._reader = FrameReader(max_message, _buffer)
        self._events = self._reader.feed(first_bytes)
        self._writing = asyncio.Lock()
        self._torn = False  # a frame was left half written: nothing may follow it
        self.heard = len(first_bytes)

    async def receive(self) -> tuple:
        """The next event: ("text", str), ("binary", bytes), ("pong", bytes), ("close", code, reason), or
        ("fault", code to close with, reason). Pings are answered on the way. OSError when the connection is lost."""
        while True:
            while self._events:
                event = self._events.pop(0)
                if event[0] != "ping":
                    return event
                await self._write(frame(PONG, event[1], os.urandom))
            if self._stream is None:
                raise OSError("the connection is closed")
            data = await self._stream.read(_READ_AT_ONCE)
            if not data:
                raise OSError("the server hung up")
            self.heard += len(data)
            self._events = self._reader.feed(data)
            await sleep_ms(0)  # where data waits already, the network's read may not give way

    async def send(self, text: str) -> None:
        """Returns when the network has taken all of it. OSError when the connection is lost."""
        await self._write(text_frame(text, os.urandom))

    async def ping(self) -> None:
        await self._write(frame(PING, b"", os.urandom))

    async def say_goodbye(self, code: int = NORMAL, reason: str = "") -> None:
        """Sends a close, if that goes quickly; nothing may be sent after it. Never raises OSError."""
        try:
            await asyncio.wait_for(self._write(close_frame(code, reason, os.urandom)), _LAST_WORDS_S)
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
        """Hangs up without a word. Whoever still waits for the stream is to be cancelled before."""
        stream = self._stream
        self._stream = None
        if stream is not None:
            stream.close()

    async def _write(self, data) -> None:
        async with self._writing:
            if self._stream is None or self._torn:
                raise OSError("the connection is closed")
            self._torn = True
            await self._stream.write(data)
            self._torn = False


def reply_code(code: int) -> int:
    """What to answer a close with: the same code (RFC 6455, section 5.5.1)."""
    return NORMAL if code == NO_CODE else code
