"""What each connector may draw now: the minimum of everything that limits it, and what that is.

Rule 1: a limit falls at once and rises only when there is room: what another connector was allowed
        a moment ago counts as still drawn until its vehicle has had the time to follow (R29: down
        first, up after).
Rule 2: the sum over running transactions never exceeds ChargePointMaxProfile, the installation's
    limit, or a total that somebody else set (`limit_total`).
Rule 3: nothing is polled: `next_change` says when the schedule can change, `recheck_ms` when room
is freed."""

from micropython import const

from ..schedule.sharing import shares
from ..units import FOREVER, MINIMUM_DA

# 5 s until the pilot may write a new duty, 5 s in which the vehicle follows it, 1 s of grace
# (hardware: IEC 61851-1).
_FALL_MS = const(11000)


class ConnectorLimit:
    """What one connector may draw: `da` per phase, `phases`, `source` of the limit, `until` when
    the schedule says so."""

    def __init__(self) -> None:
        self.da = 0
        self.phases = 3
        self.source = "hardware"
        self.until = FOREVER
        # The ChargingProfile or the WeeklyPlan that limits, or the words of a total's source
        self.reason = None
        self.running = False
        self._falling = []  # (da, until up_ms): earlier limits that the vehicle may still draw

    def why(self, now: "int | None") -> str:
        """What limits, in words."""
        profile = self.reason
        if profile is None:
            return self.source
        if type(profile) is str:
            return "its share of " + profile if self.source == "sharing" else profile
        if profile.id is None:
            words = "the weekly plan"
        else:
            words = "%s %d, level %d" % (profile.purpose, profile.id, profile.level)
        if self.source == "sharing":
            words = "its share of " + words
        return (
            words if now is not None else words + ": its lowest period, since the time is not known"
        )

    def reserved_da(self, up_ms: int) -> int:
        """What sharing keeps for this connector: the current that may still flow through it."""
        reserved_da = self.da if self.running else 0
        for da, until_ms in self._falling:
            if da > reserved_da and up_ms < until_ms:
                reserved_da = da
        return reserved_da

    def falls_ms(self, up_ms: int) -> "int | None":
        """The up-time at which the first part of that is free; None when nothing is falling."""
        for _, until_ms in self._falling:  # the oldest first
            if up_ms < until_ms:
                return until_ms
        return None

    def change(self, da: int, running: bool, up_ms: int) -> None:
        had_da = self.da if self.running else 0
        self.da = da
        self.running = running
        if had_da > (da if running else 0):
            self._falling = [entry for entry in self._falling if up_ms < entry[1]]
            self._falling.append((had_da, up_ms + _FALL_MS))

    def contactor_is_open(self) -> None:
        """No current can flow through this connector: what was reserved for it is free now."""
        if self._falling:
            self._falling = []


class _Bound:
    """What a connector may have by itself, before other connectors count."""

    def __init__(self, da: int, phases: int, source: str, until: int, reason) -> None:
        self.da = da
        self.phases = phases
        self.source = source
        self.until = until
        self.reason = reason


