"""Starts the compiled firmware on MicroPython's unix port: `micropython run_compiled.py BUILD ... START.json`.

Where the interpreter can map a file (module ffi), bytecode runs in place from the ROMFS image, outside the heap, as
it does on a chip from flash; else the .mpy files are loaded.
"""

import os
import sys


def use(build: str) -> None:
    try:
        import ffi
        import uctypes
        import vfs

        libc = ffi.open("libc.so.6")
    except (ImportError, OSError):
        sys.path.insert(0, build + "/mpy")
        return
    image = build + "/firmware.romfs"
    size = os.stat(image)[6]
    descriptor = libc.func("i", "open", "si")(image, 0)
    address = libc.func("p", "mmap", "Piiiii")(None, size, 1, 2, descriptor, 0)  # PROT_READ, MAP_PRIVATE
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(address, size)), "/rom")
    sys.path.insert(0, "/rom")


if __name__ == "__main__":
    use(sys.argv[1])
    import main  # noqa: F401
