"""Runs on MicroPython: the station as main.py runs it, but the task named first raises once
connector 1's contactor is closed.

`micropython -m task_killed NAME START.json`, with the firmware in its path. When the board is
reset, the outputs are printed: {"contactor_closed": false, "duty_u16": 65535}."""

import asyncio
import json
import sys

from setpoint import board as boards
from setpoint import tasks

_start = tasks.start


async def _killed(coroutine):
    """Does its work until the vehicle charges."""
    work = asyncio.create_task(coroutine)
    while not outlet.contactor_closed():
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    work.cancel()
    raise ValueError("killed")


def start(name, coroutine, on_death):
    names.append(name)
    return _start(name, _killed(coroutine) if name == sys.argv[-2] else coroutine, on_death)


names = []
tasks.start = start
board = boards.this()
outlet = board.outlets[0]
board.make_safe()
reset = board.reset


def printing_reset():
    seen = {"contactor_closed": outlet.contactor_closed(), "duty_u16": outlet.duty_u16}
    print(json.dumps(dict(seen, tasks=names)))
    reset()


board.reset = printing_reset
boards.this = lambda: board
import main  # noqa: E402, F401
