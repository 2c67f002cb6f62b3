"""Finds the profile of a stack that speaks at an instant (R28.1, R28.2).

The highest profile that speaks hides those below it, until its segment ends or a silent one above
it begins. The hidden ones are not asked. So the next change is the earliest end among the profiles
that were asked.
"""

from ..units import FOREVER
from .profile import ALL_PHASES


class Stack:
    """Profiles, the prevailing one first, and their last answer.

    rate     what they allow, None when all of them are silent
    phases   the phases that belong to it
    until    the next instant at which the answer may change
    profile  the one that speaks, or None
    holds    up to here the same one speaks on: at an `until` before it, its next period begins
    index, began    see ChargingProfile.speaks

    Most questions come in the order of time. So the stack keeps its last answer, and moves to the
    next period by one `step`.
    """

    def __init__(self, profiles: list) -> None:
        self.profiles = profiles
        self.index = self.began = 0
        # The earliest instant of the last answer; FOREVER: nothing is remembered
        self._asked = FOREVER
        self._fall_silent(FOREVER)

    def ask(self, at: int, started: "int | None") -> None:
        """What holds at an instant, for a transaction that started then; see
        ChargingProfile.speaks."""
        if self._asked <= at < self.holds and started == self._started:
            while self.until <= at:
                self.step()
            return
        until = FOREVER  # of the silent ones above
        self._asked = at
        self._started = started
        for profile in self.profiles:
            valid_from = profile.valid_from
            # R14; checked here, since it saves the call for most of those above
            if at < valid_from:
                if valid_from < until:
                    until = valid_from
            elif profile.speaks(at, started, self):
                self.profile = profile
                if until < self.holds:
                    self.holds = until
                    if until < self.until:
                        self.until = until
                return
            elif self.until < until:
                until = self.until
        self._fall_silent(until)

    def step(self) -> None:
        """Moves the answer to `until`, if that lies before `holds`: the next period of the profile
        that speaks."""
        profile = self.profile
        starts = profile.starts
        index = self.index + 1
        word = profile.words[index]
        self.rate = (word >> 2) * profile.worth[word & 3]
        self.phases = word & 3
        self.index = index
        self._asked = self.until
        until = self.holds
        index += 1
        if index < len(starts):
            start = self.began + starts[index] * profile.step
            if start < until:
                until = start
        self.until = until

    def position(self, at: int, started: "int | None") -> tuple:
        """What holds at an instant, and all that `step` needs from there:
        (rate, phases, until, holds, index, began, starts, step, words, worth)."""
        self.ask(at, started)
        profile = self.profile
        if profile is None:
            return None, self.phases, self.until, self.holds, 0, 0, (), 0, (), ()
        return (
            self.rate,
            self.phases,
            self.until,
            self.holds,
            self.index,
            self.began,
            profile.starts,
            profile.step,
            profile.words,
            profile.worth,
        )

    def ask_without_time(self) -> None:
        """What holds while the time of day is unknown: the lowest current and the fewest phases of
        all periods of all profiles, since any of them may be in force (R31)."""
        self._asked = FOREVER
        self._fall_silent(FOREVER)
        for profile in self.profiles:
            rate, phases = profile.lowest()
            if self.rate is None or rate < self.rate:
                self.rate = rate
                self.profile = profile
            if phases < self.phases:
                self.phases = phases

    def _fall_silent(self, until: int) -> None:
        self.rate = None
        self.phases = ALL_PHASES
        self.profile = None
        self.until = self.holds = until
