"""RemoteStartTransaction (OCPP 1.6, 5.11)."""


def answer(station, request: dict) -> dict:
    profile = request.get("chargingProfile")
    connector_id = request.get("connectorId")
    reason = None
    if not station.registration.accepted:
        reason = "not registered"
    if reason is None:
        reason = station.authorisation.reason_to_refuse(connector_id)
    if reason is None and profile is not None:
        reason = station.charging.reason_to_reject(profile, connector_id or 1, None, True)
    if reason is not None:
        station.log("warn", "RemoteStartTransaction rejected: %s" % reason)
        return {"status": "Rejected"}
    station.later(lambda: station.authorisation.remote_start(request["idTag"], connector_id, profile, station.up_ms))
    return {"status": "Accepted"}
