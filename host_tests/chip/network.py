"""`network` on the model in chip.py: Wi-Fi that connects when the model says so. Sockets are the
host's.

As on the port (ports/esp32/network_wlan.c): there is one radio, whose memory comes out of what
Python's heap has not taken. WLAN() takes most of it, and raises OSError where there is too little;
made again after that, it aborts. The first active(True) aborts where there is too little.
active(True) waits until the radio is on. hostname and country count bytes.

The access point is the same radio's other side. Some versions refuse its settings, or forget them,
while it is closed (esp_wifi_set_config); it is open to everybody then, for a moment. A scan wants the
station's side on, and holds the interpreter up. After a wrong password the port goes on trying by
itself until disconnect()."""

from chip import CHIP, Panic

STA_IF, AP_IF = 0, 1
AUTH_OPEN, AUTH_WPA2_PSK = 0, 3
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


def WLAN(interface):
    assert interface in (STA_IF, AP_IF)
    if CHIP.radio == "failed":
        raise Panic("the network interface exists already")
    if CHIP.radio is None:
        if CHIP.idf_free < DRIVER_BYTES:
            CHIP.radio = "failed"
            raise OSError("WiFi Out of Memory")
        CHIP.idf_free -= DRIVER_BYTES
        CHIP.radio = "off"
    return AccessPoint() if interface == AP_IF else Station()


def _starts():
    if not CHIP.radio_calibrated:
        if CHIP.idf_free < CALIBRATION_BYTES:
            raise Panic("no memory for the calibration of the radio")
        CHIP.idf_free -= CALIBRATION_BYTES
        CHIP.radio_calibrated = True
    CHIP.now_us += CHIP.radio_starts_us


MAC = b"\x24\x0a\xc4\x12\xab\xcd"


class Station:
    PM_NONE = 0

    def active(self, on=None):
        if on is None:
            return CHIP.radio == "on"
        CHIP.wifi_connecting = False
        CHIP.wifi_log.append("on" if on else "off")
        if on and CHIP.radio == "off":
            if CHIP.radio_error is not None:
                raise CHIP.radio_error
            _starts()
        CHIP.radio = "on" if on else "off"

    def config(self, name=None, *, pm=None):
        if name is not None:
            assert name == "mac"
            return MAC
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

    def status(self):
        return CHIP.wifi_status

    def scan(self):
        """(name, its address, channel, dBm, how it is secured, False) of each."""
        if CHIP.radio != "on":
            raise OSError("STA must be active")
        if CHIP.wifi_error is not None:
            raise CHIP.wifi_error
        CHIP.now_us += 2500000
        return list(CHIP.wifi_found)


class AccessPoint:
    def active(self, on):
        CHIP.wifi_log.append("access point " + ("opens" if on else "closes"))
        if on and not CHIP.ap_is_open:
            if CHIP.ap_needs_open:  # it begins anew
                CHIP.ap = dict(_UNSET)
            _starts()
        CHIP.ap_is_open = on

    def config(self, name=None, **settings):
        if name is not None:
            return CHIP.ap.get(name, _UNSET[name])
        if CHIP.ap_needs_open and not CHIP.ap_is_open:
            raise CHIP.ap_error
        for one in settings:
            assert one in ("ssid", "security", "key", "max_clients"), one
        assert 8 <= len(settings["key"]) <= 63
        CHIP.ap = dict(settings)
        if CHIP.ap_ignores_security:
            CHIP.ap["security"] = AUTH_OPEN

    def ifconfig(self):
        return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")


_UNSET = {"ssid": "ESP_12ABCD", "security": AUTH_OPEN}
