"""The whole agent, as main.py runs it, with somebody on its standard input who asks what it weighs.

`micropython -m agent [IMAGE] START.json`: IMAGE is a ROMFS image to run from, mapped into memory,
so that its bytecode lies outside the heap. Each line on standard input is answered by a line of
JSON: the heap in use after a collection, and what is free. From a line "watch" until the next line
it looks at each turn of the loop: "most" is the most that was in use after a collection."""

import gc
import sys
import time

_started = time.ticks_us()
gc.threshold(1024)  # as main.py has it while it loads, and below


def mount(path: str) -> None:
    import os

    import ffi
    import uctypes
    import vfs

    library = ffi.open("libc.so.6")
    file = library.func("i", "open", "si")(path, 0)
    size = os.stat(path)[6]
    address = library.func("p", "mmap", "Piiiii")(None, size, 1, 2, file, 0)
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(address, size)), "/rom")
    sys.path.insert(0, "/rom")


if len(sys.argv) > 2:
    mount(sys.argv[-2])
gc.collect()
_bare = gc.mem_alloc()


def _ms() -> float:
    return time.ticks_diff(time.ticks_us(), _started) / 1000


async def watch(facts: dict):
    while True:
        gc.collect()
        facts["most"] = max(facts["most"], gc.mem_alloc())
        await asyncio.sleep_ms(0)


async def answer_questions(app, facts: dict):
    questions = asyncio.StreamReader(sys.stdin)
    watching = None
    while True:
        line = await questions.readline()
        if not line:
            return
        peak = app.peak_memory
        if watching is not None:
            watching.cancel()
            watching = None
        if line == b"watch\n":
            facts["most"] = 0
            watching = asyncio.create_task(watch(facts))
        gc.collect()
        facts["used"] = gc.mem_alloc()
        facts["free"] = gc.mem_free()
        facts["peak"] = peak
        facts["worst_stall_ms"] = app.control.worst_stall_ms
        print(json.dumps(facts))


from setpoint import board as boards  # noqa: E402

board = boards.this()
_board_ms = _ms()
board.make_safe()
_safe_ms = _ms()

import asyncio  # noqa: E402
import json  # noqa: E402

from setpoint.app import App  # noqa: E402

_app_ms = _ms()
gc.collect()
facts = {
    "bare": _bare,
    "imported": gc.mem_alloc(),
    "safe_ms": _safe_ms,
    "import_ms": _app_ms - _safe_ms + _board_ms,
}
app = App(board)
gc.threshold(2048)
app.control.step(20)
facts["step_ms"] = _ms()

_attach = board.attach
board.attach = lambda app: _attach(app) + [("questions", answer_questions(app, facts))]
try:
    asyncio.run(app.run())
finally:
    board.make_safe()
