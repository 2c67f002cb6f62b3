"""RemoteStartTransaction (OCPP 1.6, 5.11). Without a connector it waits, as a card does, for the
first one that is plugged in (R10): where a plug went in a moment ago the station may not know yet.
"""

from ...sessions import cards


def answer(station, request: dict) -> dict:
    profile = request.get("chargingProfile")
    connector_id = request.get("connectorId")
    reason = "not registered"
    if station.facts.accepted:
        ids = _open_to_it(station, connector_id)
        if not ids:
            reason = (
                "no connector is free"
                if connector_id is None
                else "connector %d is not free" % connector_id
            )
        elif profile is not None:
            reason = station.charging.reason_to_reject(
                profile, ids[0], None, True
            ) or station.charging.no_room_for(profile)
        else:
            reason = None
    if reason is not None:
        station.facts.log("warn", "RemoteStartTransaction rejected: %s" % reason)
        return {"status": "Rejected"}
    station.later(lambda: _start(station, request["idTag"], ids, profile))
    return {"status": "Accepted"}


def _open_to_it(station, connector_id: "int | None") -> "list[int]":
    """The free connectors where it may begin, if they are more than wait for one of them and can go
    nowhere else. Those with a vehicle that has charged already come last: it was not sent for
    them."""
    free = [c for c in station.facts.connectors if connector_id in (None, c.id) and c.free()]
    for ended in (False, True):
        ids = [c.id for c in free if (c.ended_here is not None) is ended]
        confined = 0
        for grant in station.authorisation.grants:
            confined += not any(
                [i not in ids and station.facts.connector(i).free() for i in grant.connectors]
            )
        if len(ids) > confined:
            return ids
    return []


def _start(station, id_tag: str, ids: "list[int]", profile: "dict | None") -> None:
    if station.settings["AuthorizeRemoteTxRequests"]:
        cards.authorise(station.authorisation, id_tag, ids, profile, [])
    else:
        cards.grant(station.authorisation, id_tag, ids, profile)
