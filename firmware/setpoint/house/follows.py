"""What vehicles draw that nobody measures. Loaded where a connector has no meter."""

from micropython import const

# A vehicle follows within 10 s: 5 s until the pilot is written, 5 s of its own; 1 s of grace
_FOLLOWS_MS = const(11000)


class Follows:
    """What is offered, and for a while after it fell what was offered before, until the mains meter
    shows that they follow."""

    def __init__(self) -> None:
        self._offered = None
        self._fell_ms = 0
        self._from = None  # what they drew when the offer fell
        self._peak = None  # of the mains meter since then
        self._drawn = None
        self._mains = None

    def drawn(self, up_ms: int, mains_da: list, offered_da: list, phases: list) -> list:
        offered = self._offered
        if offered is not None and True in [offered_da[p] < offered[p] for p in phases]:
            self._fell_ms = up_ms
            self._from = self._drawn
            self._peak = self._mains
        self._offered = offered_da
        self._mains = mains_da
        drawn = offered_da
        if self._from is not None:
            self._peak = [max(self._peak[p] or 0, mains_da[p] or 0) for p in (0, 1, 2)]
            dropped_da = max([self._peak[p] - mains_da[p] for p in phases])
            if up_ms - self._fell_ms >= _FOLLOWS_MS:
                self._from = None
            else:
                drawn = [
                    max(offered_da[p], min(self._drawn[p], self._from[p] - dropped_da))
                    for p in (0, 1, 2)
                ]
        self._drawn = drawn
        return drawn
