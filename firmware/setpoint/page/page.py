"""What of the page stays in memory: a look every now and then at whether somebody waits, and what must
outlive a request. So this file imports nothing that is not there anyway; all else is late.py's."""

from micropython import const

from .. import late
from ..clock import sleep_ms

_LOOK_MS = const(40)
_BUSY_LOOK_MS = const(10)


class Page:
    """guests: guests.py's, while somebody is connected. listener: board/listener.py's. wrong:
    passwords in a row; until_ms: when somebody may try again (access.py). salt: of the tokens, None
    until somebody asks. own: the owner's limits (owner.py). task: that of `look`."""


async def look(app) -> None:
    """Ends only when it is cancelled: nothing that goes wrong here reaches the agent."""
    page = app.page
    while True:
        await sleep_ms(_LOOK_MS if page.guests is None else _BUSY_LOOK_MS)
        if page.guests is None:
            for _ in page.listener[1](0) if app.board.network.up else ():
                break
            else:
                continue
        try:
            if page.guests is None:
                page.guests = _guests(app)
            if page.guests.look():
                continue
        except MemoryError:
            pass
        page.guests = None
        late.forget()


def _guests(app):
    """Not within `look`, whose frame would keep what it has imported."""
    from .guests import Guests

    return Guests(app)
