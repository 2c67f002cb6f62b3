"""The central system's clock jumps, and what it answers to BootNotification is odd, while a vehicle
charges.

Limits follow the wall clock at once, as an oracle of the rules has them. What is measured by a
duration, like the time between two meter values, does not notice, and a transaction keeps the
beginning that it was told with.
"""

from __future__ import annotations

import random
import time
from datetime import datetime, timezone
from typing import Any

import pytest

from faults.bench import in_short, trials
from faults.charging import SAMPLE_S, STEADY, STEADY_A, Charging
from faults.frames import HEARTBEAT
from faults.schedules import DAY_S, HOUR_S, Schedules
from tools import expected

KIND = "outages"  # for --only
YEAR_S = 365 * DAY_S
SHORT_JUMPS = (5 * HOUR_S, -3 * HOUR_S, -400 * DAY_S, 20 * YEAR_S, 0)
JUMPS = (
    HOUR_S, 5 * HOUR_S, -3 * HOUR_S, DAY_S, -2 * DAY_S, 17 * DAY_S, YEAR_S, -400 * DAY_S,
    20 * YEAR_S, 8 * YEAR_S, -9 * YEAR_S, -50 * YEAR_S, 0,
)  # fmt: skip
_NEAR_S = 3  # the station leaves a difference of 2 s alone


def text_of(second: float) -> str:
    """Seconds since 1970 as OCPP writes them."""
    return datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class ClockJumps:
    """Each public method is one trial."""

    def __init__(self, bench: Charging, chance: random.Random, jumps: tuple[int, ...]) -> None:
        self._bench = bench
        self._chance = chance
        self._jumps = jumps
        self._schedules = Schedules(bench)
        # Twelve hours ago: jumps of hours stay within the day that begins here.
        self._base = int(time.time()) // 60 * 60 - 12 * HOUR_S

    def _hours(self) -> list[tuple[int, float]]:
        amps = [6 + (7 * hour) % 26 + self._chance.randrange(10) / 10 for hour in range(24)]
        return [(HOUR_S * hour, round(amps[hour], 1)) for hour in range(24)]

    def _install(self, number: int, kind: str, periods: list, **more: Any) -> None:
        """Instants in `more` are seconds from the base."""
        for name in more.keys() & {"startSchedule", "validFrom", "validTo"}:
            more[name] = text_of(self._base + more[name])
        self._schedules.install(number, kind, periods, **more)

    def an_absolute_profile(self) -> None:
        self._install(2, "Absolute", self._hours(), startSchedule=0, duration=DAY_S)
        self._through_the_jumps(4)

    def profiles_valid_for_a_day(self) -> None:
        self._install(2, "Relative", [(0, 11), (HOUR_S, 9)], validFrom=0, validTo=DAY_S)
        valid = {"startSchedule": -2 * HOUR_S, "validFrom": 0, "validTo": 14 * HOUR_S}
        self._install(3, "Absolute", self._hours(), **valid)
        self._through_the_jumps(4)

    def recurring_profiles(self) -> None:
        week = [(DAY_S * day, 8.0 + day) for day in range(7)]
        weekly = {"recurrencyKind": "Weekly", "startSchedule": -20 * DAY_S, "validTo": YEAR_S}
        self._install(2, "Recurring", week, **weekly)
        daily = {"recurrencyKind": "Daily", "startSchedule": 0, "duration": 20 * HOUR_S}
        self._install(3, "Recurring", self._hours(), **daily)
        self._through_the_jumps(4)

    def a_relative_profile_of_the_transaction(self) -> None:
        self._install(2, "Relative", [(0, 10)])
        self._through_the_jumps(4, [(0, 16), (1800, 14), (2 * HOUR_S, 12.5), (6 * HOUR_S, 7)])

    def all_of_them_together(self) -> None:
        self._install(2, "Recurring", self._hours(), startSchedule=0, recurrencyKind="Daily")
        later = {"startSchedule": 5 * HOUR_S, "duration": 30 * DAY_S}
        self._install(3, "Absolute", [(0, 9), (DAY_S, 8)], **later)
        self._through_the_jumps(4, [(0, 17), (4 * HOUR_S, 12.5)])

    def _through_the_jumps(
        self, least: int, relative: list[tuple[int, float]] | None = None
    ) -> None:
        """least: so many different limits must have been seen, or the trial would show nothing."""
        bench = self._bench
        tag = bench.come()
        begun = bench.station.wait_until(lambda state: state["connectors"][1]["transaction"]["id"])[
            "connectors"
        ][1]["transaction"]
        seen = set()
        since, began = len(bench.central.messages), time.monotonic()
        try:
            if relative:
                of_it = {"transactionId": begun["id"], "duration": 8 * HOUR_S}
                self._install(7, "Relative", relative, **of_it)
            for jump_s in self._jumps:
                self._jump(jump_s)
                seen.add(self._schedules.check("after a jump to %+d s" % jump_s))
                here = bench.station.connector(2)["transaction"]
                assert here == begun, "the transaction was %s, and is %s" % (begun, here)
        finally:
            self._jump(0)
            passed_s = time.monotonic() - began
            bench.leave(tag)
            self._schedules.clear()
        told = len(
            bench.central.seen("MeterValues", lambda payload: payload["connectorId"] == 2, since)
        )
        at_most = passed_s / SAMPLE_S
        what = "%d meter values, one every %d s, in %d s" % (told, SAMPLE_S, passed_s)
        assert at_most / 2 - 2 <= told <= at_most + 2, what
        assert len(seen) >= least, "only the limits %s were seen" % sorted(seen)

    def _jump(self, to_s: int) -> None:
        """By its answer to a Heartbeat; to_s: how wrong the clock is from then on."""
        bench = self._bench
        bench.central.clock_offset_s = to_s
        since = len(bench.central.messages)
        bench.central.inject(HEARTBEAT.decode())
        bench.central.wait_for("Heartbeat", since=since)
        bench.station.wait_until(
            lambda state: (
                abs(expected.instant(state["now"]) - expected.instant(bench.central.now()))
                <= _NEAR_S
            ),
            5,
        )


