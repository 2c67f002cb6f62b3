"""Starts the firmware on MicroPython's unix port: `micropython run_compiled.py PROGRAM ...
START.json`.

PROGRAM is "frozen", for what the interpreter has inside, or a build of tools/compiled.py. Where the
interpreter can map a file (module ffi), a build's bytecode runs in place from the ROMFS image,
outside the heap; else its .mpy files are loaded.

A byte on standard input stops it as Ctrl-C stops a chip, between two steps of the program. A signal
on a PC comes in the middle of whatever runs: in a collection, it leaves the heap locked."""

import asyncio
import os
import sys


def use(program: str) -> None:
    if program == "frozen":
        sys.path.insert(0, ".frozen")
        # main.py, which no image has inside
        sys.path.append(__file__.rsplit("/", 2)[0] + "/firmware")
        return
    try:
        import ffi
        import uctypes
        import vfs

        libc = ffi.open("libc.so.6")
    except (ImportError, OSError):
        sys.path.insert(0, program + "/mpy")
        return
    image = program + "/firmware.romfs"
    size = os.stat(image)[6]
    descriptor = libc.func("i", "open", "si")(image, 0)
    # PROT_READ, MAP_PRIVATE
    address = libc.func("p", "mmap", "Piiiii")(None, size, 1, 2, descriptor, 0)
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(address, size)), "/rom")
    sys.path.insert(0, "/rom")


def stop_when_told():
    """A task. It waits as asyncio's streams do, without their memory."""
    yield asyncio.core._io_queue.queue_read(sys.stdin)
    if sys.stdin.read(1):  # else nobody is there any more to tell it
        raise KeyboardInterrupt


if __name__ == "__main__":
    asyncio.create_task(stop_when_told())
    use(sys.argv[1])
    import main  # noqa: F401
