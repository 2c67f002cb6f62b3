"""RemoteStartTransaction (OCPP 1.6, 5.11)."""

from ...late import load


def answer(station, request: dict) -> dict:
    profile = request.get("chargingProfile")
    connector_id = request.get("connectorId")
    reason = "not registered"
    if station.registration.accepted:
        connector = _free(station, connector_id)
        if connector is None:
            reason = "no connector is free" if connector_id is None else "connector %d is not free" % connector_id
        elif profile is not None:
            reason = station.charging.reason_to_reject(profile, connector_id or 1, None, True)
        else:
            reason = None
    if reason is not None:
        station.log("warn", "RemoteStartTransaction rejected: %s" % reason)
        return {"status": "Rejected"}
    station.later(lambda: _start(station, request["idTag"], connector.id, profile))
    return {"status": "Accepted"}


def _free(station, connector_id: "int | None"):
    """The connector that is meant, or the first of all, if nobody has it or waits for it; else None."""
    for connector in station.connectors:
        if connector_id in (None, connector.id) and connector.free() and not connector.authorised:
            return connector
    return None


def _start(station, id_tag: str, connector_id: int, profile: "dict | None") -> None:
    if station.settings["AuthorizeRemoteTxRequests"]:
        load("setpoint.station.cards").authorise(station, id_tag, [connector_id], profile, [])
    else:
        station.authorisation.grant(id_tag, [connector_id], station.up_ms, profile)
