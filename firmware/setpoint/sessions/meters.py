"""What the meters say, in the short form of messaging/sampling.py, and an energy register that
never goes back."""

from micropython import const

from ..messaging.sampling import BEGIN, END, short_form

# Keys
LISTS = const(
    ("MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData")
)


class Meters:
    """readings(connector id) -> messaging.sampling.Reading. ledger: knows each register as it
    was sent last."""

    def __init__(self, facts, readings, ledger) -> None:
        self._facts = facts
        self._readings = readings
        self._ledger = ledger
        self._offsets = {}  # connector: what its meter had counted before it started at 0 again

    def start(self) -> None:
        """Takes out of each list what this board cannot measure, so that a central system reads
        there what it can get."""
        settings = self._facts.settings
        for key in LISTS:
            settings.adopt(
                key, ",".join([name for name in settings.words(key) if self.measures(name)])
            )

    def reading(self, connector_id: int):
        """What the meter says now. The register is never below what the central system knows
        already.

        A meter that begins below that at power-up has forgotten, and counts on. One that falls back
        later is not believed until it is above again: it may be a single wrong reading. One that
        was not read yet stands where it stood."""
        reading = self._readings(connector_id)
        known = self._ledger.wh
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
        """Can this board measure this at any of its connectors?"""
        return any(
            [self._readings(connector.id).measures(name) for connector in self._facts.connectors]
        )

    def values(self, connector_id: int, key: str, offered_da: "int | None" = None) -> str:
        """The measurands that a key names, in short form. offered_da: in the place of what the
        pilot says."""
        facts = self._facts
        reading = self.reading(connector_id)
        if offered_da is not None:
            reading.offered_da = offered_da
        return short_form(facts.settings.words(key), reading, facts.supply.volts)

    def begins(self, transaction, when) -> None:
        """The first of the data of a StopTransaction."""
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
