"""Limits that are lowered every five seconds, to a vehicle that follows each within 3 s, or within
2 s beside a meter that is 1 s late (device/slow_vehicle.py): no OverCurrentFailure. A vehicle that
does not follow is one.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults import inside
from faults.bench import Bench, profile
from tools.station_process import StationProcess

pytestmark = pytest.mark.row("a ramp of limits")
_APART_S = 5
_LATE_MS = 3000  # the vehicle's 3 s, or its 2 s and the meter's 1 s
_TOO_LATE_MS = 15000
RAMPS = (
    (32, 16, 10),
    (32, 24, 16, 12, 8, 6),
    (32, 31, 30, 6),
    (32, 6, 32, 16, 6),
    (32, 16, 6, 32, 16, 10),
)


class LateStation(StationProcess):
    """The station with the vehicle that is late."""

    def _command(self, file: Path) -> list[str]:
        return [*self.interpreter, str(file)]


@contextmanager
def late(folder: Path, interpreter: list[str], late_ms: int):
    bench = Bench(folder, interpreter)
    bench.station.__class__ = LateStation
    bench.station.interpreter = [
        *inside.command(folder, interpreter, "slow_vehicle", "512K"),
        str(late_ms),
    ]
    bench.plugged(32)
    try:
        bench.start()
        bench.install(profile(1, 32))
        bench.station.cmd("swipe", tag="CARD")
        bench.wait_charging(32)
        yield bench
    finally:
        bench.close()


def _ramp(bench: Bench, amperes: tuple[int, ...]) -> None:
    for amps in amperes:
        bench.install(profile(1, amps))
        bench.leap(_APART_S)
    bench.leap(2 * _APART_S)


def _faults(bench: Bench) -> list[str]:
    codes = [message.payload["errorCode"] for message in bench.central.seen("StatusNotification")]
    return [code for code in codes if code != "NoError"]


def test_a_vehicle_that_follows_in_time_goes_on(scale, interpreter, subtests, tmp_path):
    chance = random.Random(scale.seed)
    by_chance = [
        tuple(chance.randint(6, 32) for _ in range(6)) for _ in range(scale.counted(2, 10, 100))
    ]
    with late(tmp_path, interpreter, _LATE_MS) as bench:
        for ramp in (*RAMPS, *by_chance):
            with subtests.test(str(ramp)):
                _ramp(bench, ramp)
                here = bench.station.connector()
                assert here["status"] == "Charging" and not _faults(bench), (here, _faults(bench))
                assert here["meter"]["amps"] == ramp[-1], here


def test_a_vehicle_that_does_not_follow_is_an_over_current(scale, interpreter, tmp_path):
    with late(tmp_path, interpreter, _TOO_LATE_MS) as bench:
        bench.leap(_TOO_LATE_MS // 1000)
        _ramp(bench, RAMPS[0])
        assert "OverCurrentFailure" in _faults(bench)
