"""The station's own calls: one in flight at a time, matched with its answer by id (OCPP-J 1.6,
section 4.1.1).

An id is a prefix, random for each start of the station, and a counter. So no answer to a call from
before a restart fits.
"""

from . import ocppj


class Exchange:
    """Holds at most one call in flight. `ticks_ms`: a count of milliseconds that only grows."""

    def __init__(self, timeout_ms: int, id_prefix: str) -> None:
        self.timeout_ms = timeout_ms
        self._id_prefix = id_prefix
        self._count = 0
        self.message_id = None  # of the call in flight
        self.started_ms = 0  # of the call in flight

    @property
    def idle(self) -> bool:
        return self.message_id is None

    def start(self, action: str, payload, ticks_ms: int) -> str:
        """Begins a call and returns the text to send. Call it only while no call is in flight."""
        if self.message_id is not None:
            raise RuntimeError("a call is in flight")
        self._count += 1
        self.message_id = "%s-%d" % (self._id_prefix, self._count)
        self.started_ms = ticks_ms
        return ocppj.call_text(self.message_id, action, payload)

    def settle(self, message: tuple) -> "tuple | None":
        """What a parsed answer means: ("result", payload) or ("error", code, description).

        None for a stray, an answer that does not fit the call in flight. A stray changes nothing.
        """
        if self.message_id is None or message[1] != self.message_id:
            return None
        self.cancel()
        if message[0] == ocppj.CALLRESULT:
            return ("result", message[2])
        return ("error", message[2], message[3])

    def timed_out(self, ticks_ms: int) -> bool:
        """Has the call in flight waited too long? It stays in flight until `cancel`."""
        return self.message_id is not None and ticks_ms - self.started_ms >= self.timeout_ms

    def cancel(self) -> None:
        """Forgets the call in flight, after a time-out or with the link. From now on its answer is
        a stray."""
        self.message_id = None
