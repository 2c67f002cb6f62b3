"""A central system that misbehaves in every way we can think of, while a vehicle charges.

After each attack: the same process runs, the transaction goes on, contactor and limit are as
before, and a valid request is answered, on the same connection or, where the WebSocket rules demand
that it is closed, on the next one.
"""

from __future__ import annotations

import json
import random
import struct
import time
from contextlib import closing, suppress
from typing import Any

import pytest

from faults.bench import Bench, in_short, profile
from faults.frames import HEARTBEAT, frame
from faults.mutations import hostile_payloads
from tools.central_system import SILENCE, Text

# With 100 KB some of it ends in a restart: a change that finds no memory leaves nothing half done.
HEAP = "128K"
_PATIENCE_S = 40
_SLOW = ("a clock that jumps", "a hundred requests at once", "ten thousand pings")
_REQUEST = json.dumps([2, "f", "GetConfiguration", {"key": ["HeartbeatInterval"]}]).encode()

# OCPP-J texts
TEXTS = {
    "text that is no JSON": (
        "", " ", "{", "[", "nul", "[2,", '"', "[2]]", "[1e999]", "\x00", "[" * 2000, "é" * 3000,
    ),
    "JSON that is no message": [
        json.dumps(value) for value in (
            None, 0, "", [], {}, [2], [2, "a"], [2, 1, "A", {}], [2, "a", 3, {}],
            [2, "a", "Reset", []], [5, "a", {}], [3, "a"], [4, "a", "b"], [[]] * 9,
        )
    ],
    "actions nobody knows": [
        json.dumps([2, "x", action, {}]) for action in (
            "", "reset", "Reset ", "__class__", "../../boot", "A" * 3000, "BootNotification", "ç",
        )
    ],
    "answers to nothing": [
        json.dumps(answer) for number in range(50) for answer in (
            [3, "no-%d" % number, {"status": "Accepted"}],
            [4, "no-%d" % number, "GenericError", "", {}],
        )
    ],
}  # fmt: skip
# Bytes on the connection
FRAMES = {
    "ten thousand pings": frame(9, b"ping") * 10000,
    "fragments of one byte": b"".join(
        frame(1 if place == 0 else 0, _REQUEST[place : place + 1], place == len(_REQUEST) - 1)
        for place in range(len(_REQUEST))
    ),
    "empty fragments for ever": frame(1, b"", False) + frame(0, b"", False) * 5000,
    "a frame of a megabyte": frame(1, b"[" * 1000000),
    "a frame that promises terabytes": b"\x81\x7f" + struct.pack(">Q", 1 << 62),
    "binary frames": frame(2, HEARTBEAT),
    "text that is no UTF-8": frame(1, b'[2,"\xff\xfe","Reset",{}]'),
    "reserved bits and opcodes": frame(1, HEARTBEAT, reserved=4),
    "masked frames": frame(1, HEARTBEAT, masked=True),
    "control frames too long": frame(9, b"x" * 126),
    "half a frame and then silence": frame(1, HEARTBEAT)[:10],
}
# To a Heartbeat
ANSWERS: dict[str, tuple] = {
    "answers that are wrong": (
        Text('[3,"%s",null]'),
        Text('[3,"%s"]'),
        Text('[3,"%s",{"currentTime":7}]'),
        Text('[3,"%s",{"currentTime":"2026-13-99T99:99:99Z"}]'),
        Text('[4,"%s"]'),
        Text('[4,"%s",7,7,7]'),
    ),
    "answers half readable": (
        Text('[3,"%s",{"currentTime":"9999-12-31T23:59:59Z"}]'),
        Text('[3,"%s",{"currentTime":"0001-01-01T00:00:00Z"}]'),
        Text('[3,"%s",{"currentTime":"2025-06-15","interval":300.0}]'),
        Text('[3,"%s",{"currentTime":null,"idTagInfo":{"status":"Blocked"}}]'),
    ),
    "answers that never come": (SILENCE,),
}


