"""How much vehicles may draw of what the house feeds into the grid, so that they draw little else.

The meter at the grid connection shows the house and us; what it would feed in without us is the
surplus, over all phases together, as most grid operators count it.

Rule 1: down with the readings that agree on it; up to the least surplus of the last 20 s, in whole
        amperes: what a vehicle follows is no flicker.
Rule 2: a vehicle starts once 6 A for it have been there for `start_ms` without a gap. While there is
        less it goes on with 6 A, as long as the grid has given no more for that than 6 A in
        `stop_ms`; what was given is forgotten at a quarter of the pace in which surplus lasts. So
        clouds do not stop a charge, and an evening does.
Rule 3: one vehicle after the other starts, and stops, by this rule: the one that came last stops
        first (schedule/sharing.py).
Rule 4: with a switch, one phase where three are too many for 6 A, at most 16 A on it (one phase may
        not be loaded as three are), and three again once `start_ms` had enough. At most one switch in
        ten minutes; a vehicle that needs one earlier pauses until then.
Rule 5: never less than `minimum_da`, where that is 6 A or more; on one phase where that is in use.
Rule 6: a meter that is silent shows no surplus.

Amperes are tenths, of all connectors together: `da` per phase, a surplus added up over the phases."""

from micropython import const

from ..units import MINIMUM_DA

SWITCH_MS = const(600000)
_STEP_DA = const(10)
_RISE_MS = const(20000)
_ONE_PHASE_DA = const(160)
_DRAWS_DA = const(10)  # less on a phase is no charge
_LEARN_MS = const(30000)  # how many phases a vehicle uses shows after so long
_FORGETS = const(4)
_GAP_MS = const(5000)  # between two readings; more does not count