class Limits:
    """`of`: connector id: its ConnectorLimit. profiles: those that are installed
    (schedule/installed.py)."""

    def __init__(self, facts, profiles) -> None:
        self._facts = facts
        self._profiles = profiles
        self.caps = {}  # connector id: {source: da}
        self.totals = None  # {source: (da, words, phases)}, where there is one
        self.of = {}
        for connector in facts.connectors:
            self.of[connector.id] = ConnectorLimit()
        self.next_change = 0  # instant; FOREVER when no schedule can change
        self.recheck_ms = None  # up-time at which a limit that waits for room may rise

    def cap(self, connector_id: int, source: str, da: "int | None") -> None:
        """A limit from elsewhere: cable, temperature, fallback. None: it does not limit."""
        if da == self.cap_of(connector_id, source):
            return
        caps = self.caps.setdefault(connector_id, {})
        if da is None:
            del caps[source]
        else:
            caps[source] = da
        self._facts.limits_stale = True

    def cap_of(self, connector_id: int, source: str) -> "int | None":
        return self.caps.get(connector_id, {}).get(source)

    def limit_total(
        self,
        source: str,
        da: "int | None",
        words: "str | None" = None,
        phases: "int | None" = None,
    ) -> None:
        """What all connectors together may draw per phase, from elsewhere: the house, a dim input.
        The lowest of all totals holds. None: it does not limit. words: the source and more of it,
        for people ("house, L2"). phases: the most that a connector may use, where the board can
        switch them."""
        totals = self.totals or {}
        new = None if da is None else (da if da > 0 else 0, words or source, phases)
        if totals.get(source) == new:
            return
        if new is None:
            del totals[source]
        else:
            totals[source] = new
        self.totals = totals or None
        self._facts.limits_stale = True

    def total_of(self, source: str) -> "int | None":
        return self.totals[source][0] if self.totals and source in self.totals else None

    def due(self) -> bool:
        """Could a limit be another one than last time? Cheap, and allocates nothing."""
        facts = self._facts
        if facts.limits_stale or (facts.now is not None and facts.now >= self.next_change):
            return True
        return self.recheck_ms is not None and facts.up_ms >= self.recheck_ms

    def due_ms(self) -> "int | None":
        facts = self._facts
        if facts.now is None:
            return self.recheck_ms
        change_ms = facts.ms_at(self.next_change)
        return change_ms if self.recheck_ms is None else min(change_ms, self.recheck_ms)

    def settle(self) -> None:
        if self.due():
            self.update()

    def update(self) -> None:
        """Works out every limit anew."""
        facts = self._facts
        facts.limits_stale = False
        self.next_change = FOREVER
        self.recheck_ms = None
        total_da, total_reason = self._profiles.station_limit_at(facts.now)
        bounds = {}
        for connector in facts.connectors:
            bounds[connector.id] = self._bound(connector, facts.now)
        source = None  # of the total, where it is neither a profile nor the installation
        for name in self.totals or ():
            da, words, phases = self.totals[name]
            for connector_id in bounds if phases is not None else ():
                bound = bounds[connector_id]
                bound.phases = min(bound.phases, self._facts.supply.carrying[phases])
            if total_da is None or da < total_da:
                total_da, total_reason, source = da, words, name
        if len(facts.connectors) > 1 and total_da is not None:
            self._share(bounds, total_da, total_reason)
        else:
            bound = bounds[facts.connectors[0].id]
            if source is not None and total_da < bound.da:
                bound.da, bound.source, bound.reason = total_da, source, total_reason
            total_da = None  # nobody to share it with
        if facts.random_delay is not None:
            self.recheck_ms = facts.random_delay.hold(bounds)
        self._hand_out(bounds, total_da, facts.up_ms)

    def _bound(self, connector, now: "int | None") -> "_Bound":
        """What a connector may draw by itself."""
        da, phases, until, reason = self._profiles.limit_at(
            connector.id, now, connector.transaction
        )
        self.next_change = min(self.next_change, until)
        source = "schedule"
        if reason is None:
            supply = self._facts.supply
            source = "installation" if supply.own_rate < supply.connector_rate else "hardware"
        elif reason.id is None:
            source = "plan"
        caps = self.caps.get(connector.id, {})
        for name in caps:
            if caps[name] < da:
                da, source, reason = caps[name], name, None
        return _Bound(da, phases, source, until, reason)

    def _share(self, bounds: dict, total_da: int, total_reason) -> None:
        """Shares one limit among all connectors that charge (R29). An idle one gets what it would
        get as the newest."""
        running = [c for c in self._facts.connectors if c.transaction is not None]
        # A vehicle that pauses keeps 6 A reserved so that it can resume, and gets the rest when it
        # does. It stands behind those that charge: where there is not enough for all, the last in
        # the row gets nothing, and none waits for a pause.
        running.sort(key=lambda c: (not c.asks(), c.transaction.handle))
        wants = [bounds[c.id].da if c.asks() else min(bounds[c.id].da, MINIMUM_DA) for c in running]
        parts = shares(total_da, wants)
        for connector in self._facts.connectors:
            bound = bounds[connector.id]
            if connector.transaction is None:
                part = shares(total_da, wants + [bound.da])[-1]
            else:
                part = parts[running.index(connector)]
            if part < bound.da:
                bound.da, bound.source, bound.reason = part, "sharing", total_reason

    def _hand_out(self, bounds: dict, total_da: "int | None", up_ms: int) -> None:
        rising = []
        for connector in self._facts.connectors:  # down first
            limit = self.of[connector.id]
            bound = bounds[connector.id]
            da = bound.da
            limit.phases, limit.source, limit.until, limit.reason = (
                bound.phases,
                bound.source,
                bound.until,
                bound.reason,
            )
            running = connector.transaction is not None
            had_da = limit.da if limit.running else 0
            if running and total_da is not None and da > had_da:
                limit.change(had_da, True, up_ms)
                rising.append(connector.id)
            else:
                limit.change(da, running, up_ms)
            if not running and connector.pilot not in ("C2", "C2S"):
                limit.contactor_is_open()
        for connector_id in rising:  # then up, as far as there is room
            limit = self.of[connector_id]
            wanted_da = bounds[connector_id].da
            da = min(wanted_da, self._room_da(connector_id, total_da, up_ms))
            if da > limit.da:
                limit.change(da, True, up_ms)
            if limit.da < wanted_da:
                limit.source = "sharing"
                self._recheck_when_room(up_ms)
        for connector in self._facts.connectors:
            connector.limit_da = self.of[connector.id].da

    def _room_da(self, connector_id: int, total_da: int, up_ms: int) -> int:
        """What the other connectors leave of the total. Below 0 while they still draw more than
        it."""
        room = total_da
        for other in self.of:
            if other != connector_id:
                room -= self.of[other].reserved_da(up_ms)
        return room

    def _recheck_when_room(self, up_ms: int) -> None:
        for connector_id in self.of:
            falls = self.of[connector_id].falls_ms(up_ms)
            if falls is not None and (self.recheck_ms is None or falls < self.recheck_ms):
                self.recheck_ms = falls
