"""Set-up mode on an ESP32, on the model of the chip: when it begins, the access point, Wi-Fi, the
serial line."""

import asyncio
import sys

from esp32_bench import CHIP, Task, boot, booted, description, pass_time, virtual_time

from setpoint import clock
from setpoint.board.esp32 import access_point, joining

WIRING = description()
PASSWORD = "k7mq3xrt9h"
BUTTON = WIRING["button"]["pin"]


class Sockets:
    """In the place of the modules socket and listener: port 80 and 53 belong to the machine."""

    AF_INET, SOCK_DGRAM = 2, 2

    def __init__(self):
        self.bound = None
        self.waiting = []

    def listen(self, host, port):
        assert (host, port) == ("0.0.0.0", 80)
        return (self,)

    def getaddrinfo(self, host, port, family, kind):
        return [(2, kind, 0, "", (host, port))]

    def socket(self, family, kind):
        return self

    def setblocking(self, blocks):
        assert not blocks

    def bind(self, address):
        self.bound = address

    def waits(self, listener):
        return listener == (self,) and bool(self.waiting)

    def accept(self, listener):
        return self.waiting.pop() if self.waiting else None


def way_of(board=None, identity=""):
    board = board or booted(identity=identity, button=None)
    way = board.set_up()
    access_point.listener = access_point.socket = Sockets()
    return way


def opened(**settings):
    CHIP.start()
    for name in settings:
        setattr(CHIP, name, settings[name])
    way = way_of(boot(description(button=None), "")[0])
    way.prepare()
    try:
        way.open_access_point(PASSWORD)
    except OSError as error:
        return way, str(error)
    return way, None


# ---- when it begins


def held(moves, **changes):
    """Is there a set-up mode, after a power-up at which the button moves so? moves: (ms since the
    start, whether it is pressed)."""
    moves = list(moves)
    CHIP.start()
    wiring = description(**changes)
    pin = wiring["button"]["pin"]

    def sleep_us(us):
        CHIP.now_us += us
        press()

    def press():
        while moves and moves[0][0] * 1000 <= CHIP.now_us - started:
            CHIP.drive(pin, 0 if moves.pop(0)[1] else 1)

    end = virtual_time()
    before = clock._sleep_us, clock.ticks_ms
    clock._sleep_us, clock.ticks_ms = sleep_us, lambda: clock._ticks_ms()
    sys.modules.pop("setpoint.board.esp32.set_up", None)  # it is to load with that
    try:
        CHIP.drive(pin, 1)
        board = boot(wiring)[0]
        started = CHIP.now_us
        press()
        way = board.set_up()
        return None if way is None else way.reason, (CHIP.now_us - started) // 1000
    finally:
        clock._sleep_us, clock.ticks_ms = before
        sys.modules.pop("setpoint.board.esp32.set_up", None)
        end()


def test_a_power_up_without_an_identity_is_for_set_up_and_a_restart_is_not():
    for identity in ("", "{", "[]"):
        assert booted(identity=identity, button=None).set_up().reason == "it has no identity", (
            identity
        )
    assert booted(button=None).set_up() is None
    for memory, cause in ((b"SP\0\0R", 2), (b"", 3)):
        CHIP.start()
        CHIP.rtc_memory, CHIP.reset_cause = memory, cause
        assert boot(description(button=None), "")[0].set_up() is None, cause


def test_a_board_without_a_button_does_not_wait_for_one():
    assert booted(button=None).set_up() is None
    assert booted(identity="", button=None).set_up() is not None


def test_a_button_that_decides_how_the_chip_starts_is_pressed_within_three_seconds_of_it():
    assert BUTTON == 0
    assert held([]) == (None, 3000)
    reason, took_ms = held([(2900, True)])
    assert reason == "its button was held for 10 s" and 12800 <= took_ms <= 13100, took_ms
    assert held([(2900, True), (12500, False)])[0] is None
    assert held([(3200, True)])[0] is None
    assert held([(0, True)])[0] is not None


def test_any_other_button_is_held_from_the_power_up_on():
    other = {"button": {"pin": 19, "on": 0, "chip_pull": "up"}, "accepted": []}
    assert held([], **other) == (None, 0)
    assert held([(60, True)], **other) == (None, 0)
    assert held([(0, True), (9000, False)], **other)[0] is None
    reason, took_ms = held([(0, True)], **other)
    assert reason and 9900 <= took_ms <= 10100, took_ms


# ---- the access point


def test_the_access_point_is_behind_wpa2_and_named_after_the_radios_address():
    for settings in (
        {},
        {"ap_needs_open": True},
        {"ap_needs_open": True, "ap_error": RuntimeError("x")},
    ):
        way, wrong = opened(**settings)
        assert wrong is None and CHIP.ap_is_open
        assert CHIP.ap == {
            "ssid": "Setpoint-ABCD",
            "security": 3,
            "key": PASSWORD,
            "max_clients": 4,
        }
        assert way.url() == "http://192.168.4.1/" and way.name_socket().bound == ("0.0.0.0", 53)
        assert way.names() == ("192.168.4.1", "", "mpy-esp32.local")
        way.close()
        assert not CHIP.ap_is_open


