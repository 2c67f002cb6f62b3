"""Set-up mode on a PC: board/contract.pyi, SetUp. The access point is this machine's loop-back
address, Wi-Fi a list of networks in the start file, and the serial line a pseudo-terminal if the
start file names one."""

import asyncio
import os
import socket
import sys

from ...clock import sleep_ms
from .. import listener
from .network import Stream

_OWN = "127.0.0.1"
_LOOK_MS = 20
# Ports below those that systems give away by themselves
_FIRST, _COUNT, _TRIES = 20000, 12000, 50


def _at_port(port: int, make) -> tuple:
    """(what make(port) returns, the port); 0: any one that is free."""
    for _ in range(_TRIES):
        chosen = port or _FIRST + int.from_bytes(os.urandom(2), "big") % _COUNT
        try:
            return make(chosen), chosen
        except OSError:
            if port:
                raise
    raise OSError("no port is free")


def _listening(port: int) -> tuple:
    return listener.listen(_OWN, port)


def _asked_for_names(port: int):
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        names.setblocking(False)
        names.bind(socket.getaddrinfo(_OWN, port)[0][-1])
    except OSError:
        names.close()
        raise
    return names


class SetUp:
    access_point = "Setpoint-5350"
    address = _OWN
    chip = "ESP32"  # what a browser at the serial line takes it for

    def __init__(self, board, settings: dict, reason: str) -> None:
        self.reason = reason
        self.network = board.network
        self._board = board
        self._settings = settings
        self._listener: "tuple | None" = None
        self._names: "socket.socket | None" = None
        self._line: "_Line | None" = None

    def feed_watchdog(self) -> None:
        self._board.feed_watchdog()

    def attach(self, mode) -> list:
        bench = _Bench(self, self._board, mode)
        self._board.leap = bench
        tasks = [("watchdog", self._board.watch(mode))]
        control = self._board.control
        if control is not None:
            from .control_channel import ControlChannel

            channel = ControlChannel(self._board, bench, control["host"], control["port"])
            tasks.append(("control channel", channel.run()))
        return tasks

    # -- the access point

    def prepare(self) -> None:
        """A PC has no radio."""

    def open_access_point(self, password: str) -> None:
        if not 8 <= len(password) <= 63:
            raise OSError("WPA2 takes no such password")
        self._listener, self._port = _at_port(self._settings["http_port"], _listening)
        self._names, self.dns_port = _at_port(self._settings["dns_port"], _asked_for_names)

    def name_socket(self):
        return self._names

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    # -- who asks for the page

    def begin(self) -> None:
        """`open_access_point` did."""

    def joined_url(self) -> "str | None":
        return self.url()

    def url(self) -> "str | None":
        return None if self._listener is None else "http://%s:%d/" % (_OWN, self._port)

    def page_urls(self) -> list:
        port = self._settings["page_port"]
        return ["http://%s:%d/" % (_OWN, port)] if port else []

    def names(self) -> "tuple[str, ...]":
        return (_OWN,)

    def waits(self) -> bool:
        return self._listener is not None and listener.waits(self._listener)

    def accept(self) -> "Stream | None":
        connection = None if self._listener is None else listener.accept(self._listener)
        if connection is None:
            return None
        stream = Stream(self.network, connection)
        self.network.streams.append(stream)
        return stream

    # -- Wi-Fi

    async def networks(self) -> "list[tuple[str, int, bool]]":
        found = [
            (one["ssid"], one["rssi"], bool(one["password"])) for one in self._settings["networks"]
        ]
        found.sort(key=lambda one: -one[1])
        return found

    async def join(self, wifi: dict, food, wait_s: int) -> tuple:
        food()
        await sleep_ms(_LOOK_MS)
        ssid = wifi["ssid"]
        for one in self._settings["networks"]:
            if one["ssid"] == ssid:
                if (one["password"] or "") == (wifi.get("password") or ""):
                    return None, ""
                return "%s cannot be joined: the password is wrong" % ssid, "password"
        return (
            "%s cannot be joined: no network of this name is in reach (2.4 GHz only)" % ssid,
            "absent",
        )

    async def look_up(self, host: str) -> str:
        from ..resolver import address_of

        if self._board.dns is not None:
            return await address_of(host, self._board.dns, None, None)
        socket.getaddrinfo(host, 80)  # raises OSError
        return host

    def public_roots(self):
        """Those of the start file, in the place of the firmware's."""
        paths = self._settings["public_roots"]
        if paths is None:
            from ...certificates.public import ROOTS

            return ROOTS
        return _roots_in(paths)

    # -- the serial line

    def serial(self) -> "_Line | None":
        path = self._settings["serial"]
        if path is not None:
            self._line = _Line(path)
        return self._line

    def say(self, sentence: str) -> None:
        sys.stdout.write(sentence + "\n")
        if self._line is not None:
            self._line.write(sentence.encode() + b"\n")


def _roots_in(paths: list):
    from ...certificates import pem

    for path in paths:
        with open(path) as file:
            for der in pem.blocks(file.read()):
                yield path.rsplit("/", 1)[-1], der


class _Line:
    def __init__(self, path: str) -> None:
        self._file = open(path, "r+b")
        self._stream = asyncio.StreamReader(self._file)  # type: ignore[arg-type]  # any file, here

    async def read(self, count: int) -> bytes:
        return await self._stream.read(count)

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def close(self) -> None:
        self._file.close()


class _Bench:
    """What the control channel may ask of a station in set-up mode: the App of contract.pyi, as far
    as there is one."""

    def __init__(self, way: SetUp, board, mode) -> None:
        self._way = way
        self._board = board
        self._mode = mode
        self.log = mode.log

    def add(self, seconds: int) -> None:
        """Time passes, as leap.py lets it pass for the agent."""
        self._board.clock.advance(seconds * 1000)

    def state(self) -> dict:
        way = self._way
        connectors = []
        for outlet in self._board.outlets:
            outlet.settle()
            connectors.append(
                {
                    "id": outlet.id,
                    "contactor": {"closed": outlet.contactor_closed()},
                    "pilot": {"duty_percent": outlet.duty_u16 * 100 // 65535},
                }
            )
        return {
            "set_up": {
                "access_point": way.access_point,
                "page": way.url(),
                "dns_port": way.dns_port if way.url() else None,
                "phase": self._mode.phase,
                "left_s": self._mode.left_s(),
            },
            "connectors": connectors,
            "modules": sorted([name for name in sys.modules if name[:9] == "setpoint."]),
        }

    def set_clock(self, instant: int) -> None:
        self._board.clock.set(instant)

    def on_network(self) -> None:
        """As all that follow: nobody is there who would want to know."""

    def on_card(self, id_tag, connectors) -> None: ...

    def on_press(self, button) -> None: ...

    def on_dim(self, dims) -> None: ...

    def on_fault(self, connector_id, code, vendor_code, info, active) -> None: ...

    def on_security_event(self, kind, info) -> None: ...

    async def data_transfer(self, vendor_id, message_id, data) -> tuple:
        return None, None
