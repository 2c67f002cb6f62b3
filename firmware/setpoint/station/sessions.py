"""Charging sessions: a transaction begins, is metered, and ends (OCPP 1.6, 3.5, 5.8 to 5.11)."""

from micropython import const

from .calls import SET_ASIDE
from .transaction import Transaction

_ENERGY_LOOK_MS = const(5000)  # at 22 kW, 30 Wh


class Sessions:
    """`station`: the object whose connectors, outbox, settings and metering are used."""

    def __init__(self, station) -> None:
        self._station = station

    def resume(self, reason: str) -> None:
        """After a power-up: what ran goes on or is ended for that reason, as ResumeTransactionAfterPowerLoss says."""
        station = self._station
        ledger = station.outbox.ledger
        for transaction in list(ledger.running):
            connector = station.connector(transaction.connector)
            if connector is None:
                when = ledger.when(station.now, station.up_ms)
                self._stop(transaction, when, ledger.wh[transaction.connector], "Other", None)
                continue
            connector.transaction = transaction
            if station.settings["ResumeTransactionAfterPowerLoss"]:
                station.log("info", "connector %d: its transaction goes on after the restart" % connector.id)
                station.metering.sample_anew(connector)
                self.look_at_energy(connector)
            else:
                self.end(connector, reason, None)

    def begin(self, connector, id_tag: str, profile: "dict | None", parent: "str | None") -> None:
        """Starts a transaction, with the limit that came with a remote start or not at all (R10)."""
        station = self._station
        wh = station.metering.reading(connector.id).wh
        transaction = Transaction(station.outbox.next_order(), connector.id, id_tag, wh)
        transaction.parent = parent
        transaction.started = station.now
        transaction.started_up_ms = station.up_ms
        connector.transaction = transaction
        if profile is not None:
            reason = station.charging.install(profile, connector.id, transaction)
            if reason is not None:
                connector.transaction = None
                station.log("error", "no transaction without the profile of its remote start: %s" % reason)
                return
        connector.ended_here = None
        connector.held = None
        station.metering.begins(transaction, station.outbox.ledger.when(station.now, station.up_ms))
        try:
            station.outbox.add_start(transaction)
        except OSError as error:
            station.reports.storage_failed("transaction cannot be written: %s" % error)
        station.log("info", "connector %d: transaction begins" % connector.id)
        station.metering.sample_anew(connector)
        station.limits_changed()

    def end(self, connector, reason: str, id_tag: "str | None") -> None:
        """Stops a running transaction. `reason`: one of OCPP 1.6, 7.36 Reason."""
        station = self._station
        transaction = connector.transaction
        connector.transaction = None
        connector.sample_at_ms = None
        connector.energy_look_ms = None
        connector.spent = False
        connector.ended_here = transaction.id_tag or "?" if connector.plugged() or connector.cable_in else None
        if reason == "DeAuthorized" or (reason == "EVDisconnected" and not station.settings["UnlockConnectorOnEVSideDisconnect"]):
            connector.held = transaction if connector.has_lock and connector.cable_in else None
        when = station.outbox.ledger.when(station.now, station.up_ms)
        self._stop(transaction, when, station.metering.ends(transaction, when), reason, id_tag)
        station.limits_changed()

    def _stop(self, transaction, when, meter_wh: int, reason: str, id_tag: "str | None") -> None:
        station = self._station
        try:
            station.outbox.add_stop(transaction, when, meter_wh, reason, id_tag)
        except OSError as error:
            station.reports.storage_failed("transaction cannot be written: %s" % error)
        station.log("info", "connector %d: transaction ends, %s" % (transaction.connector, reason))
        station.charging.transaction_ended(transaction.handle)

    def end_all(self, reason: str) -> None:
        for connector in self._station.connectors:
            if connector.transaction is not None:
                self.end(connector, reason, None)

    def wake(self, up_ms: int) -> None:
        for connector in self._station.connectors:
            if connector.energy_look_ms is not None and up_ms >= connector.energy_look_ms:
                self.look_at_energy(connector)

    def look_at_energy(self, connector) -> None:
        """Has a card that was found invalid had all it may have (MaxEnergyOnInvalidId)?"""
        station = self._station
        most_wh = connector.transaction.most_wh
        if most_wh is not None:
            connector.spent = station.metering.reading(connector.id).wh >= most_wh
            connector.energy_look_ms = None if connector.spent else station.up_ms + _ENERGY_LOOK_MS

    def store(self, transaction) -> None:
        """What is known of a running transaction has changed."""
        try:
            self._station.outbox.store(transaction)
        except OSError as error:
            self._station.reports.storage_failed("transaction cannot be written: %s" % error)

    def clock_is_known(self) -> None:
        station = self._station
        try:
            station.outbox.clock_is_known(station.now, station.up_ms)
        except OSError as error:
            station.reports.storage_failed("transaction cannot be written: %s" % error)

    # -- answers of the central system

    def delivered(self, entry, payload, error: "str | None", refused: bool) -> bool:
        """A message of a transaction was answered, or not (outbox.py). True: it is to be sent again."""
        station = self._station
        outbox = station.outbox
        interval_s = station.settings["TransactionMessageRetryInterval"]
        attempts = station.settings["TransactionMessageAttempts"]
        if error is not None:
            station.log("warn", "%s: %s" % (entry[1], error))
            if error == SET_ASIDE:
                over = True
            elif refused:
                over = outbox.refused(station.up_ms, attempts, interval_s)
            else:
                others = station.calls.answered if station.link_up else None
                over = outbox.unanswered(station.up_ms, attempts, interval_s, others)
            if not over:
                return True
            station.log("error", "%s given up" % entry[1])
        try:
            if entry[1] == "StartTransaction":
                self._started(entry, payload, error)
            else:
                if error is None and entry[1] == "MeterValues":
                    outbox.unwanted = False
                outbox.delivered(entry)
                if payload and payload.get("idTagInfo") and entry[2][6] is not None:
                    from .cache import remember

                    remember(station, entry[2][6], station.calls.understood("StopTransaction", payload, None)["idTagInfo"])
        except OSError as bad:
            station.reports.storage_failed("transaction cannot be written: %s" % bad)
        return False

    def _started(self, entry, payload, error: "str | None") -> None:
        from . import cards

        station = self._station
        conf = {}
        if error is None:
            conf = station.calls.understood("StartTransaction", payload, None)
        info = conf.get("idTagInfo", {})
        transaction = station.outbox.started(entry, conf.get("transactionId"), info.get("parentIdTag"))
        cards.started(station, transaction, info)
