"""A whole station with every source of a limit at once: house limit, surplus, dim input, weekly plan,
random delay, central system, and contactors that rest. One seed is one story, in steps of 0.2 s.

Three judges look on, none of which knows how a limit is worked out:

    Watch           (loop_watch.py) what profiles, plan, dim input and fallback allow, by the oracle
                    tools/expected.py, each with the time that a vehicle may take to follow
    SourcesWatch    the same, where the house and the surplus may allow less
    SourcesLoop     what really flows: the main fuse, the surplus, the contactors"""

import random

from closed_loop import ClosedLoop
from house_world import House
from legal_profiles import DAY, T0
from loop_watch import Watch
from loop_world import STEP_MS, as_sent

from setpoint.units import MINIMUM_DA
from tools import expected

FUSE_DA = 350
# The meter's age (its delay, and a second between two readings), 5 s, and what a vehicle may take:
# 5 s until the pilot is written, 5 s to follow, or 6 s until its contactor is opened
OVERLOAD_MS = 2000 + 5000 + 11000
SILENT_MS = 20000  # after a silence the limit finds its way again
STOP_MS = 180000  # SurplusStopAfterSeconds, for each vehicle, one after the other
STOPPED_MS = 90000  # ... 60 s for the newest to be closed, and the times above
REST_MS = 120000  # ContactorMinimumClosedSeconds and ContactorMinimumOpenSeconds


class SourcesWatch(Watch):
    def _limits(self, now, own, phases, total):
        grants = self.loop.app.station.limits.of
        for connector, grant in grants.items():
            assert 0 <= grant.da <= own[connector], ("above the oracle", connector, now, grant.da)
            assert grant.phases <= phases[connector], ("phases", connector, now, grant.phases)
        handed = sum(grants[connector].da for connector in self.loop.books.running)
        assert total is None or handed <= total, ("above the combined limit", now, handed, total)

    def _fair(self, ms, now, own, total):
        """What is shared the oracle cannot know: the house and the surplus may allow less."""


class LoopMains:
    """A meter at the grid connection that tells what was a second ago, unless it is silent."""

    fuse_amps = FUSE_DA // 10
    safe_amps = 6
    rise_after_s = 30
    surplus = False
    lag = 1

    def __init__(self):
        self.readings = 0
        self.currents_da = [0, 0, 0]
        self.on_reading = None
        self.silent = False

    @property
    def problem(self):
        return "no answer" if self.silent else None


