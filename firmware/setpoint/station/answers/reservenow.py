"""ReserveNow (OCPP 1.6, 5.13). What a reservation leads to stands in sessions/reservations.py.

First case that fits:
1. Rejected: the Reservation profile is switched off, connector 0 cannot be reserved
   (ReserveConnectorZeroSupported), there is no such connector, the time is not known, or the
   expiryDate is over.
2. Faulted, Unavailable: the connector is; for connector 0: the charge point, or every connector.
3. Occupied: somebody is there, or it is reserved under another reservationId.
4. Rejected: flash does not take it. Else Accepted.
"""


def answer(station, request: dict) -> dict:
    facts = station.facts
    connector_id, expires = request["connectorId"], request["expiryDate"]
    why = _reason_to_reject(facts, connector_id, expires)
    if why is not None:
        facts.log("warn", "ReserveNow rejected: %s" % why)
        return {"status": "Rejected"}
    connectors = [c for c in facts.connectors if connector_id in (0, c.id)]
    if all([c.faulted() for c in connectors]):
        return {"status": "Faulted"}
    if not any([c.operative and not c.faulted() for c in connectors]) or not (
        connector_id or facts.charge_point.operative
    ):
        return {"status": "Unavailable"}
    entry = [request["reservationId"], connector_id, request["idTag"]]
    entry += [request.get("parentIdTag") or None, expires, facts.now]
    waiting = len(station.authorisation.grants)
    return {"status": station.reservations().put(entry, waiting)}


def _reason_to_reject(facts, connector_id: int, expires: int) -> "str | None":
    settings = facts.settings
    if "Reservation" not in settings.words("SupportedFeatureProfiles"):
        return "this station takes no reservations"
    if connector_id == 0:
        if not settings["ReserveConnectorZeroSupported"]:
            return "a connector must be named"
    elif facts.connector(connector_id) is None:
        return "there is no connector %d" % connector_id
    if facts.now is None:
        return "the time is not known"
    if facts.now >= expires:
        return "it has expired already"
    return None
