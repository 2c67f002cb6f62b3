"""Reservations (OCPP 1.6, 5.1 and 5.13): a connector, or any one of them, is kept for a card or its
group. Loaded while there is one (late.py).

A reservation ends, first case that fits:
1. Its transaction has begun.
2. Its expiryDate has come. While the time is not known, which is after a restart only, it holds for
   as long as it had to last when it was accepted, counted from the power-up: a stranger who waits
   loses less than one who takes what is reserved, and it ends even if no clock ever comes.
3. Its connector is faulted or inoperative; for connector 0: the charge point, or every connector.

A reservation of connector 0 keeps one connector vacant, whichever that is: nobody else begins where
no other would be left. So one is possible at a time.

One document in flash: a list of [reservationId, connectorId, idTag, parentIdTag or null, expiryDate
and acceptance as instants]. Where flash does not take the end of one, the end is written again after
a minute; after a restart before that it is there again, until it expires."""

from micropython import const

from ..messaging.shapes import fits
from ..protocol.iso8601 import text_from

_NAME = "reservations"
_WRITE_AGAIN_MS = const(60000)


def _understood(found: list) -> list:
    for entry in found:
        if not fits(entry, "iistii"):
            raise ValueError("no reservation: %s" % repr(entry)[:40])
    return found


def _is_for(entry: list, id_tag: "str | None", parent: "str | None") -> bool:
    """Is it kept for this card? Upper and lower case are one; None: a stranger's."""
    _, _, reserved_for, group, _, _ = entry
    if id_tag is not None and id_tag.lower() == reserved_for.lower():
        return True
    return bool(group and parent) and group.lower() == parent.lower()


