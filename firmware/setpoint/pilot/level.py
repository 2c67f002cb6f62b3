"""Reads the vehicle's state from the voltages of the control pilot (IEC 61851-1, annex A).

A burst of readings gives two levels in millivolts: the higher one is the positive half-wave, the
lower one the negative half-wave. The lower one means something only while PWM runs.

    class   positive half-wave     meaning
    A       12 V  (above 10.5)     no vehicle
    B        9 V  (7.5 to 10.5)    connected
    C        6 V  (4.5 to 7.5)     asks for current
    D        3 V  (1.5 to 4.5)     asks for current and ventilation
    E        0 V  (-1.5 to 1.5)    pilot shorted to earth
    NEG    -12 V  (below -9)       pilot negative all the time
    BAD      anything else         a reading that no vehicle and no wire can cause

With all parts at the ends of their tolerances (12 V and diode drop, 1 kOhm, the vehicle's
resistors) every class stays 0.87 V away from the cuts. Hysteresis takes 0.3 V of that: a cut moves
away from the class that counts now.
"""

from micropython import const

_CLASSES = const(("A", "B", "C", "D", "E"))
# _CLASSES[i] lies above _TOP_CUT_MV - i * _APART_MV. A tuple of cuts would not do: MicroPython
# freezes a number above 8191 in a tuple as a long integer, and each sum with that takes memory.
_TOP_CUT_MV = const(10500)
_APART_MV = const(3000)
_HYSTERESIS_MV = const(300)
_TOP_MV = const(13500)  # 12.6 V from the generator, and our own error of reading
_NEGATIVE_MV = const(-9000)
_LOW_GOOD_MV = const(-10000)  # with a diode in the vehicle the lower half-wave stays at -12 V
_CROSSED_MV = const(500)  # the lower level may not lie above the higher one by more than noise

PLUGGED = const(("B", "C", "D"))

_UNUSABLE_MS = const(500)  # E, NEG or BAD becomes a fault
_BAD_DIODE_CLOSED_MS = const(200)
_BAD_DIODE_OPEN_MS = const(500)

_AGREEING_BURSTS = const(3)
_SETTLE_MS = const(60)
_STALL_MS = const(200)  # longer without a reading, and what was seen before is stale
_LONG_MS = const(60000)
_MANY = const(1000)


def class_of(high_mv: int, low_mv: int, pwm: bool, present: "str | None") -> str:
    """The class of one burst, with hysteresis in favour of the class `present`."""
    if high_mv > _TOP_MV:
        return "BAD"
    if pwm and (low_mv > high_mv + _CROSSED_MV or low_mv < -_TOP_MV):
        return "BAD"
    shift_mv = 0
    if present in _CLASSES:
        shift_mv = _HYSTERESIS_MV  # until the present class is reached, a burst must clear the cut
    for i in range(5):
        if present == _CLASSES[i]:
            shift_mv = -shift_mv  # its own lower cut, and those below
        if high_mv > _TOP_CUT_MV - i * _APART_MV + shift_mv:
            return _CLASSES[i]
    return "NEG" if high_mv < _NEGATIVE_MV else "BAD"


class Streak:
    """Counts for how long (`ms`), and in how many bursts in a row, something was seen.

    The time runs from the first of these bursts, so that one burst is 0 ms. A stall starts it anew.
    """

    def __init__(self) -> None:
        self.ms = 0
        self.bursts = 0

    def forget(self) -> None:
        self.ms = 0
        self.bursts = 0

    def seen(self, yes: bool, elapsed_ms: int) -> None:
        if not yes:
            self.ms = 0
            self.bursts = 0
        elif self.bursts and elapsed_ms <= _STALL_MS:
            self.ms = min(self.ms + elapsed_ms, _LONG_MS)
            self.bursts = min(self.bursts + 1, _MANY)
        else:
            self.ms = 0
            self.bursts = 1


class Level:
    """What the pilot says: the class that counts, and the evidence for closing, for opening and for
    a fault.

    A new class counts after three bursts in a row that agree on it. After the station itself
    switched something (`settle`) the pilot has 60 ms to settle. Meanwhile evidence for closing and
    for a fault does not count, evidence against them does.
    """

    def __init__(self, ventilation: bool = False) -> None:
        self.present = None  # the class that counts; None until there is one
        self.burst = None  # the class of the newest burst
        self.low_ok = None  # is the vehicle's diode there? None without PWM
        self.same = Streak()  # of the newest burst's class
        self.asking = Streak()  # C; with ventilation D too
        self.silent_bursts = 0  # in a row, not asking
        self.silent_ms = 0  # since it was last seen asking
        self.unusable = Streak()  # E, NEG or BAD
        self.good_diode = Streak()
        self.bad_diode = Streak()
        self._ventilation = ventilation
        self._settling_ms = 0

    def settle(self) -> None:
        """The station has just switched the pilot or the contactor: the edges that follow are not
        the vehicle's."""
        self._settling_ms = _SETTLE_MS

    def take(self, elapsed_ms: int, high_mv: int, low_mv: int, pwm: bool) -> None:
        """Takes in one burst. `elapsed_ms`: since the burst before. `pwm`: as it was while the
        burst was read."""
        burst = class_of(high_mv, low_mv, pwm, self.present)
        if burst != self.burst:
            self.same.forget()
            self.burst = burst
        self.same.seen(True, elapsed_ms)
        if self.same.bursts >= _AGREEING_BURSTS:
            self.present = burst
        self.low_ok = low_mv <= _LOW_GOOD_MV if pwm else None

        self._settling_ms = max(0, self._settling_ms - elapsed_ms)
        self._weigh_asking(elapsed_ms, burst == "C" or (burst == "D" and self._ventilation))
        self._weigh_faults(elapsed_ms, burst in PLUGGED)

    def _weigh_asking(self, elapsed_ms: int, asks: bool) -> None:
        if asks:
            self.silent_bursts = 0
            self.silent_ms = 0
        else:
            self.silent_bursts = min(self.silent_bursts + 1, _MANY)
            self.silent_ms = min(self.silent_ms + elapsed_ms, _LONG_MS)
        if self._settling_ms == 0 or not asks:
            self.asking.seen(asks, elapsed_ms)

    def _weigh_faults(self, elapsed_ms: int, plugged: bool) -> None:
        settled = self._settling_ms == 0
        unusable = not plugged and self.burst != "A"
        bad_diode = plugged and self.low_ok is False
        if settled or not unusable:
            self.unusable.seen(unusable, elapsed_ms)
        if settled or self.low_ok is not True:
            self.good_diode.seen(self.low_ok is True, elapsed_ms)
        if settled or not bad_diode:
            self.bad_diode.seen(bad_diode, elapsed_ms)

    def vehicle(self) -> "str | None":
        """The class that counts, as the standard names states: E no usable level, F -12 V."""
        present = self.present
        return "F" if present == "NEG" else "E" if present == "BAD" else present

    def fault(self, closed: bool) -> "str | None":
        """What has been wrong for too long: "short", "negative", "bad" or "diode". `closed`: the
        contactor is closed."""
        if self.unusable.ms >= _UNUSABLE_MS:
            return "short" if self.burst == "E" else "negative" if self.burst == "NEG" else "bad"
        if self.bad_diode.ms >= (_BAD_DIODE_CLOSED_MS if closed else _BAD_DIODE_OPEN_MS):
            return "diode"
        return None
