"""RemoteStartTransaction (OCPP 1.6, 5.11). Without a connector it waits, as a card does, for the
first one that is plugged in (R10): where a plug went in a moment ago the station may not know yet.

What is reserved for another card is not free. Where the reservation has a parentIdTag, the card may
be of that group: then Authorize decides, before anything is granted."""

from ...sessions import cards


def answer(station, request: dict) -> dict:
    profile = request.get("chargingProfile")
    connector_id = request.get("connectorId")
    reason = "not registered"
    if station.facts.accepted:
        ids = _open_to_it(station, connector_id, request["idTag"])
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


def _open_to_it(station, connector_id: "int | None", id_tag: str) -> "list[int]":
    """The free connectors where it may begin, if they are more than wait for one of them and can go
    nowhere else. Those with a vehicle that has charged already come last: it was not sent for
    them."""
    facts = station.facts
    free = [c for c in facts.connectors if connector_id in (None, c.id) and c.free()]
    if facts.reservations is not None:
        free = [c for c in free if not facts.is_kept_from(c, id_tag, None)] or [
            c for c in free if facts.reservations.could_take(c, id_tag)
        ]
    for ended in (False, True):
        ids = [c.id for c in free if (c.ended_here is not None) is ended]
        confined = 0
        for grant in station.authorisation.grants:
            open_to_it = [facts.connector(i) for i in grant.connectors]
            open_to_it = [
                c.id
                for c in open_to_it
                if c.free() and not facts.is_kept_from(c, grant.id_tag, grant.parent)
            ]
            confined += bool(open_to_it) and not any([i not in ids for i in open_to_it])
        if len(ids) > confined:
            return ids
    return []


def _start(station, id_tag: str, ids: "list[int]", profile: "dict | None") -> None:
    facts = station.facts
    kept = any([facts.is_kept_from(facts.connector(i), id_tag, None) for i in ids])
    if station.settings["AuthorizeRemoteTxRequests"] or kept:
        cards.authorise(station.authorisation, id_tag, ids, profile, [])
    else:
        cards.grant(station.authorisation, id_tag, ids, profile)