class Reservations:
    """A part of the station while there is a reservation, or flash has one that is over.
    none_left(): is called when there is no more. running: the transactions that run by the journal;
    one of them may have used a reservation that flash still has."""

    def __init__(self, facts, documents, none_left, running: list) -> None:
        self._facts = facts
        self._documents = documents
        self._none_left = none_left
        self._write_at_ms = None  # up-time at which flash gets what it did not take
        self._all = documents.read(_NAME, [], _understood)
        used = [entry for entry in self._all if _was_used(entry, running)]
        if used:
            self._end(used, "its transaction runs")

    # -- who may charge where

    def bars(self, connector, id_tag: "str | None", parent: "str | None") -> bool:
        """Is the connector kept for somebody else than this card? id_tag None: a stranger's."""
        return _bars(self._facts, self._all, connector, id_tag, parent)

    def could_take(self, connector, id_tag: str) -> bool:
        """Might this card begin here, if it is of the right group?"""
        groups = [None] + [parent for _, _, _, parent, _, _ in self._all if parent]
        return not all([self.bars(connector, id_tag, group) for group in groups])

    def used_at(self, connector, id_tag: str, parent: "str | None") -> "int | None":
        """The reservationId of what this card uses when it begins here."""
        for connector_id in (connector.id, 0):
            for entry in self._all:
                if entry[1] == connector_id and _is_for(entry, id_tag, parent):
                    return entry[0]
        return None

    # -- what happens to them

    def put(self, entry: list, waiting: int) -> str:
        """Reserves, in the place of what has the same reservationId. waiting: how many cards wait
        for a plug. Returns the status of ReserveNow.conf."""
        others = [other for other in self._all if other[0] != entry[0]]
        if not self._has_room(entry, others, waiting):
            return "Occupied"
        if not self._keep(others + [entry]):
            return "Rejected"
        self._log(entry, "until " + text_from(entry[4]))
        return "Accepted"

    def _has_room(self, entry: list, others: list, waiting: int) -> bool:
        facts = self._facts
        connector_id = entry[1]
        if any([other[1] == connector_id for other in others]):
            return False
        if any([other[1] == connector_id for other in self._all]):
            return True  # what it replaces has kept the place
        if connector_id:
            connector = facts.connector(connector_id)
            taken = not _is_vacant(others, connector) or connector.authorised
            return not taken and not _bars(facts, others, connector, None, None)
        vacant = [c for c in facts.connectors if _is_vacant(others, c)]
        return len(vacant) > waiting

    def cancel(self, reservation_id: int) -> bool:
        """Is it there, and does flash take its end?"""
        others = [entry for entry in self._all if entry[0] != reservation_id]
        if len(others) == len(self._all) or not self._keep(others):
            return False
        self._facts.log("info", "reservation %d: cancelled" % reservation_id)
        return True

    def use(self, reservation_id: int) -> None:
        """Its transaction has begun, and is in the journal with it."""
        self._end([entry for entry in self._all if entry[0] == reservation_id], "used")
        self.settle()

    def due_ms(self) -> "int | None":
        due = [self._expires_ms(entry) for entry in self._all]
        if self._write_at_ms is not None:
            due.append(self._write_at_ms)
        return min(due) if due else None

    def settle(self) -> None:
        """Ends what is over, and marks the connectors that are kept."""
        facts = self._facts
        for entry in self._all:
            if facts.up_ms >= self._expires_ms(entry):
                self._end([entry], "expired")
            elif not self._usable(entry):
                self._end([entry], "its connector is faulted or unavailable")
        if self._write_at_ms is not None and facts.up_ms >= self._write_at_ms:
            self._end([], "")
        for connector in facts.connectors:
            connector.reserved = self._is_shown(connector)
        if not self._all and self._write_at_ms is None:
            self._none_left()

    def _expires_ms(self, entry: list) -> int:
        _, _, _, _, expires, accepted = entry
        if self._facts.now is None:
            return (expires - accepted) * 1000
        return self._facts.ms_at(expires)

    def _usable(self, entry: list) -> bool:
        facts = self._facts
        if entry[1]:
            connectors = [facts.connector(entry[1])]
        else:
            connectors = facts.connectors if facts.charge_point.operative else []
        return any([c is not None and c.operative and not c.faulted() for c in connectors])

    def _is_shown(self, connector) -> bool:
        """Is its status Reserved, as long as its card is not shown? One that connector 0 keeps
        becomes Reserved while it is empty, and stays so when a vehicle comes without the card
        (OCPP 1.6, 4.9)."""
        if not self.bars(connector, None, None):
            return False
        if any([entry[1] == connector.id for entry in self._all]):
            return True
        if connector.transaction is not None or connector.ended_here:
            return False
        return connector.reserved or not connector.plugged()

    def _end(self, entries: list, why: str) -> None:
        self._all = [entry for entry in self._all if entry not in entries]
        for entry in entries:
            self._log(entry, why)
        if not self._keep(self._all):
            self._write_at_ms = self._facts.up_ms + _WRITE_AGAIN_MS

    def _log(self, entry: list, what: str) -> None:
        where = "connector %d" % entry[1] if entry[1] else "any connector"
        self._facts.log("info", "reservation %d of %s: %s" % (entry[0], where, what))

    def _keep(self, entries: list) -> bool:
        """Flash first, then what is in force."""
        try:
            self._documents.write(_NAME, entries)
        except OSError as error:
            self._facts.storage_failed("the reservations cannot be written: %s" % error)
            return False
        self._write_at_ms = None
        self._all = entries
        return True


def _was_used(entry: list, running: list) -> bool:
    """Did one of these transactions begin with it? A power cut may have come in between."""
    for transaction in running:
        started = transaction.started
        if transaction.reservation == entry[0] and (started is None or started >= entry[5]):
            return True
    return False


def _is_vacant(entries: list, connector) -> bool:
    """Could whoever comes with a reservation of any connector use this one?"""
    if connector.plugged() or connector.ended_here or not connector.free():
        return False
    return not any([entry[1] == connector.id for entry in entries])


def _bars(facts, entries: list, connector, id_tag: "str | None", parent: "str | None") -> bool:
    any_one = None
    for entry in entries:
        if entry[1] == connector.id:
            return not _is_for(entry, id_tag, parent)
        if not entry[1]:
            any_one = entry
    if any_one is None or _is_for(any_one, id_tag, parent):
        return False
    return not any([c is not connector and _is_vacant(entries, c) for c in facts.connectors])
