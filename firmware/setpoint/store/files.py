"""Reads and changes files. After an error of the flash chip the file system is mounted anew, before
anything else uses it.

littlefs undoes what it began only when the flash is full. After any other error it goes on from a
state that is no longer true: after a failed read, for instance, it serves the stale contents of its
cache.
"""

import errno
import os

from micropython import const

_ENOSPC = const(28)  # MicroPython's errno has no name for it
_remount = _reset = None
# CPython has no ilistdir
_entries = getattr(os, "ilistdir", None) or (
    lambda folder: [(name,) for name in os.listdir(folder)]
)


def recover_by(remount, reset) -> None:
    """The board's two ways out: remount() mounts the file system anew. Where that fails, or memory
    is short, reset() restarts the station: without its files it would take every document for
    absent."""
    global _remount, _reset
    _remount, _reset = remount, reset


def patiently(read, *arguments):
    """What read(*arguments) returns. Where the chip fails, it is read up to three times: one failed
    read does not prove that the content is lost. Raises OSError."""
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
    """The names in a folder; filled: of what is not empty. Raises OSError.

    For a read that fails MicroPython yields an entry without a name, and listdir would collect such
    entries for ever."""
    names = []
    for entry in _entries(folder):
        if not entry[0]:
            raise OSError(errno.EIO)
        if not filled or _length(folder, entry):
            names.append(entry[0])
    return names


def _length(folder: str, entry: tuple) -> int:
    """Bytes. littlefs has it in the entry; asked for each by name, it would read the folder each
    time."""
    return entry[3] if len(entry) > 3 else os.stat(folder + "/" + entry[0])[6]


def has_room(folder: str, blocks: int) -> bool:
    """Are so many blocks of the flash free? Raises OSError."""
    return patiently(os.statvfs, folder)[3] >= blocks


def write_file(path: str, mode: str, *parts: bytes) -> None:
    """Opens, writes all, closes. Raises OSError."""
    done = False
    try:
        with open(path, mode) as file:
            for part in parts:
                if file.write(part) != len(part):
                    raise OSError(_ENOSPC)
        done = True
    finally:
        if not done:  # a lack of memory leaves a half-written file, too
            recover()


def remove_file(path: str) -> None:
    """Removes a file. A file that does not exist is no error. Raises OSError."""
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
