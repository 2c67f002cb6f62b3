"""The network, the central system and its clock fail in every way we can think of, while a vehicle charges.

After each trial: the charge at connector 1 has gone on with the same outputs, every session at connector 2 and its meter values were
told once and in order with the registers of the meter, limits are what an oracle of the rules says, and a valid request is answered.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from tools.bench import CommandFailed, StationDied
from tools.central_system import CallRefused, Later
from tools.faults.bench import Lost
from tools.faults.charging import ANSWER_S, Charging
from tools.faults.clock_jumps import Boots, ClockJumps
from tools.faults.isolation import ISOLATION
from tools.faults.refused_day import RefusedDay

FAILED = (Lost, StationDied, CommandFailed, TimeoutError, ConnectionError, CallRefused)
_AT_ONCE = 6  # stations; they mostly wait ...
_STARTING = threading.Lock()  # ... but for their start, which keeps a processor busy
_LATE_S = ANSWER_S + 1


class Outages:
    """Each public method is one trial; its name, spaces for underscores, is what the report says."""

    ROW = "the network away while a vehicle charges"
    START: ClassVar[dict[str, Any]] = {}
    ALONE = False  # does each trial need a station of its own?

    def __init__(self, bench: Charging, chance: random.Random) -> None:
        self._bench = bench
        self._chance = chance
        self._visits = 0

    def _next_tag(self) -> str:
        self._visits += 1
        return "VISIT%d" % self._visits

    def _link(self, up: bool) -> None:
        self._bench.station.cmd("link", up=up)

    def _away(self) -> None:
        """A second without Wi-Fi."""
        self._link(False)
        time.sleep(1)
        self._link(True)
        self._bench.connected()

    def _visit(self, held: str, held_s: float, meanwhile: Callable[[], None]) -> None:
        """A session in which something happens while a message of this kind waits so long for its answer."""
        bench, tag = self._bench, self._next_tag()
        bench.arrive()
        since = len(bench.central.messages)
        bench.central.answers[held] = Later(held_s)
        try:
            bench.swipe(tag)
            if held == "StopTransaction":
                bench.charges(tag)
                bench.leave(tag)
            bench.central.wait_for(held, since=since)
        finally:
            del bench.central.answers[held]
        meanwhile()
        if held != "StopTransaction":
            bench.charges(tag)
            bench.leave(tag)

    def Wi_Fi_away_while_the_other_connector_is_idle(self) -> None:
        self._away()

    def Wi_Fi_away_while_a_card_is_authorised(self) -> None:
        self._visit("Authorize", 0.5, self._away)

    def Wi_Fi_away_while_a_start_is_in_flight(self) -> None:
        self._visit("StartTransaction", 0.5, self._away)

    def Wi_Fi_away_while_two_charge(self) -> None:
        tag = self._next_tag()
        self._bench.arrive()
        self._bench.swipe(tag)
        self._bench.charges(tag)
        self._away()
        self._bench.leave(tag)

    def Wi_Fi_away_while_a_stop_is_in_flight(self) -> None:
        self._visit("StopTransaction", 0.5, self._away)

    def Wi_Fi_away_for_a_whole_session(self) -> None:
        tag = self._next_tag()
        self._link(False)
        self._bench.arrive()
        self._bench.swipe(tag)
        self._bench.charges(tag)
        self._bench.leave(tag)
        self._link(True)

    def Wi_Fi_that_comes_and_goes_fifty_times(self) -> None:
        tag, used = self._next_tag(), self._bench.used()
        self._bench.arrive()
        self._bench.swipe(tag)
        for _ in range(50):
            self._link(False)
            time.sleep(self._chance.uniform(0, 0.1))
            self._link(True)
            time.sleep(self._chance.uniform(0, 0.2))
        self._bench.charges(tag)
        self._bench.leave(tag)
        self._bench.check_heap(used)

    def a_start_and_a_stop_lost_on_their_way(self) -> None:
        """They are sent into a connection whose other end is gone."""
        bench, tag = self._bench, self._next_tag()
        bench.swipe(tag)
        bench.station.wait_until(lambda state: state["connectors"][1]["status"] == "Preparing")
        bench.wire.vanish()
        bench.arrive()
        bench.charges(tag)
        self._away()
        bench.wire.vanish()
        bench.leave(tag)
        self._away()

    def resets_in_the_handshake(self) -> None:
        """After each of so many bytes of the central system's answer."""
        wire = self._bench.wire
        for count in (0, 1, 40, 120):
            wire.reset_after = count
            wire.reset()
            taken = wire.taken
            self._until(lambda taken=taken: wire.taken > taken + 1)
        wire.reset_after = None

    def resets_in_mid_message(self) -> None:
        """Behind the handshake, in a frame's head, in its text and at its end."""
        bench = self._bench
        for count in (0, 1, 30, 80):
            bench.connected()
            taken = bench.wire.taken
            bench.wire.reset_after = count
            with contextlib.suppress(ConnectionError):
                bench.central.inject(json.dumps([2, "torn", "GetConfiguration", {"key": ["HeartbeatInterval", "MeterValueSampleInterval"]}]))
            self._until(lambda taken=taken: bench.wire.taken > taken)
            bench.wire.reset_after = None

    def _until(self, condition: Any) -> None:
        end = time.monotonic() + 20
        while not condition():
            if time.monotonic() > end:
                raise Lost("it does not try again")
            time.sleep(0.02)


