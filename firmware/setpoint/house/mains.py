"""How much all connectors together may draw, so that the house's main fuse is never overloaded.

The meter at the grid connection shows the house and us; what we draw is known from our own meters,
or assumed from what is offered. The difference is the house without us, and does not move when our
vehicles do, however late they follow. What the fuse leaves beside it is the room.

Rule 1: down at once where the mains meter shows an overload, and as soon as all readings of a
        moment agree where it does not: the two meters are not read at the same instant, so that a
        vehicle that has just begun to draw may look like the house.
Rule 2: up to the least room of the last `rise_after_s`, once all of that time had room.
Rule 3: below 6 A for a vehicle is its pause. After a pause nobody resumes for five minutes, and then
        only with a margin: each vehicle pauses at most once in that time.
Rule 4: a meter that is silent or implausible for 10 s leaves `safe_da`, and so does one that was
        never heard.

Amperes are tenths per phase, import from the grid positive. Phases are 0 to 2 for L1 to L3."""

from micropython import const

from ..units import MINIMUM_DA

SILENT_MS = const(10000)
PAUSE_MS = const(300000)
_MARGIN_DA = const(10)  # that stays free: two meters' errors, and what a pilot resolves
_BAND_DA = const(5)  # less room than offered by so much is no reason to change, but half the margin
_STEP_DA = const(10)  # more room than that is worth a change
_RESUME_DA = const(10)  # on top of 6 A for each
_GAP_MS = const(2000)  # between two readings
_BEYOND = const(5)  # times the main fuse: it would have blown


