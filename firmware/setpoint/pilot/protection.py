"""Watches one connector beside its pilot: cable, contactor, current, residual current, earth, lock.

Each control step calls `begin`, passes on what the board's sensors say, and reads:

    faults     a bit for each fault that is there now (faults.py)
    recovery   the strictest rule that ends one of them (faults.py); 0 without a fault
    latched    of these, the bits that only a person ends; they are stored and survive a restart
    numbers    what was measured when a fault came, by bit
    ready      False while the residual current monitor still has to pass its test
    cable_da   what the cable bears; None: not known (yet)
    live       the contactor is closed, as far as its feedback says
    pilot_ok   the pilot reads as it was set
    test       the residual current monitor's test input

The control step sets `used` when the contactor closes: since the monitor's last test.

A stall proves nothing, so no step counts for more than a quarter of a second.
"""

from micropython import const

from ..units import MINIMUM_DA
from . import faults
from .faults import MANUAL, SELF_HEALING, UNPLUG, WELDED

_STEP_MS = const(250)
_LONG_MS = const(60000)  # a fault that has been there for longer is not counted on

_AGREEING = const(5)  # readings of the cable's resistor
_LOST = const(3)  # readings without a plug: 60 ms, as for the pilot
_CABLE_MS = const(2000)  # to find out what it bears
_NO_CABLE = const(0)

_FOLLOWS_MS = const(200)  # a contactor, with its bounce: reported within 250 ms
_WELDED_MS = const(1000)
_CLOSING_TRIES = const(3)

_VEHICLE_FOLLOWS_MS = const(5000)  # IEC 61851-1: a vehicle's time to follow a lower duty ...
_METER_FOLLOWS_MS = const(7000)  # ... and the meter's to show it
_OVER_MS = const(7000)
_FAR_OVER_MS = const(1000)

_TEST_MS = const(1000)  # for a monitor to trip when it is tested
_QUIET_MS = const(4000)  # and to end that: some take 3 s
_EARTH_MS = const(500)
_LOCK_MS = const(5000)
_LOCK_CLOSED_MS = const(500)  # with the contactor closed
_PILOT_MS = const(60)

_SETTLED_MS = const(2000)
_DERATE_C = const(65)
_QUARTER_C = const(68)
_STOP_C = const(71)
_COOL_C = const(62)


def cable_da_for(ohm: int) -> int:
    """What a cable with this resistor bears (IEC 61851-1, annex B), the lower value between two
    windows. 0: the resistor is open, shorted or beyond the windows."""
    if ohm > 2460 or ohm < 80:
        return _NO_CABLE
    if ohm > 936:
        return 130
    if ohm > 308:
        return 200
    return 320 if ohm > 140 else 630