class SlowServers(Outages):
    ROW = "a central system that stalls or vanishes while a vehicle charges"
    ALONE = True

    def a_handshake_that_is_never_answered(self) -> None:
        wire = self._bench.wire
        wire.silent = True
        wire.reset()
        taken = wire.taken
        self._until(lambda: wire.taken > taken)
        self._offline_session(35)
        if wire.taken > taken + 2:
            raise Lost("%d connections in 35 s" % (wire.taken - taken))
        wire.silent = False
        wire.reset()

    def a_handshake_of_one_byte_a_second(self) -> None:
        wire = self._bench.wire
        wire.byte_s = 1
        wire.reset()
        self._offline_session(35)
        wire.byte_s = 0

    def frames_of_one_byte_a_second(self) -> None:
        bench = self._bench
        since = len(bench.central.messages)
        bench.wire.byte_s = 1
        bench.central.inject('[2,"slow","ClearCache",{}]')
        bench.central._wait(
            lambda: any(m.id == "slow" and not m.to_station for m in bench.central.messages[since:]), 90, "what came byte by byte is not answered"
        )
        bench.wire.byte_s = 0

    def a_server_that_vanishes_without_a_word(self) -> None:
        """A card is shown before the station knows; it charges as soon as it does."""
        bench, tag = self._bench, self._next_tag()
        bench.arrive()
        taken = bench.wire.taken
        bench.wire.vanish()
        bench.swipe(tag)
        bench.charges(tag, 35)
        bench.leave(tag)
        self._until(lambda: bench.wire.taken > taken)

    def a_card_answered_too_late(self) -> None:
        """It gives no current any more; the next time it does."""
        bench, tag = self._bench, self._next_tag()
        bench.arrive()
        bench.central.answers["Authorize"] = Later(_LATE_S)
        bench.swipe(tag)
        time.sleep(_LATE_S + 1)
        del bench.central.answers["Authorize"]
        if bench.station.connector(2)["transaction"]:
            raise Lost("it charges")
        bench.swipe(tag)
        bench.charges(tag)
        bench.leave(tag)

    def a_start_answered_too_late(self) -> None:
        self._late("StartTransaction")

    def meter_values_answered_too_late(self) -> None:
        self._late("MeterValues")

    def a_stop_answered_too_late(self) -> None:
        self._late("StopTransaction")

    def _late(self, action: str) -> None:
        """The station has asked again when the first answer comes."""
        self._visit(action, _LATE_S, lambda: time.sleep(_LATE_S + 1))

    def _offline_session(self, seconds: float) -> None:
        """A visitor charges, though nobody hears of it now; takes so long."""
        end = time.monotonic() + seconds
        tag = self._next_tag()
        self._bench.arrive()
        self._bench.swipe(tag)
        self._bench.charges(tag)
        time.sleep(max(0, end - time.monotonic()))
        self._bench.leave(tag)


GROUPS: tuple[Any, ...] = (Outages, SlowServers, Boots, ClockJumps, RefusedDay)


def names(group: Any) -> list[str]:
    return [name for name, value in vars(group).items() if callable(value) and not name.startswith("_")]


def trials(folder: Path, interpreter: list[str], seed: int, chosen: list[str] | None = None) -> Iterator[tuple[str, str, str | None]]:
    """(row, trial, what was wrong or None); and for the row ISOLATION each look at the outputs meanwhile."""
    work: list[tuple[Any, list[str]]] = []
    for group in GROUPS:
        wanted = [name for name in names(group) if chosen is None or name in chosen]
        work += [(group, [name]) for name in wanted] if group.ALONE else [(group, wanted)] if wanted else []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        places = [folder / ("%d" % number) for number in range(len(work))]
        for found in pool.map(lambda place, part: _run(part[0], place, interpreter, seed, part[1]), places, work):
            yield from found


def _run(group: Any, folder: Path, interpreter: list[str], seed: int, wanted: list[str]) -> list[tuple[str, str, str | None]]:
    """These trials, one after another, on one station."""
    found: list[tuple[str, str, str | None]] = []
    bench = Charging(folder, interpreter, **group.START)
    try:
        with _STARTING:
            bench.begin()
        trials = group(bench, random.Random(seed))
        for name in wanted:
            trouble = None
            try:
                getattr(trials, name)()
                bench.check_answers()
                bench.check_told()
            except FAILED as lost:
                trouble = str(lost)
                with contextlib.suppress(*FAILED):
                    bench.mend()
            found.append((group.ROW, name.replace("_", " "), trouble))
        looks = bench.end_watch()
        found += [(ISOLATION, "%d steps of the control loop, worst stall %d ms" % bench.steps(), look) for look in looks]
        trouble = None
        try:
            bench.all_leave()
            bench.check_told()
            bench.check_traffic()
        except FAILED as lost:
            trouble = str(lost)
        found.append((group.ROW, "the charge that goes on all the while", trouble))
    finally:
        bench.close()
    return found