class SourcesLoop(ClosedLoop):
    watched_by = SourcesWatch

    def __init__(self, seed, site, at=T0):
        self.rng = random.Random(seed)
        self.meter = LoopMains()
        self.house = House(self.rng, FUSE_DA, sun=self.rng.choice((0, 80, 200, 300)))
        self.house_da = self.house.at(0)
        self.before_da = [0, 0, 0]  # the grid, a second ago
        self.over_ms = self.dark_ms = 0
        self.longest_over_ms = 0
        self.heard_ms = 0  # since when the meter tells
        self.surplus_ms = None  # since when vehicles follow the surplus; None: they do not
        self.sums = []  # (ms, surplus), of the last 60 s
        self.closed = {}  # connector: is its contactor?
        self.closings = {}  # connector: when, of this vehicle
        self.drawn = {}  # source of the limit: seconds in which something flowed under it
        ClosedLoop.__init__(self, site, at)

    def mains(self, clock, outlets):
        return self.meter

    # -- a second

    def second(self):
        for _ in range(1000 // STEP_MS):
            self.step(STEP_MS)
            self.judge()
        if self.ms % 1000 == 0:
            self.house_da = self.house.at(self.ms)
            ours = self.ours()
            if not self.meter.silent:
                self.meter.readings += 1
                self.meter.currents_da = self.before_da
            self.before_da = [self.house_da[p] + ours[p] for p in range(3)]
            self.app.wake()
            self.pump()

    def ours(self):
        each = [outlet.meter_currents_da() for outlet in self.outlets()]
        return [sum(da[phase] for da in each) for phase in range(3)]

    def judge(self):
        ours = self.ours()
        self._judge_fuse(ours)
        self._judge_surplus(sum(ours))
        for connector, evse in self.app.control.evses.items():
            closed = evse.outlet.contactor_closed()
            if closed and not self.closed.get(connector):
                last_ms = self.closings.get(connector)
                assert last_ms is None or self.ms - last_ms >= REST_MS - STEP_MS, "no rest"
                self.closings[connector] = self.ms
            self.closed[connector] = closed
        if any(ours) and self.ms % 1000 == 0:
            for connector in self.books.running:
                source = self.app.station.limits.of[connector].why(0).split(",")[0]
                self.drawn[source] = self.drawn.get(source, 0) + 1

    def _judge_fuse(self, ours):
        if self.meter.silent:
            self.heard_ms = self.ms
        over = any(self.house_da[p] + ours[p] > FUSE_DA and ours[p] for p in range(3))
        self.over_ms = self.over_ms + STEP_MS if over else 0
        if self.ms - self.heard_ms > SILENT_MS:
            self.longest_over_ms = max(self.longest_over_ms, self.over_ms)
            assert self.over_ms <= OVERLOAD_MS, ("overload", self.ms, self.house_da, ours)
        elif self.meter.silent and self.ms - self.silent_since_ms > 10000 + OVERLOAD_MS:
            assert max(ours) <= MINIMUM_DA, ("above the safe current", self.ms, ours)

    def _judge_surplus(self, drawn_da):
        surplus_da = 0 if self.meter.silent else max(0, -sum(self.house_da))
        self.sums = [one for one in self.sums if one[0] > self.ms - 60000]
        self.sums.append((self.ms, surplus_da))
        if self.surplus_ms is None:
            self.dark_ms = 0
            return
        self.dark_ms = 0 if surplus_da > 0 else self.dark_ms + STEP_MS
        since_ms = self.ms - self.surplus_ms
        count = len(self.app.control.evses)
        if min(self.dark_ms, since_ms) > count * STOP_MS + STOPPED_MS:
            assert drawn_da == 0, ("no sun for long", self.ms, drawn_da)
        if since_ms > 60000:
            most_da = max(max(da for _, da in self.sums), count * 3 * MINIMUM_DA)
            assert drawn_da <= most_da, ("above the surplus", self.ms, drawn_da, most_da)

    # -- what happens

    def set_key(self, name, value):
        answer = self.ask("ChangeConfiguration", {"key": name, "value": str(value)})
        assert answer.payload == {"status": "Accepted"}, (name, value)

    def follow_surplus(self, does):
        self.set_key("SurplusCharging", "true" if does else "false")
        if not does:
            self.surplus_ms = None
        elif self.surplus_ms is None:
            self.surplus_ms = self.ms

    def fall_silent(self, silent):
        if silent and not self.meter.silent:
            self.silent_since_ms = self.ms
        self.meter.silent = silent

    def set_profile(self, connector, profile_id, purpose, limits, every_s):
        periods = [{"startPeriod": i * every_s, "limit": limits[i]} for i in range(len(limits))]
        profile = {
            "chargingProfileId": profile_id,
            "stackLevel": profile_id,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "startSchedule": self.central.now() - 7,
                "chargingSchedulePeriod": periods,
            },
        }
        new = expected.Placed(connector, profile, self.app.clock.now(), None)

        def answered(answer):
            assert answer.payload == {"status": "Accepted"}, profile
            self.books.accepted(new, self.app.clock.now())

        request = {"connectorId": connector, "csChargingProfiles": as_sent(profile)}
        self.ask("SetChargingProfile", request, answered)

    def clear_profiles(self):
        def answered(_):
            self.books.placed = []
            self.books.changed()

        self.ask("ClearChargingProfile", {}, answered)

    def set_plan(self, plan):
        lines, meant = plan

        def answered(answer):
            assert answer.payload == {"status": "Accepted"}
            self.books.site = self.books.site._replace(plan=meant)
            self.books.changed()

        request = {"vendorId": "Setpoint", "messageId": "SetPlan", "data": lines}
        self.ask("DataTransfer", request, answered)

    def plug(self, connector, phases=3):
        outlet = self.outlet(connector)
        outlet.vehicle.plug_in(320, phases, 0)
        outlet.look_at_pilot()
        self.closings.pop(connector, None)
        for _ in range(2):
            self.second()
        self.app.on_card(self.new_tag(), [connector])
        self.pump()

    def unplug(self, connector):
        self.outlet(connector).vehicle.plug_out()
        for _ in range(3):
            self.second()
        self.closings.pop(connector, None)

    def something(self, plans):
        """One thing of all that may happen."""
        rng = self.rng
        connectors = list(self.app.control.evses)
        what = rng.randrange(12)
        if what < 2:
            purpose, connector = rng.choice(
                (("TxDefaultProfile", rng.choice(connectors)), ("ChargePointMaxProfile", 0))
            )
            limits = [rng.choice((0, 6, 8, 10, 16, 25, 32)) for _ in range(rng.randrange(1, 4))]
            self.set_profile(connector, rng.randrange(1, 4), purpose, limits, rng.choice((20, 90)))
        elif what == 2:
            self.clear_profiles()
        elif what == 3:
            self.set_plan(rng.choice(plans))
        elif what == 4:
            self.dim(not self.dims)
        elif what < 7:
            self.follow_surplus(self.surplus_ms is None)
        elif what == 7:
            self.set_key("RandomDelayMax", rng.choice((0, 0, 20, 90)))
        elif what == 8:
            self.fall_silent(not self.meter.silent)
        elif what == 9:
            self.unplug(rng.choice(connectors))
        elif what == 10:
            self.app.on_press("button")
        for connector in connectors:
            if not self.outlet(connector).vehicle.plugged:
                self.plug(connector, rng.choice((1, 3, 3)))

    def lift_all(self):
        """Nothing limits any more but the fuse of an empty house."""
        self.clear_profiles()
        self.set_plan(("", None))
        self.dim(False)
        self.follow_surplus(False)
        self.set_key("RandomDelayMax", 0)
        self.fall_silent(False)
        self.house.busy, self.house.loads, self.house.base = False, [], [0, 0, 0]


