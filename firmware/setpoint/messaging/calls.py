"""What the charge point asks of the central system: one CALL in flight, the rest in order.

Two queues share one numbering, so that a StatusNotification, the StartTransaction after it and the
next StatusNotification arrive in the order in which they happened:

* calls whose answer somebody waits for now; they are dropped when the link goes down;
* the messages of transactions (outbox.py), which survive that and a power cut. Those from before
  this connection let new calls pass. A late answer to one of them counts: else a slow central
  system would begin a transaction with every attempt.
"""

from micropython import const

from ..protocol.answers import answer_spec_for
from ..protocol.exchange import Exchange
from ..protocol.fields import readable

TIMEOUT_MS = const(30000)
_MOST_WAITING = const(32)
DROPPED = const("too many calls wait")
# The error of a message that is not sent again (losses.py)
SET_ASIDE = const("no connection outlives it")


class Calls:
    """`delivered(entry, payload, error, refused, others)` is called with every answer to a message of
    the outbox; others: how many calls were answered so far, None while the link is down. It returns
    True when the message is to be sent again."""

    def __init__(self, facts, id_prefix: str, outbox, delivered) -> None:
        self._facts = facts
        self._exchange = Exchange(TIMEOUT_MS, id_prefix)
        self._outbox = outbox
        self._delivered = delivered
        self.spoken = False  # on this link either side has answered something, not with an error
        self._answered = 0  # how many calls were
        self._waiting = []  # (order, action, payload, on_answer, before Accepted too)
        self._on_answer = None  # of the one in flight: a function of (payload, error, refused)
        self._entry = None  # the one in flight, if it is one of the outbox
        self._message = None  # the one in flight, whichever queue it came from
        # (losses.py) the one that was in flight when the last connection was lost
        self._suspect = None
        # (message id, entry) of the last one of the outbox that was not answered in time
        self._late = None

    def ask(self, action: str, payload: dict, on_answer, before_accepted: bool = False) -> None:
        """Queues a CALL. on_answer(payload or None, error sentence or None) is called exactly
        once."""
        if len(self._waiting) >= _MOST_WAITING:
            _, _, _, dropped, _ = self._waiting.pop(0)
            dropped(None, DROPPED)
        self._waiting.append(
            (self._outbox.next_order(), action, payload, on_answer, before_accepted)
        )

    def next_text(self) -> "str | None":
        """The CALL to send now, None when there is none. Before the station is Accepted, and knows
        the time, only what may go before Accepted (OCPP 1.6, 4.2)."""
        facts = self._facts
        if not facts.link_up or not self.idle():
            return None
        ready = facts.accepted and facts.now is not None
        call = None
        for waiting in self._waiting:
            order, action, payload, on_answer, before_accepted = waiting
            if ready or before_accepted:
                call = waiting
                break
        entry = self._outbox.head(facts.up_ms) if ready else None
        if entry is not None and (
            call is None or (entry[0] < order and not self._outbox.is_history(entry))
        ):
            action, payload = entry[1], self._outbox.payload_of(entry, facts.now)
            self._entry = entry
            self._on_answer = lambda payload, error, refused: self._deliver(
                entry, payload, error, refused
            )
        elif call is not None:
            self._waiting.remove(call)
            self._entry = None
            self._on_answer = lambda payload, error, refused: on_answer(payload, error)
        else:
            return None
        self._message = self._entry or call
        if self._suspect is not None:
            from .losses import form_of

            payload = form_of(self._suspect, self._message, payload)
        return self._exchange.start(action, payload, facts.ticks_ms)

    def _deliver(self, entry, payload, error: "str | None", refused: bool) -> bool:
        return self._delivered(
            entry, payload, error, refused, self._answered if self._facts.link_up else None
        )

    def on_answer(self, message) -> None:
        """A CALLRESULT or CALLERROR has come."""
        answer = self._exchange.settle(message)
        late = self._late
        if answer is None:
            if late is None or late[0] != message[1] or message[0] != 3:
                self._facts.log("warn", "an answer that nobody waits for, id %s" % message[1])
                return
            if self._entry is late[1]:  # the next attempt is in flight
                self._exchange.cancel()
                self._on_answer = self._entry = self._message = None
            self._late = None
            self.spoken = True
            self._answered += 1
            self._deliver(late[1], message[2], None, False)
            return
        if self._entry is not None:
            self._late = None
        if self._suspect is not None:
            from .losses import is_suspect

            if is_suspect(self._suspect, self._message):
                self._suspect = None
        self._answered += 1
        if answer[0] == "result":
            self.spoken = True
            self._finish(answer[1], None, False)
        else:
            self._finish(None, "%s: %s" % (answer[1], answer[2]), True)

    def idle(self) -> bool:
        """Nothing is in flight: the next CALL may go."""
        return self._exchange.idle

    def due_ms(self) -> "int | None":
        """When the call in flight has waited too long, or a message of the outbox may be tried
        again."""
        facts = self._facts
        if self.idle():
            return self._outbox.due_at_ms() if facts.online() else None
        return self._exchange.started_ms + TIMEOUT_MS + facts.up_ms - facts.ticks_ms

    def settle(self) -> None:
        """Gives up a call that nobody answered in time."""
        if self._exchange.timed_out(self._facts.ticks_ms):
            late = self._exchange.message_id, self._entry
            self._exchange.cancel()
            waits = self._finish(None, "no answer within %d s" % (TIMEOUT_MS // 1000), False)
            if late[1] is not None:
                self._late = late if waits else None

    def link_is_down(self) -> None:
        """Nobody will answer any more."""
        self._exchange.cancel()
        self._late = None
        self.spoken = False
        waiting = self._waiting
        self._waiting = []
        error = "the link is down"
        if self._message is not None:
            from .losses import after

            self._suspect, is_set_aside = after(self._suspect, self._message, self._facts.log)
            error = SET_ASIDE if is_set_aside else error
        self._finish(None, error, False)
        for _, _, _, on_answer, _ in waiting:
            on_answer(None, "the link is down")

    def _finish(self, payload, error: "str | None", refused: bool) -> "bool | None":
        on_answer = self._on_answer
        self._on_answer = self._entry = self._message = None
        if on_answer is not None:
            return on_answer(payload, error, refused)
        return None


def understood(log, action: str, payload, error: "str | None") -> "dict | None":
    """The fields of an answer, as far as they can be read (fields.py); None where there is no
    answer. Both are logged."""
    found = None
    problems = []
    if error is None:
        found = readable(payload, answer_spec_for(action), problems)
        error = "; ".join(problems)
    if error:
        log("warn", "%s: %s" % (action, error))
    return found
