"""A house behind its main fuse, for the tests of house/mains.py: kettle, heat pump, sun and clouds,
vehicles that follow late, meters that lag; in quarters of a second.

It knows nothing of how the limit is worked out. `Judge` looks at what it sees of it, against the
house as it really is."""

import random

from setpoint.schedule.sharing import shares

STEP_MS = 250
FOLLOW_MS = 10000  # 5 s until the pilot is written, 5 s of the vehicle


class House:
    """What flows without us, in deci-ampere per phase; import is positive."""

    def __init__(self, rng, fuse_da, busy=True, sun=None):
        self.rng = rng
        self.base = [rng.randrange(0, fuse_da // 4) for _ in range(3)]
        self.loads = []  # (ends_ms, phases, da)
        self.fuse_da = fuse_da
        self.busy = busy
        self.sun_da = rng.choice((0, 0, 60, 150)) if sun is None else sun
        self.cloud = 0

    def at(self, ms):
        rng = self.rng
        if self.busy and ms % 1000 == 0:
            if rng.random() < 1 / 240:  # kettle, oven, iron: 2 to 3.6 kW on one phase, 2 to 5 min
                length_ms = rng.randrange(20, 300) * 1000
                phase = rng.randrange(3)
                self.loads.append((ms + length_ms, (phase,), rng.randrange(87, 157)))
            if rng.random() < 1 / 1500:  # a heat pump on three phases, 5 to 40 min
                length_ms = rng.randrange(300, 2400) * 1000
                self.loads.append((ms + length_ms, (0, 1, 2), rng.randrange(30, 110)))
            if rng.random() < 1 / 60:
                self.cloud = rng.randrange(0, 101)
            self.loads = [load for load in self.loads if load[0] > ms]
        da = list(self.base)
        for _, phases, load_da in self.loads:
            for phase in phases:
                da[phase] += load_da
        return [each - self.sun_da * (100 - self.cloud) // 100 for each in da]


class Vehicle:
    """Follows an offer after a while of its own; below 6 A it stops, as late."""

    def __init__(self, rng, phases, can_da):
        self.rng = rng
        self.phases = phases
        self.can_da = can_da
        self.offered_da = 0
        self.draws_da = 0
        self._coming = []  # (at ms, da)
        self._fell = []  # (at ms, what was offered before)

    def held_da(self, ms):
        """What it may still draw (R29)."""
        return max([self.offered_da] + [da for at, da in self._fell if ms - at < FOLLOW_MS + 1000])

    def offer(self, ms, da):
        da = da if da >= 60 else 0
        if da != self.offered_da:
            if da < self.offered_da:
                self._fell = self._fell[-20:] + [(ms, self.offered_da)]
            self.offered_da = da
            at_ms = ms + self.rng.choice((500, 2000, 5000, FOLLOW_MS - STEP_MS))
            if self._coming and self._coming[-1][0] > at_ms:
                at_ms = self._coming[-1][0]
            self._coming.append((at_ms, min(da, self.can_da)))

    def pass_time(self, ms):
        while self._coming and self._coming[0][0] <= ms:
            self.draws_da = self._coming.pop(0)[1]

    def currents(self):
        return [self.draws_da if phase in self.phases else 0 for phase in range(3)]


class World:
    """A mains meter, read each second and `delay_ms` old; our own meter, read at another moment of
    the second. `limit` is told of each reading, and says the total."""

    def __init__(self, seed, limit, fuse_da=350, vehicles=1, delay_ms=1000, assumed=False, **house):
        self.rng = rng = random.Random(seed)
        self.fuse_da = fuse_da
        self.house = House(rng, fuse_da, **house)
        self.phases = [0, 1, 2] if rng.random() < 0.7 else [0]
        self.vehicles = [Vehicle(rng, self.phases, rng.choice((160, 320))) for _ in range(vehicles)]
        self.delay_ms = delay_ms
        self.assumed = assumed
        self.limit = limit
        self.ms = 0
        self.past = []  # (house, ours) of the last seconds, the newest last
        self.silent = False
        self._own_at_ms = rng.randrange(0, 1000, STEP_MS)
        self._own = [0, 0, 0]
        self._sum = lambda each: [sum(one[p] for one in each) for p in range(3)]

    def step(self):
        self.ms += STEP_MS
        house = self.house.at(self.ms)
        for vehicle in self.vehicles:
            vehicle.pass_time(self.ms)
        ours = self._sum([v.currents() for v in self.vehicles])
        self.past = self.past[-100:] + [(house, ours)]
        if self.ms % 1000 == self._own_at_ms:
            self._own = ours
        if self.ms % 1000 == 0:
            self.read()
        parts = shares(self.limit.da, [v.can_da for v in self.vehicles])
        for falls in (True, False):  # R29: down first, then up as far as there is room
            for vehicle, da in zip(self.vehicles, parts, strict=True):
                if falls == (da < vehicle.offered_da):
                    others = [v.held_da(self.ms) for v in self.vehicles if v is not vehicle]
                    vehicle.offer(self.ms, da if falls else min(da, self.limit.da - sum(others)))

    def read(self):
        if self.silent:
            self.limit.silence(self.ms, len(self.vehicles))
            return
        seen = self.past[-1 - min(self.delay_ms // STEP_MS, len(self.past) - 1)]
        own = self._own
        if self.assumed:
            own = self._sum(
                [[v.offered_da if p in v.phases else 0 for p in range(3)] for v in self.vehicles]
            )
        mains = [a + b for a, b in zip(*seen, strict=True)]
        self.limit.reading(self.ms, mains, own, self.phases, len(self.vehicles), self.assumed)


class Judge:
    """Holds a world to its bounds, step by step."""

    def __init__(self, world, rise_ms=30000, safe_da=60):
        self.world = world
        self.rise_ms = rise_ms
        self.safe_da = safe_da
        self.rooms = []  # (ms, what the fuse really leaves), of the last 40 s
        self.over_ms = 0
        self.longest_over_ms = 0
        self.silent_ms = 0
        self.heard_again_ms = 0
        self.da = world.limit.da
        self.pauses = []
        self.falls = self.rises = 0

    def room(self, since_ms, until_ms=1 << 60):
        return [da for ms, da in self.rooms if since_ms <= ms <= until_ms]

    def look(self):
        world, ms, da = self.world, self.world.ms, self.world.limit.da
        house, ours = world.past[-1]
        here = world.phases
        self.rooms = self.rooms[-160:] + [(ms, world.fuse_da - max(house[p] for p in here))]
        self.silent_ms = self.silent_ms + STEP_MS if world.silent else 0
        if world.silent or ms < 15000:
            self.heard_again_ms = ms
        age_ms = world.delay_ms + 1000
        # a silent meter for 10 s: the safe current; it takes a look, once a second, to see that
        if self.silent_ms > 11000:
            assert da <= self.safe_da, ("silent", ms, da)
        elif (
            ms - self.heard_again_ms > age_ms + 5000
            and not world.assumed
            and (da != self.da or ms % 1000 == 0)
        ):
            # never above the room for longer than the meter's age and 5 s. Where what we draw has
            # changed, the two meters do not mean the same moment: each change costs its age again
            recent = [each[1] for each in world.past[-60:]]
            moves = sum(a != b for a, b in zip(recent, recent[1:], strict=False))
            most = max(self.room(ms - age_ms * (1 + moves) - 5000))
            assert da <= max(most, 0), ("room", ms, da, most)
        # an overload while we draw, from its begin on
        over = any(house[p] + ours[p] > world.fuse_da and ours[p] for p in here)
        self.over_ms = self.over_ms + STEP_MS if over else 0
        self.longest_over_ms = max(self.longest_over_ms, self.over_ms)
        if ms - self.heard_again_ms > age_ms + 5000 + FOLLOW_MS:
            known_ms = age_ms + (FOLLOW_MS if world.assumed else 5000) + 1000
            assert self.over_ms <= known_ms + FOLLOW_MS, ("overload lasts", ms, self.over_ms)
            steps = (age_ms + 3000) // STEP_MS
            if (
                self.over_ms > age_ms + 2000
                and not world.assumed
                and all(each[1] == ours for each in world.past[-steps:])
            ):
                # Down within 2 s; what our own vehicles do meanwhile may cost 3 s more: see above
                most = max(self.room(ms - age_ms - 2000))
                assert da <= max(most, 0), ("overload", ms, da, most)
        if da > self.da:
            self.rises += 1
            if not world.assumed and not world.limit.silent:
                assert ms >= self.rise_ms, ("rose too early", ms)
                least = min(self.room(ms - self.rise_ms + age_ms, ms - age_ms))
                assert da <= least, ("rose above the room of its time", ms, da, least)
        elif da < self.da:
            self.falls += 1
            count = len(world.vehicles)
            if min(da // 60, count) < min(self.da // 60, count):
                self.pauses.append((ms, self.da // 60 - da // 60))
        # at most one pause of a vehicle in five minutes
        while len(self.pauses) > len(world.vehicles):
            first, last = self.pauses[0][0], self.pauses[len(world.vehicles)][0]
            assert last - first >= 300000, ("flutter", first, last)
            self.pauses.pop(0)
        self.da = da


def play(seed, limit, seconds, during=None, judge=Judge, **world):
    """Plays so long, and returns the judge. during(world): before each step."""
    here = World(seed, limit, **world)
    eyes = judge(here)
    for _ in range(seconds * 1000 // STEP_MS):
        if during is not None:
            during(here)
        here.step()
        eyes.look()
    return eyes
