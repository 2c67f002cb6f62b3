"""RemoteStartTransaction (OCPP 1.6, 5.11)."""

from ...schedule.profile import profile_from
from .. import cards


def answer(station, request: dict) -> dict:
    profile = request.get("chargingProfile")
    connector_id = request.get("connectorId")
    reason = "not registered"
    if station.registration.accepted:
        connector = _free(station, connector_id)
        if connector is None:
            reason = "no connector is free" if connector_id is None else "connector %d is not free" % connector_id
        elif profile is not None:
            reason = station.charging.reason_to_reject(profile, connector.id, None, True) or _no_room(station, profile)
        else:
            reason = None
    if reason is not None:
        station.log("warn", "RemoteStartTransaction rejected: %s" % reason)
        return {"status": "Rejected"}
    station.later(lambda: _start(station, request["idTag"], connector.id, profile))
    return {"status": "Accepted"}


def _free(station, connector_id: "int | None"):
    """The connector that is meant, if nobody has it or waits for it; else None. Where none is named, the first with a
    vehicle that waits, else the first that is empty, else the first with a vehicle that has charged."""
    found = None
    for connector in station.connectors:
        if connector_id in (None, connector.id) and connector.free() and not connector.authorised:
            rank = 2 if connector.ended_here else 0 if connector.plugged() else 1
            if found is None or rank < found[0]:
                found = rank, connector
    return found and found[1]


def _no_room(station, profile: dict) -> "str | None":
    """Why the profile could not be kept when the transaction begins (R7)."""
    new = profile_from(profile, 1, station.now, None, station.supply)
    return station.profiles.displaced_by(new, station.now)[1]


def _start(station, id_tag: str, connector_id: int, profile: "dict | None") -> None:
    if station.settings["AuthorizeRemoteTxRequests"]:
        cards.authorise(station, id_tag, [connector_id], profile, [])
    else:
        cards.grant(station, id_tag, [connector_id], profile)