class Protection:
    def __init__(self, latched: int = 0, has_test: bool = False) -> None:
        """`latched`: as stored before the restart. `has_test`: the residual current monitor can be
        tested."""
        self.faults = 0
        self.recovery = 0
        self.latched = latched
        self.numbers = [0] * faults.COUNT
        self.ready = not has_test
        self.cable_da = None
        self.test = False
        self.locked = True  # as far as a lock is there: what the contactor may rely on
        self.live = False
        self.pilot_ok = True
        self.used = False
        self._has_test = has_test
        self._testing_ms = -1  # since the test input changed; -1: no test
        self._acknowledged = False
        self._cable_seen_da = 0
        self._cable_readings = 0
        self._cable_ms = 0
        self._apart_ms = 0  # contactor and coil
        self._apart = False
        self._closing_tries = 0
        self._before_da = 0  # the highest offer that the meter may still show
        self._before_ms = 0  # since it was last made
        self._since_da = 0  # the highest one after it
        self._since_ms = 0
        self._over_ms = 0
        self._far_over_ms = 0
        self._earth_ms = 0
        self._lock_ms = 0
        self._pilot_ms = 0

    def begin(self) -> None:
        self.faults = self.latched
        self.recovery = MANUAL if self.latched else 0

    def _raise(self, bit: int, recovery: int, number: int) -> None:
        self.faults |= 1 << bit
        self.numbers[bit] = number
        if recovery > self.recovery:
            self.recovery = recovery

    def _latch(self, bit: int, number: int) -> None:
        """Raises a fault that only a person ends."""
        self.latched |= 1 << bit
        self._raise(bit, MANUAL, number)

    def acknowledge(self, closed: "bool | None") -> None:
        """A person has seen to what is latched. A monitor has to pass its test before its fault ends.
        `closed`: the contactor's feedback, None without one."""
        if not closed:
            self.latched &= ~(1 << WELDED)
        if self._has_test:
            self.ready = False
            self._acknowledged = True
        else:
            self.latched &= ~(1 << faults.RESIDUAL)

    def cable(self, elapsed_ms: int, ohm: int, plugged: bool, energised: bool) -> None:
        """Finds the cable's rating when the plug goes in; it does not rise until the plug is
        out."""
        self._read_cable(cable_da_for(ohm))
        if not plugged:
            self.cable_da = None
            self._cable_ms = 0
            return
        seen_da = self._cable_seen_da
        # It begins to be coded under load
        if seen_da and (self._cable_readings >= _AGREEING or (energised and self.cable_da is None)):
            self.cable_da = min(seen_da, self.cable_da or seen_da)
        if seen_da and self.cable_da is not None:
            self._cable_ms = 0
            return
        self._cable_ms = min(self._cable_ms + min(elapsed_ms, _STEP_MS), _CABLE_MS)
        if self._cable_ms >= _CABLE_MS or (energised and self._cable_readings >= _LOST):
            self._raise(faults.CABLE, SELF_HEALING, ohm)

    def _read_cable(self, seen_da: int) -> None:
        self._cable_readings = (
            min(self._cable_readings + 1, _AGREEING) if seen_da == self._cable_seen_da else 1
        )
        self._cable_seen_da = seen_da

    def contactor(self, elapsed_ms: int, coil: bool, closed: bool, plugged: bool) -> None:
        """Does the contactor follow its coil? `coil`: as it was driven since the last step."""
        self.live = closed
        if not plugged:
            self._closing_tries = 0
        if closed == coil:
            self._apart_ms = 0
            self._apart = False
            return
        if self._apart:
            self._apart_ms = min(self._apart_ms + min(elapsed_ms, _STEP_MS), _WELDED_MS)
        self._apart = True
        if coil and self._apart_ms >= _FOLLOWS_MS:
            self._closing_tries += 1
            rule = SELF_HEALING if self._closing_tries < _CLOSING_TRIES else UNPLUG
            self._raise(faults.CONTACTOR, rule, self._apart_ms)
        elif self._apart_ms >= _WELDED_MS:
            self._latch(WELDED, self._apart_ms)

    def current(self, elapsed_ms: int, offered_da: int, da: int, charging: bool) -> None:
        """Compares what the vehicle draws (`da`) with what it reads from the pilot. Only while it
        charges (C2): after a stop the contactor opens within 6 s anyway."""
        elapsed_ms = min(elapsed_ms, _STEP_MS)
        followed_da = self._followed_da(elapsed_ms, offered_da)
        self._over_ms = (
            self._over_ms + elapsed_ms if charging and da * 10 > (followed_da + 5) * 11 else 0
        )
        self._far_over_ms = (
            self._far_over_ms + elapsed_ms if charging and da * 2 > self._before_da * 3 else 0
        )
        if self._over_ms > _OVER_MS or self._far_over_ms > _FAR_OVER_MS:
            self._raise(faults.OVERCURRENT, UNPLUG, da)

    def _followed_da(self, elapsed_ms: int, offered_da: int) -> int:
        """The highest offer that a vehicle may still follow. The time of each runs from when it was
        last made. They are 5 s apart, so there are two to remember beside the present one."""
        if offered_da == 0 or offered_da >= self._before_da:
            self._before_da = offered_da
            self._before_ms = self._since_da = 0
            return offered_da
        self._before_ms += elapsed_ms
        self._since_ms += elapsed_ms
        if offered_da >= self._since_da:
            self._since_da = offered_da
            self._since_ms = 0
        if self._before_ms >= _METER_FOLLOWS_MS:
            self._before_da = self._since_da
            self._before_ms = self._since_ms
            self._since_da = 0
        if self._before_ms < _VEHICLE_FOLLOWS_MS:
            return self._before_da
        return self._since_da if self._since_ms < _VEHICLE_FOLLOWS_MS else offered_da

    def residual(self, elapsed_ms: int, tripped: bool, idle: bool) -> None:
        """`idle`: the contactor is open. A test drives the monitor until it trips, then lets it
        rest."""
        if self._testing_ms < 0:
            if not self.ready and idle:
                self.test = True
                self._testing_ms = 0
            elif tripped:
                self._latch(faults.RESIDUAL, 0)
            return
        self._testing_ms += min(elapsed_ms, _STEP_MS)
        if self.test and tripped:
            self.test = False
            self._testing_ms = 0
        elif self._testing_ms > (_TEST_MS if self.test else _QUIET_MS):
            self._latch(faults.RCM if self.test else faults.RESIDUAL, self._testing_ms)
            self._end_test()
        elif not self.test and not tripped:
            if self._acknowledged:
                self.latched &= ~(1 << faults.RESIDUAL | 1 << faults.RCM)
            self._end_test()

    def _end_test(self) -> None:
        self.test = False
        self.ready = True
        self._testing_ms = -1
        self._acknowledged = False

    def test_again(self) -> None:
        """After a session the monitor must pass its test before the next one."""
        self.used = False
        self.ready = not self._has_test

    def earth(self, elapsed_ms: int, present: bool) -> None:
        self._earth_ms = (
            0 if present else min(self._earth_ms + min(elapsed_ms, _EARTH_MS), _LONG_MS)
        )
        if self._earth_ms > _EARTH_MS:
            self._raise(faults.EARTH, SELF_HEALING, self._earth_ms)

    def lock(self, elapsed_ms: int, wanted: bool, closed: bool, energised: bool) -> None:
        self.locked = closed
        self._lock_ms = (
            min(self._lock_ms + min(elapsed_ms, _LOCK_CLOSED_MS), _LONG_MS)
            if wanted and not closed
            else 0
        )
        if self._lock_ms > (_LOCK_CLOSED_MS if energised else _LOCK_MS):
            self._raise(faults.LOCK, UNPLUG, self._lock_ms)

    def pilot(self, elapsed_ms: int, ok: bool) -> None:
        """`ok`: the pilot reads as it was set. If it does not, no other conclusion holds."""
        self.pilot_ok = ok
        self._pilot_ms = 0 if ok else min(self._pilot_ms + elapsed_ms, _LONG_MS)
        if self._pilot_ms >= _PILOT_MS:
            self._raise(faults.PILOT, SELF_HEALING, self._pilot_ms)