def _heartbeat(bench: Bench) -> None:
    """Asks for one, and waits for it."""
    since = len(bench.central.messages)
    bench.central.inject(HEARTBEAT.decode())
    bench.central.wait_for("Heartbeat", since=since, timeout=35)


def _answer(bench: Bench, answer: Any) -> None:
    bench.central.answers["Heartbeat"] = answer
    try:
        _heartbeat(bench)
    finally:
        del bench.central.answers["Heartbeat"]


def _answer_twice(bench: Bench, chance: random.Random) -> None:
    _answer(bench, Text('[3,"%s",{"currentTime":"' + bench.central.now() + '"}]'))
    last = [m for m in bench.central.messages if m.to_station][-1]
    bench.central.inject(last.text)


def _mutate_payloads(bench: Bench, chance: random.Random) -> None:
    for action, payload in hostile_payloads(chance, 150):
        bench.central.inject(json.dumps([2, "m", action, payload]))


def _ask_a_hundred_times(bench: Bench, chance: random.Random) -> None:
    for number in range(100):
        bench.central.inject(json.dumps([2, "r%d" % number, "GetConfiguration", {}]))

    def answered() -> bool:
        return any(m.id == "r99" and not m.to_station for m in bench.central.messages[-150:])

    bench.central._wait(answered, 30, "no answer to the last")


def _jump(bench: Bench, chance: random.Random) -> None:
    for offset_s in (86400 * 400, -86400 * 400, 0):
        bench.central.clock_offset_s = offset_s
        _heartbeat(bench)


def _send_random_bytes(bench: Bench, chance: random.Random) -> None:
    bench.central._link(None).socket.sendall(chance.randbytes(4096))


def _cut_connections(bench: Bench, chance: random.Random) -> None:
    for _ in range(5):
        bench.central.drop(abrupt=True)
        bench.central.wait_connected(_PATIENCE_S)


def _fail_writes(bench: Bench, chance: random.Random) -> None:
    """The profiles that are asked for change no limit: they allow more than the connector bears."""
    for mode in ("error", "full"):
        for number in range(1, 6):
            bench.station.cmd("flash", after_writes=number, mode=mode)
            payload = {"connectorId": 1, "csChargingProfiles": profile(1, 40 + number)}
            bench.central.call("SetChargingProfile", payload)
            bench.station.cmd("flash", mode=None)
    bench.central.call("ClearChargingProfile", {})


def _refuse(bench: Bench, chance: random.Random) -> None:
    bench.central.stop()
    time.sleep(2)
    bench.central.start()


DEEDS = {
    "answers given twice": _answer_twice,
    "payloads from the schemas, mutated": _mutate_payloads,
    "a hundred requests at once": _ask_a_hundred_times,
    "a clock that jumps": _jump,
    "random bytes": _send_random_bytes,
    "connections that are cut at once": _cut_connections,
    "flash writes that fail meanwhile": _fail_writes,
    "a port that refuses": _refuse,
}
ATTACKS = [*TEXTS, *FRAMES, *ANSWERS, *DEEDS]


def carry_out(name: str, bench: Bench, chance: random.Random) -> None:
    for text in TEXTS.get(name, ()):
        bench.central.inject(text)
    if name in FRAMES:
        bench.central._link(None).socket.sendall(FRAMES[name])
    for answer in ANSWERS.get(name, ()):
        _answer(bench, answer)
    if name in DEEDS:
        DEEDS[name](bench, chance)


@pytest.fixture(scope="module")
def bench(interpreter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    with closing(Bench(folder, interpreter, keys={"WebSocketPingInterval": "2"})) as bench:
        bench.plugged(16)
        bench.start_charging()
        yield bench


@pytest.mark.row("a misbehaving central system")
@pytest.mark.parametrize(
    "attack", in_short(ATTACKS, *(name for name in ATTACKS if name not in _SLOW))
)
def test_a_misbehaving_central_system_changes_nothing(attack, bench, scale, looks):
    with suppress(ConnectionError):  # the station may hang up in the middle of the attack
        carry_out(attack, bench, random.Random(scale.seed))
    looks(*bench.check_unmoved())
