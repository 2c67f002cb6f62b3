"""The files that a central system may ask for: what they hold, and their upload. Loaded for that
(late.py).

A file is not put together: its pieces are made anew each time, once to count them and once for each
try to send them. So that what changes in between does no harm, the log is read up to the length
that it had, and the file is promised _SLACK bytes longer; line ends fill it up (link/http.py).

No secret is in it: of the identity only what BootNotification tells, and no key that GetConfiguration
would not tell."""

import json
import os

from micropython import const

from . import __version__, dim_log
from .clock import sleep_ms
from .inspection import state_of
from .protocol.iso8601 import text_from
from .units import tenths_text

_SLACK = const(128)
_SLICE = const(512)
# "PUT is not for this URL"; web frameworks say so with 404 as well
_TRY_POST = (404, 405, 501)
_TOLD = (
    "vendor",
    "model",
    "firmware",
    "charge_point_id",
    "charge_box_serial",
    "charge_point_serial",
)


async def upload(
    app, client, url: str, name: str, log_type: str, start: "int | None", stop: "int | None"
) -> "tuple | None":
    """As Client.send. start, stop: instants between which lines of the log count; None: all."""
    file = File(app, name, log_type, start, stop)
    for piece in file.pieces():
        file.length += len(piece)
        await sleep_ms(0)
    file.length += _SLACK
    problem = await client.send(url, file)
    if problem is not None and problem[1] in _TRY_POST and url[:4].lower() == "http":
        posted = await client.send(url, file, "POST")
        if posted is None or posted[1] not in _TRY_POST:
            problem = posted
    return problem


class File:
    """`name`, `length` and `pieces` as Client.send takes them."""

    def __init__(self, app, name: str, log_type: str, start, stop) -> None:
        self.name = name
        self.length = 0
        self._app = app
        self._first = "" if start is None else text_from(start)
        self._last = "~" if stop is None else text_from(stop)
        logs = ("security",) if log_type == "SecurityLog" else ("log", "security")
        self._is_whole = len(logs) > 1
        self._logs = []  # (path, bytes)
        for log in logs:
            for ending in (".old", ""):
                path = "%s/state/%s%s" % (app.board.root, log, ending)
                try:
                    self._logs.append((path, os.stat(path)[6]))
                except OSError:
                    pass  # there is none yet
        self._dims = dim_log.count(app.board.root + "/dim") if self._is_whole else 0

    def pieces(self):
        app = self._app
        identity = app.board.identity
        yield b"Setpoint %s on %s\n" % (__version__.encode(), app.board.name.encode())
        for field in _TOLD:
            if identity.get(field):
                yield ("%s: %s\n" % (field, identity[field])).encode()
        if self._is_whole:
            for piece in self._state():
                yield piece
        for path, length in self._logs:
            yield ("\n%s\n" % path[path.rindex("/") + 1 :]).encode()
            for line in _lines(path, length):
                stamp = str(line[:20], "utf-8") if line[:1].isdigit() else None
                if stamp is None or self._first <= stamp <= self._last:
                    yield line
        if self._dims:
            yield b"\ndim input\n"
            for line in dim_log.lines(app.board.root + "/dim", self._dims):
                if line[0] == "+" or self._first <= line[:20] <= self._last:
                    yield line.encode() + b"\n"

    def _state(self):
        from .station import keys
        from .station.answers.datatransfer import plan_of, profile_of

        station = self._app.station
        state = state_of(self._app)
        connectors = state.pop("connectors")
        yield b"\nstate\n%s\n" % json.dumps(state).encode()
        for connector in connectors:
            yield json.dumps(connector).encode() + b"\n"
        yield b"latched faults: %s\n" % json.dumps(self._app.stored_faults).encode()
        yield b"messages of transactions that wait: %d\n" % len(station.outbox)
        yield b"\nkeys\n"
        for name in keys.names():
            if keys.readable(name):
                value = station.settings.values.get(name)
                text = keys.text_of(keys.first_value(name) if value is None else value)
                yield ("%s=%s\n" % (name, text)).encode()
        yield b"\nprofiles\n"
        for profile in station.profiles:
            yield json.dumps(profile_of(profile)).encode() + b"\n"
            for start_s, limit, phases in profile.periods():
                yield ("  %d %s %s\n" % (start_s, tenths_text(limit), phases or "")).encode()
        for line in plan_of(station):
            yield b"plan: %s\n" % line.encode()


def _lines(path: str, length: int):
    """Yields the lines of a file up to that length. It is open for no longer than a slice: the log
    may be written meanwhile."""
    at, rest = 0, b""
    while at < length:
        try:
            with open(path, "rb") as file:
                file.seek(at)
                data = file.read(min(_SLICE, length - at))
        except OSError:
            return
        if not data:
            return
        at += len(data)
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield line + b"\n"
