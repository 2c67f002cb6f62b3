"""Decides at a power-up whether set-up mode takes the place of the agent. Loaded for that question
(late.py); access_point.py is what follows."""

from ...clock import sleep_to_ms, ticks_ms
from .modules import MODULES
from .pins import sensor

_LOOK_MS = 50
_HELD_LOOKS = 200  # 10 s
_LATER_LOOKS = 60  # 3 s


def wanted(board, wiring: dict, has_identity: bool):
    """What set-up mode asks of the board (access_point.py), or None. wiring: board.json."""
    reason = None
    if _is_held(wiring):
        reason = "its button was held for 10 s"
    elif not has_identity:
        reason = "it has no identity"
    if reason is None:
        return None
    from .access_point import SetUp

    return SetUp(board, wiring, reason)


def _is_held(wiring: dict) -> bool:
    """A button that decides how the chip itself starts must not be pressed before that: it counts if
    it goes down within 3 s."""
    button = sensor(wiring.get("button"))
    if button is None:
        return False
    decides = str(wiring["button"]["pin"]) in MODULES[wiring["module"]][2].split()
    before = _LATER_LOOKS if decides else 0
    held = 0
    due = ticks_ms()
    while True:
        due = sleep_to_ms(due, _LOOK_MS)
        if button.value():
            held += 1
            if held > _HELD_LOOKS:
                return True
        elif held or not before:
            return False
        else:
            before -= 1
