"""/board.json and /identity.json: what is wrong with one is said by the field's name, and nothing
is driven by it."""

import json

from esp32_bench import CHIP, Task, boards, boot, described, description, pass_time, virtual_time

from setpoint.app import App
from setpoint.board.esp32 import description as judge
from setpoint.board.identity import usable

GONE = object()
METER = {"kind": "modbus", "model": "eastron_3p", "address": 1, "baud": 9600}
PULSE = {"kind": "pulse", "pin": 21, "pulses_per_kwh": 1000}

# (where, what stands there instead, a part of the sentence)
P1 = {"kind": "p1", "uart": 2, "rx_pin": 35, "tx_pin": 19, "invert": True}
TCP = {"kind": "modbus_tcp", "model": "eastron_3p", "host": "192.168.1.20"}
WRONG = (
    ("version", 2, "version is 2, and not one of 1"),
    ("version", True, "version is True"),
    ("extra", 1, "extra is no field of a board"),
    ("name", "Dev Kit", "name is 'Dev Kit', and not of small letters"),
    ("title", "", "title is '', and not a text"),
    ("module", "ESP8266", "module is 'ESP8266', and not one of"),
    ("module", "none", "module is 'none'"),
    ("run_on_hardware", "soon", "run_on_hardware is 'soon', and not a day"),
    ("run_on_hardware", GONE, "run_on_hardware is missing"),
    ("source", [], "source is not a list of 1 to"),
    ("source.0", 3, "source/0 is 3, and not a text"),
    ("accepted", 3, "accepted is not a list"),
    ("accepted.0.rule", "vital", "accepted/0/rule is 'vital'"),
    ("reserved", [], "reserved is not an object"),
    ("reserved.lamp", 49, "reserved/lamp is 49, and not an integer from 0 to 48"),
    ("supply", GONE, "supply is missing"),
    ("supply.connector_amps", 80, "supply/connector_amps is 80, and not a number from 6 to 63"),
    ("supply.connector_amps", 5.9, "supply/connector_amps is 5.9"),
    ("supply.connector_amps", "16", "supply/connector_amps is '16'"),
    ("supply.connector_amps", float("inf"), "supply/connector_amps is inf"),
    ("supply.connector_amps", float("nan"), "supply/connector_amps is nan"),
    ("supply.grid_amps", 0, "supply/grid_amps is 0"),
    ("mains", {}, "mains/fuse_amps is missing"),
    ("mains", {"fuse_amps": 25, "meter": {"kind": "none"}}, "mains/meter/kind is 'none'"),
    ("mains", {"fuse_amps": 25, "meter": P1, "fuse": 1}, "mains/fuse is no field of a board"),
    ("mains", {"fuse_amps": 0, "meter": P1}, "mains/fuse_amps is 0"),
    ("mains", {"fuse_amps": 25, "rise_after_s": 9, "meter": P1}, "mains/rise_after_s is 9"),
    ("mains", {"fuse_amps": 25, "meter": dict(P1, rx_pin=27)}, "pin 27, "),
    ("mains", {"fuse_amps": 25, "meter": dict(P1, uart=1)}, "mains/meter/uart is 1, and so is"),
    (
        "mains",
        {"fuse_amps": 25, "meter": dict(TCP, host="meter.local")},
        "mains/meter/host is 'meter.local', and not an IPv4 address",
    ),
    ("mains", {"fuse_amps": 25, "meter": dict(TCP, host="192.168.1.256")}, "mains/meter/host is"),
    ("mains", {"fuse_amps": 25, "meter": dict(TCP, model="x")}, "mains/meter/model is 'x'"),
    ("dim", {"pin": 34, "on": 1}, "dim/watts is missing"),
    ("dim", {"pin": 34, "on": 1, "watts": 0}, "dim/watts is 0"),
    ("dim", {"pin": 34, "on": 2, "watts": 4200}, "dim/on is 2"),
    ("dim", {"pin": 34, "on": 1, "watts": 4200, "amps": 6}, "dim/amps is no field of a board"),
    ("dim", {"pin": 27, "on": 1, "watts": 4200}, "pin 27, "),
    ("supply.volts", 230.0, "supply/volts is 230.0, and not an integer from 100 to 300"),
    ("supply.phase_switch", 1, "supply/phase_switch is 1, and not true or false"),
    ("supply.phase_switch", True, "supply/phase_switch needs phases_2_3"),
    ("connectors", [], "connectors is not a list of 1 to 4"),
    ("connectors.0", 7, "connectors/0 is 7, and not an object"),
    ("connectors.0.contactor", GONE, "connectors/0/contactor is missing"),
    ("connectors.0.contactor", None, "connectors/0/contactor is None"),
    ("connectors.0.contactor.on", 7, "connectors/0/contactor/on is 7, and not one of 0, 1"),
    ("connectors.0.contactor.on", [], "connectors/0/contactor/on is []"),
    ("connectors.0.contactor.pin", -1, "connectors/0/contactor/pin is -1"),
    ("connectors.0.contactor.pin", 26.0, "connectors/0/contactor/pin is 26.0"),
    ("connectors.0.contactor.pin", 27, "pin 27, "),
    ("connectors.0.contactor.pin", 24, "is none of the module's"),
    ("connectors.0.contactor.pin", 7, "belongs to the flash"),
    ("connectors.0.contactor.pin", 2, "decides how the chip starts"),
    ("connectors.0.contactor.pin", 34, "can only be read"),
    ("connectors.0.contactor.pull", "up", "needs a resistor on the board that pulls it down"),
    ("connectors.0.contactor.extra", 1, "connectors/0/contactor/extra is no field"),
    ("connectors.0.pilot.pull", "down", "needs a resistor on the board that pulls it up"),
    ("connectors.0.pilot.adc_pin", 21, "is not on ADC1"),
    ("connectors.0.pilot.attenuation_db", 12, "attenuation_db is 12"),
    ("connectors.0.pilot.mv_per_10_v", 1030, "connectors/0/pilot: 126 dV are"),
    ("connectors.0.pilot.mv_at_0_v", 10**30, "mv_at_0_v is 1"),
    (
        "connectors.0.cable.pull_up_ohm",
        -1000,
        "connectors/0/cable/pull_up_ohm is -1000, and not an integer from 100 to",
    ),
    ("connectors.0.cable.pull_up_ohm", 200, "connectors/0/cable: 1500 Ohm are"),
    ("connectors.0.feedback.pin", 35, "pin 35, feedback of connector 1, can only be read"),
    ("connectors.0.meter", {"kind": "guess"}, "connectors/0/meter/kind is 'guess', and not one of"),
    ("connectors.0.meter", {"kind": "none", "pin": 3}, "connectors/0/meter/pin is no field"),
    ("connectors.0.meter", dict(PULSE, pin=14), "pin 14, "),
    ("connectors.0.meter", dict(PULSE, pin=3), "is the console's"),
    ("connectors.0.meter", dict(PULSE, pulses_per_kwh=0), "pulses_per_kwh is 0"),
    ("light.kind", [], "light/kind is []"),
    ("alive.pin", 5, "decides how the chip starts"),
    ("reader", {"kind": "pn532"}, "a meter or reader needs i2c"),
    ("button", None, "accepted has strapping of pin 0, to which nobody objects"),
)


