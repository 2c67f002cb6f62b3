"""ChangeAvailability (OCPP 1.6, 5.2): Inoperative survives restarts, and waits for the end of a
transaction."""


def answer(station, request: dict) -> dict:
    connector_id = request["connectorId"]
    operative = request["type"] == "Operative"
    places = station.facts.places()
    concerned = [place for place in places if connector_id in (0, place.id)]
    out = [
        place.id for place in places if not (operative if place in concerned else place.operative)
    ]
    if not concerned:
        return {"status": "Rejected"}
    try:
        station.documents.write("availability", out)
    except OSError as error:
        station.facts.storage_failed("the availability cannot be written: %s" % error)
        return {"status": "Rejected"}
    scheduled = False
    for place in concerned:
        place.operative = operative
        scheduled = scheduled or place.transaction is not None
    return {"status": "Scheduled" if scheduled and not operative else "Accepted"}
