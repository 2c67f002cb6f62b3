"""What leaves and comes as plain text: the log's ring, and the weekly plan in its lines."""

import os

from micropython import const

from ..store.files import patiently

_SLICE = const(512)
_PLAIN = "text/plain; charset=utf-8"
_LONGEST_PLAN = const(4096)


async def log(app, exchange) -> None:
    """GET /api/log: the ring, the oldest line first. No file is open while others have their turn: a
    line may be added meanwhile."""
    folder = app.board.root + "/state/"
    await exchange.begin(200, _PLAIN)
    for name in ("log.old", "log"):
        at = 0
        while True:
            data = patiently(_read, folder + name, at)
            if not data:
                break
            at += len(data)
            await exchange.write(data)
    await exchange.end()


def _read(path: str, at: int) -> bytes:
    try:
        os.stat(path)
    except OSError:
        return b""
    with open(path, "rb") as file:
        file.seek(at)
        return file.read(_SLICE)


async def plan(app, exchange) -> None:
    """GET, PUT and DELETE /api/weekly-plan (charging/plan_lines.py)."""
    station = app.station
    method = exchange.request.method
    if method in ("GET", "HEAD"):
        from ..charging.weekly_plan import lines

        await exchange.begin(200, _PLAIN)
        for line in lines(station.profiles):
            await exchange.write(line + "\n")
        await exchange.end()
        return
    text = ""
    if method == "PUT":
        text = await exchange.text(("text/plain", "application/json"), _LONGEST_PLAN)
        if not text.strip():
            await exchange.refuse(422, "plan", "The plan has no lines. DELETE removes it.")
            return
    problem = _change(app, text)
    if problem is None:
        await exchange.answer("{}")
    elif problem[:7] == "flash: ":
        await exchange.refuse(503, "flash", "The flash does not take it. Nothing was changed.")
    else:
        await exchange.refuse(422, "plan", problem)


def _change(app, text: str) -> "str | None":
    from ..charging.weekly_plan import change

    found = []
    station = app.station

    def event() -> None:
        found.append(change(station.facts, station.documents, station.profiles, text))
        station.settle()

    app.dispatch(event)
    return found[0]
