"""The longest gap between two control steps while the station does what it can be made to do: steps from a thread's timer, as on a
simulated board. Beside each gap stands that of an idle station, since other programs on the host hold up both."""

import gc
import time

from measuring import REPETITIONS, InRam, charge_point, frames, say

from setpoint.board.simulated.ticker import Ticker
from setpoint.clock import ticks_ms

_LONG_MS = 240  # of each kind of work, at least
_SHORT_MS = 60  # of each request


class Steps:
    """Notes the longest time between two calls."""

    def __init__(self) -> None:
        self.last = time.ticks_us()
        self.longest_us = 0

    def __call__(self, _) -> None:
        now = time.ticks_us()
        self.longest_us = max(self.longest_us, time.ticks_diff(now, self.last))
        self.last = now


def gap_ms(work, at_least_ms: int = _LONG_MS) -> float:
    """The least of several runs' longest gaps: other programs only add."""
    least_us = 0
    for _ in range(max(REPETITIONS // 3, 2)):
        gc.collect()
        steps.last = time.ticks_us()
        steps.longest_us = 0
        began = ticks_ms()
        while time.ticks_diff(ticks_ms(), began) < at_least_ms:
            work()
        time.sleep_ms(40)
        if least_us == 0 or steps.longest_us < least_us:
            least_us = steps.longest_us
    return least_us / 1000


def asked(station, text: str) -> None:
    station.on_text(text)
    for action in station.take_effects():
        if action[0] == "send" and type(action[1]) is not str:
            b"".join(action[1])


def main() -> None:
    idle_ms = gap_ms(lambda: time.sleep_ms(5))
    say("gap between steps, idle", idle_ms, "ms")

    def tell(what: str, work) -> None:
        say("gap between steps, " + what, gap_ms(work), "ms", idle_ms)

    installed = frames("50")["install"]
    station = charge_point(installed)
    station.on_text(frames("daily")["install"][0])
    station.take_effects()
    for what, text_of in (("the largest of each request", 1), ("the nastiest of each request", 2)):
        worst = (0, "")
        for request in frames("requests"):
            view = memoryview(request[text_of].encode())
            worst = max(worst, (gap_ms(lambda: asked(station, view), _SHORT_MS), request[0]))  # noqa: B023
        say("gap between steps, " + what, worst[0], "ms", idle_ms)
        print("worst of these: " + worst[1])
    tell("GetCompositeSchedule without end", lambda: asked(station, frames("endless")))
    clear = '[2,"clear","ClearChargingProfile",{}]'

    def set_and_clear() -> None:
        for one in installed[:9]:
            asked(station, one)
        asked(station, clear)

    tell("SetChargingProfile and ClearChargingProfile of all", set_and_clear)
    tell("a start with 50 profiles in flash", lambda: charge_point(installed, InRam()))
    tell("collections", gc.collect)


steps = Steps()
ticker = Ticker(steps, 20)
try:
    main()
finally:
    ticker.stop()