def test_an_access_point_that_is_not_behind_wpa2_is_closed():
    way, wrong = opened(ap_ignores_security=True)
    assert wrong == "the radio opens none with WPA2" and not CHIP.ap_is_open
    assert way.url() is None and not way.waits() and way.accept() is None


def test_an_access_point_that_the_radio_refuses_is_closed():
    CHIP.start()
    way = way_of(boot(description(button=None), "")[0])
    way.prepare()
    before = type(way._ap).config

    def refuses(ap, name=None, **settings):
        raise RuntimeError("Wifi Unknown Error 0x3001")

    type(way._ap).config = refuses
    try:
        way.open_access_point(PASSWORD)
    except OSError as error:
        assert str(error) == "Wifi Unknown Error 0x3001"
    else:
        raise AssertionError
    finally:
        type(way._ap).config = before
    assert not CHIP.ap_is_open


def test_a_radio_that_does_not_start_is_told():
    CHIP.start()
    way = way_of(boot(description(button=None), "")[0])
    for step in (way.open_access_point,):
        try:
            step(PASSWORD)
        except OSError as error:
            assert str(error) == "the radio is off"
    CHIP.radio_error = RuntimeError("Wifi Unknown Error 0x3001")
    for _ in range(2):
        try:
            way.prepare()
        except OSError as error:
            assert str(error) == "the radio does not start: Wifi Unknown Error 0x3001"
        else:
            raise AssertionError
    way.network.problem = "the radio does not start: no memory"
    try:
        way.prepare()
    except OSError as error:
        assert str(error) == "the radio does not start: no memory"


def test_a_station_with_an_identity_stops_looking_for_its_network():
    CHIP.start()
    board = boot(description())[0]
    way = access_point.SetUp(board, WIRING, "its button was held")
    way.prepare()
    assert CHIP.wifi_log[-1] == "disconnect" and not CHIP.wifi_connecting


def test_connections_come_by_the_listener():
    way, _ = opened()
    assert not way.waits() and way.accept() is None
    way.begin()

    class Connection:
        def close(self):
            self.closed = True

    access_point.listener.waiting.append(Connection())
    before, access_point.Stream = access_point.Stream, lambda one, other: (one, other)
    try:
        assert way.waits()
        one, other = way.accept()
        assert one is other
    finally:
        access_point.Stream = before


def test_the_watchdog_is_patient_here():
    way = way_of()
    way.feed_watchdog()
    assert CHIP.watchdog_ms == 30000 and CHIP.feeds == 1


def test_the_light_blinks():
    assert access_point.SetUp(booted(), dict(WIRING, light=None), "").attach(None) == []
    way = access_point.SetUp(booted(), dict(WIRING, light={"kind": "neopixel", "pin": 48}), "")
    lamps = {"kind": "lamps"}
    for name, pin in (("ready", 18), ("charging", 21), ("fault", 19)):
        lamps[name] = {"pin": pin, "on": 1, "pull": "none"}
    end = virtual_time()
    try:
        ((name, coroutine),) = way.attach(None)
        task = Task(coroutine)
        pass_time(250, [task])
        seen = []
        for _ in range(4):
            seen.append(CHIP.pixel)
            pass_time(500, [task])
        assert name == "light" and seen == [(20, 20, 20), (0, 0, 0)] * 2
        ((_, coroutine),) = access_point.SetUp(booted(), dict(WIRING, light=lamps), "").attach(None)
        task = Task(coroutine)
        pass_time(10, [task])
        assert [CHIP.outputs[pin] for pin in (18, 19, 21)] == [1, 1, 1]
        pass_time(500, [task])
        assert [CHIP.outputs[pin] for pin in (18, 19, 21)] == [0, 0, 0]
    finally:
        end()


def test_a_browser_is_told_the_family_of_the_chip():
    for module, chip in (
        ("ESP32-WROOM-32", "ESP32"),
        ("ESP32-MINI-1", "ESP32"),
        ("ESP32-S3-octal", "ESP32-S3"),
        ("ESP32-C3", "ESP32-C3"),
    ):
        assert access_point.SetUp(booted(), {"module": module}, "").chip == chip


# ---- Wi-Fi


def found(name, dbm, security=3):
    return (name, b"\1\2\3\4\5\6", 6, dbm, security, False)


def test_networks_in_reach_come_once_each_the_strongest_first():
    many = [found(b"net%d" % i, -90) for i in range(30)]
    way, _ = opened(
        wifi_found=[
            found(b"Home", -70),
            found(b"", -30),
            found(b"Home", -50),
            found(b"Home", -60),
            found(b"Caf\xc3\xa9", -40, 0),
            found(b"\xff\xfe", -20),
            found(b"Setpoint-ABCD", -10),
        ]
        + many
    )
    names = asyncio.run(way.networks())
    assert names[:2] == [("Caf\u00e9", -40, False), ("Home", -50, True)] and len(names) == 20
    for error, said in (
        (RuntimeError("no"), "no"),
        (OSError("STA must be active"), "STA must be active"),
    ):
        CHIP.wifi_error = error
        try:
            asyncio.run(way.networks())
        except OSError as raised:
            assert str(raised) == said
        else:
            raise AssertionError
    assert asyncio.run(way_of().networks()) == [], "before the radio is on"


