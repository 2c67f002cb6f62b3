"""The 20 checks, in their order: `CHECKS`. Each yields findings; what it cannot do here it skips,
with the reason.

Sources of the limits: IEC 61851-1, annex A (duty 5 us, 1 kHz +-0.5 %, 12 V +-0.6 V, contactor
within 100 ms, 3 s, 6 s); the others are the firmware's own rules, with a control step or two on
top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from tools.connection import NotTaken
from tools.selftest import checks_at_rest as at_rest
from tools.selftest import checks_in_motion as motion
from tools.selftest.desk import Desk
from tools.selftest.rows import Options, Rows, Skip


@dataclass
class Finding:
    check: int
    test: str
    value: str
    limit: str
    verdict: str  # pass, fail, skipped


CHECKS: tuple[tuple[str, Callable[[Desk, Options], Rows]], ...] = (
    ("frequency", at_rest.frequency),
    ("duty", at_rest.duty_sweep),
    ("steady pilot", at_rest.steady),
    ("levels", at_rest.levels),
    ("mean voltage", at_rest.multimeter),
    ("calibration", at_rest.calibration),
    ("noise", at_rest.noise),
    ("states", motion.state_sequence),
    ("opening", motion.opening),
    ("diode", motion.diode),
    ("short", motion.short),
    ("duty changes", motion.spacing),
    ("refusing to stop", motion.refusal),
    ("wake-up", motion.wake),
    ("cable", at_rest.cable),
    ("feedback", motion.feedback),
    ("residual current", motion.residual),
    ("resets", motion.resets),
    ("over-current, heat", motion.injected),
    ("soak", motion.soak),
)


def findings(
    desk: Desk, options: Options, chosen: list[int], say: Callable[[Finding], Any]
) -> list[Finding]:
    """Runs the checks of these numbers. What a check raises on the board is its failure, not that
    of the others."""
    found: list[Finding] = []

    def note(number: int, test: str, value: str, limit: str, verdict: str) -> None:
        found.append(Finding(number, test, value, limit, verdict))
        say(found[-1])

    for number in chosen:
        name, function = CHECKS[number - 1]
        try:
            for test, value, limit, good in function(desk, options):
                note(number, test, value, limit, "pass" if good else "fail")
        except Skip as reason:
            note(number, name, str(reason), "", "skipped")
        except NotTaken as problem:
            note(number, name, str(problem), "it runs", "fail")
    return found
