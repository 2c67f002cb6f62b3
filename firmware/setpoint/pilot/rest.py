"""How often contactor and phase relays may switch, and how often they did: switching wears them out.

Rule 1: nothing here delays an opening. Whoever asks for less current gets it at once.
Rule 2: after an opening that the station wanted (0 A, another number of phases, the end of a
        transaction), closing waits for `open_ms`, and for what is missing from `closed_ms`. So
        whoever asks, and however often, the contactor closes for one vehicle at most once in
        closed_ms + open_ms.
Rule 3: what the vehicle itself does is counted only: it leaves state C, and the contactor has to
        open. Unplugging ends the wait: the next vehicle is another one. A fault has a rest of its
        own, state F.
Rule 4: phase relays switch at most once in closed_ms + open_ms too, whoever is plugged in. The first
        switch after a power-up need not wait."""

from micropython import const

_LONG_MS = const(7200000)  # longer than every wait


class Rest:
    """One connector. What the agent sets: closed_ms, open_ms (each at most an hour). What it reads:
    `left_ms` of the wait for closing, `closings` of the contactor and `switches` of the phase relays
    since they were new, as far as they were counted."""

    def __init__(self, closings: int = 0, switches: int = 0) -> None:
        self.closed_ms = 60000
        self.open_ms = 60000
        self.closings = closings
        self.switches = switches
        self.left_ms = 0
        self._closed = False
        self._since_closing_ms = 0
        self._since_switch_ms = _LONG_MS

    def begin(self) -> None:
        """After a restart without a power cut: nobody knows what switched last, and when."""
        self.left_ms = self.closed_ms + self.open_ms
        self._since_switch_ms = 0

    def step(self, elapsed_ms: int, closed: bool, state: str) -> None:
        """Each step, after the state machine's: what the contactor does, and its state."""
        self._since_closing_ms = min(self._since_closing_ms + elapsed_ms, _LONG_MS)
        self._since_switch_ms = min(self._since_switch_ms + elapsed_ms, _LONG_MS)
        if closed and not self._closed:
            self.closings += 1
            self._since_closing_ms = 0
        elif self._closed and not closed and state != "B2" and state != "F":
            self.left_ms = self.open_ms + max(0, self.closed_ms - self._since_closing_ms)
        elif self.left_ms > 0:
            self.left_ms -= min(elapsed_ms, self.left_ms)
        if state == "A":
            self.left_ms = 0
        self._closed = closed

    def too_young(self) -> bool:
        """Has the contactor been closed for less than `closed_ms`?"""
        return self._closed and self._since_closing_ms < self.closed_ms

    def may_switch(self) -> bool:
        """May the phase relays switch, as far as they are concerned?"""
        return self._since_switch_ms >= self.closed_ms + self.open_ms

    def switched(self) -> None:
        self.switches += 1
        self._since_switch_ms = 0
