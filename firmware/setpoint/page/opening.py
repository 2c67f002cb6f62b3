"""Opens the page. Loaded for the start (late.py)."""

import asyncio

from ..clock import sleep_ms
from .owner import load
from .page import Page, look

_AGAIN_MS = 60000  # after a port that was taken


def begin(app) -> None:
    """The owner's limits are in force, and the port opens soon."""
    page = app.page = Page()
    page.guests = page.listener = page.until_ms = page.salt = None
    page.wrong = 0
    load(app)
    app.station.facts.ended_sessions = []
    page.task = asyncio.create_task(_open(app))


async def _open(app) -> None:
    """Until the port is open, then nothing of this is needed any more."""
    while True:
        door = app.board.door(None)
        try:
            door.begin()
            break
        except OSError as error:
            app.log("error", "page", "no page: its port cannot be opened: %s" % error)
        await sleep_ms(_AGAIN_MS)
    app.log("info", "page", door.url())
    app.page.listener = door.listener
    app.page.task = asyncio.create_task(look(app))
