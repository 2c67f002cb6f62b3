"""POST /api/update: new firmware from a file that `make update` made, into the place that does not run.
The checks are those of UpdateFirmware (update/download.py), and so is what follows: between two charges
the station restarts with it, and goes back where it does not stay up (station/update.py)."""

from micropython import const

_LONGEST_MS = const(900000)
_MOST = const(99999999)  # bytes that are still read where the file is refused
_KIND = "application/octet-stream"


async def answer(app, exchange) -> None:
    station = app.station
    kind = exchange.request.fields.get("content-type", "").partition(";")[0].strip().lower()
    reason = None
    if kind != _KIND:
        reason = (415, "media_type", "The body must be %s." % _KIND)
    elif not exchange.request.left:
        reason = (411, "length", "The file is missing.")
    elif _charges(station):
        reason = (409, "charging", "A vehicle charges: end the session first.")
    elif station.download is not None or "page" in app.transfers or "download" in app.transfers:
        reason = (409, "busy", "Another update is under way.")
    if reason is None:
        app.transfers["page"] = exchange.task
        exchange.lasts(_LONGEST_MS)
        exchange.drained = _MOST
        try:
            reason = await _taken(app, exchange)
        finally:
            app.transfers.pop("page", None)
    if reason is not None:
        app.log("warn", "page", "no update: " + reason[2])
        await exchange.refuse(*reason)
        return
    await exchange.answer('{"installing":true}')


def _charges(station) -> bool:
    for connector in station.facts.connectors:
        if connector.live() or connector.stopped is not None:
            return True
    return False


async def _taken(app, exchange) -> "tuple | None":
    """Why not; None: the file is in its place, and the station restarts with it."""
    from ..update.download import Download
    from ..update.places import place_of

    station = app.station
    try:
        place = place_of(app.board)
    except OSError as error:
        return 409, "no_place", "This board has no place for new firmware (%s)." % error
    download = Download(place, lambda: _charges(station))
    download.begin(0, None, None)
    try:
        while True:
            piece = await exchange.piece()
            if piece is None:
                break
            if station.download is not None:
                return 409, "busy", "The central system began an update meanwhile."
            await download.write(piece)
    except ValueError as error:
        if _charges(station):
            return 409, "charging", "A vehicle began to charge: the update was given up."
        return 422, "file", "The file is refused: %s." % error
    case, what = download.finish()
    if case != "done":
        return 422, "file", "The file is refused: %s." % what
    app.log("note", "page", "the owner: new firmware in %s" % place.place)
    begun = []

    def event() -> None:
        from ..station.update import given

        begun.append(given(station, place.place))
        station.settle()

    app.dispatch(event)
    return None if begun[0] else (503, "flash", "The flash does not take it.")
