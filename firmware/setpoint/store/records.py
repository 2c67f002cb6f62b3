"""Sorted records of one length in flash: found without reading them all, changed without holding
them all. Loaded for each use (late.py).

    state/NAME       the records in order, and one that ends them: how many they are, a number
    state/NAME.new   those that are being written

A record has 49 bytes: a key of 20, a value of 25, and their CRC-32, the lowest byte first. So the
CRC-32 of a whole record is always the same, and that of a row of them depends on their number only:
one call looks at ten. Rules:

1. The file is never opened for writing. The new one is written beside it and renamed over it,
   which littlefs does in one step: after a power cut the old records are there, or the new ones.
   What a cut leaves of NAME.new is written over the next time.
2. There is no good copy of the records before: to fall back on it would bring back what its owner
   has removed. A file that is damaged raises ValueError until all of it is replaced.
3. At most ten records are in memory at once, beside the changes.
"""

import errno
import os
from binascii import crc32

from micropython import const

from .files import patiently, recover, remove_if_possible

KEY = const(20)
_BODY = const(45)
_RECORD = const(49)
_AT_ONCE = const(10)
_WHOLE = const(0x2144DF1C)  # the CRC-32 of a text that its own CRC-32 follows
_ENOSPC = const(28)
# Keys are ASCII, so it comes after all of them; as long as KEY
_END = const(b"\xff setpoint records 1")


class Records:
    """The records in one file. A file that does not exist has none, and the number 0. A change is a
    record's key and value, 45 bytes; a mere key removes the record. Changes come in the order of
    their keys, each key once."""

    def __init__(self, path: str) -> None:
        self._path = path

    def find(self, key: bytes) -> "bytes | None":
        """The value of a key of 20 bytes; None: there is no such record. Raises OSError, and
        ValueError where damage hides whether there is."""
        return patiently(self._find, key)

    def some(self, first: int, most: int) -> "list[bytes]":
        """So many of the records, from that one on: keys and values. Raises OSError, and ValueError
        where one of them is damaged."""
        return patiently(self._some, first, most)

    def number(self) -> int:
        """What the records were given as their number; 0 where there are none. Reads them all.
        Raises ValueError for damage, OSError."""
        return patiently(self._number)

    def holds(self, number: int, changes: "list[bytes]") -> bool:
        """Are these all the records, and this their number? False also where that cannot be
        read."""
        try:
            return patiently(self._holds, number, changes)
        except (OSError, ValueError):
            return False

    def replace(self, number: int, most: int, changes: "list[bytes]", merge: bool) -> int:
        """Writes the changes; merge: into the present records. Returns how many there are then.

        Raises OSError, and ValueError for more than `most`, or where the present records are
        damaged: then these are untouched."""
        new = self._path + ".new"
        done = False
        try:
            count = self._write(new, number, most, changes, merge)
            os.rename(new, self._path)
            done = True
        finally:
            if not done:  # a lack of memory leaves a half-written file, too
                recover()
                remove_if_possible(new)
        return count

    def _write(self, path: str, number: int, most: int, changes: "list[bytes]", merge: bool) -> int:
        old = self._open() if merge else None
        try:
            at = count = 0
            with open(path, "wb") as file:
                for piece in _pieces(old):
                    end = at
                    while end < len(changes) and changes[end][:KEY] <= piece[-_RECORD:][:KEY]:
                        end += 1
                    if end == at:
                        _put(file, piece)
                        count += len(piece) // _RECORD
                    else:
                        count += _put_merged(file, piece, changes[at:end])
                        at = end
                count += _put_merged(file, b"", changes[at:])
                if count > most:
                    raise ValueError("there are more than %d" % most)
                _put(file, _sealed(_end(count, number)))
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
                record = file.read(_RECORD)
                if crc32(record) != _WHOLE:
                    return _found_beside_damage(file, key)
                if record[:KEY] == key:
                    return record[KEY:_BODY]
                if record[:KEY] < key:
                    low = middle + 1
                else:
                    high = middle
        return None

    def _some(self, first: int, most: int) -> "list[bytes]":
        found = []
        file = self._open()
        if file is None:
            return found
        with file:
            count = min(_count_and_number(file)[0] - first, most)
            file.seek(first * _RECORD)
            for _ in range(count):
                record = file.read(_RECORD)
                if crc32(record) != _WHOLE:
                    raise ValueError("a record is damaged")
                found.append(record[:_BODY])
        return found

    def _number(self) -> int:
        file = self._open()
        if file is None:
            return 0
        with file:
            count, number = _count_and_number(file)
            for _ in _pieces(file):
                pass
        return number if count else 0

    def _holds(self, number: int, changes: "list[bytes]") -> bool:
        file = self._open()
        if file is None:
            return False
        with file:
            if _count_and_number(file) != (len(changes), number):
                return False
            at = 0
            for piece in _pieces(file):
                for start in range(0, len(piece), _RECORD):
                    if piece[start : start + _BODY] != changes[at]:
                        return False
                    at += 1
        return True


def _sealed(body: bytes) -> bytes:
    if len(body) != _BODY:
        raise ValueError("a record has another length")
    return body + (crc32(body) & 0xFFFFFFFF).to_bytes(4, "little")


def _end(count: int, number: int) -> bytes:
    body = _END + count.to_bytes(4, "big") + number.to_bytes(4, "big")
    return body + bytes(_BODY - len(body))


def _put(file, piece: bytes) -> None:
    if file.write(piece) != len(piece):
        raise OSError(_ENOSPC)


def _put_merged(file, piece: bytes, changes: "list[bytes]") -> int:
    """Writes the records of a piece, changed. Returns how many they are then."""
    records = {}
    for at in range(0, len(piece), _RECORD):
        record = piece[at : at + _RECORD]
        records[record[:KEY]] = record
    for change in changes:
        if len(change) > KEY:
            records[change[:KEY]] = _sealed(change)
        else:
            records.pop(change, None)
    for key in sorted(records):
        _put(file, records[key])
    return len(records)


def _count_and_number(file) -> "tuple[int, int]":
    """What the last record says. Raises ValueError where it is not there."""
    size = file.seek(0, 2)
    end = b""
    if size and size % _RECORD == 0:
        file.seek(size - _RECORD)
        end = file.read(_RECORD)
    count = size // _RECORD - 1
    if crc32(end) != _WHOLE or end[: KEY + 4] != _END + count.to_bytes(4, "big"):
        raise ValueError("its end is damaged")
    return count, int.from_bytes(end[KEY + 4 : KEY + 8], "big")


def _pieces(file, damaged_too: bool = False):
    """Yields the records, ten at a time. Raises ValueError for damage, unless that may come too;
    OSError. file None: there are none."""
    if file is None:
        return
    left = _count_and_number(file)[0]
    file.seek(0)
    like = _sealed(bytes(_BODY))
    whole = crc32(like * _AT_ONCE)
    while left:
        count = min(left, _AT_ONCE)
        piece = file.read(count * _RECORD)
        if count < _AT_ONCE:
            whole = crc32(like * count)
        if crc32(piece) != whole and not damaged_too:
            raise ValueError("a record is damaged")
        yield piece
        left -= count


def _found_beside_damage(file, key: bytes) -> bytes:
    """The value of a key, by a look at every record."""
    for piece in _pieces(file, True):
        for at in range(0, len(piece), _RECORD):
            record = piece[at : at + _RECORD]
            if record[:KEY] == key and crc32(record) == _WHOLE:
                return record[KEY:_BODY]
    raise ValueError("a record is damaged")
