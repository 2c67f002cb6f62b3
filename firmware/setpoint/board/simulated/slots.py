"""The two application slots of the simulated board, in files beside its flash chip, and its boot
loader.

    ota_0, ota_1   a slot each; while ota_0 is empty it stands for the program that is simulated
    otadata        which slot the boot loader takes, and what it knows of it: "1 new"

The boot loader is ESP-IDF's with roll-back: a new slot gets one start, and unless that start, or
one that follows without a reset in between, marks it as good, the next start is that of the other
slot. Whichever is taken, the program is the same. Rules:

1. Erasing sets every bit of a block; programming asks for erased bytes.
2. A write is one of the flash chip's: it fails, and the power goes, as that was told.
3. What is in a slot may be started if it is a whole image of ESP-IDF: its segments, padding and
   check sum, and the SHA-256 behind them ("App Image Format")."""

import struct
from hashlib import sha256

from micropython import const

from .flash_chip import FAILS, die

_BLOCK = const(4096)
_BLOCKS = const(448)  # 1.8 MB, as boards/images/partitions-4MiB.csv
_VALIDATE_FAILED = const(0x1503)  # ESP_ERR_OTA_VALIDATE_FAILED


def start(folder: str) -> int:
    """Plays the boot loader: the number of the slot that runs from now on."""
    number, state = _chosen(folder)
    if state == "pending":
        number, state = 1 - number, "good"
    elif state == "new":
        state = "pending"
    _choose(folder, number, state)
    return number


def _chosen(folder: str) -> "tuple[int, str]":
    try:
        with open(folder + "/otadata") as file:
            number, state = file.read().split()
    except (OSError, ValueError):
        return 0, "unknown"
    return int(number), state


def _choose(folder: str, number: int, state: str) -> None:
    if state != "unknown":
        with open(folder + "/otadata", "w") as file:
            file.write("%d %s" % (number, state))


class Partition:
    """One of them, with the methods of esp32.Partition. chip: whose writes these are."""

    def __init__(self, folder: str, number: int, chip) -> None:
        self._folder = folder
        self._number = number
        self._chip = chip
        self._path = "%s/ota_%d" % (folder, number)
        try:
            open(self._path, "r+b").close()
        except OSError:
            open(self._path, "wb").close()

    def info(self) -> tuple:
        return (0, 0x10 + self._number, 0x10000, _BLOCK * _BLOCKS, "ota_%d" % self._number, False)

    def get_next_update(self) -> "Partition":
        return Partition(self._folder, 1 - self._number, self._chip)

    def readblocks(self, block: int, buffer, offset: int = 0) -> None:
        with open(self._path, "rb") as file:
            file.seek(block * _BLOCK + offset)
            count = file.readinto(buffer)
        for at in range(count, len(buffer)):
            buffer[at] = 0xFF

    def writeblocks(self, block: int, data, offset: int) -> None:
        """With an offset the port erases nothing."""
        assert offset + len(data) <= _BLOCK
        present = bytearray(len(data))
        self.readblocks(block, present, offset)
        assert present == b"\xff" * len(data), "programming what is not erased"
        fault = self._chip.fault_of_a_write()
        if fault == "cut":
            data = data[: len(data) // 2]
        if fault in (None, "cut"):
            with open(self._path, "r+b") as file:
                file.seek(block * _BLOCK + offset)
                file.write(data)
        if fault == "cut":
            die()
        if fault is not None:
            raise OSError(-FAILS, "ESP_ERR_FLASH_OP_FAIL")

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 4:
            return _BLOCKS
        if operation == 5:
            return _BLOCK
        assert operation == 6 and argument < _BLOCKS
        with open(self._path, "r+b") as file:
            end = file.seek(0, 2)
            while end < argument * _BLOCK:  # never written: erased
                end += file.write(b"\xff" * _BLOCK)
            file.seek(argument * _BLOCK)
            file.write(b"\xff" * _BLOCK)
        return 0

    def set_boot(self) -> None:
        if not self._holds_an_image():
            raise OSError(-_VALIDATE_FAILED, "ESP_ERR_OTA_VALIDATE_FAILED")
        fault = self._chip.fault_of_a_write()  # otadata has two copies, written in turn
        if fault == "cut":
            die()
        if fault is not None:
            raise OSError(-FAILS, "ESP_ERR_FLASH_OP_FAIL")
        _choose(self._folder, self._number, "new")

    def mark_app_valid_cancel_rollback(self) -> None:
        number, state = _chosen(self._folder)
        if state == "unknown":
            raise OSError(-1, "ESP_FAIL")
        _choose(self._folder, number, "good")

    def _holds_an_image(self) -> bool:
        with open(self._path, "rb") as file:
            head = file.read(24)
            if len(head) < 24 or head[0] != 0xE9:
                return self._number == 0 and not head
            end = 24
            for _ in range(head[1]):
                file.seek(end)
                segment = file.read(8)
                if len(segment) < 8:
                    return False
                end += 8 + struct.unpack("<II", segment)[1]
            end += 16 - end % 16
            file.seek(0)
            digest = sha256()
            while end > 0:
                piece = file.read(min(end, 512))
                if not piece:
                    return False
                digest.update(piece)
                end -= len(piece)
            return file.read(32) == digest.digest()
