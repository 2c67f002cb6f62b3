"""The invariants of a station in a closed loop, checked from outside."""

from loop_world import STEP_MS

from setpoint.pilot.duty import offered_da_for

MOTION_MS = 7000  # longer than any timer of the pilot's machine that leads to an action, F aside
FOLLOW_MS = 5000  # a vehicle may take so long to follow its pilot
FALL_MS = 11000  # a lower limit has reached the vehicle
STOP_MS = 6000  # without a permit the contactor is open after that
RISE_MS = 12000  # a share that grew was handed out


class History:
    """A value over time."""

    def __init__(self):
        self._entries = []  # (since, value)

    def put(self, ms, value):
        if not self._entries or self._entries[-1][1] != value:
            self._entries.append((ms, value))

    def highest(self, ms, window_ms):
        """The greatest that held within the last window; None (no limit) is greater than all."""
        while len(self._entries) > 1 and self._entries[1][0] <= ms - window_ms:
            self._entries.pop(0)
        values = [value for _, value in self._entries]
        return None if None in values else max(values)


class Watch:
    """Looks at everything that the outside world could see. Forgets at a power-up: all contactors
    are open then."""

    def __init__(self, loop):
        self.loop = loop
        self.totals = History()
        self.own = {c: History() for c in loop.books.connectors()}
        self.handed = {c: History() for c in loop.books.connectors()}
        self.offers = {c: History() for c in loop.books.connectors()}
        self.phases = {c: History() for c in loop.books.connectors()}
        # Since when; None: permitted
        self.forbidden_ms = {c: loop.ms - STOP_MS for c in loop.books.connectors()}
        self._inputs = None
        self._inputs_ms = 0
        self.sound = True  # the last look found nothing wrong

    def __call__(self):
        loop = self.loop
        now, ms = loop.app.clock.now(), loop.ms
        loop.books.time_is(ms)
        own, phases, total = loop.books.at(now)
        self.sound = False
        self._remember(ms, own, phases, total)
        self._limits(now, own, phases, total)
        self._carried_out()
        self._wire(ms)
        self._fair(ms, now, own, total)
        self.sound = True

    def between(self, now, elapsed_ms):
        """No event until so much later: the limits that stand are right at every second before
        that."""
        loop = self.loop
        second_ms = loop.ms - loop.app.clock.into_second_ms()
        edge = loop.books.next_edge(now)
        while second_ms + (edge - now) * 1000 <= loop.ms + elapsed_ms:
            ms = second_ms + (edge - now) * 1000
            own, phases, total = loop.books.at(edge)
            if ms < loop.ms + elapsed_ms:
                self._limits(edge, own, phases, total)
            self._remember(ms, own, phases, total)
            edge = loop.books.next_edge(edge)

    def _remember(self, ms, own, phases, total):
        self.totals.put(ms, total)
        for connector, grant in self.loop.app.station.limits.of.items():
            self.own[connector].put(ms, own[connector])
            self.phases[connector].put(ms, phases[connector])
            self.handed[connector].put(ms, grant.da if connector in self.loop.books.running else 0)
            outlet = self.loop.outlet(connector)
            if not outlet.vehicle.plugged:
                self.offers[connector] = History()  # the next vehicle has not seen them
            self.offers[connector].put(ms, offered_da_for(outlet.duty_u16))

    def _limits(self, now, own, phases, total):
        """(a) and the first half of (b)."""
        grants = self.loop.app.station.limits.of
        for connector, grant in grants.items():
            assert 0 <= grant.da <= own[connector], (
                "above the oracle",
                connector,
                now,
                grant.da,
                own[connector],
            )
            assert grant.phases == phases[connector], (
                "phases",
                connector,
                now,
                grant.phases,
                phases[connector],
            )
            assert total is None or grant.da <= total
        handed = sum(grants[connector].da for connector in self.loop.books.running)
        assert total is None or handed <= total, (
            "sum above the combined limit",
            now,
            handed,
            total,
        )

    def _carried_out(self):
        for connector in self.loop.app.station.facts.connectors:
            evse = self.loop.app.control.evses[connector.id]
            grant = self.loop.app.station.limits.of[connector.id]
            assert (evse.limit_da, evse.phases) == (grant.da, grant.phases), connector.id
            assert evse.permitted == (
                connector.transaction is not None and not connector.faulted()
            ), connector.id

    def _wire(self, ms):
        """The second half of (b), and (d): what could flow."""
        sum_da = 0
        for connector, evse in self.loop.app.control.evses.items():
            outlet = evse.outlet
            if evse.permitted and evse.limit_da >= 60 and not evse.fault:
                self.forbidden_ms[connector] = None
            elif self.forbidden_ms[connector] is None:
                self.forbidden_ms[connector] = ms
            assert outlet.contactor_closed() == evse.sequence.contactor, (
                "not what the pilot's machine wants",
                connector,
            )
            if not outlet.contactor_closed():
                continue
            since = self.forbidden_ms[connector]
            assert since is None or ms - since <= STOP_MS + STEP_MS, (
                "closed without a permit",
                connector,
                since,
            )
            could_da = self.offers[connector].highest(ms, FOLLOW_MS)
            sum_da += could_da
            allowed = self.own[connector].highest(ms, FALL_MS)
            assert could_da <= allowed, (
                "could draw more than its limit",
                connector,
                could_da,
                allowed,
            )
            allowed = self.handed[connector].highest(ms, FALL_MS)
            assert could_da <= allowed, (
                "could draw more than it was handed",
                connector,
                could_da,
                allowed,
            )
            assert outlet.phases <= self.phases[connector].highest(ms, FALL_MS), (
                "phases",
                connector,
            )
            drawn = outlet.vehicle.draws_da(True)
            assert drawn <= could_da, ("the vehicle of this test", connector)
        allowed = self.totals.highest(ms, FALL_MS)
        assert allowed is None or sum_da <= allowed, (
            "could draw more than the combined limit",
            sum_da,
            allowed,
        )

    def _fair(self, ms, now, own, total):
        """(c): a while after the last change of what shares depend on, they are those of R29."""
        books = self.loop.books
        inputs = (
            own,
            total,
            sorted((r.handle, c) for c, r in books.running.items()),
            self._asking(),
        )
        if inputs != self._inputs:
            self._inputs, self._inputs_ms = inputs, ms
        elif self.delayed():
            self._inputs_ms = ms
        elif ms - self._inputs_ms >= RISE_MS and not books.falls_back_now:
            self.shares_are_fair(now)

    def delayed(self):
        """Connectors that wait for the end of a random delay: they pause, and not for longer than
        the key says."""
        delay = self.loop.app.station.facts.random_delay
        if delay is None:
            return []
        up_ms = self.loop.app.clock.uptime_ms()
        waiting = [c for c in delay._of if delay._of[c].ends_ms is not None]
        for connector in waiting:
            assert delay._of[connector].ends_ms - up_ms <= 1800000
            if delay._of[connector].ends_ms > up_ms:
                assert self.loop.app.station.limits.of[connector].da < 60, "it does not pause"
        return waiting

    def _asking(self):
        return [c.id for c in self.loop.app.station.facts.connectors if c.vehicle == "C"]

    def shares_are_fair(self, now):
        if self.delayed():
            return
        books = self.loop.books
        shares = books.shares(now, self._asking())
        grants = self.loop.app.station.limits.of
        handed = {connector: grants[connector].da for connector in books.running}
        assert handed == shares, ("not the fair shares", handed, shares, books.at(now))
