"""The ESP32's board on a model of the chip, for tests: `board, wire = boot()`; host_tests/chip has
the model.

No real time passes: in `virtual_time()` clocks follow the chip's, and `pass_time(ms, tasks)` runs
tasks that sleep."""

import json
import os
import sys

try:
    from atexit import register as at_exit
except ImportError:  # MicroPython
    at_exit = sys.atexit

_FOLDERS = []
_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
_BOARDS = _HERE + "/../../boards/"
sys.path.insert(0, _HERE + "/../chip")

import machine  # noqa: E402, F401  # the chip's, for tests
import port_select  # noqa: E402
from chip import CHIP, Panic  # noqa: E402, F401

from setpoint import clock  # noqa: E402
from setpoint.board.esp32 import board as boards  # noqa: E402
from setpoint.board.esp32 import dim_contact, lock, panel, thermometer, wifi  # noqa: E402
from setpoint.board.meters import estimate, pulse  # noqa: E402
from setpoint.board.readers import mfrc522, pn532, polling  # noqa: E402

_SLEEPERS = (
    clock,
    boards,
    dim_contact,
    lock,
    panel,
    thermometer,
    wifi,
    estimate,
    pulse,
    mfrc522,
    pn532,
    polling,
)

clock._ticks_us = CHIP.ticks_us
wifi.select = port_select
IDENTITY = {
    "csms_url": "ws://127.0.0.1:9",
    "charge_point_id": "cp001",
    "wifi": {"ssid": "home", "password": "secret"},
}


def described():
    """The names of all boards with pins."""
    return [
        name
        for name in os.listdir(_BOARDS)
        if "." not in name and name not in ("images", "simulated")
    ]


def description(name="esp32_devkitc", **changes):
    """A board.json as a dictionary; changes: of its top level, and of connector 1
    ("connector_feedback"). What the DevKitC lays out for later is not there, unless it is asked
    for: a test may use pins 19, 21, 34 and 35."""
    with open(_BOARDS + name + "/board.json") as file:
        wiring = json.load(file)
    if name == "esp32_devkitc":
        wiring["reserved"] = {}
        wiring["i2c"] = wiring["i2c"] if changes.get("reader") == {"kind": "pn532"} else None
    for key in changes:
        if key == "connector_meter" and changes[key] is None:
            del wiring["connectors"][0]["meter"]
        elif key.startswith("connector_"):
            wiring["connectors"][0][key[10:]] = changes[key]
        else:
            wiring[key] = changes[key]
    if changes.get("button", True) is None:
        wiring["accepted"] = []  # it was the button's pin
    return wiring


def boot(wiring=None, identity=IDENTITY, root=None):
    """(the Board, the pilot's wire of connector 1). The chip is as it was left: CHIP.start() or
    CHIP.restart() comes before."""
    wiring = description() if wiring is None else wiring
    root = root or _fresh_folder()
    for name, document in (("board", wiring), ("identity", identity)):
        with open("%s/%s.json" % (root, name), "w") as file:
            file.write(document if type(document) is str else json.dumps(document))
    wire = None
    for connector in wiring.get("connectors", ()) if type(wiring) is dict else ():
        pilot = connector["pilot"]
        wire = wire or CHIP.wires.get(pilot["adc_pin"]) or CHIP.wire_pilot(pilot)
        feedback = connector.get("feedback")
        if feedback:
            same = feedback["on"] == connector["contactor"]["on"]
            CHIP.closes[feedback["pin"]] = (connector["contactor"]["pin"], 0 if same else 1)
    return boards.Board(root), wire


def booted(identity=IDENTITY, **changes):
    CHIP.start()
    return boot(description(**changes), identity)[0]


def _fresh_folder():
    """The one folder of this process, emptied: a board that was booted before has no files any
    more."""
    if not _FOLDERS:
        _FOLDERS.append(
            "%s/setpoint-esp32-%s"
            % (os.getenv("TMPDIR") or "/tmp", "".join(["%02x" % b for b in os.urandom(6)]))
        )
        at_exit(_remove_folder)
    else:
        _remove_folder()
    os.mkdir(_FOLDERS[0])
    return _FOLDERS[0]


def _remove_folder(path=None):
    path = path or _FOLDERS[0]
    for name in os.listdir(path):
        try:
            os.remove(path + "/" + name)
        except OSError:
            _remove_folder(path + "/" + name)
    os.rmdir(path)


class _Nap:
    """What `await sleep_ms(...)` waits for in virtual time."""

    def __init__(self, ms):
        self._ms = ms

    def __await__(self):
        yield self._ms

    __iter__ = __await__


async def _virtual_sleep_ms(ms):
    await _Nap(ms)


def virtual_time():
    """From here on, in this process, the board's clocks and sleeps are the chip's. -> a function
    that ends it"""
    before = clock._ticks_ms, clock.sleep_ms
    clock._ticks_ms = lambda: CHIP.now_us // 1000
    for module in _SLEEPERS:
        module.sleep_ms = _virtual_sleep_ms

    def end():
        clock._ticks_ms = before[0]
        for module in _SLEEPERS:
            module.sleep_ms = before[1]

    return end


class Task:
    """A coroutine in virtual time."""

    def __init__(self, coroutine):
        self.coroutine = coroutine
        self.due_ms = CHIP.now_us // 1000

    def step(self):
        self.due_ms += self.coroutine.send(None)


def pass_time(ms, tasks, every_20_ms=None):
    """Virtual time passes for these tasks; `every_20_ms()` is the control loop."""
    end_ms = CHIP.now_us // 1000 + ms
    while CHIP.now_us // 1000 < end_ms:
        for task in tasks:
            while task.due_ms <= CHIP.now_us // 1000:
                task.step()
        CHIP.now_us += 10000
        if every_20_ms and CHIP.now_us // 10000 % 2:
            every_20_ms()
