"""The last sessions, in flash: whether or not there is a central system. Loaded for each that ends, and
for each who asks.

    sessions/0, sessions/1, ...   records of 42 bytes (store/ring.py)

A record is the transaction's own number, the connector, the instants of begin and end, Wh, the reason
of the end, the idTag, and the CRC-32 of what stands before it. A session whose vehicle still drew when
it ended gets a second record with the last reading, which counts in place of the first."""

import errno
import json
import os
import struct
from binascii import crc32

from micropython import const

from ..protocol.iso8601 import text_from
from ..store import ring
from ..store.files import patiently

_FORM = ">IBIIIB20s"
_BODY = const(38)
_RECORD = const(42)
_MOST_FILES = const(4)  # 3 full ones: 145 sessions, if each has two records
_UNKNOWN = const(0xFFFFFFFF)  # the time was not known
_MOST_WH = const(0xFFFFFFFE)
_MOST_TOLD = const(100)
# OCPP 1.6, 7.36
_REASONS = (
    "DeAuthorized",
    "EmergencyStop",
    "EVDisconnected",
    "HardReset",
    "Local",
    "Other",
    "PowerLoss",
    "Reboot",
    "Remote",
    "SoftReset",
    "UnlockCommand",
)


def keep(app) -> None:
    """After a pass: the sessions that ended in it come into flash. What it does not take is lost."""
    ended = app.station.facts.ended_sessions
    try:
        add(app.board.root + "/sessions", ended)
    except (OSError, MemoryError) as error:
        app.log("error", "page", "a session cannot be written: %r" % error)
    ended.clear()


def add(folder: str, ended: list) -> None:
    """ended: as Facts.ended_sessions has them. Raises OSError: then the rest of them is missing."""
    for one in ended:
        if len(one) == 2:
            connector, more_wh = one
            last = patiently(_last_of, folder, connector)
            if last is None or more_wh <= 0:
                continue
            record = list(last)
            record[4] += more_wh
        else:
            record = list(one)
            record[5] = _REASONS.index(record[5] if record[5] in _REASONS else "Other")
            record[6] = record[6].encode()[:20]
        ring.add(folder, ring.files_in(folder), _sealed(record), _RECORD, _MOST_FILES)


def _sealed(record: list) -> bytes:
    handle, connector, start, stop, wh, reason, tag = record
    body = struct.pack(
        _FORM,
        handle & 0xFFFFFFFF,
        connector,
        _UNKNOWN if start is None else max(start, 0),
        _UNKNOWN if stop is None else max(stop, 0),
        min(max(wh, 0), _MOST_WH),
        reason,
        tag,
    )
    return body + (crc32(body) & 0xFFFFFFFF).to_bytes(4, "big")


def _read(folder: str, number: int, at: int) -> "tuple | None":
    """The record at that place of a file; None: it is damaged."""
    with open("%s/%d" % (folder, number), "rb") as file:
        file.seek(at * _RECORD)
        data = file.read(_RECORD)
    if len(data) < _RECORD or crc32(data[:_BODY]) & 0xFFFFFFFF != int.from_bytes(
        data[_BODY:], "big"
    ):
        return None
    found = struct.unpack(_FORM, data[:_BODY])
    return found if found[5] < len(_REASONS) else None


def _last_of(folder: str, connector: int) -> "tuple | None":
    for record in newest(folder):
        if record[1] == connector:
            return record
    return None


def newest(folder: str):
    """Yields the sessions' records, the newest first: (number, connector, start, stop, Wh, reason's
    number, idTag in bytes). Raises OSError. No file is open in between: records may be added, and
    the oldest file may go."""
    seen = []  # numbers of the last ones: a second record comes soon after the first
    for number in reversed(ring.files_in(folder)):
        try:
            count = patiently(os.stat, "%s/%d" % (folder, number))[6] // _RECORD
            for at in range(count - 1, -1, -1):
                record = patiently(_read, folder, number, at)
                if record is None or record[:3] in seen:
                    continue
                seen.append(record[:3])
                del seen[:-20]
                yield record
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def _instant(value: int) -> "str | None":
    return None if value == _UNKNOWN else text_from(value)


def _text(tag: bytes) -> str:
    return "".join([chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in tag.rstrip(b"\0")])


async def answer(app, exchange) -> None:
    """GET /api/sessions: the newest first."""
    await exchange.begin(200, "application/json")
    before = '{"sessions":['
    count = 0
    for _, connector, start, stop, wh, reason, tag in newest(_folder(app)):
        await exchange.write(before)
        await exchange.write(
            '{"connector":%d,"id_tag":%s,"start":%s,"stop":%s,"wh":%d,"reason":"%s"}'
            % (
                connector,
                json.dumps(_text(tag)),
                json.dumps(_instant(start)),
                json.dumps(_instant(stop)),
                wh,
                _REASONS[reason],
            )
        )
        before = ","
        count += 1
        if count == _MOST_TOLD:
            break
    await exchange.write("]}" if count else before + "]}")
    await exchange.end()


async def csv(app, exchange) -> None:
    """GET /api/sessions.csv (RFC 4180): all that are kept, the newest first."""
    await exchange.begin(
        200,
        "text/csv; charset=utf-8",
        'Content-Disposition: attachment; filename="sessions.csv"\r\n',
    )
    await exchange.write("connector,id_tag,start,stop,wh,reason\r\n")
    for _, connector, start, stop, wh, reason, tag in newest(_folder(app)):
        await exchange.write(
            "%d,%s,%s,%s,%d,%s\r\n"
            % (
                connector,
                _field(_text(tag)),
                _instant(start) or "",
                _instant(stop) or "",
                wh,
                _REASONS[reason],
            )
        )
    await exchange.end()


def _field(text: str) -> str:
    """In quotes where that is needed, and with an apostrophe before what a spreadsheet would take for
    a formula."""
    if text[:1] in ("=", "+", "-", "@"):
        text = "'" + text
    return '"%s"' % text.replace('"', '""') if "," in text or '"' in text else text


def _folder(app) -> str:
    return app.board.root + "/sessions"
