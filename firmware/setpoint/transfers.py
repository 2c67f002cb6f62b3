"""Files that come and go: an effect ("transfer", name, job) of the station becomes a task beside its
passes, and the task's end an event, `Station.on_transfer(name, problem)`. Loaded for that (late.py).

    upload      job: (url, file name, log type, from, to), diagnostics.py
    download    job: (url, what outlives a try), update/work.py

Rule 1: at most one upload and one download are under way; a new job ends the one before, a job None
    only ends it. No event comes of what was ended.
Rule 2: nothing that goes wrong here reaches the agent or the link, but as a sentence.
Rule 3: no transfer takes longer than _LONGEST_S."""

import asyncio

from .link.http import Client

_LONGEST_S = 3600


def change(app, name: str, job: "tuple | None") -> None:
    running = app.transfers.pop(name, None)
    if running is not None:
        running.cancel()
    if job is not None:
        app.transfers[name] = asyncio.create_task(_run(app, name, job))


async def _run(app, name: str, job: tuple) -> None:
    try:
        problem = await asyncio.wait_for(_carry_out(app, name, job), _LONGEST_S)
    except asyncio.TimeoutError:
        problem = ("it took longer than %d s" % _LONGEST_S, None)
    except MemoryError:
        problem = ("out of memory", None)
    except Exception as error:  # of this program
        problem = ("%s: %s" % (type(error).__name__, error), None)
        app.log("error", "files", "fault in an %s: %s" % (name, problem[0]))
    app.transfers.pop(name, None)
    try:
        app.dispatch(app.station.on_transfer, name, problem)
    except Exception as error:
        app.log("error", "files", "fault after an %s: %s" % (name, type(error).__name__))


async def _carry_out(app, name: str, job: tuple) -> "tuple | None":
    tls = app.board.identity.get("tls") or {}
    client = Client(app.board.network, app.clock, tls.get("ca_file"), documents=app.documents)
    if name == "upload":
        from .diagnostics import upload as carry_out
    else:
        from .update.work import fetch as carry_out
    return await carry_out(app, client, *job)
