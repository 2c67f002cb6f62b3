"""A firmware file on its way from an HTTP server into the place that does not run.

First case that fits, after each try:

    done      the file is there, and its hash is right
    paused    a vehicle began to charge: flash is not erased while a contactor is closed
    refused   the file is damaged or not for this board: another try would bring the same
    broken    anything else: another try goes on where this one ended, if the server can"""

from ..clock import sleep_ms
from ..protocol.firmware_file import FirmwareFile


class Download:
    """place: as places.py answers it. charges(): is a contactor closed?"""

    def __init__(self, place, charges) -> None:
        self.place = place
        self._charges = charges
        self._reader = None
        self._validator = None
        self._resumed = False
        self._preparing = False
        self._ending = None

    async def run(self, url: str, client) -> tuple:
        """One try: ("done", SHA-256 of the file), or (the case, a sentence)."""
        self._ending = None
        if self._preparing:  # that was broken off
            self._reader = None
        start = self._reader.taken if self._reader is not None else 0
        self._resumed = self._resumed or start > 0
        problem = await client.get(url, self, start, self._validator)
        if self._ending is not None:
            return self._ending, problem[0]
        return self.finish(problem)

    def finish(self, problem: "tuple | None" = None) -> tuple:
        """As `run`, once nothing more comes. problem: why, its sentence first."""
        reader = self._reader
        if reader is None or not reader.complete():  # its head knows, whatever the server says
            return "broken", problem[0] if problem else "it ends too early"
        self._reader = None
        try:
            digest = reader.check()
            self.place.close()
        except ValueError as error:
            # Two halves of two files: the whole is tried
            return "broken" if self._resumed else "refused", str(error)
        except OSError as error:
            return "broken", "the flash cannot be written: %s" % error
        return "done", digest

    # -- what client.get calls, or who has the file from elsewhere

    def begin(self, first: int, total: "int | None", validator: "str | None") -> None:
        if first == 0:
            self._reader = FirmwareFile(self.place)
            self._resumed = self._preparing = False
        self._validator = validator

    async def write(self, piece) -> None:
        reader = self._reader
        while len(piece):
            if self._charges():
                self._ending = "paused"
                raise ValueError("a vehicle charges")
            try:
                if reader.complete():
                    raise ValueError("the file is longer than it says")
                begun = reader.head is not None
                piece = piece[reader.take(piece) :]
                if not begun and reader.head is not None:
                    reason = self.place.reason_to_refuse(reader.head)
                    if reason is not None:
                        raise ValueError(reason)
                    self._preparing = True
                    for _ in self.place.prepare(reader.head):
                        await sleep_ms(0)
                    self._preparing = False
            except ValueError:
                self._reader = None
                self._ending = "broken" if self._resumed else "refused"
                raise
            except OSError as error:
                self._reader = None
                self._ending = "broken"
                raise ValueError("the flash cannot be written: %s" % error)
            await sleep_ms(0)
