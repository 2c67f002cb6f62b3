"""The boards of boards/, and the validator: each of its rules is fed something that breaks it."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.boards import BOARDS, faults_of, uses_of

NAMES = sorted(path.parent.name for path in BOARDS.glob("*/board.json"))


def board(name: str = "esp32_devkitc") -> dict:
    return json.loads((BOARDS / name / "board.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_board_of_the_repository_is_sound(name: str):
    assert [fault.sentence for fault in faults_of(board(name))] == []
    assert board(name)["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_a_board_says_how_it_is_wired_and_whether_it_ever_ran(name: str):
    wiring = (BOARDS / name / "WIRING.md").read_text()
    assert "lacks" in wiring
    if board(name)["module"] != "none":
        assert ("Never run on real hardware" in wiring) == (board(name)["run_on_hardware"] is None)
        named = {
            int(word)
            for word in wiring.replace(",", " ").replace("|", " ").split()
            if word.isdigit()
        }
        assert {use.pin for use in uses_of(board(name))} <= named


def test_the_list_of_boards_has_each_of_them():
    text = (BOARDS / "README.md").read_text()
    assert [
        name
        for name in NAMES
        if "[%s](%s/WIRING.md) | %s |" % (name, name, board(name)["module"]) not in text
    ] == []


def test_the_simulated_board_is_what_a_start_file_without_limits_gives():
    from setpoint.board.simulated import start_file

    settings, _ = start_file.read("{}", "/")
    device, supply = settings["device"], board("simulated")["supply"]
    limits = device["limits_without_profile"]
    assert supply == {
        "volts": limits["volts"],
        "phases": limits["phases"],
        "phase_switch": device["phase_switch"],
        "connector_amps": limits["amps"],
        "connector_watts": limits["watts"],
        "grid_amps": device["grid_amps"],
    }


def changed(path: str, value, base: dict) -> dict:
    """The board with one field changed: "connectors.0.contactor.pin"; a value of None takes it
    out."""
    result = copy.deepcopy(base)
    part = result
    *way, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    for word in way:
        part = part[word]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return result


FAULTS = [
    ("schema", "version", 2),
    ("schema", "extra", 1),
    ("schema", "connectors.0.contactor", None),
    ("schema", "connectors.0.contactor.pin", "26"),
    ("schema", "connectors.0.pilot.attenuation_db", 12),
    ("schema", "connectors.0.meter", {"kind": "guess"}),
    ("schema", "connectors.0.meter", {"kind": "pulse", "pin": 5}),
    (
        "schema",
        "connectors.0.meter",
        {"kind": "modbus", "model": "sdm630", "address": 1, "baud": 9600},
    ),
    ("schema", "connectors.0.ventilation", "yes"),
    ("schema", "reader", {"kind": "mfrc522"}),
    ("schema", "reader", {"kind": "pn532", "address": 36}),  # the chip has no other
    ("schema", "supply.connector_amps", 64),
    ("schema", "supply.connector_amps", 5),
    ("schema", "connectors", []),
    ("pin", "connectors.0.contactor.pin", 27),  # the pilot's
    ("pin", "reserved.lamp", 27),
    ("pin", "connectors.0.contactor.pin", 24),  # not there
    ("pin", "connectors.0.contactor.pin", 7),  # flash
    ("vital", "connectors.0.contactor.pin", 2),
    ("vital", "connectors.0.pilot.pwm_pin", 12),
    ("vital", "connectors.0.residual_current.tripped.pin", 15),
    ("vital", "emergency_stop", {"pin": 15, "on": 1}),
    ("strapping", "light.pin", 2),
    ("strapping", "accepted", []),
    ("console", "light.pin", 3),
    ("input", "connectors.0.contactor.pin", 37),
    ("input", "light.pin", 37),
    ("input", "rs485.tx_pin", 37),
    ("input", "connectors.0.feedback.pin", 37),
    ("adc", "connectors.0.pilot.adc_pin", 2),
    ("adc", "connectors.0.cable.adc_pin", 15),
    ("boot", "connectors.0.pilot.open.pin", 14),
    ("boot", "connectors.0.pilot.pwm_pin", 14),
    ("boot", "alive.pin", 5),
    ("pull", "connectors.0.contactor.pull", "up"),
    ("pull", "connectors.0.contactor.pull", "none"),
    ("pull", "connectors.0.contactor.on", 0),
    ("pull", "connectors.0.pilot.pull", "down"),
    ("range", "connectors.0.pilot.mv_per_10_v", 1030),
    ("range", "connectors.0.pilot.attenuation_db", 6),
    ("range", "connectors.0.cable.pull_up_ohm", 200),
    # it would never read 71 C, at which charging stops: 0 dB ends at 950 mV
    (
        "range",
        "temperature",
        {
            "kind": "analogue",
            "adc_pin": 32,
            "attenuation_db": 0,
            "mv_at_0_c": 500,
            "uv_per_k": 10000,
        },
    ),
    (
        "bus",
        "connectors.0.meter",
        {"kind": "modbus", "model": "eastron_3p", "address": 1, "baud": 9600},
    ),
    ("bus", "reader", {"kind": "pn532"}),
    ("bus", "reader", {"kind": "mfrc522", "cs_pin": 5}),
    ("phases", "supply.phase_switch", True),
    ("accepted", "connectors.0.pilot.open.pin", 5),  # and the acceptance of 0 stays used
]


def test_the_schema_names_the_firmwares_meters():
    from setpoint.board.meters.modbus import METERS

    schema = json.loads((BOARDS / "board.schema.json").read_text())
    modbus = [
        kind["properties"]
        for kind in schema["$defs"]["meter"]["oneOf"]
        if kind["properties"]["kind"]["const"] == "modbus"
    ]
    assert sorted(modbus[0]["model"]["enum"]) == sorted(METERS)


@pytest.mark.parametrize(
    "second, objects",
    [
        ({}, True),
        ({"address": 2}, False),
        ({"address": 2, "baud": 2400}, True),
        ({"address": 2, "parity": "even"}, True),
    ],
)
def test_meters_on_one_line_agree_on_its_speed_but_not_on_their_address(
    second: dict, objects: bool
):
    base = changed(
        "connectors.0.meter",
        {"kind": "modbus", "model": "eastron_3p", "address": 1, "baud": 9600},
        board(),
    )
    base["connectors"].append(copy.deepcopy(base["connectors"][0]))
    base["connectors"][1]["meter"].update(second)
    assert ("bus" in [fault.rule for fault in faults_of(base)]) == objects


def test_a_misspelt_field_is_asked_about():
    base = board()
    for path, name, meant in (
        ("", "main", "mains"),
        ("mains", "safe_amp", "safe_amps"),
        ("supply", "grid_amp", "grid_amps"),
    ):
        meter = {"kind": "modbus_tcp", "model": "abb", "host": "10.0.0.7"}
        changed_board = changed("mains", {"fuse_amps": 25, "meter": meter}, base)
        (changed_board[path] if path else changed_board)[name] = 6
        if name == "main":
            del changed_board["mains"]
        (fault,) = faults_of(changed_board)
        assert fault.sentence.endswith("%s: did you mean %s?" % (name, meant))


@pytest.mark.parametrize(
    "uart, words",
    [(2, "an ESP32-C6 has none above 1"), (1, "and so is rs485/uart")],
)
def test_a_p1_port_needs_a_uart_of_its_own(uart: int, words: str):
    base = changed("temperature", None, board("esp32c6_devkitc"))
    base["rs485"]["direction_pin"] = None
    meter = {"kind": "p1", "uart": uart, "rx_pin": 20, "tx_pin": 23, "invert": True}
    base["mains"] = {"fuse_amps": 25, "meter": meter}
    assert [words in fault.sentence for fault in faults_of(base)] == [True]


@pytest.mark.parametrize(
    "bus, number, last", [("rs485", "uart", 1), ("i2c", "bus", 0), ("spi", "bus", 1)]
)
def test_a_bus_that_the_chip_has_not_got_is_objected_to(bus: str, number: str, last: int):
    lines = {
        "rs485": {"rx_pin": 18, "tx_pin": 19, "direction_pin": None},
        "i2c": {"sda_pin": 18, "scl_pin": 19},
    }
    lines["spi"] = {"sck_pin": 18, "mosi_pin": 19, "miso_pin": 23}
    base = changed("rs485", None, board("esp32c6_devkitc"))
    base[bus] = dict(lines[bus], **{number: last})
    assert faults_of(base) == []
    base[bus][number] += 1
    objection = "%s/%s is %d, and an ESP32-C6 has none above %d" % (bus, number, last + 1, last)
    assert [fault.sentence for fault in faults_of(base)] == [objection]


def test_a_meter_a_reader_an_emergency_stop_and_ventilation_are_described():
    base = changed(
        "connectors.0.meter",
        {"kind": "pulse", "pin": 5, "pulses_per_kwh": 1000, "chip_pull": "up"},
        board(),
    )
    base = changed("reader", {"kind": "pn532"}, changed("connectors.0.ventilation", True, base))
    base = changed(
        "emergency_stop", {"pin": 19, "on": 1, "chip_pull": "up"}, changed("i2c.scl_pin", 2, base)
    )
    assert {fault.rule for fault in faults_of(base)} == {"strapping"}  # of 2 and 5


@pytest.mark.parametrize("rule, path, value", FAULTS)
def test_what_is_wrong_with_a_board_is_found(rule: str, path: str, value):
    base = board()
    base["module"] = "ESP32-MINI-1" if value == 37 else base["module"]  # the one that brings 37 out
    if rule == "bus":
        base = changed("rs485", None, changed("i2c", None, base))
    if rule == "accepted":
        base["accepted"].append({"rule": "boot", "pin": 14, "because": "left over"})
    assert rule in [fault.rule for fault in faults_of(changed(path, value, base))]


def test_what_is_vital_cannot_be_accepted():
    base = changed("connectors.0.contactor.pin", 2, board())
    base["accepted"].append({"rule": "strapping", "pin": 2, "because": "it is pulled down"})
    assert {"vital"} <= {fault.rule for fault in faults_of(base)}
    base["accepted"][-1]["rule"] = "vital"
    assert [fault.rule for fault in faults_of(base)] == ["schema"]


def test_the_tool_says_what_is_wrong_and_ends_with_1(tmp_path: Path):
    path = tmp_path / "board.json"
    path.write_text(json.dumps(changed("connectors.0.contactor.pin", 7, board())))
    done = subprocess.run(
        [sys.executable, "-m", "tools.boards", str(path)],
        cwd=BOARDS.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert (
        done.returncode == 1
        and "pin 7, contactor of connector 1, belongs to the flash" in done.stdout
    )
    path.write_text("{")
    done = subprocess.run(
        [sys.executable, "-m", "tools.boards", str(path)],
        cwd=BOARDS.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1 and "cannot be read" in done.stdout
    done = subprocess.run(
        [sys.executable, "-m", "tools.boards", "--pins"],
        cwd=BOARDS.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0 and "26  contactor of connector 1" in done.stdout
