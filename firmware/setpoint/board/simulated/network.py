"""The network port on a PC: the host's sockets behind a cable that can be pulled.

While the cable is out, nothing is sent or delivered. The peer does not even see an end, since the
sockets stay open. `read` and `write` wait, as on a real cable; `open` fails. When the cable is
back, the old connections are closed.
"""

import asyncio
import errno
import socket

from micropython import const

from ...clock import sleep_ms

_CONNECTED = const((106, 56))  # EISCONN on Linux and on macOS
_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY)
_TCP, _TCP_NODELAY = 6, 1  # Linux and macOS agree
_LOOK_AGAIN_MS = const(4)
_NO_MEMORY = -0x7F00  # Mbed TLS's


async def connect(host: str, port: int):
    """A connected socket that does not block. Tries each address of the host; only the look-up
    blocks. Raises OSError."""
    failure = OSError(errno.EHOSTUNREACH)
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        # A long message comes in pieces, which must not wait for one another
        connection.setsockopt(_TCP, _TCP_NODELAY, 1)
        try:
            while not _is_connected(connection, address):
                await sleep_ms(_LOOK_AGAIN_MS)
            return connection
        except OSError as error:
            connection.close()
            failure = error
        except asyncio.CancelledError:
            connection.close()
            raise
    raise failure


def _is_connected(connection, address) -> bool:
    """Starts to connect, or checks whether it is done. Raises OSError when the peer refuses."""
    try:
        connection.connect(address)
        return True
    except OSError as error:
        if error.errno in _CONNECTED:
            return True
        if error.errno in _UNDER_WAY:
            return False
        raise


class Network:
    def __init__(self, dns: "str | None" = None, tls_connections: "int | None" = None) -> None:
        """dns: the server to ask for names, as names.address_of takes it; None: the host is
        asked. tls_connections: for how many inside TLS there is memory; None: for any number."""
        self.up = True
        self.log = None  # the application's
        self._dns = dns
        self._tls_connections = tls_connections
        self._last: "tuple[str, str] | None" = None  # (host, its address) of the last connection
        self.streams: "list[Stream]" = []
        self._cut: "list[Stream]" = []  # from before the cable was pulled
        self._back = asyncio.Event()

    async def open(
        self, host: str, port: int, tls=None, server_hostname: "str | None" = None
    ) -> "Stream":
        """A stream to host:port, inside TLS if there is a tls.SSLContext. Raises OSError.

        TLS begins with the first write. A refusal raises ValueError there, as in the interpreter's
        `tls`."""
        if tls is not None and not self.has_room_for_tls():
            raise OSError(_NO_MEMORY, "MBEDTLS_ERR_SSL_ALLOC_FAILED")
        found = host
        if self.up and self._dns is not None:
            from ..resolver import address_of

            found = await address_of(host, self._dns, self._last, self.log)
        connection = await connect(found, port) if self.up else None
        if not self.up:
            if connection is not None:
                connection.close()
            raise OSError(errno.EHOSTUNREACH)
        if found != host:
            self._last = (host, found)
        stream = Stream(self, connection)
        if tls is not None:
            stream.begin_tls(tls, server_hostname)
        self.streams.append(stream)
        return stream

    def has_room_for_tls(self) -> bool:
        inside = [stream for stream in self.streams + self._cut if stream.is_inside_tls()]
        return self._tls_connections is None or len(inside) < self._tls_connections

    def set_up(self, up: bool) -> None:
        """The cable goes in or out."""
        self.up = up
        if not up:
            for stream in self.streams:
                stream.is_cut = True
            self._cut.extend(self.streams)
            self.streams = []
            return
        while self._cut:
            self._cut.pop().end()
        self._back.set()
        self._back = asyncio.Event()

    async def until_back(self) -> None:
        while not self.up:
            await self._back.wait()

    def forget(self, stream: "Stream") -> None:
        if stream in self.streams:
            self.streams.remove(stream)


class Stream:
    """One connection. It looks at its socket every few milliseconds instead of sleeping until there
    is something: so a pulled cable is noticed by whoever reads, and a socket that is being waited
    for is never closed."""

    def __init__(self, network: Network, connection) -> None:
        self.is_cut = False
        self._network = network
        self._socket = connection
        self._connection = connection  # None: closed

    def begin_tls(self, tls, server_hostname: "str | None") -> None:
        try:
            self._connection = tls.wrap_socket(
                self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
            )
        except BaseException:
            self._socket.close()
            raise

    def is_inside_tls(self) -> bool:
        return self._connection is not self._socket

    async def read(self, count: int) -> bytes:
        """1 to count bytes; b"" when either side has closed, or the cable was pulled and is
        back."""
        while self._connection is not None and not self.is_cut:
            data = self._connection.read(count)
            if data is not None:
                return data
            await sleep_ms(_LOOK_AGAIN_MS)
        if self.is_cut:
            await self._network.until_back()
        return b""

    async def write(self, data: bytes) -> None:
        """Sends all of it, or raises OSError."""
        rest = memoryview(data)
        while self._connection is not None and not self.is_cut:
            rest = rest[self._connection.write(rest) or 0 :]
            if not rest:
                return
            await sleep_ms(_LOOK_AGAIN_MS)
        if self.is_cut:
            await self._network.until_back()
        raise OSError(errno.ECONNRESET)

    def close(self) -> None:
        if not self.is_cut:  # else the peer hears of it when the cable is back
            self._network.forget(self)
            self.end()

    def end(self) -> None:
        if self._connection is not None:
            self._connection.close()
            if self._connection is not self._socket:
                self._close_socket()
            self._connection = None

    def _close_socket(self) -> None:
        """After a failed handshake TLS no longer owns the socket, so closing TLS leaves it open."""
        try:
            self._socket.setblocking(False)
        except OSError:  # closed: a second close could hit what has its number now
            return
        self._socket.close()
