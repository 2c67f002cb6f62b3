"""Changing files. When a change fails, the file system is mounted anew before anything else is done to it: littlefs undoes
what it had begun only when it is full, and after any other error of its chip goes on from a state that no longer is.

"""

import errno
import os

from micropython import const

_ENOSPC = const(28)  # MicroPython's errno has no name for it
_remount = None


def recover_by(remount) -> None:
    """remount(): mounts the file system anew; the board's."""
    global _remount
    _remount = remount


def write_file(path: str, mode: str, content: bytes) -> None:
    """Opens, writes all, closes. Raises OSError."""
    try:
        with open(path, mode) as file:
            if file.write(content) != len(content):
                raise OSError(_ENOSPC)
    except OSError:
        recover()
        raise


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
        _remount()
