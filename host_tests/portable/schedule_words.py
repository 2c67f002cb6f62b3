"""The words in which the tests of schedule/ speak: a charge point, a transaction, a profile in one
line."""

from setpoint.schedule.checks import Capability, reason_to_reject
from setpoint.schedule.installed import InstalledProfiles
from setpoint.schedule.profile import profile_from
from setpoint.schedule.supply import Supply
from setpoint.units import FOREVER

T0 = 172108800  # 2025-06-15T00:00:00Z
MINUTE = 60
HOUR = 3600
DAY = 86400

MAX = "ChargePointMaxProfile"
DEFAULT = "TxDefaultProfile"
TX = "TxProfile"


class Transaction:
    def __init__(self, handle=1, id=1001, started=T0):
        self.handle = handle
        self.id = id
        self.started = started


def profile(id, purpose, *periods, **other):
    """Clean fields. Periods are (start_s, tenths) or (start_s, tenths, phases); Absolute from T0
    unless said otherwise.

    other: level, kind, recurrency, start (None: absent), duration, unit, valid_from, valid_to,
    transaction."""
    columns = {
        "startPeriod": [period[0] for period in periods],
        "limit": [period[1] for period in periods],
        "numberPhases": [period[2] if len(period) > 2 else None for period in periods],
    }
    schedule = {"chargingRateUnit": other.get("unit", "A"), "chargingSchedulePeriod": columns}
    if other.get("start", T0) is not None:
        schedule["startSchedule"] = other.get("start", T0)
    if "duration" in other:
        schedule["duration"] = other["duration"]
    fields = {
        "chargingProfileId": id,
        "stackLevel": other.get("level", 0),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": other.get("kind", "Absolute"),
        "chargingSchedule": schedule,
    }
    for key, name in (
        ("recurrencyKind", "recurrency"),
        ("validFrom", "valid_from"),
        ("validTo", "valid_to"),
        ("transactionId", "transaction"),
    ):
        if name in other:
            fields[key] = other[name]
    return fields


class ChargePoint:
    """Installed profiles as a central system meets them: set, clear, ask."""

    def __init__(self, *profiles, **other):
        """profiles: (connector, fields), set at T0 with a transaction on connector 1 for every
        TxProfile."""
        self.supply = Supply(
            other.get("volts", 230),
            other.get("phases", 3),
            other.get("switch", False),
            other.get("amps", 320),
            other.get("watts"),
            other.get("grid"),
            other.get("connectors", 2),
        )
        self.capability = Capability(
            other.get("max_level", 8),
            other.get("max_periods", 24),
            other.get("max_installed", 10),
            "AW",
        )
        self.installed = InstalledProfiles(self.supply, self.capability)
        self.transaction = Transaction()
        for connector, fields in profiles:
            reason = self.set(connector, fields)
            assert reason is None, reason

    def set(self, connector, fields, now=T0, transaction=None):
        """None when accepted, else the reason."""
        transaction = transaction or (self.transaction if connector == 1 else None)
        reason = reason_to_reject(fields, connector, self.capability, now, transaction)
        if reason is not None:
            return reason
        handle = None if transaction is None else transaction.handle
        new = profile_from(fields, connector, now, handle, self.supply)
        displaced, reason = self.installed.displaced_by(new, now)
        if reason is None:
            self.installed.install(new, displaced)
        return reason

    def clear(self, **fields):
        """The ids that went."""
        gone = self.installed.matching(fields)
        self.installed.remove(gone)
        return sorted([p.id for p in gone])

    def ids(self):
        return sorted([p.id for p in self.installed])

    def limit(self, at, connector=1, transaction=None):
        """(limit_da, phases) for a running transaction (self.transaction on connector 1 by
        default)."""
        return self.installed.limit_at(connector, at, transaction or self.transaction)[:2]

    def amps(self, at, connector=1, transaction=None):
        return self.limit(at, connector, transaction)[0]

    def until(self, at, connector=1, transaction=None):
        until = self.installed.limit_at(connector, at, transaction or self.transaction)[2]
        return None if until == FOREVER else until - T0
