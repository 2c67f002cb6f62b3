"""TriggerMessage (OCPP 1.6, 5.17)."""

_TRIGGERS = (
    "BootNotification",
    "DiagnosticsStatusNotification",
    "Heartbeat",
    "MeterValues",
    "StatusNotification",
)


def answer(station, request: dict) -> dict:
    wanted = request["requestedMessage"]
    connector_id = request.get("connectorId")
    if wanted not in _TRIGGERS:
        return {"status": "NotImplemented"}
    if (
        connector_id is not None
        and connector_id != 0
        and station.facts.connector(connector_id) is None
    ):
        return {"status": "Rejected"}
    station.later(lambda: _send(station, wanted, connector_id))
    return {"status": "Accepted"}


def _send(station, wanted: str, connector_id: "int | None") -> None:
    if wanted == "BootNotification":
        station.registration.boot()
    elif wanted == "DiagnosticsStatusNotification":
        from .. import upload

        upload.trigger(station, False)
    elif wanted == "Heartbeat":
        station.registration.heartbeat(True)
    elif wanted == "StatusNotification":
        station.statuses.triggered(connector_id)
    else:
        for connector in station.facts.connectors:
            if connector_id in (None, 0, connector.id):
                station.samples.triggered(connector)
