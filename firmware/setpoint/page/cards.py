"""The cards of the local list. Where there is a central system, the list is its own (OCPP 1.6, 3.5.2),
and here it can only be read."""

import json

from micropython import const

_NAME = const("local-list")
_AT_ONCE = const(8)
_THEIRS = (409, "central_system", "The central system keeps the list of cards.")


async def answer(app, exchange) -> None:
    """GET: {"version", "editable", "cards": [{"id_tag", "status"}]}; upper and lower case are one, so
    that all letters are small. POST {"id_tag"} adds a card."""
    from ..sessions import local_list

    facts = app.station.facts
    if exchange.request.method == "POST":
        tag = (await exchange.fields()).get("id_tag")
        await _change(app, exchange, tag, {"status": "Accepted"})
        return
    await exchange.begin(200, "application/json")
    await exchange.write(
        '{"version":%d,"editable":%s,"cards":['
        % (
            local_list.version(facts, app.documents),
            "false" if app.board.identity["csms_url"] else "true",
        )
    )
    first = 0
    while True:
        found = _some(app, first)
        for at in range(len(found)):
            tag, status = found[at]
            comma = "," if first + at else ""
            await exchange.write('%s{"id_tag":%s,"status":"%s"}' % (comma, json.dumps(tag), status))
        first += len(found)
        if len(found) < _AT_ONCE:
            break
    await exchange.write("]}")
    await exchange.end()


def _some(app, first: int) -> list:
    """(idTag, status) of the next cards, none where the list cannot be read."""
    from ..sessions import local_list

    try:
        return [
            local_list.card_of(body) for body in app.documents.records(_NAME).some(first, _AT_ONCE)
        ]
    except (OSError, ValueError) as error:
        app.log("error", "page", "the local list cannot be read: %s" % error)
        return []


async def remove(app, exchange) -> None:
    """DELETE /api/cards/TAG, percent-encoded."""
    from ..protocol.urls import percent_decoded

    try:
        tag = percent_decoded(exchange.request.path[11:]).decode()
    except (UnicodeError, ValueError):
        tag = ""
    await _change(app, exchange, tag, None)


async def _change(app, exchange, tag, info: "dict | None") -> None:
    from ..sessions import local_list

    facts, documents = app.station.facts, app.documents
    if app.board.identity["csms_url"]:
        await exchange.refuse(*_THEIRS)
        return
    if type(tag) is not str or not local_list.is_id_tag(tag):
        await exchange.refuse(422, "id_tag", "id_tag must be 1 to 20 characters of plain ASCII.")
        return
    if not facts.settings["LocalAuthListEnabled"]:
        await exchange.refuse(409, "no_list", "LocalAuthListEnabled is false: there is no list.")
        return
    if info is None and local_list.look_up(facts, documents, tag) is None:
        await exchange.refuse(404, "no_card", "There is no such card.")
        return
    found = []
    request = {
        "listVersion": local_list.version(facts, documents) + 1,
        "updateType": "Differential",
        "localAuthorizationList": {"idTag": (tag,), "idTagInfo": (info,)},
    }

    def event() -> None:
        found.append(local_list.change(facts, documents, request))
        app.station.settle()

    app.dispatch(event)
    if found[0] == "Accepted":
        await exchange.answer("{}")
    else:
        await exchange.refuse(
            503, "list", "The list does not take it: it is full, damaged, or the flash is."
        )
