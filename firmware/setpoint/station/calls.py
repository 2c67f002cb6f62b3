"""What the charge point asks of the central system: one CALL in flight, the rest in order.

Two queues share one numbering, so that a StatusNotification, the StartTransaction after it and the next
StatusNotification arrive in the order in which they happened:

* calls whose answer somebody waits for now; they end with the link;
* the messages of transactions (outbox.py), which outlive link and power; what is left of an earlier connection gives
  way to what is asked now. An answer to one of them counts even when it comes too late: a central system that needs
  long would begin a transaction with every attempt.
"""

from micropython import const

from ..protocol.exchange import Exchange
from ..protocol.fields import readable
from ..protocol.requests import answer_spec_for

TIMEOUT_MS = const(30000)
_MOST_WAITING = const(32)
DROPPED = const("too many calls wait")
SET_ASIDE = const("no connection outlives it")  # what is not to be sent again (losses.py)


class Calls:
    """`delivered(entry, payload, error, refused)` is told of every answer to a message of the outbox. It answers True when the
    message is to be sent again."""

    def __init__(self, id_prefix: str, outbox, log, delivered) -> None:
        self._exchange = Exchange(TIMEOUT_MS, id_prefix)
        self._outbox = outbox
        self._log = log
        self._delivered = delivered
        self.answered = 0  # how many calls were
        self._waiting = []  # (order, action, payload, on_answer, before Accepted too)
        self._on_answer = None  # of the one in flight: a function of (payload, error, refused, up_ms)
        self._entry = None  # of the outbox, where the one in flight is of there
        self._message = None  # the one in flight: that entry, or what waited here
        self._suspect = None  # (losses.py) the one that was in flight when the last connection was lost
        self._late = None  # (message id, entry) of the last one of the outbox that was not answered in time

    def ask(self, action: str, payload: dict, on_answer, before_accepted: bool, up_ms: int) -> None:
        """Queues a CALL. on_answer(payload or None, error sentence or None, up_ms) is called exactly once."""
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.pop(0)[3](None, DROPPED, up_ms)
        self._waiting.append((self._outbox.next_order(), action, payload, on_answer, before_accepted))

    def next_text(self, ready: bool, now: "int | None", up_ms: int, ticks_ms: int) -> "str | None":
        """The CALL to send now, None when there is none. Before the station is
        `ready` (Accepted, and told the time) only what may go before Accepted (OCPP 1.6, 4.2)."""
        if not self.idle():
            return None
        call = None
        for waiting in self._waiting:
            if ready or waiting[4]:
                call = waiting
                break
        entry = self._outbox.head(up_ms) if ready else None
        if entry is not None and (call is None or (entry[0] < call[0] and not self._outbox.is_history(entry))):
            action, payload = entry[1], self._outbox.payload_of(entry, now)
            self._entry = entry
            self._on_answer = lambda payload, error, refused, up_ms: self._delivered(entry, payload, error, refused)
        elif call is not None:
            self._waiting.remove(call)
            action, payload = call[1], call[2]
            self._entry = None
            self._on_answer = lambda payload, error, refused, up_ms: call[3](payload, error, up_ms)
        else:
            return None
        self._message = self._entry or call
        if self._suspect is not None:
            from .losses import form_of

            payload = form_of(self._suspect, self._message, payload)
        return self._exchange.start(action, payload, ticks_ms)

    def on_answer(self, message, up_ms: int) -> None:
        """A CALLRESULT or CALLERROR has come."""
        answer = self._exchange.settle(message)
        late = self._late
        if answer is None:
            if late is None or late[0] != message[1] or message[0] != 3:
                self._log("warn", "an answer that nobody waits for, id %s" % message[1])
                return
            if self._entry is late[1]:  # the next attempt is in flight
                self._exchange.cancel()
                self._on_answer = self._entry = self._message = None
            self._late = None
            self.answered += 1
            self._delivered(late[1], message[2], None, False)
            return
        if self._entry is not None:
            self._late = None
        if self._suspect is not None:
            from .losses import is_suspect

            if is_suspect(self._suspect, self._message):
                self._suspect = None
        self.answered += 1
        if answer[0] == "result":
            self._finish(answer[1], None, False, up_ms)
        else:
            self._finish(None, "%s: %s" % (answer[1], answer[2]), True, up_ms)

    def idle(self) -> bool:
        """Nothing is in flight: the next CALL may go."""
        return self._exchange.idle

    def times_out_ms(self) -> "int | None":
        """The ticks from which the call in flight has waited too long; None: there is none."""
        return None if self.idle() else self._exchange.started_ms + TIMEOUT_MS

    def time_out(self, ticks_ms: int, up_ms: int) -> None:
        if self._exchange.timed_out(ticks_ms):
            late = self._exchange.message_id, self._entry
            self._exchange.cancel()
            waits = self._finish(None, "no answer within %d s" % (TIMEOUT_MS // 1000), False, up_ms)
            if late[1] is not None:
                self._late = late if waits else None

    def link_is_down(self, up_ms: int) -> None:
        """Nobody will answer any more."""
        self._exchange.cancel()
        self._late = None
        waiting = self._waiting
        self._waiting = []
        error = "the link is down"
        if self._message is not None:
            from .losses import after

            self._suspect, error = after(self._suspect, self._message, self._log)
        self._finish(None, error, False, up_ms)
        for call in waiting:
            call[3](None, "the link is down", up_ms)

    def _finish(self, payload, error: "str | None", refused: bool, up_ms: int) -> "bool | None":
        on_answer = self._on_answer
        self._on_answer = self._entry = self._message = None
        if on_answer is not None:
            return on_answer(payload, error, refused, up_ms)
        return None

    def understood(self, action: str, payload, error: "str | None") -> "dict | None":
        """The fields of an answer, as far as they can be read (fields.py); None where there is no answer. Both are logged."""
        found = None
        problems = []
        if error is None:
            found = readable(payload, answer_spec_for(action), problems)
            error = "; ".join(problems)
        if error:
            self._log("warn", "%s: %s" % (action, error))
        return found
