"""The control pilot of one connector: PWM out, and a burst of samples in.

Rule 1: the PWM is made once, with its frequency and at steady +12 V; after that only its duty changes, which the chip takes over
    with the next period. Another call of freq or PWM() may show as a glitch on the wire.
Rule 2: a burst is at least five periods long. Its samples cannot be tied to the PWM's edges, so the step between them must not
    divide the period: else a half-wave may be missed in every period. The step is measured at start-up, and made a little longer
    where that helps. Where nothing helps, `problem` says so, and that pilot is never ok.
Rule 3: `read` and `set_duty_u16` allocate nothing and never raise.
"""

from machine import PWM, Pin
from micropython import const

from ...clock import measured_us
from .pins import microvolts, switch

STEADY_HIGH = 65535
_PERIOD_US = const(1000)
_BURSTS_US = (5200, 8000)  # five periods, or eight where the samples are far apart
_WINDOW_US = const(93)  # the shortest half-wave, 6 A's 100 us, less what its edges take
_LEAST_HITS = const(3)  # samples in it: the mean of three is what counts
_MEASURED = const(64)  # samples
_BURSTS = const(3)  # that are measured: what holds one up says nothing of the chip
_TRIES = const(10)  # where the ADC fails now and then
_SPINS = (0, 3, 7, 12)  # turns of an empty loop between samples, a few microseconds in all
_NO_UV = const(99000000)
_NO_CALIBRATION = (-258, 95)  # ESP_ERR_INVALID_ARG, EOPNOTSUPP: what read_uv raises, by the chip
_SHORT_OF_HIGH = const(65532)  # what steady +12 V reads back as from a PWM of 14 bits


def fewest_hits(step_us: int, count: int) -> int:
    """How many of `count` samples, one every step_us, fall into the half-wave that they meet least."""
    fewest = count
    for first in range(count):
        opens_us = first * step_us  # the worst half-wave begins just behind a sample
        hits = 0
        for i in range(count):
            if 0 < (i * step_us - opens_us) % _PERIOD_US <= _WINDOW_US:
                hits += 1
        fewest = min(fewest, hits)
    return fewest


class Pilot:
    """`high_mv` and `low_mv` are means of the three highest and the three lowest samples of the last burst, on the pilot's wire."""

    def __init__(self, wiring: dict) -> None:
        self._pwm = PWM(Pin(wiring["pwm_pin"]), freq=1000, duty_u16=STEADY_HIGH)
        self._duty_u16 = STEADY_HIGH
        self.high_mv = 0
        self.low_mv = 0
        self._open = switch(wiring.get("open"))
        self._read_uv = microvolts(wiring)
        self._zero_uv = wiring["mv_at_0_v"] * 1000
        self._mv_per_10_v = wiring["mv_per_10_v"]
        self.answered = True  # the ADC did, all through the last burst
        self.ok = True  # and the PWM reads back as it was set
        self._count = _MEASURED
        self._spin = 0
        self.step_us = 0  # between two samples
        self.problem = self._find_problem()

    def _find_problem(self) -> "str | None":
        """Why this pilot can never be trusted, and what to do, in half a sentence; None: it can."""
        try:
            self._read_uv()
        except OSError as error:
            if error.args[0] in _NO_CALIBRATION:
                return "this chip was made without the calibration of its ADC (error %d); use a module that has it" % error.args[0]
        found = self._find_burst()
        if not self.step_us:
            return "the pilot's ADC fails; restart, then check the board"
        if not found:
            return "samples %d us apart can miss a half-wave of the pilot; this chip's ADC is too slow" % self.step_us
        self.read()  # meanwhile the chip has taken the duty over
        if self._pwm.duty_u16() == _SHORT_OF_HIGH:  # MicroPython 1.25 on an S2, S3 or C3
            return "this MicroPython cannot hold the pilot at steady +12 V on this chip; install 1.28 or newer"
        return None

    def _find_burst(self) -> bool:
        """Sets count and spin so that every half-wave is met often enough. False: there is no such burst."""
        for self._spin in _SPINS:
            self.step_us = self._measured_step_us()
            if not self.step_us:
                return False
            for burst_us in _BURSTS_US:
                self._count = burst_us // self.step_us + 1
                # closer together than a third of the half-wave, they cannot miss it
                if 3 * self.step_us <= _WINDOW_US or fewest_hits(self.step_us, self._count) >= _LEAST_HITS:
                    return True
        return False

    def _measured_step_us(self) -> int:
        """Of the shortest of a few bursts; one in which the ADC failed does not count. 0: it fails all the while."""
        self._count = _MEASURED
        shortest_us = measured = 0
        for _ in range(_TRIES):
            burst_us = measured_us(self.read)
            if self.answered:
                shortest_us = min(burst_us, shortest_us or burst_us)
                measured += 1
                if measured == _BURSTS:
                    break
        return shortest_us and max(1, shortest_us // _MEASURED)

    def read(self) -> None:
        read_uv = self._read_uv
        spin = self._spin
        high = higher = highest = -1
        low = lower = lowest = _NO_UV
        try:
            for _ in range(self._count):
                uv = read_uv()
                if uv > high:
                    if uv > highest:
                        high = higher
                        higher = highest
                        highest = uv
                    elif uv > higher:
                        high = higher
                        higher = uv
                    else:
                        high = uv
                if uv < low:
                    if uv < lowest:
                        low = lower
                        lower = lowest
                        lowest = uv
                    elif uv < lower:
                        low = lower
                        lower = uv
                    else:
                        low = uv
                for _turn in range(spin):
                    pass
            self.high_mv = self._pilot_mv((highest + higher + high) // 3)
            self.low_mv = self._pilot_mv((lowest + lower + low) // 3)
            self.answered = True
            self.ok = self._pwm.duty_u16() == self._duty_u16
        except OSError:  # the ADC's driver
            self.high_mv = self.low_mv = 0
            self.answered = self.ok = False

    def _pilot_mv(self, uv: int) -> int:
        return (uv - self._zero_uv) * 10 // self._mv_per_10_v

    def set_duty_u16(self, duty_u16: int) -> None:
        self._duty_u16 = duty_u16
        self._pwm.duty_u16(duty_u16)

    def set_open(self, open: bool) -> None:
        if self._open is not None:
            self._open.value(open)