class Surplus:
    """`da`: what all connectors together may draw per phase. `phases`: the most that a connector may
    use, None: all it has.

    What the caller sets: minimum_da, start_ms, stop_ms, closed_ms (a contactor stays closed for so
    long if it only is about the surplus)."""

    def __init__(self, phases: int, can_switch: bool) -> None:
        """phases: that are wired."""
        self.minimum_da = 0
        self.start_ms = 60000
        self.stop_ms = 180000
        self.closed_ms = 60000
        self.da = 0
        self.phases = None
        self._wired = phases
        self._can_switch = can_switch and phases > 1
        self._vehicles = 0
        self._used = phases  # by vehicles, where all phases are there
        self._fewer_ms = 0
        self._up_ms = None
        self._recent = []  # surpluses, the newest last
        self._seats = 0  # vehicles that may charge
        self._seated_ms = 0
        self._debt = 0  # ms * da from the grid for 6 A
        self._enough_ms = [0, 0]  # since when for one more; for all phases
        self._switched_ms = None
        self._rise_ms = None  # since when there is more than `da` ...
        self._rise_da = 0  # ... and the least since then

    def words(self) -> str:
        """The source of the limit, for people."""
        if self.da == 0:
            return "surplus, there is too little"
        if self._seats * MINIMUM_DA < self.minimum_da == self.da:
            return "surplus, its minimum"
        return "surplus" if self.phases is None else "surplus, on one phase"

    def reading(self, up_ms: int, surplus_da: int, vehicles: int, drawn_da: list, lag: int) -> None:
        """About once a second. surplus_da: what would be fed in without us; 0 with a silent meter.
        vehicles: how many have a transaction. drawn_da: of each phase, by us; None where nobody
        measures. lag: by so many readings that may be late."""
        ms = 0 if self._up_ms is None else min(up_ms - self._up_ms, _GAP_MS)
        if self._up_ms is None:
            self._enough_ms = [up_ms, up_ms]
        self._up_ms = up_ms
        if vehicles != self._vehicles:
            self._vehicles = vehicles
            self._used = self._wired
            self._fewer_ms = 0
            self._seats = min(self._seats, max(vehicles, 1))
        if drawn_da is not None and self.phases is None:
            self._learn(ms, drawn_da)
        self._recent = self._recent[-1 - lag :] + [surplus_da]
        self._pay(ms, max(self._recent))
        self._stop(up_ms, max(self._recent))
        self._start(up_ms, surplus_da, max(vehicles, 1))
        self._follow(surplus_da, up_ms, max(vehicles, 1))

    def _each(self) -> int:
        """Phases on which one ampere of `da` is drawn."""
        return self._used if self.phases is None else 1

    def _learn(self, ms: int, drawn_da: list) -> None:
        """A vehicle may use fewer phases than there are."""
        used = len([da for da in drawn_da if da >= _DRAWS_DA])
        if used >= self._used or used == 0 or max(drawn_da) < MINIMUM_DA - _DRAWS_DA:
            self._fewer_ms = 0
            self._used = max(used, self._used)
            return
        self._fewer_ms += ms
        if self._fewer_ms >= _LEARN_MS:
            self._used = used

    def _pay(self, ms: int, surplus_da: int) -> None:
        """What the grid gives for 6 A, and what is forgotten of it."""
        each = self._each()
        short_da = self._seats * MINIMUM_DA * each - max(surplus_da, 0)
        if short_da > 0:
            self._debt = min(self._debt + ms * short_da, self.stop_ms * MINIMUM_DA * each)
        else:
            self._debt = max(0, self._debt - ms * MINIMUM_DA * each // _FORGETS)

    def _stop(self, up_ms: int, surplus_da: int) -> None:
        each = self._each()
        if self._seats == 0 or surplus_da >= self._seats * MINIMUM_DA * each:
            return
        if (
            self._debt < self.stop_ms * MINIMUM_DA * each
            or up_ms - self._seated_ms < self.closed_ms
        ):
            return
        if (
            self._may_switch(up_ms)
            and self._used > 1
            and self.phases is None
            and surplus_da >= self._seats * MINIMUM_DA
        ):
            self._switch(up_ms, 1)
        else:
            self._seats -= 1
        self._debt = 0

    def _start(self, up_ms: int, surplus_da: int, vehicles: int) -> None:
        """One more vehicle, or all phases again, once there was enough for it all the time."""
        most = self._seats + 1
        one = self._can_switch and self._seats == 0 and self._may_switch(up_ms)
        each = 1 if one else self._each()
        if (
            self._seats >= vehicles
            or surplus_da < most * MINIMUM_DA * each
            or (self.phases is not None and most * MINIMUM_DA > _ONE_PHASE_DA)
        ):
            self._enough_ms[0] = up_ms
        if self.phases is None or surplus_da < MINIMUM_DA * self._used:
            self._enough_ms[1] = up_ms
        for_all = up_ms - self._enough_ms[1] >= self.start_ms
        if (
            self.phases is not None
            and for_all
            and self._may_switch(up_ms)
            and (self._seats == 0 or up_ms - self._seated_ms >= self.closed_ms)
        ):
            self._switch(up_ms, None)
            self._seats = min(self._seats, surplus_da // (MINIMUM_DA * self._used))
        if self._seats < vehicles and up_ms - self._enough_ms[0] >= self.start_ms:
            if one and self.phases is None and surplus_da < MINIMUM_DA * self._used:
                self._switch(up_ms, 1)
            self._seats += 1
            self._seated_ms = up_ms
            self._debt = 0
            self._enough_ms[0] = up_ms

    def _may_switch(self, up_ms: int) -> bool:
        return (
            self._can_switch
            and self._vehicles > 0
            and (self._switched_ms is None or up_ms - self._switched_ms >= SWITCH_MS)
        )

    def _switch(self, up_ms: int, phases: "int | None") -> None:
        self.phases = phases
        self._switched_ms = up_ms
        self._seated_ms = up_ms
        self._enough_ms = [up_ms, up_ms]
        self._rise_ms = None

    def _follow(self, surplus_da: int, up_ms: int, vehicles: int) -> None:
        step_da = _STEP_DA * self._each()
        now_da = max(surplus_da, 0) // step_da * _STEP_DA
        da = min(self.da, max(max(self._recent), 0) // step_da * _STEP_DA)
        if now_da <= self.da:
            self._rise_ms = None
        elif self._rise_ms is None:
            self._rise_ms, self._rise_da = up_ms, now_da
        else:
            self._rise_da = min(self._rise_da, now_da)
            if up_ms - self._rise_ms >= _RISE_MS:
                self._rise_ms = None
                da = self._rise_da
        if self.phases is not None:
            da = min(da, _ONE_PHASE_DA)
        if self._seats < vehicles:
            da = min(da, (self._seats + 1) * MINIMUM_DA - _STEP_DA)
        da = max(da, self._seats * MINIMUM_DA) if self._seats else 0
        self.da = max(da, self.minimum_da) if self.minimum_da >= MINIMUM_DA else da
