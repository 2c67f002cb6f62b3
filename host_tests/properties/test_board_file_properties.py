"""/board.json and /identity.json, whatever stands in them: the board starts or says why not, and
both sides judge alike.

Both sides: the firmware at its start (board/esp32/description.py, identity.py) and the tools before
anything is sent (`make boards`, `make provision`)."""

import copy
import json
import os
import tempfile

import pytest
from esp32_bench import (
    CHIP,
    IDENTITY,
    Task,
    boards,
    described,
    description,
    machine,
    pass_time,
    virtual_time,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from test_esp32_files import WRONG, changed
from test_fuzz_properties import anything, damaged, places

from setpoint.app import App
from setpoint.board.esp32.description import fault_in
from setpoint.board.identity import usable
from tools.boards import BOARDS, faults_of
from tools.provision import reason_to_refuse

TRIES = int(os.environ.get("SETPOINT_EXAMPLES", "60"))
ALL = {name: json.loads((BOARDS / name / "board.json").read_text()) for name in sorted(described())}
pins = st.integers(-1, 49)
OUTPUT = {"pin": 21, "on": 1, "pull": "down"}
PARTS = [  # what a board may have besides
    ("connectors.0.phases_2_3", OUTPUT),
    ("connectors.0.lock", {"close": OUTPUT, "open": dict(OUTPUT, pin=19), "pulse_ms": 300}),
    ("connectors.0.meter", {"kind": "pulse", "pin": 35, "pulses_per_kwh": 1000}),
    (
        "connectors.0.meter",
        {"kind": "modbus", "model": "pzem004t", "address": 1, "baud": 9600, "parity": "none"},
    ),
    (
        "connectors.0.cable",
        {"adc_pin": 34, "attenuation_db": 11, "supply_mv": 3300, "pull_up_ohm": 1000},
    ),
    ("connectors.0.ground", {"pin": 35, "on": 0}),
    ("supply.connector_watts", 11000),
    ("supply.grid_amps", 63.5),
    (
        "temperature",
        {
            "kind": "analogue",
            "adc_pin": 35,
            "attenuation_db": 6,
            "mv_at_0_c": 500,
            "uv_per_k": 10000,
        },
    ),
    ("emergency_stop", {"pin": 35, "on": 1}),
    ("dim", {"pin": 35, "on": 1, "chip_pull": "up", "watts": 4200}),
    ("reader", {"kind": "mfrc522", "cs_pin": 21, "reset_pin": None}),
    ("reader", {"kind": "pn532"}),
    ("spi", {"bus": 2, "sck_pin": 21, "mosi_pin": 19, "miso_pin": 35}),
    ("accepted", []),
    (
        "mains",
        {
            "fuse_amps": 25,
            "safe_amps": 6,
            "rise_after_s": 30,
            "surplus": True,
            "meter": {"kind": "modbus", "model": "abb", "address": 2, "baud": 9600},
        },
    ),
    (
        "mains",
        {
            "fuse_amps": 35,
            "meter": {"kind": "modbus_tcp", "model": "abb", "host": "10.0.0.7", "port": 502},
        },
    ),
    (
        "mains",
        {
            "fuse_amps": 25,
            "meter": {"kind": "p1", "uart": 2, "rx_pin": 35, "tx_pin": 19, "invert": True},
        },
    ),
]
# Near to what is right: this is where two judges may differ.
nearly = pins | st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        2,
        2.5,
        26.0,
        5,
        6,
        63,
        64,
        80,
        100,
        101,
        300,
        1000,
        5000,
        5001,
        1000000,
        0.5,
        1e308,
        "",
        "up",
    ]
)
nearly |= st.sampled_from(
    [
        "down",
        "kind",
        "pulse",
        "2026-01-31",
        "2026-1-31",
        "x y",
        "ESP32-S2",
        "ESP32-MINI-1",
        "ESP32-S3-octal",
        "ESP32-C3",
    ]
)
nearly |= st.sampled_from(["ESP32-C6", "none", [], {}, OUTPUT])
nearly = nearly.map(copy.deepcopy)


@st.composite
def boards_nearly_right(draw):
    """One of the repository's boards with some parts more and some fields changed, or gone."""
    board = copy.deepcopy(ALL[draw(st.sampled_from(sorted(ALL)))])
    if draw(st.booleans()):
        board["reserved"] = {}  # pins to give
    for path, part in draw(st.lists(st.sampled_from(PARTS), max_size=3)):
        at = board
        *way, last = path.split(".")
        for word in way:
            at = at[int(word) if word.isdigit() else word]
        at[last] = copy.deepcopy(part)
    if draw(st.integers(0, 4)) == 0:
        board["connectors"].append(copy.deepcopy(board["connectors"][0]))
    for _ in range(draw(st.integers(0, 3))):
        container, key = draw(st.sampled_from(places(board)))
        way = draw(st.integers(0, 5))
        if way == 0 and isinstance(container, dict):
            del container[key]
        elif way == 1:
            container[key] = draw(anything)
        elif way == 2 and isinstance(container, dict):
            container[
                draw(st.sampled_from(["extra", "chip_pull", "parity", "kind", "on", "pin"]))
            ] = draw(nearly)
        elif way == 3 and type(container[key]) in (int, float):
            container[key] += draw(st.sampled_from([-1, 1, 0.5, 100]))
        else:
            container[key] = draw(nearly)
    for fault in faults_of(board)[: draw(st.integers(0, 3))]:
        if fault.rule in ("strapping", "console", "boot", "range", "pull") and isinstance(
            board.get("accepted", []), list
        ):
            board.setdefault("accepted", []).append(
                {"rule": fault.rule, "pin": fault.pin, "because": "of a test"}
            )
    return board


