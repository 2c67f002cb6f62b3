"""An electric vehicle at a connector: what it asks for, and what it draws.

Cases, in the order of a charge:
1. Not plugged in: nothing.
2. Plugged in, not asking (state B): it does not want, draw_delay runs, or the pilot offers nothing.
3. Asking (state C): it wants, draw_delay is over and the pilot offers current. It draws what it can
   of what is offered as soon as the contactor is closed.
4. The offer changes: it follows within 1 s (IEC 61851-1 allows 5 s).
5. The offer ends: it stops drawing within 1 s, and asks no more after 3 s (back to state B). It
   asks again as soon as the pilot offers again.
6. It wants no more: it stops drawing and asks no more at once.

Rule: `pass_time` and `draws_da` allocate nothing.
"""

from micropython import const

_FOLLOWS_MS = const(1000)
_GIVES_UP_MS = const(3000)  # with no offer; IEC 61851-1, table A.6, sequence 10.1
_NEVER_MS = const(0x3FFFFFFF)


class Vehicle:
    def __init__(self) -> None:
        self.plugged = False
        self.asks = False  # its switch S2 is closed: state C
        self.phases = 3
        self._can_da = 0
        self._wants = True
        self._offered_da = 0  # by the pilot, now
        self._followed_da = 0  # what it has adapted to
        self._delay_ms = 0  # of draw_delay, still to pass
        self._since_offer_changed_ms = 0

    def plug_in(self, amps_da: int, phases: int, draw_delay_ms: int) -> None:
        self.plugged = True
        self.asks = False
        self.phases = phases
        self._can_da = amps_da
        self._wants = True
        self._delay_ms = draw_delay_ms
        self._followed_da = 0
        self._decide()

    def plug_out(self) -> None:
        self.plugged = False
        self.asks = False
        self._offered_da = self._followed_da = 0

    def want(self, wants: bool, amps_da: "int | None", phases: "int | None") -> None:
        self._wants = wants
        if amps_da is not None:
            self._can_da = amps_da
        if phases is not None:
            self.phases = phases
        self._decide()

    def see_offer(self, offered_da: int) -> None:
        """The pilot as the vehicle reads it; 0: no current."""
        if offered_da != self._offered_da:
            self._offered_da = offered_da
            self._since_offer_changed_ms = 0
            self._decide()

    def draws_da(self, contactor_closed: bool) -> int:
        """Current per phase, in tenths of an ampere."""
        if not (self.asks and contactor_closed):
            return 0
        return min(self._can_da, self._followed_da)

    def ms_to_next_change(self) -> int:
        """How long the vehicle stays as it is, if nothing else changes."""
        until = _NEVER_MS
        if self._delay_ms > 0:
            until = self._delay_ms
        if self._followed_da != self._offered_da:
            until = min(until, _FOLLOWS_MS - self._since_offer_changed_ms)
        elif self.asks and self._offered_da == 0:
            until = min(until, _GIVES_UP_MS - self._since_offer_changed_ms)
        return max(until, 1)

    def pass_time(self, elapsed_ms: int) -> None:
        if not self.plugged:
            return
        self._delay_ms = max(0, self._delay_ms - elapsed_ms)
        self._since_offer_changed_ms = min(_GIVES_UP_MS, self._since_offer_changed_ms + elapsed_ms)
        self._decide()

    def _decide(self) -> None:
        if self.plugged and self._wants and self._delay_ms == 0 and self._offered_da > 0:
            if not self.asks:
                self.asks = True
                self._followed_da = self._offered_da
        elif not self._wants or (
            self._offered_da == 0 and self._since_offer_changed_ms >= _GIVES_UP_MS
        ):
            self.asks = False
        if not self.asks or self._since_offer_changed_ms >= _FOLLOWS_MS:
            self._followed_da = self._offered_da
