"""Charging sessions: a transaction begins, is metered, and ends (OCPP 1.6, 3.5, 5.8 to 5.11)."""

from ..late import load
from .sampling import sampled_values
from .transaction import Transaction, document_name, from_document

_PREFIX = "transaction-"
_ENERGY_LOOK_MS = 5000  # at 22 kW, 30 Wh


def stored_transactions(documents, log) -> "list[Transaction]":
    """All that are in flash: running, or ended and not yet reported."""
    stored = []
    for name in documents.names():
        if name.startswith(_PREFIX):
            try:
                stored.append(from_document(documents.read(name)))
            except ValueError as error:
                log("error", "%s cannot be read and is left out: %s" % (name, error))
    return stored


class Sessions:
    """`station`: the object whose connectors, outbox, settings, documents and readings are used."""

    def __init__(self, station) -> None:
        self._station = station

    def resume(self, transactions: list, reason: str) -> None:
        """After a power-up: what ran goes on or is ended for that reason, as ResumeTransactionAfterPowerLoss says."""
        station = self._station
        for transaction in transactions:
            connector = station.connector(transaction.connector)
            if transaction.stop_order is not None:
                continue
            if connector is None:
                self._stop(transaction, transaction.meter_start_wh, "Other", None)
                continue
            connector.transaction = transaction
            if station.settings["ResumeTransactionAfterPowerLoss"]:
                station.log("info", "connector %d: its transaction goes on after the restart" % connector.id)
                self.sample_anew(connector)
                self.look_at_energy(connector)
            else:
                self.end(connector, reason, None)

    def begin(self, connector, id_tag: str, profile: "dict | None", parent: "str | None") -> None:
        """Starts a transaction, with the limit that came with a remote start or not at all (R10)."""
        station = self._station
        transaction = Transaction(station.outbox.next_order(), connector.id, id_tag, station.readings(connector.id).wh)
        transaction.parent = parent
        transaction.start(station.now, station.up_ms)
        connector.transaction = transaction
        if profile is not None:
            reason = station.charging.install(profile, connector.id, transaction)
            if reason is not None:
                connector.transaction = None
                station.log("error", "no transaction without the profile of its remote start: %s" % reason)
                return
        connector.ended_here = False
        connector.held = None
        try:
            station.outbox.add_start(transaction)
        except OSError as error:
            station.reports.storage_failed("transaction cannot be written: %s" % error)
        station.log("info", "connector %d: transaction begins" % connector.id)
        self.sample_anew(connector)
        station.limits_changed()

    def end(self, connector, reason: str, id_tag: "str | None") -> None:
        """Stops a running transaction. `reason`: one of OCPP 1.6, 7.36 Reason."""
        station = self._station
        transaction = connector.transaction
        connector.transaction = None
        connector.sample_at_ms = None
        connector.energy_look_ms = None
        connector.spent = False
        connector.ended_here = connector.plugged() or connector.cable_in
        if reason == "DeAuthorized" or (reason == "EVDisconnected" and not station.settings["UnlockConnectorOnEVSideDisconnect"]):
            connector.held = transaction if connector.has_lock and connector.cable_in else None
        self._stop(transaction, station.readings(connector.id).wh, reason, id_tag)
        station.limits_changed()

    def _stop(self, transaction, meter_wh: int, reason: str, id_tag: "str | None") -> None:
        station = self._station
        meter_wh = max(meter_wh, transaction.meter_start_wh)
        transaction.stop(station.outbox.next_order(), station.now, station.up_ms, meter_wh, reason, id_tag)
        try:
            station.outbox.add_stop(transaction)
        except OSError as error:
            station.reports.storage_failed("transaction cannot be written: %s" % error)
        station.log("info", "connector %d: transaction ends, %s" % (transaction.connector, reason))
        station.charging.transaction_ended(transaction.handle)

    def end_all(self, reason: str) -> None:
        for connector in self._station.connectors:
            if connector.transaction is not None:
                self.end(connector, reason, None)

    def look_at_energy(self, connector) -> None:
        """Has a card that was found invalid had all it may have (MaxEnergyOnInvalidId)?"""
        station = self._station
        most_wh = connector.transaction.most_wh
        if most_wh is not None:
            connector.spent = station.readings(connector.id).wh >= most_wh
            connector.energy_look_ms = None if connector.spent else station.up_ms + _ENERGY_LOOK_MS

    def clock_is_known(self) -> None:
        station = self._station
        for transaction in self._all():
            if transaction.clock_is_known(station.now, station.up_ms):
                self.store(transaction)

    def _all(self) -> list:
        transactions = self._station.outbox.transactions()
        for connector in self._station.connectors:
            if connector.transaction is not None and connector.transaction not in transactions:
                transactions.append(connector.transaction)
        return transactions

    def store(self, transaction) -> None:
        try:
            self._station.documents.write(document_name(transaction), transaction.to_document())
        except OSError as error:
            self._station.reports.storage_failed("transaction cannot be written: %s" % error)

    # -- meter values

    def sample_anew(self, connector) -> None:
        """The next sample is due one interval from now (0: none)."""
        interval_s = self._station.settings["MeterValueSampleInterval"]
        running = connector.transaction is not None and interval_s > 0
        connector.sample_at_ms = self._station.up_ms + interval_s * 1000 if running else None

    def wake(self, up_ms: int) -> None:
        for connector in self._station.connectors:
            if connector.energy_look_ms is not None and up_ms >= connector.energy_look_ms:
                self.look_at_energy(connector)
            if connector.sample_at_ms is not None and up_ms >= connector.sample_at_ms:
                due_ms = connector.sample_at_ms
                self.sample(connector, "Sample.Periodic")
                self.sample_anew(connector)
                if connector.sample_at_ms is not None and up_ms - due_ms < 1000:
                    connector.sample_at_ms -= up_ms - due_ms  # no drift

    def sample(self, connector, context: str) -> None:
        """One MeterValues of a running transaction."""
        station = self._station
        station.outbox.add_meter_values(connector.transaction, station.now, station.up_ms, self.sampled(connector, context))

    def sampled(self, connector, context: str) -> list:
        station = self._station
        measurands = station.settings.words("MeterValuesSampledData")
        return sampled_values(measurands, station.readings(connector.id), station.supply.volts, context)

    # -- answers of the central system

    def delivered(self, entry, payload, error: "str | None", refused: bool) -> None:
        """A message of a transaction was answered, or not (outbox.py)."""
        station = self._station
        outbox = station.outbox
        interval_s = station.settings["TransactionMessageRetryInterval"]
        if error is not None:
            station.log("warn", "%s: %s" % (entry[1], error))
            if not refused:
                outbox.unanswered(station.up_ms, interval_s)
                return
            if not outbox.refused(station.up_ms, station.settings["TransactionMessageAttempts"], interval_s):
                return
            station.log("error", "%s given up after its attempts" % entry[1])
        try:
            if entry[1] == "StartTransaction":
                self._started(entry, payload, error)
            else:
                outbox.delivered(entry)
                if payload and payload.get("idTagInfo"):
                    conf = station.calls.understood("StopTransaction", payload, None)
                    if conf is not None and entry[2].stop_tag is not None:
                        load("setpoint.station.cache").remember(station, entry[2].stop_tag, conf["idTagInfo"])
        except OSError as bad:
            station.reports.storage_failed("transaction cannot be written: %s" % bad)

    def _started(self, entry, payload, error: "str | None") -> None:
        station = self._station
        conf = None
        if error is None:
            conf = station.calls.understood("StartTransaction", payload, None)
            entry[2].parent = conf["idTagInfo"].get("parentIdTag", entry[2].parent)
        station.outbox.started(entry, None if conf is None else conf["transactionId"])
        if conf is not None:
            load("setpoint.station.cards").started(station, entry[2], conf["idTagInfo"])
