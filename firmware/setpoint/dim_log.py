"""When the grid operator dimmed the station, in flash, for two years of two events a day. Imported
for each event, and dropped again (late.py).

    dim/0, dim/1, ...   records of 16 bytes (store/ring.py)

    0d3a6b1cB 5f0a91\\n  the instant in hexadecimal digits (units.py), the kind, and the last 24
                        bits of the CRC-32 of what stands before them

Kinds are those of charging/dimming.py. Where the time is not known, the kind is a small letter and
the number is that of the seconds since the start. Two more are kept then:

    r   the station started, and a record in small letters follows
    C   the clock was set: the instant at which that start was"""

import os
from binascii import crc32

from micropython import const

from .store import ring
from .store.files import patiently

_RECORD = const(16)
_SLICE = const(512)
# 12 full ones hold 3072 records: 730 days of 2 begins and 2 ends are 2920
_MOST_FILES = const(13)
_WORDS = {
    "B": "begin",
    "E": "end",
    "S": "begin, or going on: dimmed when the station started",
    "F": "end: not dimmed any more when the station started",
    "R": "the station started, without the time",
    "C": "that start was at this time: the clock was set",
}


def keep(folder: str, records: list) -> None:
    """Adds (kind, instant or None, seconds since the start). Raises OSError: then none of them is
    in flash."""
    files = ring.files_in(folder)
    last = patiently(_last_kind, folder, files)
    data = b""
    for kind, instant, up_s in records:
        if (kind == "F" and last not in "BSbs") or (kind == "C" and last < "a"):
            continue  # nothing was to be ended, or to be dated
        last = kind if instant is not None else kind.lower()
        data += _record(up_s if instant is None else instant, last)
    if data:
        ring.add(folder, files, data, _RECORD, _MOST_FILES)


def count(folder: str) -> int:
    """How many records there are. Raises OSError."""
    found = 0
    for number in ring.files_in(folder):
        found += os.stat("%s/%d" % (folder, number))[6] // _RECORD
    return found


def lines(folder: str, most: "int | None" = None):
    """Yields a sentence for each record, the oldest first: "2026-12-01T17:00:00Z begin", or where
    the time was not known "+3600 s begin". most: of them, if there are more by now. Raises OSError.

    A file is open for no longer than a slice: records may be added meanwhile."""
    from .protocol.iso8601 import text_from

    for number in ring.files_in(folder):
        at = 0
        while True:
            with open("%s/%d" % (folder, number), "rb") as file:
                file.seek(at)
                data = file.read(_SLICE)
            at += _SLICE
            for offset in range(0, len(data) - _RECORD + 1, _RECORD):
                if most is not None:
                    if most == 0:
                        return
                    most -= 1
                record = data[offset : offset + _RECORD]
                kind = _kind_of(record)
                if kind is None:
                    yield "a damaged record"
                    continue
                value = int(str(record[:8], "utf-8"), 16)
                time = text_from(value) if kind < "a" else "+%d s" % value
                yield "%s %s" % (time, _WORDS[kind.upper()])
            if len(data) < _SLICE:
                break


def _record(number: int, kind: str) -> bytes:
    body = b"%08x%s" % (number, kind.encode())
    return body + b"%06x\n" % (crc32(body) & 0xFFFFFF)


def _kind_of(record: bytes) -> "str | None":
    """None: it is damaged."""
    if record[9:] != b"%06x\n" % (crc32(record[:9]) & 0xFFFFFF):
        return None
    return str(record[8:9], "utf-8")


def _last_kind(folder: str, files: "list[int]") -> str:
    """Of the last whole record, "E" where there is none."""
    last = "E"
    if files:
        with open("%s/%d" % (folder, files[-1]), "rb") as file:
            count = os.stat("%s/%d" % (folder, files[-1]))[6] // _RECORD
            file.seek(max(count - 4, 0) * _RECORD)
            for _ in range(4):
                record = file.read(_RECORD)
                if len(record) == _RECORD:
                    last = _kind_of(record) or last
    return last
