"""`network` on the model in chip.py: Wi-Fi that connects when the model says so. Sockets are the
host's.

As on the port (ports/esp32/network_wlan.c): there is one radio, whose memory comes out of what
Python's heap has not taken. WLAN() takes most of it, and raises OSError where there is too little;
made again after that, it aborts. The first active(True) aborts where there is too little.
active(True) waits until the radio is on. hostname and country count bytes."""

from chip import CHIP, Panic

STA_IF = 0
DRIVER_BYTES, CALIBRATION_BYTES = 34000, 2000


def hostname(name=None):
    if name is None:
        return CHIP.hostname
    if len(name.encode()) > 32:
        raise ValueError
    CHIP.hostname = name
    CHIP.wifi_log.append("hostname " + name)


def country(code):
    if len(code.encode()) != 2:
        raise ValueError
    CHIP.wifi_log.append("country " + code)


class WLAN:
    PM_NONE = 0

    def __init__(self, interface):
        assert interface == STA_IF
        if CHIP.radio == "failed":
            raise Panic("the network interface exists already")
        if CHIP.radio is None:
            if CHIP.idf_free < DRIVER_BYTES:
                CHIP.radio = "failed"
                raise OSError("WiFi Out of Memory")
            CHIP.idf_free -= DRIVER_BYTES
            CHIP.radio = "off"

    def active(self, on=None):
        if on is None:
            return CHIP.radio == "on"
        CHIP.wifi_connecting = False
        CHIP.wifi_log.append("on" if on else "off")
        if on and CHIP.radio == "off":
            if not CHIP.radio_calibrated:
                if CHIP.idf_free < CALIBRATION_BYTES:
                    raise Panic("no memory for the calibration of the radio")
                CHIP.idf_free -= CALIBRATION_BYTES
                CHIP.radio_calibrated = True
            CHIP.now_us += CHIP.radio_starts_us
        CHIP.radio = "on" if on else "off"

    def config(self, name=None, *, pm=None):
        if name is not None:
            assert name == "mac"
            return b"\x24\x0a\xc4\x12\xab\xcd"
        assert pm == self.PM_NONE

    def disconnect(self):
        self._must_be_on()
        CHIP.wifi_connecting = False
        CHIP.wifi_log.append("disconnect")

    def connect(self, ssid, password):
        self._must_be_on()
        if CHIP.wifi_error is not None:
            raise CHIP.wifi_error
        CHIP.wifi_connecting = True
        CHIP.wifi_log.append("connect %s %s" % (ssid, password))

    def _must_be_on(self):
        if CHIP.radio != "on":
            raise OSError("Wifi Not Started")

    def isconnected(self):
        return CHIP.wifi_connecting and CHIP.wifi_connects

    def ifconfig(self):
        return ("127.0.0.1", "255.0.0.0", "0.0.0.0", CHIP.dns_server)
