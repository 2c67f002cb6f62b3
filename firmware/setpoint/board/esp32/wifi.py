"""The way to the central system over Wi-Fi, and connections over it.

Rule 1: whatever happens to an attempt (refused, timed out by the caller, a broken certificate), its
    socket is closed here: the chip has few. Names are looked up by resolver.py: the interpreter's
    getaddrinfo, which would stop the control loop, is given addresses only.
Rule 2: the radio's memory is taken when the board is made, before the program is imported: Python's
    heap grows over what is free, and never gives it back. Asked for the radio later, the chip has
    too little and aborts, which is no exception.
Wi-Fi reconnects by itself; while it does not, this file has it join again each minute, which takes
no time.

To start the radio anew blocks the interpreter until the radio is on, and the control step with it.
So that comes after ten minutes without a network, or after one if the radio did not start, and then
after twice as long each time, to an hour. It comes while a vehicle charges too: the step waits 0.1
s, and the central system waits for the station."""

import asyncio
import errno
import select
import socket

import esp32
import network
from micropython import const

from ...clock import sleep_ms

_LOOK_MS = const(500)
_JOIN_AFTER = const(120)  # looks without a network
_START_AFTER = const(10)  # minutes without a network
_LONGEST = const(60)  # minutes between two starts of the radio
# In one piece: without, the first start aborts; 2 KB were seen to be taken
_START_BYTES = const(8000)
_CONNECTING_MS = const(20)
# 33000 were seen to be taken in the worst moment of a handshake; the rest is for the radio's packets
_TLS_BYTES = const(40000)
_TLS_PIECE = const(17000)  # the buffer for one record
_TCP, _TCP_NODELAY = 6, 1


