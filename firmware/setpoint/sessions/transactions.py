"""A transaction begins, is metered, and ends (OCPP 1.6, 3.5, 5.8 to 5.11)."""

from micropython import const

from ..messaging.calls import SET_ASIDE, understood
from ..messaging.transaction import Transaction
from .samples import sample_anew

_ENERGY_LOOK_MS = const(5000)  # at 22 kW, 30 Wh
# After a stop: the vehicle has 6 s, then the contactor opens (pilot/sequence.py)
_CURRENT_ENDS_MS = const(7000)
_METER_SAYS_MS = const(1500)  # after that: meters are read once a second


class Transactions:
    """charging: installs the profile of a remote start, and removes those of a transaction that
    ended. outbox, meters."""

    def __init__(self, facts, charging, outbox, meters) -> None:
        self._facts = facts
        self._charging = charging
        self._outbox = outbox
        self._meters = meters
        self._verdicts = []

    def take_verdicts(self) -> list:
        """What the central system has said about cards since the last call: (idTag, idTagInfo, the
        Transaction of a StartTransaction.conf, or None for a StopTransaction.conf)."""
        verdicts = self._verdicts
        if verdicts:
            self._verdicts = []
        return verdicts

    def _when(self):
        return self._outbox.ledger.when(self._facts.now, self._facts.up_ms)

    def resume(self, reason: str) -> None:
        """After a power-up: running transactions go on, or end for that reason, as
        ResumeTransactionAfterPowerLoss says."""
        facts = self._facts
        ledger = self._outbox.ledger
        for transaction in list(ledger.running):
            connector = facts.connector(transaction.connector)
            if connector is None:
                self._stop(
                    transaction, self._when(), ledger.wh[transaction.connector], "Other", None
                )
                continue
            connector.transaction = transaction
            if facts.settings["ResumeTransactionAfterPowerLoss"]:
                facts.log(
                    "info", "connector %d: its transaction goes on after the restart" % connector.id
                )
                sample_anew(facts, connector)
                self._look_at_energy(connector)
            else:
                self.end(connector, reason, None)

    def begin(self, connector, id_tag: str, profile: "dict | None", parent: "str | None") -> None:
        """Starts a transaction. A profile that came with its remote start is in force first, or
        there is no transaction (R10)."""
        facts = self._facts
        if connector.stopped is not None:
            self._take_last_reading(connector)
        wh = self._meters.reading(connector.id).wh
        transaction = Transaction(self._outbox.next_order(), connector.id, id_tag, wh)
        transaction.parent = parent
        transaction.started = facts.now
        transaction.started_up_ms = facts.up_ms
        connector.transaction = transaction
        if profile is not None:
            reason = self._charging.install(profile, connector.id, transaction)
            if reason is not None:
                connector.transaction = None
                facts.log(
                    "error", "no transaction without the profile of its remote start: %s" % reason
                )
                return
        connector.ended_here = None
        connector.locked_for = None
        self._meters.begins(transaction, self._when())
        reservations = facts.reservations
        if reservations is not None:
            transaction.reservation = reservations.used_at(connector, id_tag, parent)
        self._write(lambda: self._outbox.add_start(transaction))
        if transaction.reservation is not None:
            reservations.use(transaction.reservation)
        facts.log("info", "connector %d: transaction begins" % connector.id)
        sample_anew(facts, connector)
        facts.limits_stale = True

    def end(self, connector, reason: str, id_tag: "str | None") -> None:
        """Stops a running transaction. `reason`: one of OCPP 1.6, 7.36 Reason. While the contactor
        is closed, its StopTransaction is written to flash at once but sent after the last reading,
        so that every Wh belongs to a transaction."""
        facts = self._facts
        transaction = connector.transaction
        connector.transaction = None
        connector.sample_at_ms = None
        connector.look_ms = None
        connector.spent = False
        connector.ended_here = (
            transaction.id_tag or "?" if connector.plugged() or connector.cable_in else None
        )
        if reason == "DeAuthorized" or (
            reason == "EVDisconnected" and not facts.settings["UnlockConnectorOnEVSideDisconnect"]
        ):
            connector.locked_for = (
                transaction if connector.has_lock and connector.cable_in else None
            )
        when = self._when()
        reading = self._meters.ends(transaction, when)
        self._stop(transaction, when, reading[0], reason, id_tag, connector.live())
        if connector.live():
            connector.stopped = transaction.stop_order, reading
            connector.look_ms = facts.up_ms + _CURRENT_ENDS_MS
        facts.limits_stale = True

    def _stop(
        self,
        transaction,
        when,
        meter_wh: int,
        reason: str,
        id_tag: "str | None",
        waits: bool = False,
    ) -> None:
        self._write(
            lambda: self._outbox.add_stop(transaction, when, meter_wh, reason, id_tag, waits)
        )
        self._facts.log(
            "info", "connector %d: transaction ends, %s" % (transaction.connector, reason)
        )
        if self._facts.ended_sessions is not None:
            self._note(transaction, meter_wh, reason)
        self._charging.transaction_ended(transaction.handle)

    def _note(self, transaction, meter_wh: int, reason: str) -> None:
        facts = self._facts
        start, up_ms = transaction.started, transaction.started_up_ms
        if start is None and facts.now is not None and up_ms is not None:
            start = facts.now - (facts.up_ms - up_ms) // 1000
        facts.ended_sessions.append(
            (
                transaction.handle,
                transaction.connector,
                start,
                facts.now,
                meter_wh - transaction.meter_start_wh,
                reason,
                transaction.id_tag,
            )
        )

    def _write(self, do) -> None:
        try:
            do()
        except OSError as error:
            self._facts.storage_failed("transaction cannot be written: %s" % error)

    def end_all(self, reason: str) -> None:
        for connector in self._facts.connectors:
            if connector.transaction is not None:
                self.end(connector, reason, None)

    def due_ms(self) -> "int | None":
        due_ms = None
        for connector in self._facts.connectors:
            if connector.look_ms is not None and (due_ms is None or connector.look_ms < due_ms):
                due_ms = connector.look_ms
        return due_ms

    def settle(self) -> None:
        up_ms = self._facts.up_ms
        for connector in self._facts.connectors:
            if connector.stopped is not None and not connector.live():
                connector.look_ms = min(connector.look_ms, up_ms + _METER_SAYS_MS)
            if connector.look_ms is not None and up_ms >= connector.look_ms:
                if connector.stopped is not None:
                    self._take_last_reading(connector)
                else:
                    self._look_at_energy(connector)

    def _take_last_reading(self, connector) -> None:
        """Completes the StopTransaction that waits for this reading."""
        order, before = connector.stopped
        connector.stopped = connector.look_ms = None
        reading = self._meters.last_reading(connector.id)
        if self._facts.ended_sessions is not None:
            self._facts.ended_sessions.append((connector.id, reading[0] - before[0]))
        last = [self._when()] + reading if reading != before else None
        self._write(lambda: self._outbox.take_last_reading(order, last))

    def bound_energy(self, connector) -> None:
        """The central system refused its card: the transaction goes on up to
        MaxEnergyOnInvalidId."""
        transaction = connector.transaction
        transaction.most_wh = (
            self._meters.reading(connector.id).wh + self._facts.settings["MaxEnergyOnInvalidId"]
        )
        self._write(lambda: self._outbox.store(transaction))
        self._look_at_energy(connector)

    def _look_at_energy(self, connector) -> None:
        """Has a transaction with a refused card reached its energy limit?"""
        most_wh = connector.transaction.most_wh
        if most_wh is not None:
            connector.spent = self._meters.reading(connector.id).wh >= most_wh
            connector.look_ms = None if connector.spent else self._facts.up_ms + _ENERGY_LOOK_MS

    def clock_is_known(self) -> None:
        self._write(lambda: self._outbox.clock_is_known(self._facts.now, self._facts.up_ms))

    # -- answers of the central system

    def delivered(
        self, entry, payload, error: "str | None", refused: bool, others: "int | None"
    ) -> bool:
        """A message of a transaction was answered, or not (calls.py, outbox.py). Returns True if it
        must be sent again."""
        _, action, line = entry
        if error is not None:
            if self._is_tried_again(action, error, refused, others):
                return True
            self._facts.log("error", "%s given up" % action)
        self._write(lambda: self._settled(entry, action, line, payload, error))
        return False

    def _is_tried_again(self, action: str, error: str, refused: bool, others: "int | None") -> bool:
        facts = self._facts
        facts.log("warn", "%s: %s" % (action, error))
        if error == SET_ASIDE:
            return False
        interval_s = facts.settings["TransactionMessageRetryInterval"]
        attempts = facts.settings["TransactionMessageAttempts"]
        if refused:
            return not self._outbox.refused(facts.up_ms, attempts, interval_s)
        return not self._outbox.unanswered(facts.up_ms, attempts, interval_s, others)

    def _settled(self, entry, action: str, line: list, payload, error: "str | None") -> None:
        """The outbox goes on with the next message. Raises OSError."""
        conf = {}
        if error is None and action != "MeterValues":
            conf = understood(self._facts.log, action, payload, None)
        info = conf.get("idTagInfo", {})
        if action == "StartTransaction":
            transaction = self._outbox.started(
                entry, conf.get("transactionId"), info.get("parentIdTag")
            )
            self._verdicts.append((transaction.id_tag, info, transaction))
            return
        if action == "StopTransaction" and info and line[6] is not None:
            self._verdicts.append((line[6], info, None))
        if error is None and action == "MeterValues":
            self._outbox.unwanted = False
        self._outbox.delivered(entry)
