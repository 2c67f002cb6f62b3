"""What the station must know about its transactions after a power cut. The journal keeps it; a
start reads it.

Besides messages (transaction.py) the journal holds

    [0, "H", last order, delivered, boot, clocks, running, ids]   the heading of a segment
    [0, "I", handle, id]        the id of a transaction; [idTag, meterStart, when] where its start
                                was given up
    [0, "R", handle, started, parent, most Wh]   what has changed of a running transaction
    [0, "W", order, when, meterStop, values]   the last reading of the StopTransaction of that
                                               order, taken once current had ended
    [0, "T", boot, instant, ms] what time it was so many milliseconds after that boot

and its marks [delivered, connector, register, connector, register, ...]: up to which order all
messages are delivered, and what each connector's energy register was at least."""

import json

from micropython import const

from ..protocol.iso8601 import text_from
from .shapes import is_line
from .transaction import START, STOP, Transaction, thinned

# Kinds of lines
HEADING = const("H")
ID = const("I")
CHANGE = const("R")
LAST_READING = const("W")
CLOCK = const("T")

_MOST_HEADING = const(2000)  # bytes; without data, four connectors with non-ASCII cards take 1600

_MOST_LAST = const(8)  # that are known; an older stop keeps the reading that it was written with


class Ledger:
    """`running`: the transactions that have begun and not ended, as far as flash knows. `wh`:
    connector: its energy register, as last sent or stored."""

    def __init__(self, journal) -> None:
        self.running = []
        self.wh = {}
        self._journal = journal
        self.last_order = 0
        self.stored = 0  # the last order in the journal
        self.delivered = 0
        self.ids = {}  # handle: id, of those whose stop is not delivered
        # Order of a StopTransaction that is not delivered: [when, meterStop, values] of its last
        # reading
        self.last = {}
        self.boot = 0
        # [boot, instant, ms after it] of those that began without the time, and learned it
        self._clocks = []
        self._clockless = False  # something was written without an instant since power-up
        self._mark = ""

    def load(self) -> None:
        """Reads what the last segment says, and the mark. Once, before anything else."""
        journal = self._journal
        for segment in reversed(journal.segments):
            found = journal.read(segment, 0)
            if found is not None and found[1] == segment and line_of(found[0])[1] == HEADING:
                break
        else:
            segment = 0
        found = journal.read(segment, 0)
        while found is not None:
            self._take(line_of(found[0], journal.problems))
            found = journal.read(found[1], found[2])
        self.boot += 1
        self.stored = self.last_order
        for text in journal.marks():
            mark = _list_of(text)
            if len(mark) % 2 == 0 or not all([type(number) is int for number in mark]):
                continue  # another program's
            self.delivered = max(self.delivered, mark[0])
            for i in range(1, len(mark), 2):
                self.wh[mark[i]] = max(mark[i + 1], self.wh.get(mark[i], 0))
        self.last_order = max(self.last_order, self.delivered)
        for order in [order for order in self.last if order <= self.delivered]:
            del self.last[order]

    def _take(self, line: list) -> None:
        order, kind = line[0], line[1]
        self.last_order = max(self.last_order, order)
        if kind == HEADING:
            _, _, self.last_order, self.delivered, self.boot, self._clocks, running, ids = line
            self.ids = dict([(handle, known) for handle, known in ids])
            self.running = []
            for stored in running:
                self._runs(*stored)
        elif kind == START:
            _, _, connector, id_tag, meter_start_wh, when, parent = line[:7]
            self._runs(
                order, connector, id_tag, meter_start_wh, when, None, [], parent, None, *line[7:]
            )
        elif kind == STOP:
            _, _, handle, _, meter_stop_wh, _, _, _ = line
            for transaction in self.running:
                if transaction.handle == handle:
                    self.wh[transaction.connector] = max(
                        meter_stop_wh, self.wh.get(transaction.connector, 0)
                    )
            self.running = [
                transaction for transaction in self.running if transaction.handle != handle
            ]
        elif kind == ID:
            self.knows(line[2], line[3])
        elif kind == CHANGE:
            for transaction in self.running:
                if transaction.handle == line[2]:
                    _, _, _, transaction.started, transaction.parent, transaction.most_wh = line
        elif kind == LAST_READING:
            self.has_last(line[2], line[3:])
        elif kind == CLOCK:
            self._clocks.append(line[2:])
        for when in line if kind in "SME" else ():
            if type(when) is list and when and type(when[0]) is int:
                self.boot = max(self.boot, when[0])

    def _runs(
        self,
        handle: int,
        connector: int,
        id_tag: str,
        meter_start_wh: int,
        when,
        transaction_id,
        data,
        parent,
        most_wh,
        reservation=None,
    ) -> None:
        for transaction in self.running:
            if transaction.handle == handle:
                return
        transaction = Transaction(handle, connector, id_tag, meter_start_wh)
        transaction.started = when if type(when) is int else None
        transaction.id = transaction_id
        transaction.data = data
        transaction.parent = parent
        transaction.most_wh = most_wh
        transaction.reservation = reservation
        self.running.append(transaction)
        self.wh[connector] = max(meter_start_wh, self.wh.get(connector, 0))

    def knows(self, handle: int, transaction_id) -> None:
        self.ids[handle] = transaction_id
        self.delivered = max(self.delivered, handle)
        for transaction in self.running:
            if transaction.handle == handle and type(transaction_id) is int:
                transaction.id = transaction_id

    def has_last(self, order: int, last: list) -> None:
        """The last reading of a StopTransaction."""
        self.last[order] = last
        if len(self.last) > _MOST_LAST:
            del self.last[min(self.last)]

    def has_stored(self, order: int) -> None:
        """The messages up to this order are in the journal."""
        self.stored = order
        self.running = [t for t in self.running if t.stop_order is None or t.stop_order > order]

    def heading(self) -> str:
        """What is known beside the messages that are not in the journal yet: what starts or stops
        by one of them does so when it is read. Where all of it is longer than the journal reads
        back, the data for StopTransactions stay out."""
        running = []
        for t in self.running:
            if t.handle > self.stored:
                continue
            running.append(
                [t.handle, t.connector, t.id_tag, t.meter_start_wh, self.when_started(t)]
            )
            running[-1] += [t.id, thinned(t.data, len(self.running)), t.parent, t.most_wh]
        ids = [[handle, self.ids[handle]] for handle in self.ids]
        line = [0, HEADING, self.stored, self.delivered, self.boot, self._clocks, running, ids]
        if len(as_text(line).encode()) > _MOST_HEADING:
            for stored in running:
                stored[6] = []
        return as_text(line)

    def when_started(self, transaction):
        if transaction.started is None and transaction.started_up_ms is not None:
            return self.when(None, transaction.started_up_ms)
        return transaction.started

    def mark(self) -> None:
        """Up to where all is delivered, and the registers, go to flash, if that is news. Raises
        OSError."""
        mark = [self.delivered]
        for connector in sorted(self.wh):
            mark += [connector, self.wh[connector]]
        text = as_text(mark)
        if text != self._mark:
            self._journal.mark(text)
            self._mark = text

    def when(self, now: "int | None", up_ms: int):
        """A moment as the journal keeps it."""
        if now is not None:
            return now
        self._clockless = True
        return [self.boot, up_ms]

    def clock_is_known(self, now: int, up_ms: int) -> "list[str]":
        """Moments without an instant get one, by the up-time that passed since. What began before
        the last restart can only be said to have begun by now. Returns the lines for the
        journal."""
        lines = []
        if self._clockless:
            self._clockless = False
            self._clocks = [] if self.stored <= self.delivered else self._clocks[-3:]
            self._clocks.append([self.boot, now, up_ms])
            lines.append(as_text([0, CLOCK, self.boot, now, up_ms]))
        for transaction in self.running:
            if transaction.started is None:
                began_ms = up_ms if transaction.started_up_ms is None else transaction.started_up_ms
                transaction.started = now - (up_ms - began_ms) // 1000
                lines.append(changed(transaction))
        return lines

    def _instant(self, when: list) -> "int | None":
        for boot, instant, up_ms in self._clocks:
            if boot == when[0]:
                return instant - (up_ms - when[1]) // 1000
        return None

    def timestamps(self, now: int):
        """A function from moments to texts. A moment that nobody knows is said to be now."""

        def text_of(when) -> str:
            if type(when) is list:
                when = self._instant(when)
            return text_from(now if when is None else when)

        return text_of


def _list_of(text: str) -> list:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if type(found) is list else []


def line_of(text: str, problems: "list | None" = None) -> list:
    """What a line holds; [0, ""] for one that another program wrote, whatever its checksum says.
    Then `problems` gets a sentence."""
    line = _list_of(text)
    if is_line(line):
        return line
    if problems is not None:
        problems.append("a line of the journal says %r, and is left out" % text[:40])
    return [0, ""]


def as_text(line: list) -> str:
    return json.dumps(line, separators=(",", ":"))


def changed(t: Transaction) -> str:
    return as_text([0, CHANGE, t.handle, t.started, t.parent, t.most_wh])
