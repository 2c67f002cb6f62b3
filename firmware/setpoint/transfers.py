"""Files that come and go: an effect ("transfer", name, job) of the station becomes a task beside its
passes, and the task's end an event, `transfer_ended` of station/seldom.py. Loaded for that (late.py).

    upload      job: (url, file name, log type, from, to), diagnostics.py
    download    job: (url, what outlives a try), update/work.py

Rule 1: at most one upload and one download are under way; a new job ends the one before, a job None
    only ends it. No event comes of what was ended.
Rule 2: nothing that goes wrong here reaches the agent or the link, but as a sentence.
Rule 3: a transfer ends within _LONGEST_S.
Rule 4: nothing begins where it could take the memory that the agent needs: without it a station
    restarts, in mid-charge too.
Rule 5: a file that comes over TLS never goes without it for want of memory. Where the board has memory
    for one TLS connection only, and the link has it, the link is closed for the transfer, for
    _LONGEST_REST_S at most. The station is offline then: limits, transactions and the fallback go
    on as in any outage, and the statuses are told afterwards."""

import asyncio
import gc

from .clock import sleep_ms

_LONGEST_S = 3600
_LONGEST_REST_S = 300
_LOOK_MS = 200
_LEAST_FREE = 20000  # bytes; an upload was seen to take 16000 at its worst moment


def change(app, name: str, job: "tuple | None") -> None:
    running = app.transfers.pop(name, None)
    if running is not None:
        running.cancel()
    if job is not None:
        app.transfers[name] = asyncio.create_task(_run(app, name, job))


async def _run(app, name: str, job: tuple) -> None:
    way = _Way(app)
    began_ms = app.clock.ticks_ms()
    found = []
    work = asyncio.create_task(_carry_out(app, way, name, job, found))
    try:
        while not found:
            await sleep_ms(_LOOK_MS)
            most_s = _LONGEST_REST_S if way.link_rests else _LONGEST_S
            if app.clock.ticks_ms() - began_ms >= most_s * 1000:
                found.append(("it took longer than %d s" % most_s, None))
    finally:
        work.cancel()
        if way.link_rests:
            app.session.resume()
    app.transfers.pop(name, None)
    try:
        app.dispatch(app.station.seldom, "transfer_ended", name, found[0])
    except Exception as error:
        app.log("error", "files", "fault after an %s: %s" % (name, type(error).__name__))


async def _carry_out(app, way, name: str, job: tuple, found: list) -> None:
    """Appends the problem to `found`, None where there is none."""
    gc.collect()
    if gc.mem_free() < _LEAST_FREE:
        sentence = "too little memory is free now: %d bytes, and it may take %d"
        found.append((sentence % (gc.mem_free(), _LEAST_FREE), None))
        return
    try:
        if name == "upload":
            from .diagnostics import upload as carry_out
        else:
            from .update.work import fetch as carry_out
        if name == "upload" and job[0][:4].lower() == "ftp:":
            from .link.ftp import Client

            client = Client(way)
        else:
            from .link.http import Client

            tls = app.board.identity.get("tls") or {}
            client = Client(way, app.clock, tls.get("ca_file"), documents=app.documents)
        found.append(await carry_out(app, client, *job))
    except MemoryError:
        found.append(("out of memory", None))
    except Exception as error:  # of this program
        found.append(("%s: %s" % (type(error).__name__, error), None))
        app.log("error", "files", "fault in an %s: %s" % (name, found[0][0]))


class _Way:
    """The board's network, as a transfer uses it."""

    def __init__(self, app) -> None:
        self._app = app
        self.link_rests = False

    async def open(self, host: str, port: int, tls=None, server_hostname: "str | None" = None):
        network, session = self._app.board.network, self._app.session
        if tls is None:
            return await network.open(host, port)
        if not network.has_room_for_tls():
            self.link_rests = True
            await session.rest("memory is needed to transfer a file over TLS")
        return await network.open(host, port, tls=tls, server_hostname=server_hostname)
