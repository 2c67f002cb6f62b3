"""The flash chip fails in the midst of each kind of work, at every write of it and at many of its
reads.

Power cuts: the station starts again from what the chip holds. Then everything that was answered
Accepted is there, the rest is old or new but whole, no transaction is lost or doubled, and no limit
exceeds what any surviving profile allows. Writes that fail, and a full chip: there the station must
go on without a restart.

Reads that fail: nobody may notice one, which board/flash.py reads again. What fails as often as it
tries, or for ever, the station may answer with a refusal, or by asking for a reset, as without its
files it knows nothing. Then, or after the power was cut, the chip can be read again, and what was
answered Accepted is there. The same at a start with something of everything in the flash. The first
20 reads are tried one by one, then ever wider apart, by a fifth of their place: what is read there
is read in the same way. Several failures begin at every third of these.
"""

from __future__ import annotations

import contextlib
import threading

import pytest

from faults.bench import GONE, INSTALLED_DA, Bench, in_short
from faults.prepared import LIMIT_DA, Prepared
from faults.scenes import SCENES, Scene, accesses, ready
from tools.station_process import RESET, StationDied

WRITES = {
    "cut": "a power cut in the middle of a write",
    "error": "a write that fails",
    "full": "a flash that is full",
}
READS = {1: "a read that fails", 3: "a read that fails three times", -1: "reads that fail for ever"}
_ONE_BY_ONE = 20
_DEATH_S = 0.5  # from the cut to the end of the process


@pytest.mark.parametrize("scene", SCENES)
def test_trouble_at_every_write(scene, scale, interpreter, subtests, tmp_path):
    writes = accesses(tmp_path / "whole", interpreter, scene, "writes")
    for mode, row in WRITES.items():
        for number in range(1, writes + 1, scale.pick(max(5, writes // 3), 5, 1)):
            with subtests.test("%s, write %d" % (scene, number), row=row):
                with ready(tmp_path / ("%s-%d" % (mode, number)), interpreter, scene) as played:
                    _fail_write(played, mode, number)


def _fail_write(scene: Scene, mode: str, number: int) -> None:
    station = scene.bench.station
    station.cmd("flash", after_writes=number, mode=mode)
    with contextlib.suppress(StationDied, TimeoutError):
        scene.work()
    died = station.ends_within(_DEATH_S if mode == "cut" else 0)
    if mode == "cut":
        station.kill()
        scene.bench.start()
    else:
        assert not died, "the station ended"
        station.cmd("flash", after_writes=1, mode=None)
    scene.after()
    assert scene.bench.limit_da() <= INSTALLED_DA, "the limit is above what the connector bears"
    scene.bench.check_traffic()
    if mode == "cut" and not died:
        pytest.skip("the work wrote less this time")


def places(reads: int, times: int, step: int = 1) -> list[int]:
    """Which of so many reads are tried; of these every step-th."""
    chosen, at = [], 1
    while at <= reads:
        chosen.append(at)
        at += 1 if at < _ONE_BY_ONE else at // 5
    return chosen[:: step * (1 if times == 1 else 3)]


class Limits:
    """Looks at what the vehicle is offered while the station runs, until it is stopped or gone."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._over = threading.Event()
        self._highest_da = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(*GONE, OSError):
            while not self._over.wait(0.02):
                here = self._bench.station.connector()
                highest_a = max(here["limit"]["amps"], here["pilot"]["offered_amps"])
                self._highest_da = max(self._highest_da, round(10 * highest_a))

    def stop(self, most_da: int) -> None:
        self._over.set()
        self._thread.join()
        assert self._highest_da <= most_da, "%.1f A were offered meanwhile" % (
            self._highest_da / 10
        )


@pytest.mark.parametrize("scene", in_short(SCENES, "a new profile"))
def test_reads_that_fail_in_the_midst_of_work(scene, scale, interpreter, subtests, tmp_path):
    reads = accesses(tmp_path / "whole", interpreter, scene, "reads")
    for times, row in READS.items():
        for number in places(reads, times, scale.pick(30, 5, 1)):
            with subtests.test("%s, read %d" % (scene, number), row=row):
                with ready(tmp_path / ("%d-%d" % (times, number)), interpreter, scene) as played:
                    _fail_reads(played, times, number)


def _fail_reads(scene: Scene, times: int, number: int) -> None:
    station = scene.bench.station
    most_da = max(scene.bench.limit_da(), scene.most_da)
    limits = Limits(scene.bench)
    station.cmd("flash", mode="read", after_reads=number, times=times)
    with contextlib.suppress(*GONE):
        scene.work()
    died = station.ends_within(_DEATH_S if times != 1 else 0)
    limits.stop(most_da)
    assert not died or (times != 1 and station.exit_code == RESET), (
        "the station ended with exit code %s" % station.exit_code
    )
    if times < 0 or died:
        station.kill()
        scene.bench.start()
    else:
        station.cmd("flash", mode=None)
    scene.after()
    scene.bench.check_traffic()


def test_reads_that_fail_at_a_start(prepared, scale, subtests):
    station = prepared.bench.station
    prepared.bench.restore_flash()
    prepared.bench.start()
    reads = station.state()["flash"]["reads"]
    station.kill()
    for times, row in READS.items():
        for number in places(reads, times, scale.pick(30, 5, 1)):
            with subtests.test("a start, read %d" % number, row=row):
                try:
                    _start_with_failing_reads(prepared, times, number)
                finally:
                    station.kill()
                    station.start_fields.pop("flash", None)


def _start_with_failing_reads(prepared: Prepared, times: int, number: int) -> None:
    bench = prepared.bench
    bench.restore_flash()
    bench.central.messages.clear()
    bench.station.log.clear()
    bench.station.start_fields["flash"] = {"after_reads": number, "times": times}
    try:
        bench.station.start()
        limits = Limits(bench)
        died = bench.station.ends_within(_DEATH_S if times != 1 else 0)
        limits.stop(LIMIT_DA)
    except StationDied as death:
        if "exit code %d " % RESET not in str(death):
            raise
        died = True
    assert not died or times != 1, "the station ended for one read that failed"
    bench.station.start_fields.pop("flash")
    if times < 0 or died:
        bench.station.kill()
        bench.start()
    else:
        bench.station.wait_until(lambda state: state["registered"])
    prepared.check(prepared.image, times < 0 or died)
    spoilt = [line for line in bench.station.log if "set aside" in line or "damaged" in line]
    assert not spoilt, "something was taken for damaged"
