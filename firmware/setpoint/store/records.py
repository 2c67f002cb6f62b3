"""Sorted records of one length in flash: found without reading them all, changed without holding
them all. Loaded for each use (late.py).

    state/NAME       the records in order, and one that ends them: how many they are, a number
    state/NAME.new   those that are being written

A record has 48 bytes: a key of 20, a value of 25, and 3 of the CRC-32 over both. Rules:

1. The file is never opened for writing. The new one is written beside it and renamed over it,
   which littlefs does in one step: after a power cut the old records are there, or the new ones.
   What a cut leaves of NAME.new is written over the next time.
2. There is no good copy of the records before: to fall back on it would bring back what its owner
   has removed. A file that is damaged raises ValueError until it is replaced.
3. At most ten records are in memory at once.
"""

import errno
import os
from binascii import crc32

from micropython import const

from .files import patiently, recover, remove_if_possible

KEY = const(20)
_BODY = const(45)
_RECORD = const(48)
_AT_ONCE = const(10)
_ENOSPC = const(28)
# Keys are ASCII, so it comes after all of them; as long as KEY
_END = const(b"\xff setpoint records 1")


class Records:
    """The records in one file. A file that does not exist has none, and the number 0. Bodies are
    key and value together, and come and go in the order of their keys."""

    def __init__(self, path: str) -> None:
        self._path = path

    def find(self, key: bytes) -> "bytes | None":
        """The value of a key of 20 bytes; None: there is no such record. Raises OSError, and
        ValueError where damage hides whether there is."""
        return patiently(self._find, key)

    def number(self) -> int:
        """What the records were given as their number; 0 where there are none. Reads them all, and
        raises ValueError for damage, OSError."""
        return patiently(self._number)

    def holds(self, number: int, bodies: "list[bytes]") -> bool:
        """Are these the records, and this their number? False also where that cannot be read."""
        try:
            return patiently(self._holds, number, bodies)
        except (OSError, ValueError):
            return False

    def replace(self, number: int, most: int, merged) -> int:
        """Writes what merged(bodies of the present records) yields. It gets None for a damaged one.
        Returns how many they are.

        Raises OSError, and ValueError where there are more than `most`, where merged raises it,
        or where what is read of the present ones is damaged: then these are untouched."""
        new = self._path + ".new"
        done = False
        try:
            count = self._write(new, number, most, merged)
            os.rename(new, self._path)
            done = True
        finally:
            if not done:  # a lack of memory leaves a half-written file, too
                recover()
                remove_if_possible(new)
        return count

    def _write(self, path: str, number: int, most: int, merged) -> int:
        old = self._open()
        try:
            count = 0
            with open(path, "wb") as file:
                for body in merged(_bodies(old)):
                    if count == most:
                        raise ValueError("there are more than %d" % most)
                    _append(file, body)
                    count += 1
                _append(file, _end(count, number))
        finally:
            if old is not None:
                old.close()
        return count

    def _open(self):
        """The file, or None where there is none."""
        try:
            return open(self._path, "rb")
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            raise

    def _find(self, key: bytes) -> "bytes | None":
        file = self._open()
        if file is None:
            return None
        with file:
            low, high = 0, _count_and_number(file)[0]
            while low < high:
                middle = (low + high) // 2
                file.seek(middle * _RECORD)
                body = _sound(file.read(_RECORD))
                if body is None:
                    return _found_beside_damage(file, key)
                if body[:KEY] == key:
                    return body[KEY:]
                if body[:KEY] < key:
                    low = middle + 1
                else:
                    high = middle
        return None

    def _number(self) -> int:
        file = self._open()
        if file is None:
            return 0
        with file:
            count, number = _count_and_number(file)
            for body in _bodies(file):
                if body is None:
                    raise ValueError("a record is damaged")
        return number if count else 0

    def _holds(self, number: int, bodies: "list[bytes]") -> bool:
        file = self._open()
        if file is None:
            return False
        with file:
            if _count_and_number(file) != (len(bodies), number):
                return False
            at = 0
            for body in _bodies(file):
                if body != bodies[at]:
                    return False
                at += 1
        return True


def _append(file, body: bytes) -> None:
    record = body + (crc32(body) & 0xFFFFFF).to_bytes(3, "big")
    if len(record) != _RECORD:
        raise ValueError("a record has another length")
    if file.write(record) != _RECORD:
        raise OSError(_ENOSPC)


def _end(count: int, number: int) -> bytes:
    body = _END + count.to_bytes(4, "big") + number.to_bytes(4, "big")
    return body + bytes(_BODY - len(body))


def _sound(record: bytes) -> "bytes | None":
    """The body of a record; None where it is damaged."""
    body = record[:_BODY]
    whole = (crc32(body) & 0xFFFFFF).to_bytes(3, "big") == record[_BODY:]
    return body if whole and len(record) == _RECORD else None


def _count_and_number(file) -> "tuple[int, int]":
    """What the last record says. Raises ValueError where it is not there."""
    size = file.seek(0, 2)
    end = None
    if size and size % _RECORD == 0:
        file.seek(size - _RECORD)
        end = _sound(file.read(_RECORD))
    count = size // _RECORD - 1
    if end is None or end[: KEY + 4] != _END + count.to_bytes(4, "big"):
        raise ValueError("its end is damaged")
    return count, int.from_bytes(end[KEY + 4 : KEY + 8], "big")


def _bodies(file):
    """Yields the body of each record, None for a damaged one. Raises ValueError, OSError. file: None
    has none."""
    if file is None:
        return
    left = _count_and_number(file)[0]
    file.seek(0)
    while left:
        piece = file.read(min(left, _AT_ONCE) * _RECORD)
        for at in range(0, len(piece), _RECORD):
            yield _sound(piece[at : at + _RECORD])
        left -= min(left, _AT_ONCE)


def _found_beside_damage(file, key: bytes) -> bytes:
    """The value of a key, by a look at every record."""
    for body in _bodies(file):
        if body is not None and body[:KEY] == key:
            return body[KEY:]
    raise ValueError("a record is damaged")
