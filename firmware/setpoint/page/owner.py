"""The owner's own limits: a pause or a limit of a connector, and one of all together. They hold until
the owner lifts them, over restarts too, and are one more source of a limit, "owner": nobody else's
limit is ever lifted by them.

    document owner   {"paused": [1], "amps": {"2": 100}, "total": 160}, tenths of an ampere

Rule: they are in flash before they are in force. A write that fails leaves the old ones in both."""

from ..units import MINIMUM_DA

_NAME = "owner"
_SOURCE = "owner"
_MOST_DA = 800


def load(app) -> None:
    """What is in flash is in force."""
    app.page.own = app.documents.read(_NAME, None, _understood)
    _apply(app)


def pause(app, connector_id: int, paused: bool) -> None:
    """Raises OSError: then nothing was changed."""
    own = _copy(app)
    own["paused"] = [i for i in own["paused"] if i != connector_id]
    if paused:
        own["paused"].append(connector_id)
    _change(app, own)


def limit(app, connector_id: "int | None", da: "int | None") -> None:
    """connector_id None: all together; and with da None too every limit of the owner's goes. Raises
    OSError: then nothing was changed."""
    own = _copy(app)
    if connector_id is not None:
        own["amps"].pop(str(connector_id), None)
        if da is not None:
            own["amps"][str(connector_id)] = da
    else:
        own["total"] = da
        if da is None:
            own["amps"] = {}
    _change(app, own)


def is_limit(da: int) -> bool:
    return MINIMUM_DA <= da <= _MOST_DA


def _copy(app) -> dict:
    own = app.page.own or {"paused": [], "amps": {}, "total": None}
    return {"paused": list(own["paused"]), "amps": dict(own["amps"]), "total": own["total"]}


def _change(app, own: dict) -> None:
    if own["paused"] or own["amps"] or own["total"] is not None:
        app.documents.write(_NAME, own)
    else:
        app.documents.remove(_NAME)
        own = None
    app.page.own = own
    app.dispatch(lambda: (_apply(app), app.station.settle()))


def _apply(app) -> None:
    own = app.page.own or {"paused": (), "amps": {}, "total": None}
    station = app.station
    for connector in station.facts.connectors:
        da = 0 if connector.id in own["paused"] else own["amps"].get(str(connector.id))
        station.limits.cap(connector.id, _SOURCE, da)
    station.limits.limit_total(_SOURCE, own["total"], "owner, all together")


def _understood(found):
    """ValueError, TypeError or LookupError for what _change cannot have written."""
    if found is None:
        return None
    amps = list(found["amps"].values())
    if found["total"] is not None:
        amps.append(found["total"])
    for number in found["paused"] + amps:
        if type(number) is not int:
            raise ValueError("%s is no int" % number)
    for number in amps:
        if not is_limit(number):
            raise ValueError("%d is no limit" % number)
    return {"paused": found["paused"], "amps": found["amps"], "total": found["total"]}