@given(board=boards_nearly_right())
@settings(max_examples=TRIES * 2)
def test_the_firmware_takes_the_boards_that_the_validator_takes_and_no_other(board):
    board = json.loads(json.dumps(board))
    ours, theirs = fault_in(board), [fault.sentence for fault in faults_of(board)]
    if theirs:
        assert ours, theirs
    elif board["module"] != "none":  # the simulated board is described, and is none for a chip
        assert ours is None, ours


@given(board=anything)
def test_no_json_makes_a_judge_of_boards_raise(board):
    assert fault_in(board) and faults_of(board)


@pytest.mark.parametrize("name", sorted(ALL))
@given(data=st.data())
@settings(max_examples=TRIES // 6)
def test_what_is_not_right_with_a_board_closes_nothing_and_is_told(name, data):
    """On the model of the chip; what starts is a board that the validator takes."""
    text = data.draw(
        st.one_of(
            damaged(ALL[name]).map(json.dumps),
            boards_nearly_right().map(json.dumps),
            st.text(max_size=50),
        )
    )
    for cut in data.draw(st.lists(st.integers(0, len(text)), max_size=1)):
        text = text[:cut]
    with tempfile.TemporaryDirectory() as root:
        board = started(root, text.encode("utf-8", "surrogatepass"), json.dumps(IDENTITY).encode())
        if board is None:
            assert CHIP.history == [] and CHIP.pwms == {}, "nothing is driven"
        else:
            assert faults_of(json.loads(text)) == []
            assert safe(json.loads(text))


def safe(wiring):
    """Contactors open, pilots at steady +12 V."""
    for connector in wiring["connectors"]:
        for name in ("contactor", "phases_2_3"):
            output = connector.get(name)
            if output and CHIP.outputs[output["pin"]] == output["on"]:
                return False
    return all(pwm.duty_u16() == 65535 for pwm in CHIP.pwms.values())


def started(root, board_json, identity_json):
    """The Board, or None when it says what is wrong."""
    for file, content in (("board", board_json), ("identity", identity_json)):
        with open("%s/%s.json" % (root, file), "wb") as written:
            written.write(content)
    CHIP.start()
    try:
        wiring = json.loads(board_json)
        if not faults_of(wiring):
            CHIP.start(wiring["module"])
    except ValueError:
        pass
    try:
        return boards.Board(root)
    except boards.UnfitBoard as error:
        assert len(str(error)) > 20
        return None


# -- identity

WHOLE = {
    "csms_url": "ws://127.0.0.1:9/ocpp",
    "charge_point_id": "cp001",
    "vendor": "Acme",
    "model": None,
    "charge_box_serial": "1",
    "basic_auth": {"user": "me", "password": "a secret"},
    "tls": {"ca_file": "/ca.pem", "cert_file": None, "check_hostname": True},
    "wifi": {"ssid": "home", "password": "a secret", "hostname": "box", "country": "DE"},
    "keys": {"HeartbeatInterval": "60", "LocalPreAuthorize": True},
    "reconnect": {"minimum_s": 1, "random_s": 0},
}


@given(document=damaged(WHOLE) | anything)
@settings(max_examples=TRIES)
def test_what_provisioning_takes_the_firmware_takes_whole(document):
    document = json.loads(json.dumps(document))
    found, problems = usable(document)
    refused = reason_to_refuse(document)
    if problems:
        assert refused
    if refused is None:
        assert found == {name: document[name] for name in document if document[name] is not None}


@given(
    content=damaged(WHOLE).map(lambda value: json.dumps(value).encode())
    | anything.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
)
@settings(max_examples=TRIES // 3)
def test_no_identity_keeps_a_station_from_running_safely(content):
    wiring = description()
    with tempfile.TemporaryDirectory() as root:
        board = started(root, json.dumps(wiring).encode(), content)
        end = virtual_time()
        tasks = []
        try:
            app = App(board)
            app.dispatch(app.station.start)
            tasks = [Task(coroutine) for _, coroutine in board.attach(app)]
            pass_time(1500, tasks, lambda: app.control.step(20))
            app.wake()
            app.station.registration.boot()
            assert safe(wiring) and app.board.supply["connector_amps"] == 16
        except machine.Resets:
            pytest.fail("it restarts")
        finally:
            end()
            for task in tasks:
                task.coroutine.close()


@pytest.mark.parametrize(
    "path, value", [row[:2] for row in WRONG], ids=lambda part: part if type(part) is str else None
)
def test_what_the_firmware_refuses_by_name_the_validator_refuses(path, value):
    assert faults_of(changed(path, value, description()))
