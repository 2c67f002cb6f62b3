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

from faults.bench import Bench, profile
from faults.frames import HEARTBEAT, frame
from faults.mutations import hostile_payloads
from tools.central_system import SILENCE, Link, Text

# With 100 KB some of it ends in a restart: a change that finds no memory leaves nothing half done.
HEAP = "128K"
_PATIENCE_S = 40
_SLOW = ("a_clock_that_jumps", "a_hundred_requests_at_once", "ten_thousand_pings")


class Attacks:
    """Each public method is one; its name, spaces for underscores, is what the report says."""

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self._bench = bench
        self._chance = chance

    def _link(self) -> Link:
        return self._bench.central._link(None)

    def _raw(self, data: bytes) -> None:
        self._link().socket.sendall(data)

    def text_that_is_no_json(self) -> None:
        for text in (
            "",
            " ",
            "{",
            "[",
            "nul",
            "[2,",
            '"',
            "[2]]",
            "[1e999]",
            "\x00",
            "[" * 2000,
            "é" * 3000,
        ):
            self._bench.central.inject(text)

    def json_that_is_no_message(self) -> None:
        for value in (
            None, 0, "", [], {}, [2], [2, "a"], [2, 1, "A", {}], [2, "a", 3, {}],
            [2, "a", "Reset", []], [5, "a", {}], [3, "a"], [4, "a", "b"], [[]] * 9,
        ):  # fmt: skip
            self._bench.central.inject(json.dumps(value))

    def actions_nobody_knows(self) -> None:
        for action in (
            "",
            "reset",
            "Reset ",
            "__class__",
            "../../boot",
            "A" * 3000,
            "BootNotification",
            "ç",
        ):
            self._bench.central.inject(json.dumps([2, "x", action, {}]))

    def payloads_from_the_schemas_mutated(self) -> None:
        for action, payload in hostile_payloads(self._chance, 150):
            self._bench.central.inject(json.dumps([2, "m", action, payload]))

    def a_hundred_requests_at_once(self) -> None:
        for number in range(100):
            self._bench.central.inject(json.dumps([2, "r%d" % number, "GetConfiguration", {}]))
        self._bench.central._wait(
            lambda: sum(
                m.id == "r99" and not m.to_station for m in self._bench.central.messages[-150:]
            ),
            30,
            "no answer to the last",
        )

    def answers_to_nothing(self) -> None:
        for number in range(50):
            self._bench.central.inject(json.dumps([3, "no-%d" % number, {"status": "Accepted"}]))
            self._bench.central.inject(json.dumps([4, "no-%d" % number, "GenericError", "", {}]))

    def answers_that_are_wrong(self) -> None:
        for answer in (
            '[3,"%s",null]',
            '[3,"%s"]',
            '[3,"%s",{"currentTime":7}]',
            '[3,"%s",{"currentTime":"2026-13-99T99:99:99Z"}]',
            '[4,"%s"]',
            '[4,"%s",7,7,7]',
        ):
            self._trigger_answered_by(Text(answer))

    def answers_half_readable(self) -> None:
        for answer in (
            '[3,"%s",{"currentTime":"9999-12-31T23:59:59Z"}]',
            '[3,"%s",{"currentTime":"0001-01-01T00:00:00Z"}]',
            '[3,"%s",{"currentTime":"2025-06-15","interval":300.0}]',
            '[3,"%s",{"currentTime":null,"idTagInfo":{"status":"Blocked"}}]',
        ):
            self._trigger_answered_by(Text(answer))

    def answers_given_twice(self) -> None:
        self._trigger_answered_by(
            Text('[3,"%s",{"currentTime":"' + self._bench.central.now() + '"}]')
        )
        last = [m for m in self._bench.central.messages if m.to_station][-1]
        self._bench.central.inject(last.text)

    def answers_that_never_come(self) -> None:
        self._trigger_answered_by(SILENCE)

    def _trigger_answered_by(self, answer: Any) -> None:
        since = len(self._bench.central.messages)
        self._bench.central.answers["Heartbeat"] = answer
        self._bench.central.inject(HEARTBEAT.decode())
        try:
            self._bench.central.wait_for("Heartbeat", since=since, timeout=35)
        finally:
            del self._bench.central.answers["Heartbeat"]

    def a_clock_that_jumps(self) -> None:
        for offset_s in (86400 * 400, -86400 * 400, 0):
            self._bench.central.clock_offset_s = offset_s
            since = len(self._bench.central.messages)
            self._bench.central.inject(HEARTBEAT.decode())
            self._bench.central.wait_for("Heartbeat", since=since, timeout=35)

    def ten_thousand_pings(self) -> None:
        for _ in range(100):
            self._raw(frame(9, b"ping") * 100)

    def fragments_of_one_byte(self) -> None:
        text = json.dumps([2, "f", "GetConfiguration", {"key": ["HeartbeatInterval"]}]).encode()
        for place in range(len(text)):
            self._raw(
                frame(1 if place == 0 else 0, text[place : place + 1], final=place == len(text) - 1)
            )

    def empty_fragments_for_ever(self) -> None:
        self._raw(frame(1, b"", final=False) + frame(0, b"", final=False) * 5000)

    def a_frame_of_a_megabyte(self) -> None:
        self._raw(frame(1, b"[" * 1000000))

    def a_frame_that_promises_terabytes(self) -> None:
        self._raw(b"\x81\x7f" + struct.pack(">Q", 1 << 62))

    def binary_frames(self) -> None:
        self._raw(frame(2, HEARTBEAT))

    def text_that_is_no_utf8(self) -> None:
        self._raw(frame(1, b'[2,"\xff\xfe","Reset",{}]'))

    def reserved_bits_and_opcodes(self) -> None:
        self._raw(frame(1, HEARTBEAT, reserved=4))

    def masked_frames(self) -> None:
        self._raw(frame(1, HEARTBEAT, masked=True))

    def control_frames_too_long(self) -> None:
        self._raw(frame(9, b"x" * 126))

    def half_a_frame_and_then_silence(self) -> None:
        self._raw(frame(1, HEARTBEAT)[:10])

    def random_bytes(self) -> None:
        self._raw(bytes(self._chance.randrange(256) for _ in range(4096)))

    def connections_that_are_cut_at_once(self) -> None:
        for _ in range(5):
            self._bench.central.drop(abrupt=True)
            self._bench.central.wait_connected(_PATIENCE_S)

    def flash_writes_that_fail_meanwhile(self) -> None:
        """The profiles that are asked for change no limit: they allow more than the connector
        bears."""
        for mode in ("error", "full"):
            for number in range(1, 6):
                self._bench.station.cmd("flash", after_writes=number, mode=mode)
                self._bench.central.call(
                    "SetChargingProfile",
                    {"connectorId": 1, "csChargingProfiles": profile(1, 40 + number)},
                )
                self._bench.station.cmd("flash", mode=None)
        self._bench.central.call("ClearChargingProfile", {})

    def a_port_that_refuses(self) -> None:
        self._bench.central.stop()
        time.sleep(2)
        self._bench.central.start()


def attacks() -> list[Any]:
    names = [name for name in vars(Attacks) if not name.startswith("_")]
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in _SLOW)) for name in names]


@pytest.fixture(scope="module")
def bench(interpreter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    with closing(Bench(folder, interpreter, keys={"WebSocketPingInterval": "2"})) as bench:
        bench.plugged(16)
        bench.start_charging()
        yield bench


@pytest.mark.row("a misbehaving central system")
@pytest.mark.parametrize("attack", attacks())
def test_a_misbehaving_central_system_changes_nothing(attack, bench, scale, looks):
    with suppress(ConnectionError):  # the station may hang up in the middle of the attack
        getattr(Attacks(bench, random.Random(scale.seed)), attack)()
    looks(*bench.check_unmoved())