class Derating:
    """Lowers the current while it is hot, to `quarters` of it: 4 is all, 0 a stop. `faults`: as
    above."""

    def __init__(self) -> None:
        self.quarters = 4
        self.faults = 0
        self.celsius = 0
        self._since_ms = 0

    def step(self, elapsed_ms: int, celsius: "int | None") -> None:
        """`celsius`: None where the thermometer is lost. A value counts once it has lasted for 2
        s."""
        quarters = self.quarters
        lost = celsius is None
        if lost:
            quarters = min(quarters, 2)
        else:
            self.celsius = celsius
            if celsius >= _STOP_C:
                quarters = 0
            elif celsius >= _QUARTER_C:
                quarters = min(quarters, 1)
            elif celsius >= _DERATE_C:
                quarters = min(quarters, 2)
            elif celsius <= _COOL_C:
                quarters = 4
        if quarters == self.quarters and lost == bool(self.faults >> faults.THERMOMETER):
            self._since_ms = 0
            return
        self._since_ms += min(elapsed_ms, _STEP_MS)
        if self._since_ms > _SETTLED_MS:
            self._since_ms = 0
            self.quarters = quarters
            self.faults = 1 << faults.THERMOMETER if lost else 0
            if quarters == 0:
                self.faults |= 1 << faults.HOT
            elif quarters < 4 and not lost:
                self.faults |= 1 << faults.DERATED

    def most_da(self, rating_da: int) -> int:
        """What is left of a connector's rating: at least 6 A, or 0."""
        if self.quarters == 0:
            return 0
        return min(rating_da, max(MINIMUM_DA, rating_da * self.quarters // 4))
