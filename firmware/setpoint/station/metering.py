"""When meters are read, and what becomes of it (OCPP 1.6, 3.16): periodic and clock-aligned samples, the data of a
StopTransaction, and an energy register that never goes back.

Clock-aligned values are due at midnight UTC and every ClockAlignedDataInterval after it, of each connector, in a
transaction or not; those outside a transaction are not kept while the network is away. There is no value of connector
0, which stands for a main meter (OCPP 1.6, 6.31): boards have none.
"""

from micropython import const

from ..protocol.iso8601 import text_from
from .connector import MINIMUM_DA
from .sampling import BEGIN, CLOCK, END, PERIODIC, TRIGGER, sampled_values, short_form

LISTS = const(("MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData"))  # keys

_DAY_S = const(86400)
_MARK_MS = const(60000)  # so old may the register in flash be, for a meter that forgets


class Metering:
    """`station`: the object whose connectors, outbox, settings, supply and readings are used."""

    def __init__(self, station) -> None:
        self._station = station
        self._offsets = {}  # connector: what its meter had counted before it began at 0 again
        self._aligned_at = None  # the next instant of clock-aligned values; None: to be worked out
        self._mark_at_ms = 0
        for key in LISTS:  # what this board cannot measure is in none: they say what can be had
            station.settings.adopt(key, ",".join([name for name in station.settings.words(key) if self.measures(name)]))

    def reading(self, connector_id: int):
        """What the meter says now; its register stands at least where it was told to stand before.

        A meter that begins below that at power-up has forgotten, and counts on. One that falls back later is not
        believed until it is above again: it may be a single wrong reading. One that was not read yet stands where it stood.
        """
        reading = self._station.readings(connector_id)
        known = self._station.outbox.ledger.wh
        before = known.get(connector_id, 0)
        if reading.wh is None:
            reading.wh = before
            return reading
        if connector_id not in self._offsets:
            self._offsets[connector_id] = before if reading.wh < before else 0
        reading.wh = max(before, reading.wh + self._offsets[connector_id])
        known[connector_id] = reading.wh
        return reading

    def measures(self, name: str) -> bool:
        """Can this board tell a measurand of any of its connectors?"""
        station = self._station
        return any([station.readings(connector.id).measures(name) for connector in station.connectors])

    def values(self, connector_id: int, key: str, offered_da: "int | None" = None) -> str:
        """The measurands that a key names, in short form. offered_da: in the place of what the pilot says."""
        station = self._station
        reading = self.reading(connector_id)
        if offered_da is not None:
            reading.offered_da = offered_da
        return short_form(station.settings.words(key), reading, station.supply.volts)

    # -- transactions

    def begins(self, transaction, when) -> None:
        values = self.values(transaction.connector, "StopTxnSampledData")
        if values:
            transaction.add_data(when, BEGIN, values)

    def ends(self, transaction, when) -> list:
        """[energy register, values for the StopTransaction] at the end."""
        reading = self.last_reading(transaction.connector)
        if reading[1]:
            transaction.add_data(when, END, reading[1])
        return reading

    def last_reading(self, connector_id: int) -> list:
        """As `ends`, once more."""
        return [self.reading(connector_id).wh, self.values(connector_id, "StopTxnSampledData")]

    def sample_anew(self, connector) -> None:
        """The next periodic sample is due one interval from now (0: none)."""
        interval_s = self._station.settings["MeterValueSampleInterval"]
        running = connector.transaction is not None and interval_s > 0
        connector.sample_at_ms = self._station.up_ms + interval_s * 1000 if running else None

    def _sample(self, connector, context: int, key: str, data_key: "str | None") -> None:
        """MeterValues of a running transaction, and its part in the data of the StopTransaction."""
        station = self._station
        outbox = station.outbox
        when = outbox.ledger.when(station.now, station.up_ms)
        values = self.values(connector.id, key)
        if values:
            next_ms = station.settings["MeterValueSampleInterval"] * 1000
            outbox.add_meter_values(
                connector.transaction, when, context, values, station.up_ms, next_ms, station.online()
            )
        values = self.values(connector.id, data_key) if data_key else ""
        if values:
            connector.transaction.add_data(when, context, values)

    def _report(self, connector, context: int, key: str, before_accepted: bool) -> None:
        """MeterValues outside a transaction: what is offered is what one that starts now would get."""
        station = self._station
        would_get_da = connector.limit_da if connector.free() and connector.limit_da >= MINIMUM_DA else 0
        values = self.values(connector.id, key, would_get_da)
        if values and station.now is not None:
            moment = {"timestamp": text_from(station.now), "sampledValue": sampled_values(values, context)}
            payload = {"connectorId": connector.id, "meterValue": [moment]}
            station.ask("MeterValues", payload, station.reports.answered, before_accepted)

    def triggered(self, connector) -> None:
        if connector.transaction is not None:
            self._sample(connector, TRIGGER, "MeterValuesSampledData", None)
        else:
            self._report(connector, TRIGGER, "MeterValuesSampledData", True)

    # -- time

    def clock_is_set(self) -> None:
        """The clock or the interval is another one."""
        self._aligned_at = None

    def next_aligned(self) -> "int | None":
        """The instant at which clock-aligned values are due."""
        now = self._station.now
        interval_s = self._station.settings["ClockAlignedDataInterval"]
        if now is None or interval_s == 0:
            self._aligned_at = None
        elif self._aligned_at is None:
            midnight = now - now % _DAY_S
            self._aligned_at = midnight + min((now - midnight) // interval_s * interval_s + interval_s, _DAY_S)
        return self._aligned_at

    def wake(self, up_ms: int) -> None:
        station = self._station
        aligned_at = self.next_aligned()
        if aligned_at is not None and station.now >= aligned_at:
            self._aligned_at = None
            for connector in station.connectors:
                if connector.transaction is not None:
                    self._sample(connector, CLOCK, "MeterValuesAlignedData", "StopTxnAlignedData")
                elif station.online():
                    self._report(connector, CLOCK, "MeterValuesAlignedData", False)
        for connector in station.connectors:
            if connector.sample_at_ms is not None and up_ms >= connector.sample_at_ms:
                due_ms = connector.sample_at_ms
                self._sample(connector, PERIODIC, "MeterValuesSampledData", "StopTxnSampledData")
                self.sample_anew(connector)
                if connector.sample_at_ms is not None and up_ms - due_ms < 1000:
                    connector.sample_at_ms -= up_ms - due_ms  # no drift
        if up_ms >= self._mark_at_ms and station.outbox.ledger.running:
            self._mark_at_ms = up_ms + _MARK_MS
            for transaction in station.outbox.ledger.running:
                self.reading(transaction.connector)
            try:
                station.outbox.ledger.mark()
            except OSError as error:
                station.log("error", "the meters' registers cannot be written: %s" % error)
