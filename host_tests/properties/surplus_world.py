"""A house with a roof of solar cells, for the tests of house/surplus.py: second by second, with
vehicles that follow late, meters that lag, and a contactor that rests.

Days come from host_tests/days (what they are stands in the README there) or are made at random. The
`Judge` sees the house as it really is, and knows nothing of how the limit is worked out."""

import json
import random
from pathlib import Path

from house_world import FOLLOW_MS, STEP_MS, Vehicle

from setpoint.schedule.sharing import shares

DAYS = Path(__file__).resolve().parent.parent / "days"
VOLTS = 230
REST_MS = 60000  # a contactor stays open for so long after a pause or a switch of phases


class Day:
    """watts(second) -> what the house draws without us in L1, L2 and L3, less what the sun gives."""

    def __init__(self, name):
        found = json.loads((DAYS / (name + ".json")).read_text())
        self.seconds = found["hours"] * 3600
        self.sun_phases = found["sun_phases"]
        self._loads = [(load["phases"], load["watts"], load["at"]) for load in found["loads"]]
        self._base = found["base_watts"]
        self._sun = found["sun"]

    def watts(self, second):
        watts = list(self._base)
        for phases, power, times in self._loads:
            for start, length in times:
                if start <= second < start + length:
                    for phase in phases:
                        watts[phase] += power // len(phases)
        sun = self._sun_at(second)
        for phase in self.sun_phases:
            watts[phase] -= sun // len(self.sun_phases)
        return watts

    def _sun_at(self, second):
        """Between two points of [second, watts] in a straight line."""
        last = self._sun[0]
        for point in self._sun:
            if second < point[0]:
                return last[1] + (point[1] - last[1]) * (second - last[0]) // (point[0] - last[0])
            last = point
        return last[1]


