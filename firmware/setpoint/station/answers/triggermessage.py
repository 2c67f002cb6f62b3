"""TriggerMessage (OCPP 1.6, 5.17).

The requested message leads: where it is not about a connector, connectorId is ignored, whatever it
is. Where it is, no connectorId means connector 0 and every other."""


def _boot(station, connector_id: "int | None") -> None:
    station.registration.boot()


def _diagnostics_status(station, connector_id: "int | None") -> None:
    from .. import upload

    upload.trigger(station, False)


def _heartbeat(station, connector_id: "int | None") -> None:
    station.registration.heartbeat(True)


def _status(station, connector_id: "int | None") -> None:
    station.statuses.triggered(connector_id)


def _meter_values(station, connector_id: "int | None") -> None:
    for connector in station.facts.connectors:
        if connector_id in (None, 0, connector.id):
            station.samples.triggered(connector)


def _firmware(station, connector_id: "int | None") -> None:
    from .. import update

    update.trigger(station)


# requestedMessage: what sends it, a function of (station, connectorId or None); is it about a
# connector?
_SENDS = {
    "BootNotification": (_boot, False),
    "DiagnosticsStatusNotification": (_diagnostics_status, False),
    "FirmwareStatusNotification": (_firmware, False),
    "Heartbeat": (_heartbeat, False),
    "MeterValues": (_meter_values, True),
    "StatusNotification": (_status, True),
}


def answer(station, request: dict) -> dict:
    send, of_connector = _SENDS.get(request["requestedMessage"], (None, False))
    if send is None:
        return {"status": "NotImplemented"}
    connector_id = request.get("connectorId")
    if of_connector and connector_id not in (None, 0):
        if station.facts.connector(connector_id) is None:
            return {"status": "Rejected"}
    station.later(lambda: send(station, connector_id))
    return {"status": "Accepted"}
