"""The flash chip: a littlefs file system on a file that behaves like NOR flash, with faults on
demand.

Rules:
1. When `writeblocks` returns, the bytes have reached the operating system: killing the process is a
   power cut.
2. Erasing sets every bit of a block; programming only clears bits, so it asks for erased bytes.
3. An image appears under its name only when it is formatted.
4. An image that cannot be mounted is set aside, never overwritten, unless it is blank.
5. What fails raises the negative error of ESP-IDF, as on the ESP32's port: board/flash.py stands
between it and littlefs."""

import errno
import os

import vfs
from micropython import const

from .. import flash

_BLOCK_SIZE = const(4096)  # what an ESP32's flash erases at once
_BLOCKS = const(512)
# Longer writes are looked at in pieces: this takes heap that a chip has not to spare
_ERASED = b"\xff" * 128
_IMAGE = const("flash.img")
FAILS = 0x6001  # ESP_ERR_FLASH_OP_FAIL


class FlashChip:
    """A block device on the image at `path`; counts what wears a chip out, and adds the number of
    each block that it erases to the file flash.erased beside it, as two bytes, the lower first: a
    count that no restart loses."""

    def __init__(self, path: str) -> None:
        self.reads = 0
        self.writes = 0
        self.erases = 0
        self.bytes = 0
        self._blocks = os.stat(path)[6] // _BLOCK_SIZE
        self._erased = open(path[: path.rfind("/")] + "/flash.erased", "ab")
        self._file = open(path, "r+b")
        self._present = bytearray(len(_ERASED))
        self._writes_left = 0
        self._mode: "str | None" = None
        self._reads_left = 0
        self._unreadable = 0

    def after_writes(self, count: int, mode: "str | None") -> None:
        """The count-th write from now is "cut" (the power goes in the middle of it), an "error", or
        finds the chip "full", which it then stays. None: the chip works again."""
        self._writes_left = count
        self._mode = mode

    def after_reads(self, count: int, times: int) -> None:
        """From the count-th read from now on, so many fail; -1: every one, 0: none."""
        self._reads_left = count
        self._unreadable = times

    def readblocks(self, block: int, buffer, offset: int = 0) -> int:
        self.reads += 1
        if self._unreadable:
            self._reads_left -= 1
            if self._reads_left <= 0:
                self._unreadable -= self._unreadable > 0
                raise OSError(-FAILS)
        self._file.seek(block * _BLOCK_SIZE + offset)
        self._file.readinto(buffer)
        return 0

    def writeblocks(self, block: int, data, offset: int = 0) -> int:
        position = block * _BLOCK_SIZE + offset
        self._assert_erased(position, len(data))
        fault = self.fault_of_a_write()
        if fault == "cut":
            self._program(position, memoryview(data)[: len(data) // 2])
            die()
        if fault == "full":
            return -28  # ENOSPC, which MicroPython's errno does not name
        if fault is not None:
            raise OSError(-FAILS)
        self._program(position, data)
        self.writes += 1
        self.bytes += len(data)
        return 0

    def fault_of_a_write(self) -> "str | None":
        """As `after_writes` was told for the write at hand; None: it works."""
        fault = self._mode
        if fault is None:
            return None
        self._writes_left -= 1
        if self._writes_left > 0:
            return None
        if fault == "error":
            self._mode = None
        return fault

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 4:
            return self._blocks
        if operation == 5:
            return _BLOCK_SIZE
        if operation == 6:
            self._file.seek(argument * _BLOCK_SIZE)
            for _ in range(_BLOCK_SIZE // len(_ERASED)):
                self._file.write(_ERASED)
            self.erases += 1
            self._erased.write(bytes((argument & 255, argument >> 8)))
        return 0

    def is_blank(self) -> bool:
        self._file.seek(0)
        for _ in range(self._blocks * _BLOCK_SIZE // len(_ERASED)):
            self._file.readinto(self._present)
            if self._present != _ERASED:
                return False
        return True

    def close(self) -> None:
        self._file.close()
        self._erased.close()

    def _assert_erased(self, position: int, length: int) -> None:
        self._file.seek(position)
        while length > 0:
            present = memoryview(self._present)[:length]
            self._file.readinto(present)
            assert present == _ERASED[:length], "programming what is not erased"
            length -= len(present)

    def _program(self, position: int, data) -> None:
        self._file.seek(position)
        self._file.write(data)


def die() -> None:
    """Ends this process at once, as a power cut does; MicroPython itself has no means to."""
    while True:
        os.system("kill -9 $PPID")


def mount(
    folder: str, mount_point: str, unreadable: "dict | None" = None
) -> "tuple[FlashChip, list[str]]":
    """The chip in `folder`, mounted, and sentences about what went wrong; makes a formatted image
    at first use.

    unreadable: the start file's reads that fail. Raises OSError where reading fails, which
    proves nothing about the image."""
    problems = []
    path = "%s/%s" % (folder, _IMAGE)
    if not _exists(path):
        _make_image(path)
    chip = FlashChip(path)
    if unreadable:
        chip.after_reads(unreadable["after_reads"], unreadable["times"])
    try:
        file_system = flash.file_system(chip)
    except OSError as error:
        if error.errno == errno.EIO:
            raise
        if chip.is_blank():
            vfs.VfsLfs2.mkfs(chip)
        else:
            chip.close()
            problems.append(
                "%s cannot be mounted (%s); it is kept as %s." % (path, error, _set_aside(path))
            )
            _make_image(path)
            chip = FlashChip(path)
        file_system = flash.file_system(chip)
    vfs.mount(file_system, mount_point)
    return chip, problems


def _make_image(path: str) -> None:
    new = path + ".new"
    with open(new, "wb") as file:
        for _ in range(_BLOCKS * _BLOCK_SIZE // len(_ERASED)):
            file.write(_ERASED)
    chip = FlashChip(new)
    vfs.VfsLfs2.mkfs(chip)
    chip.close()
    os.rename(new, path)


def _set_aside(path: str) -> str:
    number = 1
    while _exists("%s.broken%d" % (path, number)):
        number += 1
    aside = "%s.broken%d" % (path, number)
    os.rename(path, aside)
    return aside


def _exists(path: str) -> bool:
    try:
        os.stat(path)
        return True
    except OSError:
        return False
