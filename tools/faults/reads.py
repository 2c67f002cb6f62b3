"""Reads of the flash chip that fail: from the nth on, once or for ever, in the middle of each kind of work and of a start.

The scenes are those of the power cuts. What fails once must not be noticed by anybody; where it fails for ever, the station may ask
for a reset, as without its files it knows nothing. Then, or after the power was cut, the chip can be read again, and what was
answered Accepted is there, with the limit and the transactions that belong to it.

The first 20 reads are tried one by one, then ever wider apart, by a fifth of their place: what is read there is read in the same way.
Failing for ever begins at every third of these.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tools.bench import RESET, CommandFailed, StationDied
from tools.faults.bench import Bench, Lost
from tools.faults.power_cuts import Scene, ready
from tools.faults.prepared import LIMIT_DA, Prepared

TIMES = {1: "a read that fails", -1: "reads that fail for ever"}
START = "a start"
_ONE_BY_ONE = 20
_DEATH_S = 0.5
_GONE = (StationDied, CommandFailed, TimeoutError, ConnectionError)


def places(reads: int, times: int, step: int = 1) -> list[int]:
    """Which of so many reads are tried; of these every step-th."""
    chosen, at = [], 1
    while at <= reads:
        chosen.append(at)
        at += 1 if at < _ONE_BY_ONE else at // 5
    return chosen[:: step * (3 if times < 0 else 1)]


class Limits:
    """Looks at what the vehicle is offered while the station runs, until it is stopped or gone."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._over = threading.Event()
        self.highest_da = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(*_GONE, OSError):
            while not self._over.wait(0.02):
                connector = self._bench.station.connector()
                self.highest_da = max(self.highest_da, round(10 * connector["limit"]["amps"]), round(10 * connector["pilot"]["offered_amps"]))

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self.highest_da


def reads_of(folder: Path, interpreter: list[str], name: str) -> int:
    """How often the scene's work reads the flash chip when nothing is in its way."""
    with ready(folder, interpreter, name) as scene:
        before = scene.bench.station.state()["flash"]["reads"]
        scene.work()
        time.sleep(_DEATH_S)
        return scene.bench.station.state()["flash"]["reads"] - before


def once(folder: Path, interpreter: list[str], name: str, times: int, number: int) -> None:
    """One trial. Raises Lost."""
    with ready(folder, interpreter, name) as scene:
        station = scene.bench.station
        before_da = scene.bench.limit_da()
        limits = Limits(scene.bench)
        station.cmd("flash", mode="read", after_reads=number, times=times)
        with contextlib.suppress(*_GONE):
            scene.work()
        died = station.ends_within(_DEATH_S if times < 0 else 0)
        highest_da = limits.stop()
        if died and (times > 0 or station.exit_code != RESET):
            raise Lost("the station ended with exit code %s" % station.exit_code)
        _start_again(scene, died, times)
        scene.after()
        if highest_da > max(before_da, scene.most_da):
            raise Lost("%.1f A were offered meanwhile" % (highest_da / 10))
        scene.bench.check_traffic()


def _start_again(scene: Scene, died: bool, times: int) -> None:
    station = scene.bench.station
    if times < 0:
        station.kill()
        scene.bench.start()
    elif not died:
        station.cmd("flash", mode=None)


def in_scenes(folder: Path, interpreter: list[str], scenes: list[str], step: int = 1) -> Iterator[tuple[str, str, int, str | None]]:
    """(row, scene, n, what was lost or None)."""
    for name in scenes:
        place = folder / name.replace("'", "").replace(" ", "-")
        reads = reads_of(place / "whole", interpreter, name)
        for times, row in TIMES.items():
            for number in places(reads, times, step):
                trouble = None
                try:
                    once(place / ("%d-%d" % (times, number)), interpreter, name, times, number)
                except (Lost, *_GONE) as found:
                    trouble = str(found)
                yield row, name, number, trouble


def at_starts(prepared: Prepared, step: int = 1) -> Iterator[tuple[str, str, int, str | None]]:
    """The same for a station that starts with something of everything in its flash."""
    station = prepared.bench.station
    prepared.bench.restore_flash()
    prepared.bench.start()
    reads = station.state()["flash"]["reads"]
    station.kill()
    for times, row in TIMES.items():
        for number in places(reads, times, step):
            trouble = None
            try:
                _start_once(prepared, times, number)
            except (Lost, *_GONE) as found:
                trouble = str(found)
            station.kill()
            station.start_fields.pop("flash", None)
            yield row, START, number, trouble


def _start_once(prepared: Prepared, times: int, number: int) -> None:
    bench = prepared.bench
    bench.restore_flash()
    bench.central.messages.clear()
    bench.station.log.clear()
    bench.station.start_fields["flash"] = {"after_reads": number, "times": times}
    limits = None
    try:
        bench.station.start()
        limits = Limits(bench)
        died = bench.station.ends_within(_DEATH_S if times < 0 else 0)
    except StationDied as death:
        if "exit code %d " % RESET not in str(death):
            raise
        died = True
    highest_da = limits.stop() if limits else 0
    if died and times > 0:
        raise Lost("the station ended for one read that failed")
    bench.station.start_fields.pop("flash")
    if times < 0:
        bench.station.kill()
        bench.start()
    else:
        bench.station.wait_until(lambda state: state["registered"])
    prepared.check(prepared.image, times < 0)
    if highest_da > LIMIT_DA:
        raise Lost("%.1f A were offered meanwhile" % (highest_da / 10))
    if [line for line in bench.station.log if "set aside" in line or "damaged" in line]:
        raise Lost("something was taken for damaged")
