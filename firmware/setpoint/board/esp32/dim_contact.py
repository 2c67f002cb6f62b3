"""The grid operator's contact, looked at twenty times a second."""

from machine import Signal
from micropython import const

from ...clock import sleep_ms
from .pins import input_pin

_LOOK_MS = const(50)
_LOOKS = const(3)  # in a row say the same


async def watch(wiring: dict, app) -> None:
    """wiring: `dim` of board.json. Tells the app what it says at the start, and each change."""
    contact = Signal(input_pin(wiring), invert=wiring["on"] == 0)
    said = None
    seen = None
    looks = 0
    while True:
        dims = contact.value() == 1
        looks = looks + 1 if dims is seen else 1
        seen = dims
        if looks == _LOOKS and dims is not said:
            said = dims
            app.on_dim(dims)
        await sleep_ms(_LOOK_MS)
