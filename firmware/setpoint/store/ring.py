"""Records of one length in flash, of which the oldest go when there are too many. Loaded for each use
(late.py).

    FOLDER/0, FOLDER/1, ...   a block of flash each, the oldest first

A record is added by one write to the last file, which littlefs takes whole or not at all. Each record
has its own checksum, which is its owner's: a damaged one does not affect the others."""

import errno
import os

from micropython import const

from .files import names_in, patiently, remove_file, write_file

_FILE = const(4096)


def files_in(folder: str) -> "list[int]":
    """The numbers of the files, the oldest first. Raises OSError."""
    return patiently(_files_in, folder)


def _files_in(folder: str) -> "list[int]":
    try:
        return sorted([int(name) for name in names_in(folder) if name.isdigit()])
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        return []


def add(
    folder: str, files: "list[int]", records: bytes, record_bytes: int, most_files: int
) -> None:
    """Adds one record or several, all of them or none. files: as files_in has them. Raises
    OSError."""
    if files:
        path = "%s/%d" % (folder, files[-1])
        size = patiently(os.stat, path)[6]
        if size % record_bytes == 0 and size + len(records) <= _FILE:
            write_file(path, "ab", records)
            return
    else:
        try:
            os.mkdir(folder)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
    while len(files) >= most_files:
        remove_file("%s/%d" % (folder, files.pop(0)))
    write_file("%s/%d" % (folder, files[-1] + 1 if files else 0), "wb", records)
