"""One charging session, as it is stored and as its messages need it.

The handle is ours and the id the central system's: the id comes late (or after a restart), may be
given twice, and 0 and negative ones are real. Everything inside the station goes by the handle.
"""


class Transaction:
    """`started` and `stopped_at` are instants, or None while the clock is unknown: then the up-time beside
    them tells, and `clock_is_known` fills them in."""

    def __init__(self, handle: int, connector: int, id_tag: str, meter_start_wh: int) -> None:
        self.handle = handle  # also the place of its StartTransaction in the outbox
        self.connector = connector
        self.id_tag = id_tag
        self.meter_start_wh = meter_start_wh
        self.started = None
        self.started_up_ms = None
        self.id = None  # as the central system calls it; None until it said so
        self.confirmed = False  # StartTransaction was answered, or given up
        self.stop_order = None  # place of its StopTransaction in the outbox; None while it runs
        self.stopped_at = None
        self.stopped_up_ms = None
        self.meter_stop_wh = None
        self.reason = None
        self.stop_tag = None
        self.parent = None  # parentIdTag of its card, if the central system named one
        self.most_wh = None  # meter value beyond which its card, found invalid, gets nothing; None: no such bound

    def start(self, now: "int | None", up_ms: int) -> None:
        self.started = now
        self.started_up_ms = up_ms

    def stop(self, order: int, now: "int | None", up_ms: int, meter_wh: int, reason: str, id_tag: "str | None") -> None:
        self.stop_order = order
        self.stopped_at = now
        self.stopped_up_ms = up_ms
        self.meter_stop_wh = meter_wh
        self.reason = reason
        self.stop_tag = id_tag

    def clock_is_known(self, now: int, up_ms: int) -> bool:
        """Fixes instants that were unknown, by the up-time that passed since. True if something changed.

        One from before the last restart has no up-time left: it can only be said to be over by now.
        """
        before = self.started, self.stopped_at
        if self.started is None:
            self.started = now if self.started_up_ms is None else now - (up_ms - self.started_up_ms) // 1000
        if self.stop_order is not None and self.stopped_at is None:
            self.stopped_at = now if self.stopped_up_ms is None else now - (up_ms - self.stopped_up_ms) // 1000
        return before != (self.started, self.stopped_at)

    def to_document(self) -> list:
        return [
            self.handle,
            self.connector,
            self.id_tag,
            self.meter_start_wh,
            self.started,
            self.id,
            self.confirmed,
            self.stop_order,
            self.stopped_at,
            self.meter_stop_wh,
            self.reason,
            self.stop_tag,
            self.parent,
            self.most_wh,
        ]


def from_document(document) -> Transaction:
    """The transaction of a stored document; ValueError when it is none."""
    if type(document) is not list or len(document) not in (12, 14):
        raise ValueError("not a transaction")
    transaction = Transaction(document[0], document[1], document[2], document[3])
    (
        transaction.started,
        transaction.id,
        transaction.confirmed,
        transaction.stop_order,
        transaction.stopped_at,
        transaction.meter_stop_wh,
        transaction.reason,
        transaction.stop_tag,
        transaction.parent,
        transaction.most_wh,
    ) = (document + [None, None])[4:14]
    return transaction


def document_name(transaction: Transaction) -> str:
    return "transaction-%d" % transaction.handle
