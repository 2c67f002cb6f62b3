"""The application slot that does not run, of the two in the flash (ESP-IDF's OTA).

Rule 1: one call erases one block at most. An erasure stops the code in flash, the control step with
    it, for 45 ms, and for 400 ms at the worst (data sheet of the W25Q32).
Rule 2: what is written counts only once `set_boot` has read it back and its own SHA-256 fits. That
    is one stretch of C of about a second: every contactor is open meanwhile.
Rule 3: nothing is written but the slot, until `activate`. A power cut in between leaves what runs."""

from micropython import const

_BLOCK = const(4096)


class Slot:
    """running: the slot that runs, an esp32.Partition. family: of the images it takes."""

    def __init__(self, running, family: str) -> None:
        self._family = family
        self._running = running
        self._idle = running.get_next_update()
        self.runs = running.info()[4]
        self.place = self._idle.info()[4]
        self._at = None

    def reason_to_refuse(self, head: dict) -> "str | None":
        if head["kind"] != "image":
            return "the file holds a program for a folder, this board takes an image"
        if head["for"] != self._family:
            return "the file is for %s, this board takes images for %s" % (
                head["for"],
                self._family,
            )
        if head["room"] > self._idle.info()[3]:
            return "the image takes %d bytes, the slot has %d" % (
                head["room"],
                self._idle.info()[3],
            )
        return None

    def prepare(self, head: dict):
        self._at = None
        yield

    def entry(self, name: str, size: int) -> None:
        if self._at is not None or size > self._idle.info()[3]:
            raise ValueError("the file holds more than one image, or one that is too long")
        self._at = 0

    def data(self, piece) -> None:
        while len(piece):
            block, offset = divmod(self._at, _BLOCK)
            if not offset:
                self._idle.ioctl(6, block)
            now = piece[: _BLOCK - offset]
            self._idle.writeblocks(block, now, offset)
            self._at += len(now)
            piece = piece[len(now) :]

    def close(self) -> None:
        if self._at is None:
            raise ValueError("the file holds no image")

    def activate(self) -> None:
        self._idle.set_boot()

    def confirm(self) -> None:
        try:
            self._running.mark_app_valid_cancel_rollback()
        except OSError:
            pass  # nobody ever chose a slot: there is nothing to go back to

    def give_up(self) -> None:
        self._idle.set_boot()