class Mains:
    """`da`: what all connectors together may draw per phase. `phase`: the one that it is for,
    None: the meter is `silent`."""

    def __init__(
        self, fuse_da: int, safe_da: int = MINIMUM_DA, rise_after_s: int = 30, lag: int = 1
    ) -> None:
        """safe_da: with a silent meter. lag: by so many readings of the mains meter our own meters
        may be late."""
        self._fuse_da = fuse_da
        self._safe_da = safe_da if safe_da <= fuse_da else 0
        self._rise_ms = rise_after_s * 1000
        self._lag = lag
        self.da = self._safe_da
        self.phase = None
        self.silent = True
        self._heard_ms = None
        self._phases = None  # that were in use
        self._rooms = []  # by the last readings
        self._owns = []  # what we drew, at these
        self._over = 0  # readings in a row with an overload
        self._before_da = 0  # what was allowed when it began
        self._room_since_ms = None
        self._least_da = 0  # room since then
        self._paused_ms = None
        self._follows = None  # where our own current is assumed

    def words(self) -> str:
        """The source of the limit, for people."""
        if self.phase is None:
            return "house, its meter is silent"
        return "house, L%d" % (self.phase + 1)

    def heard(self) -> bool:
        """Was there ever a reading?"""
        return self._heard_ms is not None

    def heard_at(self, up_ms: int) -> bool:
        """Was the last reading that can be this one?"""
        return self._heard_ms == up_ms

    def drawn(self) -> list:
        """What our vehicles drew of it, of each phase, as it was told or assumed."""
        return self._owns[-1]

    def silence(self, up_ms: int, vehicles: int) -> None:
        """Nothing to be believed has come from the meter; to be told about once a second."""
        if self._heard_ms is not None and up_ms - self._heard_ms < SILENT_MS:
            return
        if not self.silent:
            self.silent = True
            self._room_since_ms = None
            self._forget()
        self.phase = None
        if self._safe_da < self.da:
            self._fall(up_ms, self._safe_da, vehicles)
        else:
            self._wait_for_room(up_ms, self._safe_da, vehicles, 0)

    def reading(
        self, up_ms: int, mains_da: list, own_da: list, phases: list, vehicles: int, assumed: bool
    ) -> None:
        """mains_da: of each phase, None where the meter tells nothing. own_da: what our vehicles
        draw of it; assumed: as offered, since nobody measures. phases: those in use by us.
        vehicles: how many have a transaction."""
        for phase in phases:
            da = mains_da[phase]
            if da is None or abs(da) > _BEYOND * self._fuse_da:
                self.silence(up_ms, vehicles)
                return
        if self.silent:
            self.silent = False
            self._room_since_ms = None
        elif up_ms - self._heard_ms > _GAP_MS:  # what is old does not agree with anything
            self._rooms = self._rooms[-1:]
            self._owns = self._owns[-1:]
        self._heard_ms = up_ms
        if phases != self._phases:
            self._phases = phases
            self._forget()
        if assumed:
            if self._follows is None:
                from .follows import Follows

                self._follows = Follows()
            own_da = self._follows.drawn(up_ms, mains_da, own_da, phases)
        self._owns = self._owns[-1 - self._lag :] + [own_da]
        room_da, phase = self._room(mains_da, own_da)
        before_da = self.da
        self._rooms = self._rooms[-1 - self._lag :] + [room_da]
        allowed_da = max(self._rooms)
        overload_da = max([mains_da[phase] for phase in phases]) - self._fuse_da
        if overload_da > 0:
            allowed_da = min(allowed_da, self._in_overload(mains_da, overload_da))
        else:
            self._over = 0
            allowed_da += _BAND_DA
        if allowed_da < self.da:
            self._fall(up_ms, max(0, min(allowed_da, max(self._rooms))), vehicles)
        else:
            self._wait_for_room(up_ms, room_da, vehicles, _RESUME_DA)
        if self.da != before_da or self.phase not in phases:
            self.phase = phase

    def _forget(self) -> None:
        self._rooms = []
        self._owns = []
        self._over = 0

    def _room(self, mains_da: list, own_da: list) -> tuple:
        """(what the fuse leaves beside the house, the phase with the least)."""
        least_da = at = None
        for phase in self._phases:
            da = self._fuse_da - _MARGIN_DA - (mains_da[phase] - own_da[phase])
            if least_da is None or da < least_da:
                least_da, at = da, phase
        return least_da, at

    def _in_overload(self, mains_da: list, overload_da: int) -> int:
        """What we drew at most in the last readings, less the overload: vehicles that fall already
        need not fall twice. While our own meter may not yet show what they have begun to draw, what
        they were allowed, less the overload."""
        self._over += 1
        if self._over == 1:
            self._before_da = self.da
        drew_da = [max([own[phase] for own in self._owns]) for phase in (0, 1, 2)]
        allowed_da, _ = self._room(mains_da, drew_da)
        if self._over <= self._lag:
            allowed_da = max(allowed_da, self._before_da - overload_da - _MARGIN_DA)
        return allowed_da

    def _fall(self, up_ms: int, da: int, vehicles: int) -> None:
        if da // MINIMUM_DA < min(self.da // MINIMUM_DA, vehicles):
            self._paused_ms = up_ms
        self.da = da
        self._room_since_ms = None

    def _wait_for_room(self, up_ms: int, room_da: int, vehicles: int, resume_da: int) -> None:
        """Rises once there was room all the time. One more vehicle resumes where there are 6 A for
        it and `resume_da` to spare; below that there is use in a little less than its 6 A."""
        one_more = self.da // MINIMUM_DA < vehicles
        line_da = (self.da // MINIMUM_DA + 1) * MINIMUM_DA
        least_use_da = self.da + _STEP_DA
        if one_more and least_use_da > line_da - _STEP_DA:
            least_use_da = line_da + resume_da
        if room_da < least_use_da:
            self._room_since_ms = None
            return
        if self._room_since_ms is None:
            self._room_since_ms = up_ms
            self._least_da = self._fuse_da
        self._least_da = da = min(self._least_da, room_da)
        if up_ms - self._room_since_ms < self._rise_ms:
            return
        if one_more and (self._rests(up_ms) or da < line_da + resume_da):
            da = min(da, line_da - _STEP_DA)
        if da > self.da:
            self._room_since_ms = None
            self.da = da

    def _rests(self, up_ms: int) -> bool:
        return self._paused_ms is not None and up_ms - self._paused_ms < PAUSE_MS