def changed(path, value, wiring):
    part = wiring
    way = [int(word) if word.isdigit() else word for word in path.split(".")]
    for word in way[:-1]:
        part = part[word]
    if value is GONE:
        del part[way[-1]]
    else:
        part[way[-1]] = value
    return wiring


def refusal(wiring):
    """What the board says when it does not start; None if it starts."""
    CHIP.start()
    try:
        boot(wiring)
    except boards.UnfitBoard as error:
        assert CHIP.history == [] and CHIP.pwms == {}, "nothing was driven"
        return str(error)
    return None


def test_every_board_of_the_repository_is_taken():
    for name in described():
        assert judge.fault_in(description(name)) is None, name


def test_a_field_that_is_wrong_is_named():
    for path, value, part in WRONG:
        said = judge.fault_in(changed(path, value, description()))
        assert said is not None and part in said, (path, value, said)


def test_what_an_accepted_objection_is_worth():
    wiring = description(connector_meter=dict(PULSE, pin=15))
    assert "pin 15, pin of meter of connector 1, decides how the chip starts" in judge.fault_in(
        wiring
    )
    wiring["accepted"].append({"rule": "strapping", "pin": 15, "because": "of a test"})
    assert judge.fault_in(wiring) is None
    wiring["accepted"].append({"rule": "boot", "pin": 15, "because": "of a test"})
    assert judge.fault_in(wiring) == "accepted has boot of pin 15, to which nobody objects"


