"""The central system's port refuses for a simulated day, in which sessions come and go,
schedules change and the journal grows."""

from __future__ import annotations

import contextlib
import re
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from faults import surviving
from faults.charging import STEADY, Charging, Told
from faults.schedules import HOUR_S, Schedules
from tools import expected

_BEGIN = datetime(2026, 1, 5)
_SAMPLE_S = 300
_SESSIONS_AN_HOUR = 0.5
_SESSION_S = 4500
_MOST_JOURNAL = 192 * 1024 + surviving.BLOCK
_MINIMUM_S = 0.1  # between tries, at first; it doubles ...
_DOUBLINGS = 5  # ... so often
_SLACK_S = 0.5  # a busy host may read a line of the log so much too late
_PATIENCE_S = 60
_STOOD_STILL_S = 100  # so long may the trial take


def _text(second: int) -> str:
    return (_BEGIN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


KIND = "outages"  # for --only
START: dict[str, Any] = {
    "clock": {"at": _text(0), "frozen": True},
    "keys": {"MeterValueSampleInterval": str(_SAMPLE_S)},
    "device": {"reconnect": {"minimum_s": _MINIMUM_S, "random_s": 0}},
}


class RefusedDay:
    def __init__(self, bench: Charging, hours: int) -> None:
        self._bench = bench
        self._hours = hours
        self._schedules = Schedules(bench)
        self._now = 0
        self._tries: list[float] = []

    def live(self) -> None:
        bench, seconds = self._bench, self._hours * HOUR_S
        self._install()
        self._pass_until(HOUR_S)
        used = bench.used()
        bench.station.on_log = self._on_log
        bench.wire.refuse()
        bench.station.wait_until(lambda state: not state["connected"])
        begins = list(range(HOUR_S, seconds, int(HOUR_S / _SESSIONS_AN_HOUR)))
        limits: set[float] = set()
        for number, begin in enumerate(begins):
            self._session("DAY%d" % number, begin, limits)
        self._pass_until(HOUR_S + seconds)
        self._check_tries()
        bench.check_heap(used)
        journal = self._journal_bytes()
        assert journal <= _MOST_JOURNAL, "the journal has %d bytes" % journal
        assert not (len(limits) < self._hours // 4), "only the limits %s were seen" % limits
        bench.wire.listen()
        bench.connected()
        told = bench.check_told(in_order_of_time=True)
        self._wait_for_values(told)
        self._check_values(bench.check_told(in_order_of_time=True), begins)
        bench.check_heap(used)

    def _install(self) -> None:
        hours = [(HOUR_S * hour, 6.5 + (7 * hour) % 20) for hour in range(24)]
        daily = {"startSchedule": _text(0), "recurrencyKind": "Daily"}
        self._schedules.install(2, "Recurring", hours, **daily)
        absolute = {
            "startSchedule": _text(6 * HOUR_S),
            "duration": 5 * HOUR_S,
            "validTo": _text(10 * HOUR_S),
        }
        periods = [(0, 31), (HOUR_S, 29.5), (3 * HOUR_S, 30)]
        self._schedules.install(3, "Absolute", periods, **absolute)
        valid_from = _text(14 * HOUR_S)
        self._schedules.install(4, "Relative", [(0, 8), (1800, 12)], validFrom=valid_from)

    def _session(self, tag: str, begin: int, limits: set[float]) -> None:
        bench = self._bench
        self._pass_until(begin)
        bench.station.cmd("plug_in", connector=2, amps=32, phases=3)
        self._pass_until(begin + 5)
        bench.swipe(tag)
        for second in range(begin + 20, begin + _SESSION_S, 1300):
            self._pass_until(second)
            limits.add(self._schedules.check("while the central system refuses"))
        bench.charges(tag)
        self._pass_until(begin + _SESSION_S)
        bench.leave(tag)

    def _pass_until(self, second: int) -> None:
        self._bench.station.cmd("clock", advance_s=second - self._now)
        self._now = second
        self._bench.station.wait_until(
            lambda state: state["now"] == _text(second), _PATIENCE_S, every=0.02
        )

    # ---- what must hold ----

    def _on_log(self, line: str) -> None:
        if re.search("next try in", line):
            self._tries.append(time.monotonic())

    def _check_tries(self) -> None:
        """Each wait is twice the one before, up to a bound: no try comes before their sum."""
        waited_s = 0.0
        for number, at in enumerate(self._tries):
            passed_s = at - self._tries[0]
            what = "try %d came after %.2f s, and not after %.2f s" % (
                number + 1,
                passed_s,
                waited_s,
            )
            assert passed_s >= waited_s - _SLACK_S, what
            waited_s += _MINIMUM_S * 2 ** min(number, _DOUBLINGS)
        assert len(self._tries) > _DOUBLINGS, "it tried %d times" % len(self._tries)

    def _journal_bytes(self) -> int:
        files = surviving.files_of((self._bench.folder / "flash" / "flash.img").read_bytes()) or {}
        return sum(len(content) for path, content in files.items() if path.startswith("/journal/"))

    def _wait_for_values(self, told: dict[str, Told]) -> None:
        """The steady charge has no stop to wait for."""
        end = time.monotonic() + _PATIENCE_S
        while (
            time.monotonic() < end
            and len(self._bench.check_told()[STEADY].values) < self._now // _SAMPLE_S
        ):
            time.sleep(0.2)

    def _check_values(self, told: dict[str, Told], begins: list[int]) -> None:
        for number, begin in enumerate(begins):
            visit = told["DAY%d" % number]
            self._check_times(visit, begin + 5, begin + _SESSION_S)
        self._check_times(told[STEADY], 0, self._now)

    def _check_times(self, told: Told, begin: int, end: int) -> None:
        """Begin and end are right to the second. So are samples, but for the real time in which
        the frozen clock stood still: they count it."""
        tag, start, stop = (
            told.start["idTag"],
            told.start["timestamp"],
            told.stop and told.stop["timestamp"],
        )
        what = (tag, start, stop, _text(begin), _text(end))
        right = start == _text(begin) and stop in (None, _text(end))
        assert right, "%s lasted from %s to %s, and not from %s to %s" % what
        stamps = [
            expected.instant(moment["timestamp"]) - expected.instant(start)
            for moment in told.values
        ]
        early = [_SAMPLE_S * number - stamp for number, stamp in enumerate(stamps, 1)]
        right = all(0 <= seconds <= _STOOD_STILL_S for seconds in early)
        enough = len(stamps) >= (end - begin) // _SAMPLE_S
        assert right and enough, "values of %s are missing or too many: %s s after its begin" % (
            tag,
            stamps,
        )


@pytest.mark.row("connection refused for a day while a vehicle charges")
def test_a_day(scale, interpreter, looks, tmp_path):
    with contextlib.closing(Charging(tmp_path, interpreter, **START)) as bench:
        bench.begin()
        RefusedDay(bench, scale.pick(4, 24, 24)).live()
        bench.judge(looks)
        bench.end()
