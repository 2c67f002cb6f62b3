"""Looks at a card reader's chip four times a second and reports each card once, when it comes.

A try on a bus whose wire is shorted stops the interpreter for 0.1 to 1 s, and the control step with
it. So the pause doubles with each failure in a row, to four minutes; and a lost reader is not
looked for while a vehicle charges."""

from ...clock import sleep_ms
from . import ReaderError

POLL_MS = 250
GONE_AFTER = 2  # polls without it: a card at the edge of the field is missed now and then
LOST_AFTER = 4  # failures in a row, 3.5 s
MOST_DOUBLINGS = 10  # of the pause


class Polling:
    """on_card(id_tag): the UID as capital hex digits, at most 20. on_lost(sentence or None): the
    reader is lost, or back. charges(): whether a vehicle charges, so that a control step must not
    wait."""

    def __init__(self, chip, on_card, on_lost, charges) -> None:
        self._chip = chip
        self._on_card = on_card
        self._on_lost = on_lost
        self._charges = charges
        self._started = False
        self._failures = 0
        self._there: "bytes | None" = None
        self._unseen = 0

    async def run(self) -> None:
        while True:
            if self._failures < LOST_AFTER or not self._charges():
                await self.look()
            await sleep_ms(POLL_MS << self._failures)

    async def look(self) -> None:
        try:
            if not self._started:
                await self._chip.start()
                self._started = True
            uid = await self._chip.uid()
        except (ReaderError, OSError) as error:
            self._started = False  # set it up anew: it may have lost its power
            if self._failures < MOST_DOUBLINGS:
                self._failures += 1
                if self._failures == LOST_AFTER:
                    self._on_lost(str(error))
            return
        if self._failures >= LOST_AFTER:
            self._on_lost(None)
        self._failures = 0
        self._saw(uid)

    def _saw(self, uid: "bytes | None") -> None:
        if uid is None:
            self._unseen += 1
            if self._unseen >= GONE_AFTER:
                self._there = None
            return
        self._unseen = 0
        if uid != self._there:
            self._there = uid
            self._on_card("".join("%02X" % byte for byte in uid))
