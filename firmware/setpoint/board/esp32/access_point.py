"""Set-up mode on an ESP32: board/contract.pyi, SetUp. The radio is an access point and a station at
once, so that a phone stays connected while the station tries another network. The access point
follows that network's channel: a phone may lose it for a moment.

Rule: the access point is read back, and closed where it is not behind WPA2 (as after a setting that
the port did not take). The port takes settings of an access point that is on only, and one that is
turned on is open to all: for some tens of milliseconds, in which nothing listens yet."""

import asyncio
import socket
import sys

import machine
import micropython
import network

from .. import listener
from . import joining
from .wifi import Stream

_WATCHDOG_MS = 30000  # a scan, or TLS, holds everything up for seconds; and nothing is driven here
_MOST_NETWORKS = 20
_MOST_CLIENTS = 4
_OPEN = 0  # AUTH_OPEN of a network that was found
_CTRL_C = 3
_CHIPS = ("ESP32-S2", "ESP32-S3", "ESP32-C3", "ESP32-C6")


class SetUp:
    access_point = "Setpoint"
    address = "192.168.4.1"

    def __init__(self, board, wiring: dict, reason: str) -> None:
        self.reason = reason
        self.network = board.network
        self.chip = wiring["module"][:8] if wiring["module"][:8] in _CHIPS else "ESP32"
        self._light = wiring.get("light")
        self._station: "network.WLAN | None" = None
        self._ap: "network.WLAN | None" = None
        self._listener: "tuple | None" = None
        self._names: "socket.socket | None" = None
        self._keeping = None  # the task that keeps Wi-Fi joined
        self._line: "_Line | None" = None

    def feed_watchdog(self) -> None:
        machine.WDT(timeout=_WATCHDOG_MS).feed()

    def attach(self, mode) -> list:
        if self._light is None:
            return []
        from .panel import Light

        return [("light", Light(self._light).blink())]

    # -- the access point

    def prepare(self) -> None:
        if self.network.problem:
            # Made again after a failure, the radio aborts
            raise OSError(self.network.problem)
        try:
            self._station = station = self.network.wlan or network.WLAN(network.STA_IF)
            station.active(True)
            if self.network.wlan is not None:
                station.disconnect()  # what it looks for in vain takes the access point along
            self._ap = network.WLAN(network.AP_IF)
            self.access_point = "Setpoint-%02X%02X" % tuple(station.config("mac")[-2:])
        except (OSError, RuntimeError) as error:
            raise OSError("the radio does not start: %s" % error)

    def open_access_point(self, password: str) -> None:
        ap = self._ap
        if ap is None:
            raise OSError("the radio is off")
        try:
            try:
                self._configure(ap, password)
            except (OSError, RuntimeError):
                pass  # the port takes it from an access point that is on only
            ap.active(True)
            if not self._is_protected(ap):
                self._configure(ap, password)
            if not self._is_protected(ap):
                ap.active(False)
                raise OSError("the radio opens none with WPA2")
        except RuntimeError as error:
            ap.active(False)
            raise OSError(str(error))
        self.address = ap.ifconfig()[0]
        self._listener = listener.listen("0.0.0.0", 80)
        self._names = names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        names.setblocking(False)
        names.bind(socket.getaddrinfo("0.0.0.0", 53, 0, socket.SOCK_DGRAM)[0][-1])

    def _configure(self, ap, password: str) -> None:
        ap.config(
            ssid=self.access_point,
            security=network.AUTH_WPA2_PSK,
            key=password,
            max_clients=_MOST_CLIENTS,
        )

    def _is_protected(self, ap) -> bool:
        return (
            ap.config("ssid") == self.access_point
            and ap.config("security") == network.AUTH_WPA2_PSK
        )

    def name_socket(self):
        return self._names

    def close(self) -> None:
        if self._line is not None:
            micropython.kbd_intr(_CTRL_C)
        if self._ap is not None:
            try:
                self._ap.active(False)
            except (OSError, RuntimeError):
                pass  # a restart follows

    # -- who asks for the page

    def url(self) -> "str | None":
        return None if self._listener is None else "http://%s/" % self.address

    def begin(self) -> None:
        """`open_access_point` did."""

    def names(self) -> "tuple[str, ...]":
        return (self.address, self._own_address(), network.hostname().lower() + ".local")

    def waits(self) -> bool:
        return self._listener is not None and listener.waits(self._listener)

    def accept(self) -> "Stream | None":
        connection = None if self._listener is None else listener.accept(self._listener)
        return None if connection is None else Stream(connection, connection)

    def _own_address(self) -> str:
        """In the network that was joined, "": there is none."""
        if self._keeping is None or self._station is None:
            return ""
        return self._station.ifconfig()[0]

    def joined_url(self) -> "str | None":
        own = self._own_address()
        return "http://%s/" % own if own else None

    def page_urls(self) -> "list[str]":
        own = self._own_address()
        return ["http://%s.local/" % network.hostname(), "http://%s/" % own] if own else []

    # -- Wi-Fi

    async def networks(self) -> "list[tuple[str, int, bool]]":
        strongest: dict = {}
        try:
            found = self._station.scan() if self._station is not None else []
        except RuntimeError as error:
            raise OSError(str(error))
        for name, _, _, rssi, security, _ in found:
            try:
                ssid = str(name, "utf-8")
            except (UnicodeError, ValueError):
                continue  # nobody could type it
            if ssid and ssid != self.access_point:
                if ssid not in strongest or strongest[ssid][1] < rssi:
                    strongest[ssid] = (ssid, rssi, security != _OPEN)
        names = list(strongest.values())
        names.sort(key=lambda one: -one[1])
        return names[:_MOST_NETWORKS]

    async def join(self, wifi: dict, food, wait_s: int) -> tuple:
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
        found = await joining.join(wifi, food, wait_s)
        if found[0] is None:
            if self._station is not None:
                try:
                    self._station.disconnect()  # else it goes on trying, and phones are lost
                except (OSError, RuntimeError):
                    pass
            return found[1], found[2]
        self.network, self._keeping = found
        self._station = self.network.wlan
        return None, ""

    async def look_up(self, host: str) -> str:
        from ..resolver import address_of

        return await address_of(host, joining.dns_server(), None, None)

    def public_roots(self) -> tuple:
        from ...certificates.public import ROOTS

        return ROOTS

    # -- the serial line

    def serial(self) -> "_Line":
        micropython.kbd_intr(-1)  # its byte may be part of a packet; improv.py looks for it
        self._line = _Line()
        return self._line

    def say(self, sentence: str) -> None:
        sys.stdout.write(sentence + "\n")


class _Line:
    def __init__(self) -> None:
        self._stream = asyncio.StreamReader(sys.stdin.buffer)  # type: ignore[arg-type]  # its number is another Python's

    async def read(self, count: int) -> bytes:
        return await self._stream.read(count)

    def write(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