def test_meters_on_one_line_agree():
    for second, part in (
        ({}, "addresses of their own"),
        ({"address": 2, "baud": 2400}, "the same baud"),
        ({"address": 2}, None),
    ):
        wiring = description(connector_meter=METER, connector_cable=None)
        other = {
            "pilot": dict(wiring["connectors"][0]["pilot"], pwm_pin=19, adc_pin=34),
            "contactor": {"pin": 21, "on": 1, "pull": "down"},
        }
        for name in ("open", "loop_back_pin"):
            del other["pilot"][name]
        other["meter"] = dict(METER)
        other["meter"].update(second)
        wiring["connectors"].append(other)
        said = judge.fault_in(wiring)
        assert said is None if part is None else part in said, said


def test_a_p1_port_needs_a_uart_of_its_own_that_the_chip_has():
    wiring = description("esp32c6_devkitc")
    wiring["rs485"] = None
    for uart, said in ((1, None), (2, "mains/meter/uart is 2, and an ESP32-C6 has none above 1")):
        meter = dict(P1, uart=uart, rx_pin=18)
        wiring["mains"] = {"fuse_amps": 25, "meter": meter}
        assert judge.fault_in(wiring) == said


def test_a_mains_meter_on_rs485_needs_the_line_its_speed_and_an_address_of_its_own():
    for meter, said in (
        ({}, None),
        ({"address": 1}, "the meters on rs485 need addresses of their own"),
        ({"baud": 19200}, "the meters on rs485 need the same baud and parity"),
    ):
        wiring = description(connector_meter=dict(METER, address=1))
        wiring["mains"] = {"fuse_amps": 25, "meter": dict(METER, address=2)}
        wiring["mains"]["meter"].update(meter)
        assert judge.fault_in(wiring) == said, meter
    wiring = description(rs485=None)
    wiring["mains"] = {"fuse_amps": 25, "meter": dict(METER, address=2)}
    assert judge.fault_in(wiring) == "a meter or reader needs rs485, which is missing"


def test_a_bus_that_the_chip_has_not_got_is_refused():
    wiring = description("esp32evse_s2da")
    wiring["rs485"]["uart"] = 2
    assert judge.fault_in(wiring) == "rs485/uart is 2, and an ESP32-S2 has none above 1"
    for bus, number, least in (("rs485", "uart", 1), ("i2c", "bus", 0), ("spi", "bus", 1)):
        wiring = description("esp32c6_devkitc")
        wiring["rs485"] = None
        wiring[bus] = {
            "rs485": {"uart": 1, "rx_pin": 18, "tx_pin": 19, "direction_pin": None},
            "i2c": {"bus": 0, "sda_pin": 18, "scl_pin": 19},
            "spi": {"bus": 1, "sck_pin": 18, "mosi_pin": 19, "miso_pin": 23},
        }[bus]
        assert judge.fault_in(wiring) is None, bus
        wiring[bus][number] += 1
        assert judge.fault_in(wiring) == "%s/%s is %d, and an ESP32-C6 has none above %d" % (
            bus,
            number,
            least + 1,
            least,
        )


def test_a_thermometer_that_cannot_read_the_heat_at_which_charging_stops_is_refused():
    sensor = {
        "kind": "analogue",
        "adc_pin": 35,
        "attenuation_db": 6,
        "mv_at_0_c": 500,
        "uv_per_k": 10000,
    }
    assert judge.fault_in(description(temperature=sensor, reserved={})) is None
    sensor["attenuation_db"] = 0
    said = judge.fault_in(description(temperature=sensor, reserved={}))
    assert said == "temperature: 75 C is more than the ADC reads truly, and 71 C end a charge"


def test_a_board_whose_file_is_wrong_drives_nothing_and_says_which_field():
    assert refusal("{") == "/board.json is missing or broken: copy one from boards/"
    assert refusal('"board"') == "/board.json: it is not a JSON object; make boards checks it"
    assert refusal(description(module="ESP32")).startswith(
        "/board.json: module is 'ESP32', and not one of ESP32"
    )
    wiring = description()
    wiring["connectors"][0]["contactor"]["on"] = 7
    text = json.dumps(wiring)
    assert (
        refusal(text)
        == "/board.json: connectors/0/contactor/on is 7, and not one of 0, 1; make boards checks it"
    )


# -- identity

LINK = {"csms_url": "ws://127.0.0.1:9", "charge_point_id": "cp001"}
WIFI = {"ssid": "home", "password": "a secret"}


