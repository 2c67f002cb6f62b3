"""What the owner may do: POST with a JSON object, answered with {} once it is done, or with why not. An
action shows in the next state.

Each leads its event through a pass, as a request of a central system does. What a central system is
to know of it (statuses, the end of a transaction) follows from the pass by itself."""

from ..clock import sleep_ms
from ..units import tenths, tenths_text
from .owner import is_limit, limit, pause

_FLASH = (503, "flash", "The flash does not take it. Nothing was changed.")
_GOODBYE_MS = 300  # for the answer to leave before the restart


async def answer(app, exchange) -> None:
    name = exchange.request.path[5:]
    fields = await exchange.fields()
    problem = _checked(app.station, fields, name) or _DO[name](app, fields)
    if problem is not None:
        await exchange.refuse(*problem)
        return
    await exchange.answer("{}")
    if name == "restart":
        await sleep_ms(_GOODBYE_MS)
        _act(app, _restart)


def _checked(station, fields: dict, name: str) -> "tuple | None":
    """Why the fields cannot be used, as Exchange.refuse takes it."""
    needed = name in ("pause", "resume", "start", "stop")
    number = fields.get("connector")
    if number is None:
        if needed:
            return 422, "connector", "connector must be the number of a connector."
    elif type(number) is not int or station.facts.connector(number) is None:
        return 422, "connector", "There is no such connector."
    return None


def _act(app, do, *arguments):
    """What do(station, ...) returns, as an event of the station."""
    found = []
    station = app.station

    def event() -> None:
        found.append(do(station, *arguments))
        station.settle()

    app.dispatch(event)
    return found[0]


def _flash(app, sentence: str, change, *arguments) -> "tuple | None":
    """sentence: for the log, once it is done."""
    try:
        change(app, *arguments)
    except OSError as error:
        app.log("error", "page", "the owner's limits cannot be written: %s" % error)
        return _FLASH
    app.log("info", "page", "the owner: " + sentence)
    return None


def _pause(app, fields: dict) -> "tuple | None":
    number = fields["connector"]
    return _flash(app, "connector %d pauses" % number, pause, number, True)


def _resume(app, fields: dict) -> "tuple | None":
    number = fields["connector"]
    return _flash(app, "connector %d goes on" % number, pause, number, False)


def _limit(app, fields: dict) -> "tuple | None":
    amps = fields.get("a", "")
    da = tenths(amps) if type(amps) in (int, float) and abs(amps) < 1000 else None
    if amps is not None and (da is None or not is_limit(da)):
        return 422, "amperes", "a must be 6 to 80, or null for no limit. To stop, use pause."
    connectors = app.station.facts.connectors
    number = fields.get("connector")
    if number is None and da is not None and len(connectors) == 1:
        number = connectors[0].id
    where = "all connectors" if number is None else "connector %d" % number
    what = "no limit" if da is None else "at most %s A" % tenths_text(da)
    return _flash(app, "%s: %s" % (where, what), limit, number, da)


def _start(app, fields: dict) -> "tuple | None":
    tag = fields.get("id_tag")
    if tag is not None and not _is_id_tag(tag):
        return 422, "id_tag", "id_tag must be 1 to 20 characters of plain ASCII."
    return _act(app, _started, fields["connector"], tag)


def _is_id_tag(tag) -> bool:
    if type(tag) is not str or not 0 < len(tag) <= 20:
        return False
    for char in tag:
        if not " " < char < "\x7f":
            return False
    return True


def _started(station, connector_id: int, tag: "str | None") -> "tuple | None":
    """As RemoteStartTransaction (OCPP 1.6, 5.11)."""
    from ..sessions import cards

    facts = station.facts
    settings = station.settings
    connector = facts.connector(connector_id)
    if tag is None:
        tag = settings["FreeVendIdTag"] if settings["FreeVendActive"] else "OWNER"
    if not connector.free():
        return 409, "not_free", "The connector is %s: nothing can start here." % connector.status()
    if facts.is_kept_from(connector, tag, None):
        return 409, "reserved", "The connector is reserved for another card."
    if settings["AuthorizeRemoteTxRequests"]:
        cards.authorise(station.authorisation, tag, [connector_id], None, [])
        if not [ids for _, ids in station.authorisation.asking if connector_id in ids]:
            if not [g for g in station.authorisation.grants if connector_id in g.connectors]:
                return 409, "refused", "The card is not accepted."
    else:
        cards.grant(station.authorisation, tag, [connector_id], None)
    return None


def _stop(app, fields: dict) -> "tuple | None":
    return _act(app, _stopped, fields["connector"])


def _stopped(station, connector_id: int) -> "tuple | None":
    connector = station.facts.connector(connector_id)
    if connector.transaction is None:
        return 409, "no_session", "No session runs here."
    station.transactions.end(connector, "Local", None)
    return None


def _free_vend(app, fields: dict) -> "tuple | None":
    if type(fields.get("active")) is not bool:
        return 422, "active", "active must be true or false."
    return _act(app, _vends, fields["active"])


def _vends(station, active: bool) -> "tuple | None":
    from ..station.answers.changeconfiguration import answer

    request = {"key": "FreeVendActive", "value": "true" if active else "false"}
    if answer(station, request)["status"] != "Accepted":
        return _FLASH
    return None


def _restart_is_free(app, fields: dict) -> "tuple | None":
    return None


def _restart(station) -> None:
    from ..station.restart import begin_for_owner

    begin_for_owner(station)


_DO = {
    "pause": _pause,
    "resume": _resume,
    "limit": _limit,
    "start": _start,
    "stop": _stop,
    "free-vend": _free_vend,
    "restart": _restart_is_free,
}