class Boots(ClockJumps):
    """The station starts anew, its charge goes on, and BootNotification gets an odd answer."""

    def Pending_for_long(self) -> None:
        """Sessions begin and end meanwhile; nothing is told before Accepted."""
        bench = self._bench
        bench.central.answers["BootNotification"] = lambda payload: {
            "status": "Pending",
            "currentTime": bench.central.now(),
            "interval": 1,
        }
        since = self._restart()
        try:
            for _ in range(2):
                tag = bench.come()
                time.sleep(1.5)
                bench.leave(tag)
            bench.check_answers()
        finally:
            del bench.central.answers["BootNotification"]
        told = {
            m.action for m in bench.central.messages[since:] if m.kind == 2 and not m.to_station
        }
        boots = len(bench.central.seen("BootNotification", since=since))
        assert told == {"BootNotification"}, "told while Pending: %s" % told
        assert 3 <= boots <= 30, "%d BootNotifications" % boots
        bench.connected()

    def none_for_long_and_no_clock(self) -> None:
        """The lowest period counts until the time is known; a session of meanwhile has its own
        times afterwards."""
        bench = self._bench
        self._install(2, "Absolute", self._hours(), startSchedule=0)
        bench.station.start_fields["clock"] = {"unset": True}
        bench.wire.refuse()
        try:
            self._power_cut()
            begun = time.time()
            tag = bench.come()
            self._schedules.check("without the time")
            bench.leave(tag)
            ended = time.time()
            time.sleep(2 * _NEAR_S)
        finally:
            bench.wire.listen()
            del bench.station.start_fields["clock"]
        bench.connected()
        self._schedules.check("after the time was told")
        self._schedules.clear()
        told = bench.check_told()[tag]
        for what, stamp, at in (
            ("begun", told.start["timestamp"], begun),
            ("ended", told.stop and told.stop["timestamp"], ended),
        ):
            assert abs(expected.instant(stamp) - expected.instant(text_of(at))) <= _NEAR_S, (
                "%s at %s, and %s was told" % (what, text_of(at), stamp)
            )

    def Accepted_with_interval_0_and_a_clock_years_ahead(self) -> None:
        self._interval_0(3 * YEAR_S)

    def Accepted_with_interval_0_and_a_clock_years_behind(self) -> None:
        self._interval_0(-3 * YEAR_S)

    def _interval_0(self, offset_s: int) -> None:
        bench = self._bench
        self._install(2, "Absolute", self._hours(), startSchedule=0)
        bench.central.clock_offset_s = offset_s
        bench.central.answers["BootNotification"] = lambda payload: {
            "status": "Accepted",
            "currentTime": bench.central.now(),
            "interval": 0,
        }
        since = self._restart()
        try:
            bench.connected()
            self._schedules.check("after a start with a wrong clock")
            time.sleep(2)
            beats = len(bench.central.seen("Heartbeat", since=since))
            assert not beats, "%d Heartbeats in 2 s" % beats
        finally:
            del bench.central.answers["BootNotification"]
            self._jump(0)
        self._schedules.check("after the clock was set right")
        self._schedules.clear()

    def _restart(self) -> int:
        """The place in the messages from which on the station has started anew."""
        since = len(self._bench.central.messages)
        self._power_cut()
        self._bench.central.wait_for("BootNotification", since=since, timeout=15)
        return since

    def _power_cut(self) -> None:
        """The charge goes on after it."""
        bench = self._bench
        bench.unwatch()
        bench.station.kill()
        bench.station.start()
        bench.wait_charging(STEADY_A)
        bench.watch()
        assert bench.station.connector(1)["transaction"]["id_tag"] == STEADY, (
            "the charge does not go on"
        )


@pytest.mark.row("a clock that jumps while a vehicle charges")
@pytest.mark.parametrize("trial", in_short(trials(ClockJumps), "recurring_profiles"))
def test_a_clock_that_jumps(trial, bench, scale):
    jumps = scale.pick(SHORT_JUMPS, JUMPS, JUMPS)
    getattr(ClockJumps(bench, random.Random(scale.seed), jumps), trial)()


@pytest.mark.row("an odd answer to BootNotification while a vehicle charges")
@pytest.mark.parametrize(
    "trial", in_short(trials(Boots), "Accepted_with_interval_0_and_a_clock_years_behind")
)
def test_an_odd_answer_to_BootNotification(trial, bench, scale):
    getattr(Boots(bench, random.Random(scale.seed), ()), trial)()
