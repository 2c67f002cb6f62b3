"""SIGKILL at random moments while a vehicle charges, profiles change and the link comes and goes, against a live central system."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

from tools.bench import CommandFailed, StationDied
from tools.central_system import CallRefused
from tools.faults.bench import Bench, Lost
from tools.faults.power_cuts import profile

_LONGEST_LIFE_S = 1.0
_BETWEEN_CARDS_S = 1.1  # two transactions that begin in one second with the same register are one to a central system
_GONE = (StationDied, CommandFailed, TimeoutError, ConnectionError, CallRefused)


class Life:
    """What happened to a station between two kills, and what it was answered for."""

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self.bench = bench
        self.chance = chance
        self.installed: dict[int, set[float]] = {}  # profile id: the amperes it may have
        self.next_card = 0.0

    def live(self, until: float) -> None:
        """Random work until the time comes."""
        while time.monotonic() < until:
            with contextlib.suppress(*_GONE):
                self.chance.choice((self.change_profile, self.clear_profile, self.card, self.link, self.wait))()

    def change_profile(self) -> None:
        number, amps = self.chance.randint(1, 3), self.chance.randint(6, 32)
        self.installed.setdefault(number, {0}).add(amps)  # until it is answered: old or new
        answer = self.bench.central.call("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(number, amps)}, timeout=1)
        if answer["status"] == "Accepted":
            self.installed[number] = {amps}

    def clear_profile(self) -> None:
        number = self.chance.randint(1, 3)
        if number in self.installed:
            self.installed[number].add(0)
        answer = self.bench.central.call("ClearChargingProfile", {"id": number}, timeout=1)
        if answer["status"] == "Accepted":
            self.installed[number] = {0}

    def card(self) -> None:
        if time.monotonic() < self.next_card:
            return
        self.next_card = time.monotonic() + _BETWEEN_CARDS_S
        self.bench.station.cmd("swipe", tag="CARD", timeout=1)

    def link(self) -> None:
        self.bench.station.cmd("link", up=False, timeout=1)
        self.wait()
        self.bench.station.cmd("link", up=True, timeout=1)

    def wait(self) -> None:
        time.sleep(self.chance.uniform(0, 0.1))

    def check(self) -> None:
        """After the next power-up."""
        there = self.bench.profiles()
        for number, amps in self.installed.items():
            if number not in there and 0 not in amps:
                raise Lost("profile %d was Accepted and is gone" % number)
            if number in there and amps == {0}:
                raise Lost("profile %d was cleared and is there" % number)
        strange = set(there) - set(self.installed)
        if strange:
            raise Lost("profiles %s were never sent" % sorted(strange))
        for number in list(self.installed):
            self.installed[number] = self.installed[number] - {0} if number in there else {0}
        highest = max(there, default=None)
        limits = {10 * amps for amps in self.installed[highest]} if highest else {320}
        self.bench.check_limit({round(limit) for limit in limits})
        self.settle(highest)

    def settle(self, highest: int | None) -> None:
        """What was uncertain is known now."""
        if highest is not None:
            self.installed[highest] = {self.bench.limit_da() / 10}


def trials(folder: Path, interpreter: list[str], count: int, seed: int) -> Iterator[tuple[int, str | None]]:
    """(n, what was lost or None) for each kill, and a last one for the transactions of them all."""
    chance = random.Random(seed)
    bench = Bench(folder, interpreter)
    bench.plugged(32)
    life = Life(bench, chance)
    try:
        bench.start()
        for number in range(1, count + 1):
            life.live(time.monotonic() + chance.uniform(0, _LONGEST_LIFE_S))
            bench.station.kill()
            try:
                bench.start()
                life.check()
                yield number, None
            except (Lost, *_GONE) as trouble:
                yield number, str(trouble)
        try:
            bench.end_sessions()
            bench.check_transactions()
            bench.check_traffic()
            yield count + 1, None
        except (Lost, *_GONE) as trouble:
            yield count + 1, str(trouble)
    finally:
        bench.close()
