"""Decides whether a charging profile may be installed, or gives the reason in a sentence.

Errors of form (types, enumerations, required fields) were answered before. Every refusal here is a
`Rejected`. A check changes nothing (R7).
"""

from ..units import FOREVER
from .profile import CHARGE_POINT_MAX, LATEST_START_S, TX


class Capability:
    """What the station reports in its configuration keys, and enforces (R37).

    units: the letters of ChargingScheduleAllowedChargingRateUnit, "A", "W" or "AW".
    """

    def __init__(
        self, max_level: int, max_periods: int, max_installed: int, units: str = "AW"
    ) -> None:
        self.max_level = max_level
        self.max_periods = max_periods
        self.max_installed = max_installed
        self.units = units


def reason_to_reject(
    fields: dict,
    connector: "int | None",
    capability: Capability,
    now: "int | None",
    transaction,
    remote_start: bool = False,
) -> "str | None":
    """Why this profile is refused on this connector. None: it is acceptable.

    `transaction`: the one that runs there, or None. Its .id is None while the central system has
    not answered its start. `remote_start`: the profile came with RemoteStartTransaction, whose
    transaction is still to begin (R10, R11). While the time is unknown (`now` None) nothing that
    depends on it is checked (R24).
    """
    schedule = fields["chargingSchedule"]
    return (
        _misplaced(fields, connector, remote_start)
        or _unbound(fields, transaction, remote_start)
        or _beyond(fields, schedule, capability)
        or _incomplete(fields, schedule)
        or _bad_periods(schedule["chargingSchedulePeriod"])
        or _over(fields, schedule, now, transaction)
    )


def _misplaced(fields, connector, remote_start):
    """R1, R10: purpose and connector."""
    purpose = fields["chargingProfilePurpose"]
    if remote_start:
        return None if purpose == TX else "a remote start takes a TxProfile only"
    if purpose == CHARGE_POINT_MAX and connector != 0:
        return "a ChargePointMaxProfile belongs on connector 0"
    if purpose == TX and connector == 0:
        return "a TxProfile needs a connector above 0"
    return None


def _unbound(fields, transaction, remote_start):
    """R4, R10: a TxProfile and its transaction. With another purpose transactionId is ignored
    (R23)."""
    if fields["chargingProfilePurpose"] != TX:
        return None
    named = fields.get("transactionId")
    if remote_start:
        return None if named is None else "a remote start cannot name a transactionId"
    if transaction is None:
        return "no transaction runs on this connector"
    if named is None:
        return None
    if transaction.id is None:
        return "the id of the running transaction is not known yet"
    if named != transaction.id:
        return "transaction %d does not run on this connector" % named
    return None


def _beyond(fields, schedule, capability):
    """R19, R21, R22: what the station's keys allow."""
    if not 0 <= fields["stackLevel"] <= capability.max_level:
        return "stackLevel is not within 0 to %d" % capability.max_level
    if schedule["chargingRateUnit"] not in capability.units:
        return "chargingRateUnit %s is not supported" % schedule["chargingRateUnit"]
    if len(schedule["chargingSchedulePeriod"]["limit"]) > capability.max_periods:
        return "more than %d periods" % capability.max_periods
    return None


def _incomplete(fields, schedule):
    """R23: combinations that could never be applied as meant."""
    if fields["chargingProfileKind"] == "Recurring":
        if fields.get("recurrencyKind") is None:
            return "a Recurring profile needs recurrencyKind"
        if schedule.get("startSchedule") is None:
            return "a Recurring profile needs startSchedule"
    duration_s = schedule.get("duration")
    if duration_s is not None and duration_s <= 0:
        return "duration is not above 0"
    return None


def _bad_periods(periods):
    """R19, R20. Bad periods are never sorted or mended: nobody knows what was meant."""
    starts = periods["startPeriod"]
    if not starts:
        return "no period"
    if starts[0] != 0:
        return "the first startPeriod is not 0"
    previous = -1
    for start in starts:
        if start <= previous:
            return "startPeriod %d does not follow %d" % (start, previous)
        previous = start
    if previous > LATEST_START_S:
        return "startPeriod %d is more than 34 years off" % previous
    if min(periods["limit"]) < 0:
        return "a limit is below 0"
    for named in periods["numberPhases"]:
        if named not in (1, 2, 3, None):
            return "numberPhases is not within 1 to 3"
    return None


def _over(fields, schedule, now, transaction):
    """R24: a profile that is over, or never begins, would only take away the limit in force."""
    valid_from = fields.get("validFrom", -FOREVER)
    valid_to = fields.get("validTo", FOREVER)
    if valid_to <= valid_from:
        return "validTo does not lie after validFrom"
    if now is None:
        now = valid_from
    if valid_to <= now:
        return "validTo is over"
    kind = fields["chargingProfileKind"]
    purpose = fields["chargingProfilePurpose"]
    start = schedule.get("startSchedule")
    if start is None or kind == "Relative":
        if purpose == TX and over_in(transaction, fields, now):
            return "the schedule is over in its transaction"
        if purpose == CHARGE_POINT_MAX and now + schedule.get("duration", FOREVER) <= valid_from:
            return "the schedule is over before validFrom"
    elif start >= valid_to:
        return "the schedule begins after validTo"
    elif kind == "Absolute" and start + schedule.get("duration", FOREVER) <= max(now, valid_from):
        return "the schedule is over"
    return None


def over_in(transaction, fields: dict, now: int) -> bool:
    """For a schedule that counts from the start of its transaction (R17): is it over in this one,
    now or by validFrom?"""
    schedule = fields["chargingSchedule"]
    if transaction is None or transaction.started is None:
        return False
    if fields["chargingProfileKind"] != "Relative" and schedule.get("startSchedule") is not None:
        return False
    return transaction.started + schedule.get("duration", FOREVER) <= max(
        now, fields.get("validFrom", -FOREVER)
    )
