"""The time of a station that no central system tells: from time servers (SNTP), so that its weekly
plan has hours. Loaded where the identity names some, at the start and once a minute (late.py).

Rule 1: the central system's time wins. Nobody is asked where one is configured, but if none was
    reached in the day since the power came; and nobody ever after one was.
Rule 2: a server is asked twice a day, and after failures once a minute at first, then less and less
    often. One that refuses is not asked again. (RFC 4330, 10)
Rule 3: the time is not proved by anybody. So a clock that has been set leaps by more than 1000 s
    only after a second answer that says so."""

import asyncio
import os

from micropython import const

from .clock import sleep_ms

_DAY_MS = const(86400000)
_AGAIN_S = const(43200)
_FIRST_RETRY_S, _LAST_RETRY_S = const(60), const(3600)
_PATIENCE_S = const(30)
_LOOK_MS = const(1000)
_LEAP_S = const(1000)
_AGREE_S = const(10)


def is_wanted(app) -> bool:
    configured = app.board.identity["csms_url"]
    return app.station.links == 0 and (not configured or app.clock.uptime_ms() >= _DAY_MS)


def begin(app) -> None:
    """Unless it goes on already."""
    if "time" not in app.transfers and is_wanted(app):
        app.transfers["time"] = asyncio.create_task(_run(app))


async def _run(app) -> None:
    servers = list(app.board.identity["time"])
    doubted_s = None  # how far off the last answer was that is not believed yet
    retry_s = _FIRST_RETRY_S
    told = None
    try:
        while servers and is_wanted(app):
            while not app.board.network.up:
                await sleep_ms(_LOOK_MS)
            wait_s = retry_s
            retry_s = min(2 * retry_s, _LAST_RETRY_S)
            for server in list(servers):
                found, problem = await _ask(app, server)
                if not is_wanted(app):
                    return
                if found is None:
                    if problem != told:
                        told = problem
                        app.log("warn", "time", "%s: %s" % (server, problem))
                    if "refuses" in problem:
                        servers.remove(server)
                    continue
                off_s = 0 if app.clock.now() is None else found[0] - app.clock.now()
                if abs(off_s) > _LEAP_S and (
                    doubted_s is None or abs(off_s - doubted_s) > _AGREE_S
                ):
                    doubted_s = off_s
                    app.log("warn", "time", "%s is off by %d s: asking again" % (server, off_s))
                    continue
                doubted_s = told = None
                if app.clock.correct(*found):
                    app.log("note", "time", "clock set by the time server " + server)
                    app.dispatch(app.station.on_clock)
                wait_s, retry_s = _AGAIN_S, _FIRST_RETRY_S
                break
            # Not all stations of a street at once
            await sleep_ms(wait_s * 1000 + int.from_bytes(os.urandom(3), "big") % (wait_s * 100))
    finally:
        app.transfers.pop("time", None)


async def _ask(app, server: str) -> tuple:
    """(what time_of says, None), or (None, why there is nothing)."""
    from .board.time_server import time_of

    try:
        return await asyncio.wait_for(time_of(server, app.board.network), _PATIENCE_S), None
    except asyncio.TimeoutError:
        return None, "it does not answer"
    except (OSError, ValueError) as error:
        return None, str(error) or "it cannot be asked"
