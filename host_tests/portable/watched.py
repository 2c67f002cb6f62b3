"""The protection of one connector, watched by its bits' names."""

from setpoint.pilot import faults
from setpoint.pilot.fault_words import report_of
from setpoint.pilot.protection import Protection

NAMES = tuple(report_of(bit, 0)[1] for bit in range(faults.COUNT))


def named(bits):
    return [NAMES[bit] for bit in range(faults.COUNT) if bits >> bit & 1]


class Watched:
    """A Protection that is fed with one kind of observation, until it says something or the time is
    over."""

    def __init__(self, **arguments):
        self.protection = Protection(**arguments)
        self.now_ms = 0

    def run(self, what, duration_ms, *observed, step_ms=20):
        """Ends after the first step with a fault. Returns the faults' names."""
        watch = getattr(self.protection, what)
        end_ms = self.now_ms + duration_ms
        while self.now_ms < end_ms:
            self.now_ms += step_ms
            self.protection.begin()
            watch(step_ms, *observed)
            if self.protection.faults:
                break
        return named(self.protection.faults)
