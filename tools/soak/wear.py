"""How fast a busy station wears its flash out: blocks erased in a day, the most worn one, and the
years to the end.

The simulated chip keeps the numbers of the blocks it erased in a file of their own, flash.erased,
two bytes each."""

from __future__ import annotations

import struct
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tools import benchmark_frames, profile_files
from tools.central_system import CentralSystem
from tools.station_process import StationProcess

ENDURANCE = 100_000  # erases of a block, as makers of NOR flash promise
SESSIONS = 24  # a day, on two connectors
SAMPLE_S = 60
UPDATES = 96  # profiles a day
_DAY_S = 86400
_STEP_S = _DAY_S // UPDATES
_PATIENCE_S = 60


class Wear(NamedTuple):
    days: float
    erases: int
    worst: int  # erases of the most worn block
    blocks: int  # that were erased at all

    @property
    def years(self) -> float:
        return ENDURANCE * self.days / self.worst / 365


def erased(flash: Path) -> Counter:
    """Block: how often it was erased, from the folder that stands for the flash."""
    data = (flash / "flash.erased").read_bytes()
    return Counter(struct.unpack("<%dH" % (len(data) // 2), data[: len(data) // 2 * 2]))


def counted(flash: Path) -> tuple[int, int]:
    """(erases, those of the most worn block)."""
    counts = erased(flash)
    return sum(counts.values()), max(counts.values())


def measure(folder: Path, interpreter: list[str], days: float) -> Wear:
    """Lives through so many days, after the first start: 24 sessions, a sample a minute, a new
    profile each quarter of an hour."""
    with CentralSystem() as central:
        station = StationProcess(
            folder,
            interpreter,
            csms_url=central.url,
            connectors=[{"id": 1}, {"id": 2}],
            clock={"at": benchmark_frames.MIDNIGHT, "frozen": True},
            keys={"MeterValueSampleInterval": str(SAMPLE_S), "WebSocketPingInterval": "0"},
        )
        with station:
            station.wait_until(lambda state: state["registered"])
            before = erased(station.folder / "flash")
            for step in range(round(days * UPDATES)):
                _quarter(central, station, step)
        counts = erased(station.folder / "flash")
        counts.subtract(before)
        return Wear(
            days,
            sum(counts.values()),
            max(counts.values()),
            sum(count > 0 for count in counts.values()),
        )


def _quarter(central: CentralSystem, station: StationProcess, step: int) -> None:
    """A profile, and every second hour a session of 90 minutes on each connector."""
    connector = 1 + step % 2
    periods = [(3600 * i, 6 + (step + i) % 27) for i in range(24)]
    profile = profile_files.made(10 + connector, "TxDefaultProfile", "Relative", periods)
    central.call("SetChargingProfile", {"connectorId": connector, "csChargingProfiles": profile})
    if step % 8 == 0:
        for number in (1, 2):
            station.cmd("plug_in", connector=number, amps=32, phases=3)
            _pass(station, 5)
            station.cmd("swipe", tag="CARD%d" % (step % 5), connectors=[number])
            _pass(station, 5)
        _pass(station, _STEP_S - 20)
    elif step % 8 == 6:
        for number in (1, 2):
            station.cmd("plug_out", connector=number)
        _pass(station, _STEP_S)
    else:
        _pass(station, _STEP_S)


def _pass(station: StationProcess, seconds: int) -> None:
    began = station.state()["now"]
    station.cmd("clock", advance_s=seconds)
    station.wait_until(
        lambda state: state["now"] >= _after(began, seconds), _PATIENCE_S, every=0.02
    )


def _after(instant: str, seconds: int) -> str:
    return (datetime.fromisoformat(instant[:-1]) + timedelta(seconds=seconds)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def table(wear: Wear) -> str:
    rows = [
        ("sessions a day, a sample each", "%d, %d s" % (SESSIONS, SAMPLE_S)),
        ("new profiles of 24 periods a day", "%d" % UPDATES),
        ("blocks erased a day", "%.0f" % (wear.erases / wear.days)),
        ("... the most worn one, in all", "%d" % wear.worst),
        ("blocks in use, of 512", "%d" % wear.blocks),
        ("years until the most worn one has been erased 100,000 times", "%.0f" % wear.years),
    ]
    heading = "| a busy station for %g days | |\n| --- | ---: |" % wear.days
    return "\n".join([heading, *("| %s | %s |" % row for row in rows)])
