"""The messages of transactions. Each must arrive, in order, over outages and power cuts.

Rule 1: the journal in flash is the queue. A StartTransaction and a StopTransaction are in it before
        anything else happens; they are never dropped. What is sent is read back from there, one
        message at a time. A start or stop that could not be written is sent from RAM, and stays
        there until it is written: the next start of the station must know what the central system
        knows.
Rule 2: places in the queue (`order`) only grow, over restarts too. No message overtakes another:
        one that failed holds up those behind it until its attempts are used up.
Rule 3: what depends on the id (MeterValues, StopTransaction) is put together when it is sent, which
        is after its StartTransaction was answered.
Rule 4: meter values wait in RAM. They are written to flash with the next start or stop, when ten
        wait, or when the oldest would have waited for five minutes. A power cut takes no more than
        that.
Rule 5: the journal's mark says up to which order everything is delivered. A power cut can make one
        message arrive twice: the one that the central system answered at that moment.
"""

import json

from micropython import const

from .ledger import ID, LAST_READING, Ledger, as_text, changed, line_of
from .transaction import (
    METER_VALUES,
    START,
    STOP,
    Transaction,
    meter_payload,
    start_payload,
    stop_payload,
    with_last_reading,
)

_MOST_IN_RAM = const(10)
_MOST_WITHOUT_FLASH = const(40)  # where writing fails
_PATIENCE_MS = const(300000)
_ACTIONS = {START: "StartTransaction", METER_VALUES: "MeterValues", STOP: "StopTransaction"}
_METER_VALUES_IN_TEXT = const(',"M",')


