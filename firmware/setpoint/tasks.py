"""Named tasks. MicroPython lets a task that raises die quietly; these do not: whoever started them
learns of it."""

import asyncio
import sys


async def _named(name: str, coroutine, on_death) -> None:
    try:
        await coroutine
        on_death(name, "it ended")
    except asyncio.CancelledError:
        raise
    except Exception as error:
        if hasattr(sys, "print_exception"):
            sys.print_exception(error)
        try:
            from .log_ring import sentence_of

            sentence = sentence_of(error)
        except Exception:  # no memory, or a PC's Python: the name will do
            sentence = type(error).__name__
        on_death(name, sentence)


def start(name: str, coroutine, on_death):
    """Starts a task. on_death(name, sentence) is called when it raises or ends; not when it is
    cancelled."""
    return asyncio.create_task(_named(name, coroutine, on_death))