class Network:
    def __init__(self, wifi: "dict | None") -> None:
        """wifi: {"ssid", "password"} and, optional, "hostname", "country"; None: there is none.
        A hostname that is not named is setpoint- and the last two bytes of the radio's address."""
        self.up = False
        self._wifi = wifi or {}
        self.wlan: "network.WLAN | None" = None
        self.problem: "str | None" = None  # why the radio did not do its last step
        self._logged: "str | None" = None  # the problem that the log has already
        if self._wifi.get("ssid"):
            self._tries(self._start)
        self._last: "tuple[str, str] | None" = None  # (host, its address) of the last connection
        self._log = None  # the application's

    async def open(
        self, host: str, port: int, tls=None, server_hostname: "str | None" = None
    ) -> "Stream":
        """A stream to host:port, inside TLS when given a tls.SSLContext. IPv4 only. Raises
        OSError."""
        found = await self.find(host)
        family, kind, protocol, _, address = socket.getaddrinfo(found, port, 0, socket.SOCK_STREAM)[
            0
        ]
        connection = socket.socket(family, kind, protocol)
        stream = None
        try:
            connection.setblocking(False)
            # A long message comes in pieces, which must not wait for one another
            connection.setsockopt(_TCP, _TCP_NODELAY, 1)
            try:
                connection.connect(address)
            except OSError as error:
                if error.errno != errno.EINPROGRESS:
                    raise
            poller = select.poll()
            # The chip shows a refusal only to who asks for POLLHUP
            poller.register(connection, select.POLLOUT | select.POLLHUP)
            ready = poller.poll(0)
            while not ready:
                await sleep_ms(_CONNECTING_MS)
                ready = poller.poll(0)
            if ready[0][1] & select.POLLHUP:
                raise OSError(errno.ECONNREFUSED)
            if found != host:
                self._last = (host, found)
            secured = connection
            if tls is not None:
                secured = tls.wrap_socket(
                    connection, server_hostname=server_hostname, do_handshake_on_connect=False
                )
            stream = Stream(connection, secured)
            return stream
        finally:
            if stream is None:
                connection.close()

    async def find(self, host: str) -> str:
        if not self.up or self.wlan is None:
            raise OSError(errno.EHOSTUNREACH)
        from ..resolver import address_of

        return await address_of(host, self.wlan.ifconfig()[3], self._last, self._log)

    def has_room_for_tls(self) -> bool:
        regions = esp32.idf_heap_info(esp32.HEAP_DATA)
        free, longest = sum([region[1] for region in regions]), max([r[2] for r in regions])
        return free >= _TLS_BYTES and longest >= _TLS_PIECE

    async def run(self, app) -> None:
        """Keeps Wi-Fi joined, and reports each change to the application."""
        self._log = app.log
        if not self._wifi.get("ssid"):
            app.log("warn", "wifi", "/identity.json names no network: offline")
        self._log_problem(app)
        looks = minutes = 0
        pause = 1 if self.problem else _START_AFTER
        while self.wlan is not None:
            if not self.wlan.isconnected():
                looks += 1
                if self.up:
                    self._changed(app, False, "Wi-Fi lost")
                if looks > _JOIN_AFTER:
                    looks = 0
                    minutes += 1
                    if minutes == pause:
                        minutes = 0
                        pause = min(2 * pause, _LONGEST)
                        self._tries(self._start)
                    elif not self.problem:
                        self._tries(self._join)
                    self._log_problem(app)
            elif not self.up:
                looks = minutes = 0
                pause = _START_AFTER
                self._changed(app, True, "Wi-Fi: " + self.wlan.ifconfig()[0])
            await sleep_ms(_LOOK_MS)
        while True:  # a board's task does not end
            await sleep_ms(1000 * _LOOK_MS)

    def _changed(self, app, up: bool, sentence: str) -> None:
        self.up = up
        app.log("info" if up else "warn", "wifi", sentence)
        app.on_network()

    def _log_problem(self, app) -> None:
        """Once, however often it is tried in vain."""
        if self.problem and self.problem != self._logged:
            app.log("error", "wifi", self.problem)
        self._logged = self.problem

    def _tries(self, step) -> None:
        """One of the two below. What Wi-Fi's driver has no OSError for is a RuntimeError; a name
        that is too long is a ValueError."""
        self.problem = None
        try:
            # When the board is made, and never again: a second try after a failed one aborts
            if self.wlan is None:
                self.wlan = network.WLAN(network.STA_IF)
            step(self.wlan)
        except (OSError, RuntimeError, ValueError) as error:
            self.problem = "the radio does not start: %s" % (
                str(error) or "it does not take this hostname or country"
            )

    def _start(self, wlan) -> None:
        wifi = self._wifi
        free = max([region[2] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])
        if not wlan.active() and free < _START_BYTES:
            raise OSError(
                "it needs %d bytes beside Python's heap, and %d are left: restart the board"
                % (_START_BYTES, free)
            )
        wlan.active(False)
        network.hostname(
            wifi.get("hostname") or "setpoint-%02x%02x" % tuple(wlan.config("mac")[-2:])
        )
        if wifi.get("country"):
            network.country(wifi["country"])
        wlan.active(True)
        wlan.config(pm=wlan.PM_NONE)  # asleep, it would miss the central system's first word
        wlan.connect(wifi["ssid"], wifi.get("password") or "")

    def _join(self, wlan) -> None:
        wlan.disconnect()
        wlan.connect(self._wifi["ssid"], self._wifi.get("password") or "")


class Stream:
    """One connection: a socket, and TLS over it or the socket again."""

    def __init__(self, connection, secured) -> None:
        self._connection = connection
        self._secured = secured
        self._stream = asyncio.StreamReader(secured)

    async def read(self, count: int) -> bytes:
        return await self._stream.read(count)

    async def write(self, data: bytes) -> None:
        self._stream.write(data)  # type: ignore[attr-defined]  # MicroPython's streams go both ways
        await self._stream.drain()  # type: ignore[attr-defined]

    def close(self) -> None:
        self._secured.close()
        if self._secured is not self._connection:
            try:
                self._connection.setblocking(False)
            except OSError:  # closed with it: a second close could hit what has its number now
                return
            self._connection.close()  # after a failed handshake TLS has let go of it
