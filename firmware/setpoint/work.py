"""Long work of the station, such as checking a signature, beside its passes: an effect ("work",
generator) becomes a task that runs it slice by slice, and its end an event,
station/long_work.py's `ended`. Loaded for that (late.py).

Rule 1: slices run for _TURN_MS at most, or one alone; then the loop goes round.
Rule 2: it begins once _LEAST_FREE bytes are free, or after _LONGEST_WAIT_S: an event that lacks
    them meanwhile would restart the station.
Rule 3: where the memory ends, the work ends without an answer; the station goes on."""

import asyncio
import gc

from micropython import const

from .clock import sleep_ms

_TURN_MS = const(4)
_LEAST_FREE = const(16000)  # bytes; a signature with 4096 bits was seen to take 10 KB
_LONGEST_WAIT_S = const(20)


def begin(app, generator) -> None:
    app.transfers["work"] = asyncio.create_task(_run(app, generator))


async def _run(app, generator) -> None:
    from .station.long_work import ended

    found = None
    for _ in range(_LONGEST_WAIT_S):
        gc.collect()
        if gc.mem_free() >= _LEAST_FREE:
            break
        await sleep_ms(1000)
    try:
        while True:
            until_ms = app.clock.ticks_ms() + _TURN_MS
            while app.clock.ticks_ms() < until_ms:
                next(generator)
            await sleep_ms(0)
    except StopIteration as end:
        found = end.value
    except MemoryError:
        app.log("error", "app", "out of memory in long work")
    except Exception as error:  # of this program
        app.log("error", "app", "fault in long work: %s: %s" % (type(error).__name__, error))
    app.transfers.pop("work", None)
    try:
        app.dispatch(ended, app.station, found)
    except Exception as error:
        app.log("error", "app", "fault after long work: %s" % type(error).__name__)
