"""Changing files. When a change fails, the file system is mounted anew before anything else is done to it: littlefs undoes
what it had begun only when it is full, and after any other error of its chip goes on from a state that no longer is.
"""

import errno
import os

from micropython import const

_ENOSPC = const(28)  # MicroPython's errno has no name for it
_remount = _reset = None


def recover_by(remount, reset) -> None:
    """The board's: remount() mounts the file system anew; reset() where that fails, or there is no memory for it. A station
    that went on without its files would take every document for absent."""
    global _remount, _reset
    _remount, _reset = remount, reset


def write_file(path: str, mode: str, content: bytes) -> None:
    """Opens, writes all, closes. Raises OSError."""
    done = False
    try:
        with open(path, mode) as file:
            if file.write(content) != len(content):
                raise OSError(_ENOSPC)
        done = True
    finally:
        if not done:  # for lack of memory, too
            recover()


def remove_file(path: str) -> None:
    """That there is no such file is no error. Raises OSError."""
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            recover()
            raise


def remove_if_possible(path: str) -> None:
    try:
        remove_file(path)
    except OSError:
        pass


def recover() -> None:
    """After a failed change, with every file closed."""
    if _remount is not None:
        try:
            _remount()
        except (MemoryError, OSError):
            _reset()
