"""The only reader of time, and the only sleeper.

Three times, never mixed:

* the wall clock, an instant (see units) or None until somebody sets it: schedules, time stamps;
* the up-time in milliseconds, which only grows, and which `set` does not touch: timers, durations;
* ticks, the network's own real time, which `advance` does not touch either: time-outs in flight.

A frozen clock (exact bench tests) lets the wall clock, and what a meter integrates, stand still
except for `advance`; the control loop and the network go on."""

import asyncio
import time

from micropython import const

_YEAR_2020_FROM_1970 = const(1577836800)
_YEAR_2020_FROM_2000 = const(631152000)
# In 2054, a small int; the ESP32's own clock counts up to 2068
_LAST_OF_CHIP = const((1 << 30) - 1)
_TOLERANCE_S = const(2)  # what the way of a message explains
_LEAST_MS = const(100)  # less is not worth a log line: a crystal loses about that in an hour
_AFRESH_MS = const(1 << 28)  # three days: ticks differ by less than half of their 30 bits

_ticks_ms = ticks_ms = getattr(time, "ticks_ms", None) or (lambda: time.monotonic_ns() // 1000000)
_ticks_us = getattr(time, "ticks_us", None) or (lambda: time.monotonic_ns() // 1000)
_sleep_us = getattr(time, "sleep_us", None) or (lambda us: time.sleep(us / 1000000))
_ticks_diff = getattr(time, "ticks_diff", None) or (lambda a, b: a - b)
_ticks_add = getattr(time, "ticks_add", None) or (lambda a, b: a + b)


def system_instant() -> int:
    """What the interpreter's own clock says."""
    return int(time.time()) - _year_2020()


def system_fields(instant: int) -> tuple:
    """An instant as the interpreter's own clock has it: (year, month, day, hour, minute, second,
    weekday, day of the year)."""
    return time.gmtime(instant + _year_2020())


def _year_2020() -> int:
    """For the interpreter's own clock: ESP32 counts from 2000, the others from 1970."""
    from_2000 = hasattr(time, "gmtime") and time.gmtime(0)[0] == 2000
    return _YEAR_2020_FROM_2000 if from_2000 else _YEAR_2020_FROM_1970


def measured_us(function) -> int:
    """How long one call of it takes."""
    started_us = _ticks_us()
    function()
    return _ticks_diff(_ticks_us(), started_us)


def set_machine_clock(instant: "int | None") -> None:
    """Sets the chip's own clock, by which TLS judges certificates; None: to where it stands after a
    power-up. A PC's is left alone."""
    import machine

    if hasattr(machine, "RTC"):
        first = -_YEAR_2020_FROM_2000
        at = system_fields(first if instant is None else min(max(instant, first), _LAST_OF_CHIP))
        machine.RTC().datetime((at[0], at[1], at[2], at[6], at[3], at[4], at[5], 0))


def sleep_to_ms(due: int, period_ms: int) -> int:
    """For a thread of its own: sleeps until the ticks are `due`, and answers when they are due
    again. Nothing is allocated."""
    left_ms = _ticks_diff(due, _ticks_ms())
    while left_ms > 0:
        _sleep_us(left_ms * 1000)  # a collection wakes every thread
        left_ms = _ticks_diff(due, _ticks_ms())
    return _ticks_add(_ticks_ms(), period_ms)


async def sleep_ms(duration_ms: int) -> None:
    if hasattr(asyncio, "sleep_ms"):
        await asyncio.sleep_ms(duration_ms)
    else:
        await asyncio.sleep(duration_ms / 1000)


class Clock:
    """One for the whole station. `at` is the instant at power-up, None when unknown."""

    def __init__(self, at: "int | None" = None, frozen: bool = False) -> None:
        self.frozen = frozen
        ticks = _ticks_ms()
        # Real milliseconds since power-up, and the ticks of that moment: one object, as a control
        # step may ask between any two bytecodes.
        self._real = (0, ticks)
        self._alarm = ticks
        self._lap = ticks
        self._advanced_ms = 0
        self._offset_s = at  # wall clock minus passed_ms(), whole seconds and ...
        # ... the rest: their sum in milliseconds would not be a small int on a 32-bit chip
        self._offset_ms = 0

    def ticks_ms(self) -> int:
        """Real milliseconds since power-up; not moved by `advance`."""
        real_ms, ticks = self._real
        since_ms = _ticks_diff(_ticks_ms(), ticks)
        if since_ms > _AFRESH_MS:
            self._real = (real_ms + since_ms, _ticks_add(ticks, since_ms))
        return real_ms + since_ms

    def lap_ms(self) -> int:
        """Real milliseconds since it was last asked, for the control loop: always a small number;
        nothing is allocated."""
        ticks = _ticks_ms()
        lap_ms = _ticks_diff(ticks, self._lap)
        self._lap = ticks
        return lap_ms

    def uptime_ms(self) -> int:
        """Milliseconds since power-up, `advance` included."""
        return self.ticks_ms() + self._advanced_ms

    def passed_ms(self) -> int:
        """Milliseconds that passed for schedules and meters: as uptime_ms, but frozen with the
        clock."""
        return self._advanced_ms if self.frozen else self.uptime_ms()

    def set_alarm(self, wait_ms: int) -> None:
        """It rings from so many real milliseconds on; at most a day, as the counter goes round."""
        self._alarm = _ticks_add(_ticks_ms(), wait_ms)

    def rings(self) -> bool:
        """Has the time of the alarm come? One look at the counter, as it is asked often; nothing is
        allocated."""
        return _ticks_diff(_ticks_ms(), self._alarm) >= 0

    def now(self) -> "int | None":
        """The instant, or None while the time is unknown."""
        if self._offset_s is None:
            return None
        return self._offset_s + (self._offset_ms + self.passed_ms()) // 1000

    def into_second_ms(self) -> int:
        """How far the second of `now` has gone."""
        return (self._offset_ms + self.passed_ms()) % 1000

    def correct(self, instant: int, into_second_ms: int = 0) -> bool:
        """The central system says what time it is. True if the wall clock was set.

        The time in a message is never later than the true time: the message took a while to arrive,
        and many a central system cuts the fraction of a second. So a clock that is behind the
        message is wrong, and is set. A clock that is ahead by no more than the message's way
        explains is left alone. Whole seconds therefore leave the clock at most a second behind, and
        the next message that falls early in its second mends even that.

        A difference of exactly what `advance` leapt is left alone, since the central system at the
        bench did not leap with the station. A frozen clock learns the time once, and stays.
        """
        if self._offset_s is not None:
            if self.frozen:
                return False
            passed_ms = self._offset_ms + self.passed_ms()
            ahead_s = self._offset_s + passed_ms // 1000 - instant
            if abs(ahead_s) <= _TOLERANCE_S:
                ahead_ms = ahead_s * 1000 + passed_ms % 1000 - into_second_ms
                if ahead_ms > -_LEAST_MS:
                    return False
            leapt_s = self._advanced_ms // 1000
            if leapt_s and abs(ahead_s - leapt_s) <= _TOLERANCE_S:
                return False
        self.set(instant, into_second_ms)
        return True

    def set(self, instant: int, into_second_ms: int = 0) -> None:
        """The wall clock goes on from so many milliseconds into that second; durations are
        undisturbed."""
        rest_ms = into_second_ms - self.passed_ms()
        self._offset_s = instant + rest_ms // 1000
        self._offset_ms = rest_ms % 1000

    def advance(self, duration_ms: int) -> None:
        """Time passes, as if one had waited."""
        self._advanced_ms += duration_ms