def joined(way, wait_s=1, **wifi):
    fed = []

    async def go():
        settings = dict({"ssid": "Home", "password": "longenough"}, **wifi)
        return await way.join(settings, lambda: fed.append(1), wait_s)

    outcome = asyncio.run(go())
    assert bool(fed) == bool(wait_s)
    return outcome


def test_a_network_is_joined_while_the_access_point_stays_open():
    way, _ = opened(wifi_connects=True)
    assert way.page_urls() == [] and way.joined_url() is None
    assert joined(way) == (None, "") and CHIP.ap_is_open
    assert CHIP.wifi_log[-1] == "connect Home longenough"
    assert way.joined_url() == "http://127.0.0.1/" and "127.0.0.1" in way.names()
    assert way.page_urls() == ["http://setpoint-abcd.local/", "http://127.0.0.1/"]
    assert joined(way, hostname="garage") == (None, "")
    assert way.page_urls()[0] == "http://garage.local/" and way.network.up


def test_why_a_network_cannot_be_joined():
    for status, word, reason in (
        (201, "absent", "no network of this name is in reach (2.4 GHz only)"),
        (202, "password", "the password is wrong"),
        (210, "not_joined", "it is not secured in a way that the station knows"),
        (1001, "not_joined", "it does not let the station in, or gives it no address"),
    ):
        way, _ = opened(wifi_status=status)
        why, said = joined(way, 1)
        assert (why, said) == ("Home cannot be joined in 1 s: " + reason, word)
        assert CHIP.wifi_log[-1] == "disconnect", "else the port goes on trying"


def test_a_wrong_password_is_told_though_the_radio_says_it_at_one_try_only():
    for first, third, word in ((1001, 202, "password"), (202, 1001, "not_joined")):
        opened(wifi_status=first)
        looks = []

        def food():
            looks.append(None)
            CHIP.wifi_status = third if len(looks) == 3 else 1001 if len(looks) > 3 else first

        _, why, said = asyncio.run(joining.join({"ssid": "Home", "password": "k"}, food, 1))
        assert said == word and len(looks) > 5, "202 at the start is of the try before: %s" % why


def test_a_radio_that_does_not_start_is_the_reason():
    way, _ = opened()
    CHIP.wifi_error = OSError("Wifi Internal Error")
    assert joined(way, 1) == ("the radio does not start: Wifi Internal Error", "radio")


def test_a_radio_that_fails_at_the_end_ends_nothing_else():
    way, _ = opened(wifi_status=202)
    station, ap = type(way._station), type(way._ap)
    before = station.disconnect, ap.active

    def fails(*arguments):
        raise RuntimeError("Wifi Unknown Error 0x3001")

    station.disconnect = ap.active = fails
    try:
        assert joined(way, 0)[1] == "password"
        way.close()
    finally:
        station.disconnect, ap.active = before


def test_a_name_is_looked_up_at_the_network_that_was_joined():
    way, _ = opened(wifi_connects=True)
    joined(way)
    assert joining.dns_server() == "0.0.0.0"
    assert asyncio.run(way.look_up("127.0.0.1")) == "127.0.0.1"
    try:
        asyncio.run(way.look_up("central.example"))
    except OSError as error:
        assert str(error) == "this network names no DNS server"
    else:
        raise AssertionError


def test_the_public_authorities_are_those_of_the_firmware_the_likeliest_first():
    names = [name for name, der in way_of().public_roots() if der[0] == 0x30]
    assert names[0] == "ISRG Root X1" and len(names) >= 12


# ---- the serial line


class Line:
    def __init__(self):
        self.asked = []
        self.out = b""
        self.text = ""
        self.buffer = self

    def kbd_intr(self, char):
        self.asked.append(char)

    def write(self, data):
        if type(data) is str:
            self.text += data
        else:
            self.out += bytes(data)

    def StreamReader(self, stream):
        return self

    async def read(self, count):
        return b"x" * count


def test_on_the_serial_line_ctrl_c_is_a_byte_until_it_is_closed():
    line = Line()
    kept = access_point.micropython, access_point.sys, access_point.asyncio
    access_point.micropython = access_point.asyncio = line

    class System:
        stdin = stdout = line

    access_point.sys = System
    try:
        way = way_of()
        serial = way.serial()
        assert line.asked == [-1]
        serial.write(b"IMPROV")
        assert line.out == b"IMPROV" and asyncio.run(serial.read(1)) == b"x"
        way.say("hello")
        assert line.text == "hello\n"
        way.close()
        assert line.asked == [-1, 3]
    finally:
        access_point.micropython, access_point.sys, access_point.asyncio = kept
    assert sys is not System
