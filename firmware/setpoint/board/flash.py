"""The block device for littlefs, with the chip's own behind it: nothing that is raised there jumps
over littlefs.

What the chip refuses, MicroPython's ESP32 port raises, as OSError with the negative error of
ESP-IDF. littlefs is C: an exception that jumps over it leaves it in the middle of what it does, and
a file whose read ended so was taken for a damaged one. Rules:

1. A read that fails is tried three times: littlefs takes one that failed for done, and answers the
   next from its cache.
2. What fails still is the number of EIO to littlefs: it undoes what it had begun, and who reads or
   writes a file gets OSError(EIO).
3. The control step gets its turn after each read, write and erasure, however many of them littlefs
   makes in one call. MicroPython looks for what is due where its bytecode jumps: hence each `or`.
   It stands inside the `try`, since Ctrl-C comes at the same places.
4. Nothing here takes memory, as littlefs calls it thousands of times. MicroPython takes a frame of
   more than 11 words from the heap. So the module itself is the device, since there is one chip,
   and no word goes to a `self`. And each `except` is bare: one that names what it catches takes two
   words more.
"""

import errno
import os
import sys

import vfs
from micropython import const

# littlefs's rarest and longest work is to write a folder's log anew: it compares each entry with
# all that follow, and reads its way back to each. Its cache is four reads long, and a file as short
# as the cache lies in the log itself. Reads for a rewrite of one of 10 or 50 profiles of 24 or 96
# periods, mean and worst of 3,000, on the 208 blocks of a flash of 4 MiB; what the mount takes of
# the heap of a 32-bit chip; and blocks erased for a rewrite of 24 periods:
#
#     bytes     10 of 24     50 of 24     10 of 96     50 of 96      heap   erased
#        32   588  17020  1100  35907   603  17035  1115  35922     592 B     1.02
#        64   297   8710   577  18262   303   8716   583  18268     848 B     1.02
#       128   197   1257   392   2175   134   2984   267  14409   1,360 B     0.15
#       256   156   1034   275   1599    76   1626   150   7410   2,384 B     0.15
#       512   102    672   186    996    52    851    86   3874   4,432 B     0.15
#
# A file that is open takes a cache of its own.
_READ_BYTES = const(128)
_WRITE_BYTES = const(32)  # what a write is filled up to; longer ones wear the chip
# A bit for each block that littlefs has found free or taken, when it looks for a free one: 256
# blocks. With 512 bytes, the reads of the table come out the same, on 208 blocks, 512 and 1536: the
# look takes few, and is rare. With 20 blocks left of 512, 64 bytes instead of 32 save an eighth of
# them.
_LOOKAHEAD_BYTES = const(32)


def _no_device(*arguments):
    raise OSError(errno.ENODEV)


_read = _write = _control = _no_device


def before(device):
    """The device for littlefs: this module, before `device` from now on."""
    global _read, _write, _control
    _read, _write, _control = device.readblocks, device.writeblocks, device.ioctl
    return sys.modules[__name__]


def file_system(device):
    """The littlefs on `device`, with this module before it, as vfs.mount takes it. Raises OSError
    where there is none."""
    return vfs.VfsLfs2(
        before(device), readsize=_READ_BYTES, progsize=_WRITE_BYTES, lookahead=_LOOKAHEAD_BYTES
    )


def remount(device, folder: str) -> None:
    """Mounts the file system on `device` anew, with this module before it. No file is open. Raises
    OSError."""
    working_folder = os.getcwd()
    vfs.umount(folder)
    vfs.mount(file_system(device), folder)
    os.chdir(working_folder)


def readblocks(block: int, buffer, offset: int = 0):
    try:
        return _read(block, buffer, offset) or None
    except:  # noqa: E722  # rule 4
        pass
    return _read_again(block, buffer, offset)


def _read_again(block: int, buffer, offset: int):
    for _ in (2, 3):
        try:
            return _read(block, buffer, offset)
        except BaseException:
            pass
    return -errno.EIO


def writeblocks(block: int, buffer, offset: int = 0):
    try:
        return _write(block, buffer, offset) or None
    except:  # noqa: E722  # rule 4
        return -errno.EIO


def ioctl(operation: int, argument: int):
    """Erases a block, or says how many there are."""
    try:
        return _control(operation, argument) or 0
    except:  # noqa: E722  # rule 4
        return -errno.EIO
