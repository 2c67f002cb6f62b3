"""Reading and changing files. When the chip fails, the file system is mounted anew before anything else is done to it: littlefs
undoes what it had begun only when it is full, and after any other error of its chip goes on from a state that no longer is.
A read that failed it even takes for done, and answers the next one with what was in its cache.
"""

import errno
import os

from micropython import const

_ENOSPC = const(28)  # MicroPython's errno has no name for it
_remount = _reset = None
_entries = getattr(os, "ilistdir", None) or (lambda folder: [(name,) for name in os.listdir(folder)])  # CPython has no ilistdir


def recover_by(remount, reset) -> None:
    """The board's: remount() mounts the file system anew; reset() where that fails, or there is no memory for it. A station
    that went on without its files would take every document for absent."""
    global _remount, _reset
    _remount, _reset = remount, reset


def patiently(read, *arguments):
    """What read(*arguments) answers. Where the chip fails, it is asked three times: what is there is not given up for a
    moment in which nobody could see it. Raises OSError."""
    for last in (False, False, True):
        try:
            return read(*arguments)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            recover()
            if last:
                raise


def names_in(folder: str, filled: bool = False) -> "list[str]":
    """Raises OSError. filled: leaves out what is empty.

    MicroPython gives an entry without a name for a read that fails, and listdir would gather them for ever.
    """
    names = []
    for entry in _entries(folder):
        if not entry[0]:
            raise OSError(errno.EIO)
        if not filled or _length(folder, entry):
            names.append(entry[0])
    return names


def _length(folder: str, entry: tuple) -> int:
    """Bytes. littlefs has it in the entry; asked for each by name, it would read the folder each time."""
    return entry[3] if len(entry) > 3 else os.stat(folder + "/" + entry[0])[6]


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
    """After a failed change or read, with every file closed."""
    if _remount is not None:
        try:
            _remount()
        except (MemoryError, OSError):
            _reset()
