"""The station's own web page on Wi-Fi: board/contract.pyi, Door."""

import network

from .. import listener
from .wifi import Stream

_PORT = 80


class Door:
    def __init__(self, settings: dict, wifi) -> None:
        """settings: `page` of /identity.json (identity.py). wifi: the network of wifi.py."""
        self.password = settings["password"]
        self.open = settings.get("open") is True
        self.listener: "tuple | None" = None
        self._port = settings.get("port") or _PORT
        self._wifi = wifi

    def begin(self) -> None:
        self.listener = listener.listen("0.0.0.0", self._port)

    def url(self) -> "str | None":
        if self.listener is None:
            return None
        port = "" if self._port == _PORT else ":%d" % self._port
        return "http://%s.local%s/" % (network.hostname(), port)

    def names(self) -> "tuple[str, ...]":
        """The port itself answers mDNS for the host's name."""
        host = network.hostname().lower()
        address = "" if self._wifi.wlan is None else self._wifi.wlan.ifconfig()[0]
        return host + ".local", host, address

    def waits(self) -> bool:
        return self.listener is not None and listener.waits(self.listener)

    def accept(self) -> "Stream | None":
        connection = None if self.listener is None else listener.accept(self.listener)
        return None if connection is None else Stream(connection, connection)
