"""The fields of every request that a charge point may receive, and of the answers that it reads (OCPP 1.6, section 6).

A test compares these tables with the official JSON schemas. They deviate on purpose in two points:
minChargingRate is checked and left out, since it raises no limit (R27), and integers that do not
fit 32 bits are refused. What comes seldom stands in tables.py.
"""

from .fields import INSTANT, INTEGER, TENTHS, UNUSED_TENTHS, list_of, object_of, one_of, optional, required
from .tables import answer_table, purpose, request_table

_last = [None, None]  # action and table: made when it is asked for; only the last one is kept


def spec_for(action: str) -> tuple:
    """The table of a request's fields; OcppError NotSupported or NotImplemented where there is none."""
    if _last[0] != action:
        table = _request(action)
        _last[0], _last[1] = action, table
    return _last[1]


def _request(action: str) -> tuple:
    if action == "SetChargingProfile":
        return (
            required("connectorId", INTEGER),
            required("csChargingProfiles", _charging_profile()),
        )
    if action == "GetCompositeSchedule":
        return (
            required("connectorId", INTEGER),
            required("duration", INTEGER),
            optional("chargingRateUnit", one_of("A", "W")),
        )
    return request_table(action, _charging_profile)


def answer_spec_for(action: str) -> tuple:
    """The table of the fields of an answer."""
    return answer_table(action)


def _charging_profile() -> tuple:
    period = (
        required("startPeriod", INTEGER),
        required("limit", TENTHS),
        optional("numberPhases", INTEGER),
    )
    schedule = (
        optional("duration", INTEGER),
        optional("startSchedule", INSTANT),
        required("chargingRateUnit", one_of("A", "W")),
        required("chargingSchedulePeriod", list_of(object_of(period))),
        optional("minChargingRate", UNUSED_TENTHS),
    )
    profile = (
        required("chargingProfileId", INTEGER),
        optional("transactionId", INTEGER),
        required("stackLevel", INTEGER),
        required("chargingProfilePurpose", purpose()),
        required("chargingProfileKind", one_of("Absolute", "Recurring", "Relative")),
        optional("recurrencyKind", one_of("Daily", "Weekly")),
        optional("validFrom", INSTANT),
        optional("validTo", INSTANT),
        required("chargingSchedule", object_of(schedule)),
    )
    return object_of(profile)