class Weather:
    """A random day: sun and clouds, kettles, a heat pump."""

    def __init__(self, seed, peak_w, steady=False):
        self.rng = random.Random(seed)
        self.peak_w = peak_w
        self.share = self.rng.random() if steady else 1
        self.steady = steady
        self.load = [0, 0, 0]
        self.ends = 0

    def watts(self, second):
        rng = self.rng
        if not self.steady:
            if rng.random() < 1 / 90:
                self.share = rng.choice((0, 0.2, 0.5, 0.8, 1, 1))
            if second >= self.ends:
                self.load = [0, 0, 0]
                if rng.random() < 1 / 400:
                    self.ends = second + rng.randrange(30, 900)
                    self.load[rng.randrange(3)] = rng.choice((1200, 2000, 3000))
        sun = int(self.peak_w * self.share)
        return [250 + self.load[phase] - sun // 3 for phase in range(3)]


class World:
    """`limit` gets a reading each second, `delay_ms` old, and what we drew at another moment of the
    second. What it allows goes to the vehicles."""

    def __init__(self, limit, day, seed=0, uses=((0, 1, 2),), delay_ms=1000):
        self.rng = random.Random(seed)
        self.limit = limit
        self.day = day
        self.vehicles = [Vehicle(self.rng, phases, 160) for phases in uses]
        self.uses = uses
        self.delay_ms = delay_ms
        self.ms = 0
        self.past = []  # (house, ours), deci-ampere of each phase
        self.switches = []
        self._phases = 3  # that the relays give
        self._closed = [False] * len(uses)
        self._rests_ms = [0] * len(uses)
        self._own_at_ms = self.rng.randrange(0, 1000, STEP_MS)
        self._own = [0, 0, 0]
        self._house = [0, 0, 0]
        self.starts = 0
        self.silent = False

    def step(self):
        self.ms += STEP_MS
        if self.ms % 1000 == 0 or not self.past:
            watts = self.day.watts(self.ms // 1000)
            self._house = [each * 10 // VOLTS for each in watts]
        for vehicle in self.vehicles:
            vehicle.pass_time(self.ms)
        ours = [sum(v.currents()[p] for v in self.vehicles) for p in range(3)]
        self.past = self.past[-100:] + [(self._house, ours)]
        if self.ms % 1000 == self._own_at_ms:
            self._own = ours
        if self.ms % 1000 == 0:
            self.read()
        self.drive()

    def read(self):
        house, ours = self.past[-1 - min(self.delay_ms // STEP_MS, len(self.past) - 1)]
        surplus_da = sum(self._own) - sum(house) - sum(ours)
        if self.silent:
            surplus_da = 0
        self.limit.reading(self.ms, surplus_da, len(self.vehicles), self._own, 1)

    def drive(self):
        """As limits.py and evse.py do: shares, one phase or all, the rest of a contactor."""
        self._look_at_contactors()
        wanted = self.limit.phases or 3
        if wanted != self._phases and not any(v.draws_da for v in self.vehicles):
            self._phases = wanted
            self.switches.append(self.ms)
            for i in range(len(self.vehicles)):
                self.vehicles[i].phases = self.uses[i] if wanted == 3 else (0,)
        parts = shares(self.limit.da, [v.can_da for v in self.vehicles])
        for i in range(len(self.vehicles)):
            vehicle = self.vehicles[i]
            da = parts[i] if wanted == self._phases and self.ms >= self._rests_ms[i] else 0
            vehicle.offer(self.ms, da)

    def _look_at_contactors(self):
        for i in range(len(self.vehicles)):
            vehicle = self.vehicles[i]
            closed = vehicle.offered_da > 0 or vehicle.draws_da > 0
            if self._closed[i] and not closed:
                self._rests_ms[i] = self.ms + REST_MS
            elif closed and not self._closed[i]:
                self.starts += 1
            self._closed[i] = closed


class Judge:
    """Adds up what we draw and import, and holds the world to its bounds."""

    def __init__(self, world):
        self.world = world
        self.drawn = self.imported = self.fed_in = 0  # ms * deci-ampere, over all phases
        self.surplus = []  # (ms, deci-ampere) as it really was, of the last 30 s
        self.rich_ms = 0  # with at least 6 A for each phase in use
        self.falls = self.rises = 0
        self.da = 0
        self.dip = 0  # imported since there was less than 6 A for each phase in use

    def look(self):
        world = self.world
        house, ours = world.past[-1]
        surplus_da = max(0, -sum(house))
        # What it may still be following: the meter's age, three readings, 10 s of the vehicle
        follow_ms = world.delay_ms + 4000 + FOLLOW_MS
        self.surplus = [one for one in self.surplus if one[0] > world.ms - follow_ms]
        self.surplus.append((world.ms, surplus_da))
        drawn_da = sum(ours)
        self.drawn += drawn_da * STEP_MS
        self.fed_in += max(0, surplus_da - drawn_da) * STEP_MS
        imported = max(0, drawn_da - max(da for _, da in self.surplus)) * STEP_MS
        self.imported += imported
        self.dip += imported
        if surplus_da >= 60 * max(1, sum(1 for da in ours if da)):
            self.rich_ms += STEP_MS
            self.dip = 0
        self.rises += world.limit.da > self.da
        self.falls += world.limit.da < self.da
        self.da = world.limit.da
        self.bound()

    def bound(self):
        """What the grid may have given: to each charge so much as 6 A in stop_ms, and while there
        was surplus a quarter of that again."""
        world = self.world
        each = 3 * 60 * len(world.vehicles)
        once = max(world.limit.stop_ms, world.limit.closed_ms) * 3 * 60 + each * 10000
        most = once * max(1, world.starts) + self.rich_ms * each // 4
        assert self.imported <= most, ("imported", world.ms, self.imported, most)
        assert self.dip <= 2 * once * len(world.vehicles), ("one dip", world.ms, self.dip)
        gaps = [b - a for a, b in zip(world.switches, world.switches[1:], strict=False)]
        assert min(gaps, default=600000) >= 600000 - FOLLOW_MS, ("switches", world.switches)
        assert world.starts <= len(world.vehicles) * (2 + world.ms // 120000), "flutter"

    def kwh(self, ms_da):
        return ms_da * VOLTS / 10 / 3.6e9


def play(limit, day, seconds, judge=Judge, during=None, **world):
    here = World(limit, day, **world)
    eyes = judge(here)
    for _ in range(seconds * 1000 // STEP_MS):
        if during is not None:
            during(here, eyes)
        here.step()
        eyes.look()
    return eyes
