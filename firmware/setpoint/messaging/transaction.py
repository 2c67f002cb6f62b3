"""One charging session while it runs, and what its messages say (OCPP 1.6, 5.8 to 5.11).

The station's own handle names a transaction. The central system's id comes late, perhaps after a
restart, may be given twice, and may be 0 or negative.

In the journal a message is a list of a few dozen bytes. Its payload is made when it is sent:

    [order, "S", connector, idTag, meterStart, when, parent or null]     StartTransaction; behind it
                                                     the reservationId, if it used a reservation
    [order, "M", handle, connector, when, context, values]               MeterValues
    [order, "E", handle, when, meterStop, reason, idTag or null, data]   StopTransaction

The order of a StartTransaction is the handle. values: sampling.py. data: [[when, context, values]].
`when` is an instant, or [boot, milliseconds since it] of a time at which the clock was not known.
"""

from micropython import const

from .sampling import BEGIN, END, sampled_values

# Kinds of lines
START = const("S")
METER_VALUES = const("M")
STOP = const("E")

# Of the data of a StopTransaction: some 25 sampled values, 4 KB of JSON, and less than a kilobyte
# of the journal's line.
_MOST_DATA = const(150)  # characters of short form
_MOST_MOMENTS = const(16)


class Transaction:
    """`started` is an instant, or None while the clock is unknown: then the up-time beside it
    counts."""

    # The reservationId that its StartTransaction names; not known any more once the line is gone
    reservation = None

    def __init__(self, handle: int, connector: int, id_tag: str, meter_start_wh: int) -> None:
        self.handle = handle  # also the place of its StartTransaction in the outbox
        self.connector = connector
        self.id_tag = id_tag
        self.meter_start_wh = meter_start_wh
        self.started = None
        self.started_up_ms = None
        self.id = None  # as the central system calls it; None until it said so
        self.stop_order = None  # place of its StopTransaction in the outbox; None while it runs
        self.parent = None  # parentIdTag of its card, if the central system named one
        # Meter value beyond which its card, found invalid, gets nothing; None: no such bound
        self.most_wh = None
        self.data = []  # for its StopTransaction: [when, context, values]

    def add_data(self, when, context: int, values: str) -> None:
        """One moment for the StopTransaction. When there are too many, every second one goes; first
        and last stay."""
        self.data = thinned(self.data + [[when, context, values]], 1)


def thinned(data: list, among: int) -> list:
    """The data of a transaction, when so many share the room of one."""
    while len(data) > 2 and (
        len(data) * among > _MOST_MOMENTS
        or sum([len(moment[2]) for moment in data]) * among > _MOST_DATA
    ):
        data = [data[i] for i in range(len(data)) if i == len(data) - 1 or i % 2 == 0]
    return data


def start_payload(line: list, timestamp) -> dict:
    _, _, connector, id_tag, meter_start, when, _ = line[:7]
    payload = {
        "connectorId": connector,
        "idTag": id_tag,
        "meterStart": meter_start,
        "timestamp": timestamp(when),
    }
    if len(line) > 7:
        payload["reservationId"] = line[7]
    return payload


def meter_payload(line: list, transaction_id, timestamp) -> dict:
    _, _, _, connector, when, context, values = line
    payload = {
        "connectorId": connector,
        "meterValue": [_meter_value((when, context, values), timestamp)],
    }
    if type(transaction_id) is int:
        payload["transactionId"] = transaction_id
    return payload


def stop_payload(line: list, transaction_id, timestamp) -> dict:
    """transaction_id: [idTag, meterStart, when] where the StartTransaction was refused to the last:
    then this message alone reports the transaction, by the id -1 and with its begin and end in
    transactionData."""
    _, _, _, when, meter_stop, reason, id_tag, data = line
    if type(transaction_id) is not int:
        if not data:
            data = [[when, END, "E%d" % meter_stop]]
            if transaction_id is not None:
                data.insert(0, [transaction_id[2], BEGIN, "E%d" % transaction_id[1]])
        if transaction_id is not None:
            id_tag = id_tag or transaction_id[0]
        transaction_id = -1
    payload = {
        "transactionId": transaction_id,
        "timestamp": timestamp(when),
        "meterStop": meter_stop,
        "reason": reason,
    }
    if id_tag is not None:
        payload["idTag"] = id_tag
    if data:
        payload["transactionData"] = [_meter_value(moment, timestamp) for moment in data]
    return payload


def with_last_reading(line: list, last: list) -> list:
    """A StopTransaction's line with the reading that was taken once current had ended: [when,
    meterStop, values]."""
    order, kind, handle, _, _, reason, id_tag, data = line
    when, meter_stop, values = last
    if data and values:
        data = data[:-1] + [[when, END, values]]
    return [order, kind, handle, when, meter_stop, reason, id_tag, data]


def _meter_value(moment, timestamp) -> dict:
    when, context, values = moment
    return {"timestamp": timestamp(when), "sampledValue": sampled_values(values, context)}