def test_an_identity_that_is_right_is_taken_as_it_is():
    whole = dict(
        LINK,
        vendor="Acme",
        model="Wall",
        charge_box_serial="1",
        charge_point_serial="2",
        basic_auth="a secret",
    )
    whole.update(
        wifi=dict(WIFI, hostname="box", country="DE"),
        keys={"HeartbeatInterval": "60", "LocalPreAuthorize": True},
    )
    whole.update(
        tls={"ca_file": "/ca.pem", "check_hostname": False},
        reconnect={"minimum_s": 0.5, "random_s": 3},
        page={"password": "0123456789", "open": True, "port": 8080},
    )
    assert usable(whole) == (whole, [])
    assert usable(dict(LINK, basic_auth={"user": None, "password": "x"}, tls=None, wifi=None)) == (
        dict(LINK, basic_auth={"user": None, "password": "x"}),
        [],
    )


def test_what_is_wrong_in_an_identity_is_left_out_and_named_without_its_value():
    for name, values in (
        ("vendor", (7, [], {})),
        ("keys", ([], 5, "x", {"HeartbeatInterval": []}, {5: "x"})),
        (
            "reconnect",
            (
                5,
                {},
                {"minimum_s": 1},
                {"minimum_s": -1, "random_s": 0},
                {"minimum_s": "1", "random_s": 0},
                {"minimum_s": 1e9, "random_s": 0},
            ),
        ),
        (
            "wifi",
            (
                "home",
                {},
                {"ssid": 7},
                {"ssid": ""},
                {"ssid": "x" * 33},
                {"ssid": "x", "password": 12345678},
                {"ssid": "x", "country": "Germany"},
            ),
        ),
        (
            "wifi",
            (
                {"ssid": "x", "password": "x" * 64},
                {"ssid": "x", "hostname": "x" * 33},
                {"ssid": "x", "channel": "x"},
            ),
        ),
        # Bytes count
        (
            "wifi",
            ({"ssid": "x", "hostname": "s\u00e4ule" * 6}, {"ssid": "x", "country": "\u00d6S"}),
        ),
        (
            "page",
            (
                "12345678",
                {},
                {"password": 12345678},
                {"password": "1234567"},
                {"password": "12345678", "open": 1},
                {"password": "12345678", "port": 0},
                {"password": "12345678", "port": 65536},
                {"password": "12345678", "port": "80"},
                {"password": "12345678", "user": "x"},
            ),
        ),
        ("station", (1,)),
    ):
        for value in values:
            document = dict(LINK)
            document[name] = value
            found, problems = usable(document)
            assert (
                found == LINK and len(problems) == 1 and problems[0].startswith(name + " is not ")
            ), (name, value, problems)
            assert "12345678" not in problems[0]


def test_where_it_would_be_unclear_to_whom_and_how_securely_it_speaks_the_station_stays_offline():
    for name, values in (
        ("csms_url", (7, ["ws://127.0.0.1:9"])),
        ("charge_point_id", (7, {})),
        ("basic_auth", (7, {"user": "x"}, {"password": 7}, {"password": "x", "domain": "y"})),
        (
            "tls",
            (
                "ca.pem",
                {"ca_file": 7},
                {"check_hostname": "no"},
                {"check_hostname": 0},
                {"verify": "x"},
            ),
        ),
    ):
        for value in values:
            document = dict(LINK, basic_auth="a secret", wifi=WIFI)
            document[name] = value
            found, problems = usable(document)
            assert found == {"wifi": WIFI} and problems[-1] == "so the station stays offline", (
                name,
                value,
            )


def test_a_station_with_a_wrong_identity_runs_and_says_so():
    identity = {
        "csms_url": 5,
        "vendor": 7,
        "keys": 5,
        "reconnect": [],
        "wifi": {"ssid": 5},
        "tls": "x",
    }
    CHIP.start()
    board, _ = boot(description(), identity)
    end = virtual_time()
    try:
        app = App(board)
        app.dispatch(app.station.start)
        pass_time(
            1000,
            [Task(coroutine) for name, coroutine in board.attach(app)],
            lambda: app.control.step(20),
        )
        assert (
            board.identity["csms_url"] == ""
            and board.identity["vendor"] == "Setpoint"
            and board.keys == {}
        )
    finally:
        end()


def test_an_open_network_needs_no_password():
    for wifi in (
        {"ssid": "open"},
        {"ssid": "open", "password": None, "hostname": None, "country": None},
    ):
        CHIP.start()
        board, _ = boot(description(), dict(LINK, wifi=wifi))
        end = virtual_time()
        try:
            pass_time(1000, [Task(board.network.run(App(board)))])
        finally:
            end()
        assert CHIP.wifi_log == ["off", "hostname setpoint-abcd", "on", "connect open "]
