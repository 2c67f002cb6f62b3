"""A firmware file, as `make update` makes it and UpdateFirmware names it: read piece by piece.

    setpoint firmware 1 6f1c03d9 {"kind": ...}   format, CRC-32 of the head, the head; one line
    1408256 app.bin                              one line for each entry: its length, its name ...
    ...                                          ... and its bytes, up to the next entry's line

The head is JSON, an object of

    kind      "image": one entry, an application for a slot of the flash
              "files": a program of .mpy files for the folder /a or /b
    for       the one family of images, or the one board, that takes it
    version   of Setpoint, and ...
    build     ... eight digits that differ between two builds of one version
    mpy       of "files": the version of its .mpy files; else 0
    room      bytes of flash that it takes, in whole blocks
    size      bytes behind the head's line
    sha256    of these

Rules:
1. Nothing is held but one line and two hashes, however long the file is.
2. What is taken is passed on before the hash is known. So whoever gets it may use none of it before
   `check`.
3. ValueError: the file is damaged, or none of ours; another try would bring the same."""

import json
from binascii import crc32, hexlify
from hashlib import sha256

from micropython import const

_FORMAT = const(b"setpoint firmware 1 ")
_LONGEST_HEAD = const(512)  # bytes of the line
_LONGEST_NAME = const(100)  # bytes of an entry's line
_MOST = const(16777216)  # bytes: no ESP32 has a larger flash
_NOT_OURS = const("this is no firmware file of this format: make update makes one")
_DAMAGED = const("the file is damaged")
_LETTERS = const(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_TEXTS = const(("kind", "for", "version", "build", "sha256"))
_NUMBERS = const(("mpy", "room", "size"))


class FirmwareFile:
    """into.entry(name, size) and into.data(bytes) get what is in the file."""

    def __init__(self, into) -> None:
        self.head = None  # once its line is read
        self.taken = 0  # bytes of the file
        self._into = into
        self._line = bytearray()
        self._left = 0  # bytes that the entry still has
        self._body_left = 0
        self._body = sha256()
        self._whole = sha256()

    def take(self, data: memoryview) -> int:
        """Takes the beginning of a piece, at most up to where a line or an entry ends, and says how
        many bytes that was. Raises ValueError, and OSError where the entry goes."""
        if self._left:
            count = min(len(data), self._left)
        else:
            count = bytes(data).find(b"\n") + 1 or len(data)
        piece = data[:count]
        self._whole.update(piece)
        self.taken += count
        if self.head is not None:
            self._body_left -= count
            if self._body_left < 0:
                raise ValueError("the file is longer than it says")
            self._body.update(piece)
        if self._left:
            self._left -= count
            self._into.data(piece)
        else:
            self._take_line(piece)
        return count

    def complete(self) -> bool:
        """Is all of it taken?"""
        return self.head is not None and self._body_left == 0

    def check(self) -> bytes:
        """The SHA-256 of the whole file, head included, once it is complete. Raises ValueError for
        a damaged one."""
        if self._left or self._line or hexlify(self._body.digest()).decode() != self.head["sha256"]:
            raise ValueError("the file is damaged: its SHA-256 is another one than it says")
        return self._whole.digest()

    def _take_line(self, piece: memoryview) -> None:
        line = self._line
        line.extend(piece)
        if len(line) > (_LONGEST_HEAD if self.head is None else _LONGEST_NAME):
            raise ValueError(_NOT_OURS if self.head is None else _DAMAGED)
        if self.head is None and line[: len(_FORMAT)] != _FORMAT[: len(line)]:
            raise ValueError(_NOT_OURS)
        if line[-1] != 10:
            return
        self._line = bytearray()
        line = bytes(line)[:-1]
        if self.head is None:
            self.head = _head_of(line)
            self._body_left = self.head["size"]
            return
        size, _, name = line.partition(b" ")
        if not size.isdigit() or len(size) > 8 or not _is_name(name):
            raise ValueError(_DAMAGED)
        self._left = int(size)
        if self._left > self._body_left:
            raise ValueError(_DAMAGED)
        self._into.entry(name.decode(), self._left)


def _head_of(line: bytes) -> dict:
    """Raises ValueError."""
    start = len(_FORMAT) + 9
    text = line[start:]
    if b"%08x " % (crc32(text) & 0xFFFFFFFF) != line[len(_FORMAT) : start]:
        raise ValueError(_DAMAGED)
    head = json.loads(text.decode())
    for names, kind in ((_TEXTS, str), (_NUMBERS, int)):
        for name in names:
            if type(head) is not dict or type(head.get(name)) is not kind:
                raise ValueError(_NOT_OURS)
    if not 0 < head["size"] <= _MOST or not 0 <= head["room"] <= _MOST:
        raise ValueError("the file is too long for any board")
    return head


def _is_name(name: bytes) -> bool:
    """A path that leads nowhere else: setpoint/station/keys.mpy."""
    for part in name.split(b"/"):
        if not part or part[0] == 46:  # a dot
            return False
        for byte in part:
            if byte not in _LETTERS:
                return False
    return True
