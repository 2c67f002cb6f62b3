"""When meters are read (OCPP 1.6, 3.16): periodic and clock-aligned samples.

Clock-aligned values are due at midnight UTC and every ClockAlignedDataInterval after it, of each
connector, in a transaction or not; those outside a transaction are not kept while the network is
away. There is no value of connector 0, which stands for a main meter (OCPP 1.6, 6.31): boards have
none."""

from micropython import const

from ..messaging.sampling import CLOCK, PERIODIC, TRIGGER, sampled_values
from ..messaging.statuses import log_refusal
from ..protocol.iso8601 import text_from
from ..units import MINIMUM_DA

_DAY_S = const(86400)
# How stale the register in flash may get; it is wanted for a meter that forgets
_MARK_MS = const(60000)


def sample_anew(facts, connector) -> None:
    """The next periodic sample is due one interval from now (0: none)."""
    interval_s = facts.settings["MeterValueSampleInterval"]
    running = connector.transaction is not None and interval_s > 0
    connector.sample_at_ms = facts.up_ms + interval_s * 1000 if running else None


class Samples:
    """meters: what is read. outbox: takes values of a transaction. calls: takes the others."""

    def __init__(self, facts, meters, outbox, calls) -> None:
        self._facts = facts
        self._meters = meters
        self._outbox = outbox
        self._calls = calls
        self._aligned_at = None  # the next instant of clock-aligned values; None: to be worked out
        self._mark_at_ms = 0

    def clock_is_set(self) -> None:
        """The clock or the interval is another one."""
        self._aligned_at = None

    def _next_aligned(self) -> "int | None":
        """The instant at which clock-aligned values are due."""
        now = self._facts.now
        interval_s = self._facts.settings["ClockAlignedDataInterval"]
        if now is None or interval_s == 0:
            self._aligned_at = None
        elif self._aligned_at is None:
            midnight = now - now % _DAY_S
            self._aligned_at = midnight + min(
                (now - midnight) // interval_s * interval_s + interval_s, _DAY_S
            )
        return self._aligned_at

    def due_ms(self) -> "int | None":
        aligned_at = self._next_aligned()
        due_ms = None if aligned_at is None else self._facts.ms_at(aligned_at)
        for connector in self._facts.connectors:
            at_ms = connector.sample_at_ms
            if at_ms is not None and (due_ms is None or at_ms < due_ms):
                due_ms = at_ms
        return due_ms

    def settle(self) -> None:
        facts = self._facts
        aligned_at = self._next_aligned()
        if aligned_at is not None and facts.now >= aligned_at:
            self._aligned_at = None
            for connector in facts.connectors:
                if connector.transaction is not None:
                    self._sample(connector, CLOCK, "MeterValuesAlignedData", "StopTxnAlignedData")
                elif facts.online():
                    self._report(connector, CLOCK, "MeterValuesAlignedData", False)
        for connector in facts.connectors:
            if connector.sample_at_ms is not None and facts.up_ms >= connector.sample_at_ms:
                self._sample_in_time(connector)
        self._mark()

    def _sample_in_time(self, connector) -> None:
        late_ms = self._facts.up_ms - connector.sample_at_ms
        self._sample(connector, PERIODIC, "MeterValuesSampledData", "StopTxnSampledData")
        sample_anew(self._facts, connector)
        if connector.sample_at_ms is not None and late_ms < 1000:
            connector.sample_at_ms -= late_ms  # no drift

    def _mark(self) -> None:
        """The registers go to flash from time to time."""
        ledger = self._outbox.ledger
        if self._facts.up_ms < self._mark_at_ms or not ledger.running:
            return
        self._mark_at_ms = self._facts.up_ms + _MARK_MS
        for transaction in ledger.running:
            self._meters.reading(transaction.connector)
        try:
            ledger.mark()
        except OSError as error:
            self._facts.log("error", "the meters' registers cannot be written: %s" % error)

    def _sample(self, connector, context: int, key: str, data_key: "str | None") -> None:
        """MeterValues of a running transaction, and its part in the data of the StopTransaction."""
        facts = self._facts
        when = self._outbox.ledger.when(facts.now, facts.up_ms)
        values = self._meters.values(connector.id, key)
        if values:
            next_ms = facts.settings["MeterValueSampleInterval"] * 1000
            self._outbox.add_meter_values(
                connector.transaction, when, context, values, facts.up_ms, next_ms, facts.online()
            )
        values = self._meters.values(connector.id, data_key) if data_key else ""
        if values:
            connector.transaction.add_data(when, context, values)

    def _report(self, connector, context: int, key: str, before_accepted: bool) -> None:
        """MeterValues outside a transaction: what is offered is what one that starts now would
        get."""
        facts = self._facts
        would_get_da = (
            connector.limit_da if connector.free() and connector.limit_da >= MINIMUM_DA else 0
        )
        values = self._meters.values(connector.id, key, would_get_da)
        if values and facts.now is not None:
            moment = {
                "timestamp": text_from(facts.now),
                "sampledValue": sampled_values(values, context),
            }
            payload = {"connectorId": connector.id, "meterValue": [moment]}
            self._calls.ask(
                "MeterValues",
                payload,
                lambda payload, error: log_refusal(facts.log, error),
                before_accepted,
            )

    def triggered(self, connector) -> None:
        """TriggerMessage (OCPP 1.6, 5.17); also while Pending."""
        if connector.transaction is not None:
            self._sample(connector, TRIGGER, "MeterValuesSampledData", None)
        else:
            self._report(connector, TRIGGER, "MeterValuesSampledData", True)
