"""The grid operator's contact: while it says dim, all connectors together draw at most so many watts
(Germany: section 14a EnWG; Austria: R37). Loaded where a board has such a contact.

Rules:
1. Dimming begins at once. It ends when the contact has been at rest for _REST_MS: a contact that
   chatters neither lifts the limit nor wears out the flash.
2. Watts count on all wired phases, whatever a vehicle uses of them: 4200 W are 6.0 A on three
   phases of 230 V, rounded down. The board's own file says how many; no central system can raise
   them.
3. Each begin and end becomes a record (`take_records`), which somebody else keeps in flash after
   the limit is in force (dim_log.py)."""

from micropython import const

_REST_MS = const(60000)
_AGAIN_MS = const(60000)
_MOST_RECORDS = const(32)  # that wait for flash

# Kinds of records (dim_log.py)
BEGIN = const("B")
END = const("E")
DIMMED_AT_START = const("S")  # the contact says dim when the station starts
FREE_AT_START = const("F")  # it does not; an end, if the power went while the station was dimmed
STARTED = const("R")  # before the first begin of a start, where the time is not known
CLOCK_SET = const("C")  # the instant of that start is known now


class Dimming:
    """A part of the station. watts: what the board's file allows meanwhile."""

    def __init__(self, facts, limits, watts: int) -> None:
        supply = facts.supply
        self._facts = facts
        self._limits = limits
        self._da = watts * 10 // (supply.volts * supply.phases)
        self._words = "dim input: %d W in all" % watts
        # None: the contact was not read yet; until then the limit holds
        self.active = None
        limits.limit_total("dim", self._da, self._words)
        self._ends_ms = None
        self._records = []
        self._untimed = False  # a record of this start has no instant
        self._began_untimed = False
        self._again_ms = 0  # flash is not tried before

    def on_contact(self, dims: bool) -> None:
        """What the contact says now, debounced."""
        if self.active is None:
            self.active = False
            if dims:
                self._set(True, DIMMED_AT_START)
            else:
                self._limits.limit_total("dim", None)
                self._note(FREE_AT_START)
        elif dims:
            self._ends_ms = None
            if not self.active:
                self._set(True, BEGIN)
        elif self.active and self._ends_ms is None:
            self._ends_ms = self._facts.up_ms + _REST_MS

    def due_ms(self) -> "int | None":
        return self._ends_ms

    def settle(self) -> None:
        if self._ends_ms is not None and self._facts.up_ms >= self._ends_ms:
            self._ends_ms = None
            self._set(False, END)
        facts = self._facts
        if self._untimed and facts.now is not None:
            self._untimed = False
            self._records.append((CLOCK_SET, facts.now - facts.up_ms // 1000, 0))

    def _set(self, active: bool, kind: str) -> None:
        self.active = active
        self._limits.limit_total("dim", self._da if active else None, self._words)
        self._facts.log(
            "info", self._words + " from now on" if active else "dim input: no more limit"
        )
        self._note(kind)

    def _note(self, kind: str) -> None:
        facts = self._facts
        records = self._records
        if facts.now is None:
            if kind == BEGIN and not self._began_untimed:
                self._began_untimed = True
                records.append((STARTED, None, 0))
            elif kind == DIMMED_AT_START:
                self._began_untimed = True  # that record says that the station started
            self._untimed = True
        records.append((kind, facts.now, facts.up_ms // 1000))
        del records[_MOST_RECORDS:]

    def take_records(self) -> "list | tuple":
        """(kind, instant or None, seconds since the start) of what is to be written to flash
        now."""
        records = self._records
        if not records or self._facts.up_ms < self._again_ms:
            return ()
        self._records = []
        return records

    def put_back(self, records: list) -> None:
        """Flash did not take them; it is tried again in a minute."""
        self._again_ms = self._facts.up_ms + _AGAIN_MS
        self._records = records + self._records
        del self._records[_MOST_RECORDS:]
