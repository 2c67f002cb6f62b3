"""What a central system may ask beyond OCPP 1.6: DataTransfer with vendorId "Setpoint". The data of
the answer is JSON.

    messageId   data of the request   data of the answer
    Limits      -                     for each connector what it may draw, why, and when that can
                                      change; what is wrong, if anything
    Profiles    -                     every installed profile without its periods
    Profile     a chargingProfileId   one profile with its periods, [startPeriod, limit,
                                      numberPhases] each
    Plan        -                     the weekly plan in lines (charging/plan_lines.py)
    SetPlan     such lines; none:     what is wrong with them, if anything
                there is no plan
"""

import json

from ...protocol.iso8601 import text_from
from ...units import FOREVER, tenths_text

VENDOR = "Setpoint"


def _instant(instant: "int | None") -> "str | None":
    return None if instant is None or abs(instant) >= FOREVER else text_from(instant)


def answer(station, request: dict) -> "dict | list":
    """The payload of DataTransfer.conf for a checked request: as a dict, or as pieces of its
    text."""
    if request["vendorId"] != VENDOR:
        return {"status": "UnknownVendorId"}
    message_id = request.get("messageId")
    if message_id == "Limits":
        return _in_pieces([_limit(station, connector) for connector in station.facts.connectors])
    elif message_id == "Profiles":
        return _in_pieces(list(station.profiles), profile_of)
    elif message_id == "Profile":
        found = None
        for profile in station.profiles:
            if str(profile.id) == request.get("data"):
                found = profile_of(profile)
                found["chargingSchedulePeriod"] = [
                    [start_s, tenths_text(limit), phases]
                    for start_s, limit, phases in profile.periods()
                ]
        if found is None:
            return {"status": "Rejected", "data": "no profile has this id"}
    elif message_id == "Plan":
        return _in_pieces(plan_of(station))
    elif message_id == "SetPlan":
        return _set_plan(station, request.get("data", ""))
    else:
        return {"status": "UnknownMessageId"}
    return {"status": "Accepted", "data": json.dumps(found)}


def plan_of(station) -> "list[str]":
    """The weekly plan in lines; none: there is none."""
    from ...charging import weekly_plan

    return weekly_plan.lines(station.profiles)


def _set_plan(station, text: str) -> dict:
    from ...charging import weekly_plan

    reason = weekly_plan.change(station.facts, station.documents, station.profiles, text)
    return {"status": "Accepted"} if reason is None else {"status": "Rejected", "data": reason}


def _in_pieces(found: list, entry_of=None) -> list:
    """Accepted, with a list as the data. Its entries become text when they are sent: those of fifty
    profiles are 13 KB."""

    def texts():
        comma = b""
        for one in found:
            entry = one if entry_of is None else entry_of(one)
            yield comma + json.dumps(json.dumps(entry))[1:-1].encode()
            comma = b","

    return [b'{"status":"Accepted","data":"[', texts, b']"}']


def _limit(station, connector) -> dict:
    limit = station.limits.of[connector.id]
    why = limit.why(station.facts.now)
    if connector.waits is not None and not connector.faulted():
        why = "%s, then: %s" % (connector.waits, why)
    found = {
        "connectorId": connector.id,
        "limit": tenths_text(limit.da),
        "numberPhases": limit.phases,
        "source": limit.source,
        "reason": why,
        "nextChange": _instant(limit.until),
    }
    faults = connector.all_faults()
    if faults:
        found["faults"] = [fault.words() for fault in faults]
    return found


def profile_of(profile) -> dict:
    return {
        "chargingProfileId": profile.id,
        "connectorId": profile.connector,
        "chargingProfilePurpose": profile.purpose,
        "stackLevel": profile.level,
        "chargingRateUnit": profile.worth[0],
        "validFrom": _instant(profile.valid_from),
        "validTo": _instant(profile.valid_to),
        "startSchedule": _instant(profile.base),
        "acceptedAt": _instant(profile.accepted_at),
    }
