"""The meter at the grid connection falls silent, garbles or lies while a vehicle charges at all that
the fuse leaves; device/mains_over_tcp.py has the station ask it over Modbus TCP.

What is no reading counts as silence: after 10 s the vehicle gets 6 A, it goes on with them, and it
is back at the old limit soon after the meter is. A lie that can be is believed only downwards.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from faults import inside
from tools.central_system import CentralSystem

SHORT_BITS = ("32",)
_HOUSE_A = 2.0
_ALL_DA = 320  # 35 A of the fuse, less a margin of 1 A and the house: the connector's own 32 A
_SAFE_DA = 60
# 10 s of silence, a look at it each second, and what a busy host may add
_SAFE_WITHIN_MS = 10000 + 2000 + 5000
_PATIENCE_S = 60


class _HangUp(Exception):
    pass


def _answer(number: int, amperes: float, watts: float = 1.0) -> bytes:
    values = struct.pack(">6f", *[amperes] * 3, *[watts] * 3)
    return struct.pack(">HHHBBB", number, 0, 27, 1, 4, 24) + values


def _hang_up(meter: Meter, number: int) -> bytes:
    raise _HangUp


BEHAVIOURS: dict[str, Callable[[Meter, int], bytes]] = {
    "silence": lambda meter, number: b"",
    "garbage": lambda meter, number: bytes(meter.random.randrange(256) for _ in range(40)),
    "it hangs up": _hang_up,
    "half an answer": lambda meter, number: _answer(number, 0.0)[:20],
    "answers to another question": lambda meter, number: _answer(number + 7, 0.0),
    "an exception": lambda meter, number: struct.pack(">HHHBBB", number, 0, 3, 1, 0x84, 4),
    "no numbers": lambda meter, number: _answer(number, float("nan")),
    "currents that cannot be": lambda meter, number: _answer(number, 9999.0, -1.0),
}
_IN_SHORT = ("no numbers",)


class Meter:
    """Stands in for a meter with Modbus TCP: it tells the truth of a house of 2 A on each phase and
    the vehicle, or behaves as in the table above."""

    def __init__(self) -> None:
        self.random: random.Random = random.Random(1)
        self.behave: Callable[[Meter, int], bytes] | None = None
        self.draws_da = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer_all, args=(connection,), daemon=True).start()

    def _answer_all(self, connection: socket.socket) -> None:
        with connection:
            while True:
                try:
                    asked = connection.recv(12, socket.MSG_WAITALL)
                    if len(asked) < 12:
                        return
                    number = int.from_bytes(asked[:2], "big")
                    truth = _answer(number, _HOUSE_A + self.draws_da / 10)
                    connection.sendall(truth if self.behave is None else self.behave(self, number))
                except (OSError, _HangUp):
                    return

    def close(self) -> None:
        self._listener.close()


class Watched:
    """The station's process, and what it says of itself."""

    def __init__(self, command: list[str], meter: Meter) -> None:
        self.log: list[str] = []
        self.said: list[dict[str, Any]] = []
        self._meter = meter
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.said.append(json.loads(line))
                self._meter.draws_da = self.said[-1]["draws_da"]
            else:
                self.log.append(line.rstrip())

    def wait_for(self, condition: Callable[[dict], Any], complaint: str) -> dict[str, Any]:
        """The first thing that it says from now on of which that is true."""
        at = len(self.said)
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            while at < len(self.said):
                if condition(self.said[at]):
                    return self.said[at]
                at += 1
            time.sleep(0.05)
        raise AssertionError("%s: %s, %s" % (complaint, self.said[-1:], self.log[-5:]))


@pytest.mark.row("a mains meter silent, garbled or lying in mid-charge")
def test_a_meter_that_cannot_be_believed(
    scale: Any, interpreter: list[str], tmp_path: Path, subtests: Any
) -> None:
    command = inside.command(tmp_path, interpreter, "mains_over_tcp", "512K")
    names = scale.pick(_IN_SHORT, tuple(BEHAVIOURS), tuple(BEHAVIOURS))
    meter = Meter()
    with CentralSystem() as central:
        start = inside.start_file(tmp_path, csms_url=central.url, vehicles=[{"connector": 1}])
        station = Watched([*command, str(meter.port), start], meter)
        try:
            central.wait_for("BootNotification")
            central.call("RemoteStartTransaction", {"connectorId": 1, "idTag": "TAG"})
            for name in names:
                with subtests.test(name):
                    _try(station, meter, name)
            with subtests.test("an overload that is none"):
                _try_overload(station, meter)
            assert not central.seen("StopTransaction"), "the transaction ended"
        finally:
            station.process.kill()
            station.process.wait()
            meter.close()


def _charges_fully(said: dict) -> bool:
    return said["limit_da"] == said["draws_da"] == _ALL_DA and said["problem"] is None


def _try(station: Watched, meter: Meter, name: str) -> None:
    station.wait_for(_charges_fully, "no full charge before")
    at = len(station.said)
    meter.behave = BEHAVIOURS[name]
    try:
        safe = station.wait_for(lambda said: said["limit_da"] <= _SAFE_DA, "it goes on as before")
        heard_ms = max(said["ms"] for said in station.said if said["readings"] < safe["readings"])
        late_ms = safe["ms"] - heard_ms
        assert late_ms <= _SAFE_WITHIN_MS, "the safe current came after %d ms" % late_ms
        station.wait_for(lambda said: said["ms"] > safe["ms"] + 3000, "it says nothing more")
        after = [said for said in station.said[at:] if said["ms"] >= safe["ms"]]
        assert all(said["limit_da"] == _SAFE_DA and said["closed"] for said in after), after
        assert any("mains meter: " in line for line in station.log), "the log says nothing"
    finally:
        meter.behave = None
    station.wait_for(_charges_fully, "it does not come back")


def _try_overload(station: Watched, meter: Meter) -> None:
    station.wait_for(_charges_fully, "no full charge before")
    meter.behave = lambda meter, number: _answer(number, 60.0)
    station.wait_for(lambda said: said["limit_da"] < _SAFE_DA, "it does not fall")
    stopped = station.wait_for(lambda said: not said["closed"], "it does not stop")
    meter.behave = lambda meter, number: _answer(number, -60.0, -1.0)  # and now there is room
    station.wait_for(lambda said: said["ms"] > stopped["ms"] + 8000, "it says nothing more")
    since = [said for said in station.said if said["ms"] >= stopped["ms"]]
    assert not any(said["closed"] for said in since), "it flutters"