def play(seed, plans, seconds=1200, loop=SourcesLoop):
    """The loop after so many seconds of a story, and then of peace."""
    rng = random.Random(seed)
    site = expected.Site(
        230, 3, seed % 2 == 1, 32, None, rng.choice((None, 35)), rng.choice((1, 2, 3))
    )
    here = loop(seed, site, T0 + rng.randrange(7 * DAY))
    here.central.behind_s = T0 - here.app.clock.now()
    here.link(True)
    for connector in here.app.control.evses:
        here.plug(connector)
    next_s = 0
    while here.ms < seconds * 1000:
        if here.ms >= next_s * 1000:
            here.something(plans)
            next_s = here.ms // 1000 + rng.choice((1, 5, 20, 60, 150))
        here.second()
    here.lift_all()
    for _ in range(600):
        here.second()
    return here


def evening(connectors, loop=SourcesLoop):
    """The loop after a sunny afternoon and the night that follows. Returns (it, what flowed in the
    sun)."""
    here = loop(1, expected.Site(230, 3, False, 32, None, None, connectors))
    here.house.busy, here.house.base, here.house.sun_da, here.house.cloud = False, [20] * 3, 300, 0
    here.link(True)
    for connector in here.app.control.evses:
        here.plug(connector)
    here.follow_surplus(True)
    for _ in range(600):
        here.second()
    sunny_da = sum(here.ours())
    here.house.cloud = 100
    for _ in range((connectors * STOP_MS + STOPPED_MS) // 1000 + 60):
        here.second()
    return here, sunny_da
