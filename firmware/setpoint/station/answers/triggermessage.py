"""TriggerMessage (OCPP 1.6, 5.17)."""

_TRIGGERS = ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification")


def answer(station, request: dict) -> dict:
    wanted = request["requestedMessage"]
    connector_id = request.get("connectorId")
    if wanted not in _TRIGGERS:
        return {"status": "NotImplemented"}
    if connector_id is not None and connector_id != 0 and station.connector(connector_id) is None:
        return {"status": "Rejected"}
    station.later(lambda: station.reports.triggered(wanted, connector_id))
    return {"status": "Accepted"}
