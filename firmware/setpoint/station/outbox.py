"""The messages of transactions: each must arrive, in order, whatever happens in between.

Rule 1: StartTransaction and StopTransaction are not stored as messages: the stored transaction says which of
        them the central system has not answered yet (transaction.py). After a restart the queue is rebuilt from there.
Rule 2: places in the queue (`order`) only grow. Nothing overtakes; a message that failed holds up those behind it.
Rule 3: what depends on the id (MeterValues, StopTransaction) is put together when it is sent, which is
        after its StartTransaction was answered.
Rule 4: meter values are bounded: when there are too many, the oldest goes, starts and stops never do.
"""

from ..protocol.iso8601 import text_from
from .transaction import document_name

_MOST_METER_VALUES = 60  # an hour without network at one a minute; about 150 bytes each


class Outbox:
    def __init__(self, documents, transactions: list) -> None:
        """`transactions`: all that are stored, running or not yet fully reported."""
        self._documents = documents
        self._queue = []  # [order, action, transaction, (instant, up_ms, sampled) or None], by order
        self._last_order = 0
        self._attempts = 0  # of the head
        self._retry_at_ms = None  # up-time before which the head waits
        self.dropped = 0  # meter values that had to go
        for transaction in transactions:
            if not transaction.confirmed:
                self._insert(transaction.handle, "StartTransaction", transaction, None)
            if transaction.stop_order is not None:
                self._insert(transaction.stop_order, "StopTransaction", transaction, None)
            self._last_order = max(self._last_order, transaction.handle, transaction.stop_order or 0)

    def _insert(self, order: int, action: str, transaction, values) -> None:
        at = len(self._queue)
        while at and self._queue[at - 1][0] > order:
            at -= 1
        self._queue.insert(at, [order, action, transaction, values])

    def __len__(self) -> int:
        return len(self._queue)

    def next_order(self) -> int:
        self._last_order += 1
        return self._last_order

    def add_start(self, transaction) -> None:
        """Stores the transaction (OSError if that fails; it is queued all the same) and queues its start."""
        self._insert(transaction.handle, "StartTransaction", transaction, None)
        self._documents.write(document_name(transaction), transaction.to_document())

    def add_stop(self, transaction) -> None:
        if transaction.confirmed and transaction.id is None:  # its start was given up: nobody knows it
            self._documents.remove(document_name(transaction))
            return
        self._insert(transaction.stop_order, "StopTransaction", transaction, None)
        self._documents.write(document_name(transaction), transaction.to_document())

    def add_meter_values(self, transaction, instant: "int | None", up_ms: int, sampled: list) -> None:
        held = [entry for entry in self._queue[1:] if entry[1] == "MeterValues"]  # the head may be in flight
        if len(held) >= _MOST_METER_VALUES:
            self._queue.remove(held[0])
            self.dropped += 1
        self._insert(self.next_order(), "MeterValues", transaction, (instant, up_ms, sampled))

    def head(self, up_ms: int):
        """The entry to send now, or None."""
        if not self._queue or (self._retry_at_ms is not None and up_ms < self._retry_at_ms):
            return None
        return self._queue[0]

    def due_at_ms(self) -> "int | None":
        """The up-time at which a message that failed is tried again; None when nothing waits."""
        return self._retry_at_ms if self._queue else None

    def payload_of(self, entry, now: int, up_ms: int) -> dict:
        _, action, transaction, values = entry
        if action == "StartTransaction":
            return {
                "connectorId": transaction.connector,
                "idTag": transaction.id_tag,
                "meterStart": transaction.meter_start_wh,
                "timestamp": text_from(transaction.started),
            }
        if action == "MeterValues":
            instant, sampled_up_ms, sampled = values
            if instant is None:
                instant = now - (up_ms - sampled_up_ms) // 1000
            payload = {
                "connectorId": transaction.connector,
                "meterValue": [{"timestamp": text_from(instant), "sampledValue": sampled}],
            }
            if transaction.id is not None:
                payload["transactionId"] = transaction.id
            return payload
        payload = {
            "transactionId": transaction.id,
            "timestamp": text_from(transaction.stopped_at),
            "meterStop": transaction.meter_stop_wh,
            "reason": transaction.reason,
        }
        if transaction.stop_tag is not None:
            payload["idTag"] = transaction.stop_tag
        return payload

    def started(self, entry, transaction_id: "int | None") -> None:
        """StartTransaction was answered, or given up (None): what follows it can go, or goes with it."""
        transaction = entry[2]
        transaction.id = transaction_id
        transaction.confirmed = True
        self._remove(entry)
        if transaction_id is None:
            self._queue = [e for e in self._queue if e[2] is not transaction]
        if transaction_id is None and transaction.stop_order is not None:
            self._documents.remove(document_name(transaction))
        else:
            self._documents.write(document_name(transaction), transaction.to_document())

    def delivered(self, entry) -> None:
        """MeterValues or StopTransaction was answered, or given up."""
        self._remove(entry)
        if entry[1] == "StopTransaction":
            self._documents.remove(document_name(entry[2]))

    def _remove(self, entry) -> None:
        if entry in self._queue:
            self._queue.remove(entry)
        self._attempts = 0
        self._retry_at_ms = None

    def unanswered(self, up_ms: int, interval_s: int) -> None:
        """No answer came in time: the same again, after the interval."""
        self._retry_at_ms = up_ms + interval_s * 1000

    def refused(self, up_ms: int, attempts: int, interval_s: int) -> bool:
        """The central system answered with an error (OCPP 1.6, 3.7.1: wait the interval times the attempts
        made). True when the head has had its attempts."""
        self._attempts += 1
        self._retry_at_ms = up_ms + interval_s * 1000 * self._attempts
        return self._attempts >= attempts

    def transactions(self) -> list:
        """Those that have something in the queue."""
        found = []
        for entry in self._queue:
            if entry[2] not in found:
                found.append(entry[2])
        return found

    def link_is_back(self) -> None:
        """A new connection begins with the head at once."""
        self._retry_at_ms = None
