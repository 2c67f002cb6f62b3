"""`network` on the model in chip.py: Wi-Fi that connects when the model says so. Sockets are the host's."""

from chip import CHIP

STA_IF = 0


def hostname(name):
    CHIP.wifi_log.append("hostname " + name)


def country(code):
    CHIP.wifi_log.append("country " + code)


class WLAN:
    PM_NONE = 0

    def __init__(self, interface):
        assert interface == STA_IF
        self._connecting = False

    def active(self, on):
        self._connecting = False
        CHIP.wifi_log.append("on" if on else "off")

    def config(self, *, pm):
        assert pm == self.PM_NONE

    def connect(self, ssid, password):
        if ssid == "broken":
            raise OSError("Wifi Internal Error")
        self._connecting = True
        CHIP.wifi_log.append("connect %s %s" % (ssid, password))

    def isconnected(self):
        return self._connecting and CHIP.wifi_connects

    def ifconfig(self):
        return ("127.0.0.1", "255.0.0.0", "0.0.0.0", CHIP.dns_server)
