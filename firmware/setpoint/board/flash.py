"""The block device for littlefs, with the chip's own behind it: nothing that is raised there jumps over littlefs.

What the chip refuses, MicroPython's ESP32 port raises, as OSError with the negative error of ESP-IDF. littlefs is C: an exception
that jumps over it leaves it in the middle of what it does, and a file whose read ended so was taken for a damaged one. Rules:

1. A read that fails is tried three times: littlefs takes one that failed for done, and answers the next from its cache.
2. What fails still is the number of EIO to littlefs: it undoes what it had begun, and who reads or writes a file gets
   OSError(EIO).
3. The module itself is the device, since there is one chip. MicroPython takes a frame of more than 11 words from the heap, at each
   of thousands of reads, and readblocks has no word to spare for a `self`.
"""

import errno
import os
import sys

import vfs


def _no_device(*arguments):
    raise OSError(errno.ENODEV)


_read = _write = _control = _no_device


def before(device):
    """The device for littlefs: this module, before `device` from now on."""
    global _read, _write, _control
    _read, _write, _control = device.readblocks, device.writeblocks, device.ioctl
    return sys.modules[__name__]


def remount(device, folder: str) -> None:
    """Mounts the file system on `device` anew, with this module before it. No file is open. Raises OSError."""
    working_folder = os.getcwd()
    vfs.umount(folder)
    vfs.mount(before(device), folder)
    os.chdir(working_folder)


def readblocks(block: int, buffer, offset: int = 0):
    try:
        return _read(block, buffer, offset)
    except BaseException:  # Ctrl-C comes between two bytecodes, of these too
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
        return _write(block, buffer, offset)
    except BaseException:
        return -errno.EIO


def ioctl(operation: int, argument: int):
    """Erases a block, or says how many there are."""
    try:
        return _control(operation, argument)
    except BaseException:
        return -errno.EIO