class Outbox:
    """`log` is a function of (level, sentence)."""

    # {handle: its next meter value goes}, from when the journal was made thinner
    _odd = None

    def __init__(self, journal, log) -> None:
        self.ledger = Ledger(journal)
        self._journal = journal
        self.dropped = 0  # meter values that there was no room for
        self._log = log
        self._waiting = []  # (order, text) that are not in flash
        # (order, text) of delivered messages that must still be written for the next start
        self._unwritten = []
        self._waiting_since_ms = 0
        self._segment = self._offset = 0  # where the unread part of the journal begins
        self._failing = False
        self._unread = []  # orders of StopTransactions that wait for the last reading
        self._head = None
        self._attempts = 0  # of the head
        self._others = None  # answers to others when the head last had none
        self.unwanted = False  # the central system takes no meter values: each has one attempt
        self._retry_at_ms = None  # up-time before which the head waits
        self._history = 0  # the last order before this connection

    # -- flash

    def start(self) -> None:
        """Reads what the journal holds. Once, before anything else."""
        self.ledger.load()

    def heading(self) -> str:
        return self.ledger.heading()

    def full(self) -> None:
        """The journal is full, and a part of it is about to be made thinner."""
        self._segment = self._offset = 0
        self._odd = {}
        self._log(
            "warn", "the journal is full: every second meter value in a part of it is dropped"
        )

    def keeps(self, text: str) -> bool:
        """Does a line stay when the journal is full? Starts and stops do, and every second meter
        value of each transaction."""
        line = line_of(text)
        # Headings and the like too: later ones hold what they say
        if line[0] <= self.ledger.delivered:
            return False
        if line[1] == METER_VALUES:
            odd = not self._odd.get(line[2], False)
            self._odd[line[2]] = odd
            if odd:
                self.dropped += 1
            return not odd
        return True

    def _append(self, lines: "list[str]") -> None:
        kept = self._unwritten + self._waiting
        self._journal.append([text for _, text in kept] + lines, self)
        if kept:
            self.ledger.has_stored(max(self.ledger.stored, kept[-1][0]))
            self._unwritten = []
            self._waiting = []

    def flush(self) -> None:
        """What waits in RAM goes to flash. Raises OSError; then it still waits."""
        if self._waiting or self._unwritten:
            self._append([])

    # -- what happens

    def next_order(self) -> int:
        self.ledger.last_order += 1
        return self.ledger.last_order

    def clock_is_known(self, now: int, up_ms: int) -> None:
        """Moments without an instant have one from now on. Raises OSError."""
        lines = self.ledger.clock_is_known(now, up_ms)
        if lines:
            self._append(lines)

    def store(self, transaction) -> None:
        """What is known of a running transaction has changed. Raises OSError."""
        self._append([changed(transaction)])

    def add_start(self, transaction) -> None:
        """Raises OSError where flash cannot take it; it is queued all the same."""
        self.ledger.running.append(transaction)
        self._add(
            transaction.handle,
            [
                transaction.handle,
                START,
                transaction.connector,
                transaction.id_tag,
                transaction.meter_start_wh,
            ]
            + [self.ledger.when_started(transaction), transaction.parent]
            + ([] if transaction.reservation is None else [transaction.reservation]),
        )
        self.flush()

    def add_stop(
        self, transaction, when, meter_wh: int, reason: str, id_tag: "str | None", waits: bool
    ) -> None:
        """waits: it is not sent before `take_last_reading`. Raises OSError where flash cannot take
        it; it is queued all the same."""
        order = self.next_order()
        transaction.stop_order = order
        if waits:
            self._unread.append(order)
        self._add(
            order,
            [order, STOP, transaction.handle, when, meter_wh, reason, id_tag, transaction.data],
        )
        self.flush()

    def take_last_reading(self, order: int, last: "list | None") -> None:
        """last: [when, meterStop, values at the end] in the place of what a StopTransaction was
        written with; None: that holds. Raises OSError."""
        self._unread.remove(order)
        if last is not None:
            self.ledger.has_last(order, last)
            self._append([as_text([0, LAST_READING, order] + last)])

    def add_meter_values(
        self, transaction, when, context: int, values: str, up_ms: int, next_ms: int, online: bool
    ) -> None:
        """next_ms: how long the next ones are away."""
        alone = online and not len(self)
        if not self._waiting:
            self._waiting_since_ms = up_ms
        order = self.next_order()
        self._add(
            order,
            [order, METER_VALUES, transaction.handle, transaction.connector, when, context, values],
        )
        overdue = up_ms + next_ms - self._waiting_since_ms >= _PATIENCE_MS
        if not self._unwritten and len(self._waiting) < _MOST_IN_RAM and (alone or not overdue):
            return
        try:
            self.flush()
            self._failing = False
        except OSError as error:
            if not self._failing:
                self._log("error", "meter values cannot be written: %s" % error)
            self._failing = True
            for i in range(1, len(self._waiting) - _MOST_WITHOUT_FLASH):
                if _METER_VALUES_IN_TEXT in self._waiting[i][1]:
                    self._waiting.pop(i)
                    self.dropped += 1
                    break

    def _add(self, order: int, line: list) -> None:
        self._waiting.append((order, as_text(line)))

    # -- what is sent

    def __len__(self) -> int:
        """0 when all is delivered."""
        return len(self._waiting) + (self.ledger.stored > self.ledger.delivered)

    def head(self, up_ms: int):
        """(order, action, line): what is to be sent now, or None."""
        if self._retry_at_ms is not None and up_ms < self._retry_at_ms:
            return None
        if self._head is None:
            self._head = self._next()
        return None if self._head is not None and self._head[0] in self._unread else self._head

    def _next(self):
        while self.ledger.stored > self.ledger.delivered:
            found = self._journal.read(self._segment, self._offset)
            if found is None:
                self.ledger.delivered = self.ledger.stored  # what was missing is damaged
                break
            text, self._segment, self._offset = found
            line = line_of(text, self._journal.problems)
            if line[0] > self.ledger.delivered and line[1] in _ACTIONS:
                return (line[0], _ACTIONS[line[1]], line)
        if self._waiting:
            line = json.loads(self._waiting[0][1])
            return (line[0], _ACTIONS[line[1]], line)
        return None

    def due_at_ms(self) -> "int | None":
        """The up-time at which a message that failed is tried again; None when nothing waits."""
        return self._retry_at_ms if len(self) else None

    def payload_of(self, entry, now: int) -> dict:
        _, action, line = entry
        timestamp = self.ledger.timestamps(now)
        if action == "StartTransaction":
            return start_payload(line, timestamp)
        known = self.ledger.ids.get(line[2])
        if entry[0] in self.ledger.last:
            line = with_last_reading(line, self.ledger.last[entry[0]])
        return (
            meter_payload(line, known, timestamp)
            if action == "MeterValues"
            else stop_payload(line, known, timestamp)
        )

    def started(self, entry, transaction_id: "int | None", parent: "str | None") -> Transaction:
        """StartTransaction was answered, or given up (None). parent: the parentIdTag in the answer.
        Returns the transaction, which may have ended long ago."""
        order, _, line = entry
        self.ledger.knows(order, line[3:6] if transaction_id is None else transaction_id)
        self._goes_on(order)
        lines = [as_text([0, ID, order, self.ledger.ids[order]])]
        for transaction in self.ledger.running:
            if transaction.handle == order:
                break
        else:
            transaction = Transaction(order, line[2], line[3], line[4])
        if parent is not None and parent != transaction.parent:
            transaction.parent = parent
            lines.append(changed(transaction))
        self._unwritten += [(order, text) for text in lines]
        try:
            self.flush()
        except OSError as error:
            self._log("error", "the id of a transaction cannot be written: %s" % error)
        return transaction

    def delivered(self, entry) -> None:
        """MeterValues or StopTransaction was answered, or given up. Raises OSError."""
        order, action, line = entry
        in_flash = self._goes_on(order)
        if action == "StopTransaction":
            handle = line[2]
            self.ledger.ids.pop(handle, None)
            self.ledger.last.pop(order, None)
            self.ledger.running = [t for t in self.ledger.running if t.handle != handle]
            # Flash knows nothing of it, and need not
            if [1 for _, text in self._unwritten if text.startswith('[%d,"%s"' % (handle, START))]:
                self._unwritten = [
                    line for line in self._unwritten if line[0] not in (handle, order)
                ]
            if self._unwritten:
                self.flush()
                in_flash = True
        if in_flash:
            self.ledger.mark()

    def _goes_on(self, order: int) -> bool:
        """The head is settled. True if it was in flash."""
        self._head = None
        self._attempts = 0
        self._others = None
        self._retry_at_ms = None
        self.ledger.delivered = max(self.ledger.delivered, order)
        if self._waiting and self._waiting[0][0] == order:
            line = self._waiting.pop(0)
            if _METER_VALUES_IN_TEXT not in line[1]:
                self._unwritten.append(line)
            return False
        self._journal.drop_before(self._segment)
        return True

    def unanswered(self, up_ms: int, attempts: int, interval_s: int, others: "int | None") -> bool:
        """No answer came in time: the same again, after the interval. That counts as an attempt if
        the central system has answered something else since the last time; `others` counts those
        answers, None: the link is down. True when the head has had its attempts."""
        self._retry_at_ms = up_ms + interval_s * 1000
        if others is None:
            return False
        if self._others is not None and others != self._others:
            self._attempts += 1
        self._others = others
        return self._attempts >= attempts

    def refused(self, up_ms: int, attempts: int, interval_s: int) -> bool:
        """The central system answered with an error (OCPP 1.6, 3.7.1: wait the interval times the
        attempts made). True when the head has had its attempts. A central system that takes no
        meter values hears of the end of a transaction all the same: once it refused one to the
        last, it is asked once about each."""
        self._attempts += 1
        self._retry_at_ms = up_ms + interval_s * 1000 * self._attempts
        over = self._attempts >= attempts
        if self._head[1] == "MeterValues":
            over = self.unwanted = over or self.unwanted
        return over

    def link_is_back(self) -> None:
        """A new connection begins with the head at once."""
        self._retry_at_ms = None
        self._history = self.ledger.last_order

    def is_history(self, entry) -> bool:
        """From before this connection: there may be hundreds, and whatever somebody waits for now
        goes first."""
        return entry[0] <= self._history
