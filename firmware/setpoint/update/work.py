"""What the station asks of the place for new firmware (station/update.py).

activate   the next start is the new firmware's
confirm    the firmware that runs is a good one
give up    the next start is that of the firmware before it"""

from .download import Download
from .places import place_of


async def fetch(app, client, url: str, fetched: dict) -> tuple:
    """One try, as transfers.py wants it: (what, case). fetched: what outlives a try."""
    try:
        place = place_of(app.board)
    except OSError as error:
        return "this board has no place for new firmware (%s)" % error, "refused"
    if not fetched:
        connectors = app.station.facts.connectors
        fetched["download"] = Download(place, lambda: any([c.live() for c in connectors]))
    download = fetched["download"]
    case, what = await download.run(url, client)
    return (place.place, what) if case == "done" else what, case


def do(app, verb: str) -> bool:
    """True: the station restarts now."""
    try:
        place = place_of(app.board)
        if verb == "activate":
            place.activate()
        elif verb == "give up":
            place.give_up()
        else:
            place.confirm()
        return verb != "confirm"
    except OSError as error:
        app.log("error", "update", "%s: %s" % (verb, error))
        if verb == "activate":
            app.station.download.refused("the flash does not take it: %s" % error)
        return False
