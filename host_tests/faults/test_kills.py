"""SIGKILL at random moments while a vehicle charges, profiles change and the link comes and
goes, against a live central system."""

from __future__ import annotations

import contextlib
import random
import time

import pytest

from faults.bench import GONE, Bench, profile

SHORT_BITS = ("64", "32")
_LONGEST_LIFE_S = 1.0
# Two transactions of one second with one register are one to a central system
_BETWEEN_CARDS_S = 1.1


class Life:
    """What happened to a station between two kills, and what it was answered for."""

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self.bench = bench
        self.chance = chance
        self.installed: dict[int, set[float]] = {}  # profile id: the amperes it may have
        self.next_card = 0.0

    def live(self, until: float) -> None:
        """Random work until the time comes."""
        ways = (self.change_profile, self.clear_profile, self.card, self.link, self.wait)
        while time.monotonic() < until:
            with contextlib.suppress(*GONE):
                self.chance.choice(ways)()

    def change_profile(self) -> None:
        number, amps = self.chance.randint(1, 3), self.chance.randint(6, 32)
        self.installed.setdefault(number, {0}).add(amps)  # until it is answered: old or new
        payload = {"connectorId": 1, "csChargingProfiles": profile(number, amps)}
        answer = self.bench.central.call("SetChargingProfile", payload, timeout=1)
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
        if time.monotonic() >= self.next_card:
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
            assert number in there or 0 in amps, "profile %d was Accepted and is gone" % number
            assert number not in there or amps != {0}, (
                "profile %d was cleared and is there" % number
            )
            self.installed[number] = amps - {0} if number in there else {0}
        strange = set(there) - set(self.installed)
        assert not strange, "profiles %s were never sent" % sorted(strange)
        highest = max(there, default=None)
        self.bench.check_limit(
            {round(10 * amps) for amps in self.installed[highest]} if highest else {320}
        )
        if highest is not None:  # what was uncertain is known now
            self.installed[highest] = {self.bench.limit_da() / 10}


@pytest.mark.row("SIGKILL at a random moment")
def test_kills_at_random_moments(scale, interpreter, subtests, tmp_path):
    chance = random.Random(scale.seed)
    with contextlib.closing(Bench(tmp_path, interpreter)) as bench:
        bench.plugged(32)
        bench.start()
        life = Life(bench, chance)
        for number in range(1, scale.counted(5, 20, 200) + 1):
            life.live(time.monotonic() + chance.uniform(0, _LONGEST_LIFE_S))
            bench.station.kill()
            with subtests.test("kill %d" % number):
                bench.start()
                life.check()
        with subtests.test("the transactions of them all"):
            bench.end_sessions()
            bench.check_transactions()
            bench.check_traffic()
