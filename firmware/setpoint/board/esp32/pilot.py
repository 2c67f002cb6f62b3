"""The control pilot of one connector: PWM out, and a burst of samples in.

Rule 1: the PWM is made once, with its frequency and at steady +12 V. After that only its duty
    changes, which takes effect with the next period. Another call of freq or PWM() may cause a
    glitch on the wire.
Rule 2: a burst is at least five periods long. Its samples cannot be tied to the PWM's edges, so the
    step between them must not divide the period: else the samples could miss a half-wave in every
    period. The step is measured at start-up, and made a little longer where that helps. Where
    nothing helps, `problem` says so, and the pilot is never ok.
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
_STEP_US = const(1200)  # what a control step takes for a connector beside its burst
_BUSY_US = const(28000)  # of 33 ms, at most, from step to step
_OTHERS_US = const(5000)
_PERIOD_MS = const(20)
_LEAST_HITS = const(3)  # samples in it: the mean of three is what counts
_MEASURED = const(64)  # samples
_BURSTS = const(3)  # that are measured: an interruption of one says nothing of the chip
_TRIES = const(10)  # where the ADC fails now and then
_SPINS = (0, 3, 7, 12)  # turns of an empty loop between samples, a few microseconds in all
_NO_CALIBRATION = (-258, 95)  # ESP_ERR_INVALID_ARG, EOPNOTSUPP: what read_uv raises, by the chip
_SHORT_OF_HIGH = const(65532)  # what steady +12 V reads back as from a PWM of 14 bits


def fewest_hits(step_us: int, count: int) -> int:
    """How many of `count` samples, one every step_us, fall into the half-wave that they meet
    least."""
    fewest = count
    for first in range(count):
        opens_us = first * step_us  # the worst half-wave begins just behind a sample
        hits = 0
        for i in range(count):
            if 0 < (i * step_us - opens_us) % _PERIOD_US <= _WINDOW_US:
                hits += 1
        fewest = min(fewest, hits)
    return fewest


def period_ms_for(outlets: list) -> int:
    """From one control step to the next: 20 ms, or the time that it takes to read all pilots. A
    contactor must open within 100 ms, which allows 33 ms: pilots beyond that are left out."""
    busy_us = 0
    for outlet in outlets:
        if busy_us + outlet.burst_us + _STEP_US > _BUSY_US:
            outlet.leave_out(
                "this chip's ADC is too slow to read so many pilots in time: it reads those before this one"
            )
        else:
            busy_us += outlet.burst_us + _STEP_US
    return max(_PERIOD_MS, (busy_us + _OTHERS_US + 999) // 1000)


class Pilot:
    """`high_mv`, `low_mv`: means of the three highest and the three lowest samples of the last
    burst, at the pilot's wire."""

    def __init__(self, wiring: dict) -> None:
        self._pwm = PWM(Pin(wiring["pwm_pin"]), freq=1000, duty_u16=STEADY_HIGH)
        self._duty_u16 = STEADY_HIGH
        self.high_mv = 0
        self.low_mv = 0
        self._open = switch(wiring.get("open"))
        self._read_uv = microvolts(wiring)
        self._zero_uv = wiring["mv_at_0_v"] * 1000
        self._mv_per_10_v = wiring["mv_per_10_v"]
        self.ok = True  # the ADC answered, and the PWM reads back as it was set
        self._uv = [0] * _MEASURED  # the samples of a burst
        self._spin = 0
        self.step_us = 0  # between two samples
        self.problem = self._find_problem()
        self.burst_us = max(measured_us(self.read), self.step_us * len(self._uv))

    def _find_problem(self) -> "str | None":
        """Why this pilot can never be trusted, and what to do, in half a sentence. None: it can be
        trusted."""
        try:
            self._read_uv()
        except OSError as error:
            if error.args[0] in _NO_CALIBRATION:
                return (
                    "this chip was made without the calibration of its ADC (error %d); use a module that has it"
                    % error.args[0]
                )
        found = self._find_burst()
        if not self.step_us:
            return "the pilot's ADC fails; restart, then check the board"
        if not found:
            return (
                "samples %d us apart can miss a half-wave of the pilot; this chip's ADC is too slow"
                % self.step_us
            )
        self.read()  # meanwhile the chip has taken the duty over
        if self._pwm.duty_u16() == _SHORT_OF_HIGH:  # MicroPython 1.25 on an S2, S3 or C3
            return "this MicroPython cannot hold the pilot at steady +12 V on this chip; install 1.28 or newer"
        return None

    def _find_burst(self) -> bool:
        """Sets count and spin so that every half-wave is met often enough. False: there is no such
        burst."""
        for self._spin in _SPINS:
            self.step_us = self._measured_step_us()
            if not self.step_us:
                return False
            for burst_us in _BURSTS_US:
                count = burst_us // self.step_us + 1
                # closer together than a third of the half-wave, they cannot miss it
                if (
                    3 * self.step_us <= _WINDOW_US
                    or fewest_hits(self.step_us, count) >= _LEAST_HITS
                ):
                    self._uv = [0] * count
                    return True
        return False

    def _measured_step_us(self) -> int:
        """Of the shortest of a few bursts. A burst in which the ADC failed does not count. 0: it
        failed in all of them."""
        self._uv = [0] * _MEASURED
        shortest_us = measured = 0
        for _ in range(_TRIES):
            try:
                burst_us = measured_us(self._sample)
            except OSError:
                continue
            shortest_us = min(burst_us, shortest_us or burst_us)
            measured += 1
            if measured == _BURSTS:
                break
        return shortest_us and max(1, shortest_us // _MEASURED)

    def read(self) -> None:
        try:
            self._sample()
            self.ok = self._pwm.duty_u16() == self._duty_u16
        except OSError:  # the ADC's driver
            self.high_mv = self.low_mv = 0
            self.ok = False
            return
        uv = self._uv
        uv.sort()
        self.low_mv = self._pilot_mv((uv[0] + uv[1] + uv[2]) // 3)
        self.high_mv = self._pilot_mv((uv[-1] + uv[-2] + uv[-3]) // 3)

    def _sample(self) -> None:
        """Fills the same list each time, and does nothing else: the samples must be close
        together."""
        read_uv = self._read_uv
        uv = self._uv
        for i in range(len(uv)):
            uv[i] = read_uv()
            for _ in range(self._spin):
                pass

    def _pilot_mv(self, uv: int) -> int:
        return (uv - self._zero_uv) * 10 // self._mv_per_10_v

    def set_duty_u16(self, duty_u16: int) -> None:
        self._duty_u16 = duty_u16
        self._pwm.duty_u16(duty_u16)

    def set_open(self, open: bool) -> None:
        if self._open is not None:
            self._open.value(open)
