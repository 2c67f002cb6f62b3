"""JSON documents in flash: each is the old one or the new one, whole, after a power cut at any
moment.

A document NAME lives in two files that are written in turn, NAME.a and NAME.b. The one with the
higher number is the document, the other is the one before: the last good copy. A file is one line
of header and the JSON text:

    setpoint 1 6f1c03d9 17          format, CRC-32 of what follows "6f1c03d9 ", number of the write
    {"id":1, ...}

Rules:
 1. The file that holds the document is never opened for writing. On littlefs, a file that is being
    written keeps its old content until it is closed; elsewhere a torn file fails its checksum.
    Either way the document is untouched.
 2. An empty file is a write that never ended, and counts as absent. Any other file whose content is
    wrong is set aside as NAME.bad and reported in `problems`; the last good copy takes its place. A
    file that the chip fails to read is only reported, and stays: the next start may read it. Until
    then nothing is written in its place.
 3. A document's last good copy is removed before the document itself, so that it cannot come back
    in its place.
 4. The last _RESERVE blocks are the journal's. Where they begin, a document keeps no last good copy
    that it had not before, and who could do without a new document asks `has_room` first.

Two files in turn, and not a temporary file that is renamed, because a rewrite then costs one block
of data and one line of the folder's log, or the log alone where the document is short. Measured on
littlefs as board/flash.py mounts it, mean of 400 rewrites among 10 documents: of 400 bytes, 605
bytes programmed and 0.15 blocks erased; with a temporary file and two renames (the document to the
last good copy, the new one to the document) 2,037 bytes and 0.54 blocks. Of 1,000 bytes, 1,103 and
1.02; with the renames 1,450 and 1.14."""

import errno
import json
import os
from binascii import crc32

from micropython import const

from .files import (
    has_room,
    names_in,
    patiently,
    recover,
    remove_file,
    remove_if_possible,
    write_file,
)

_FORMAT = const("setpoint 1 ")
_SLOTS = const((".a", ".b"))
_ASIDE = const(".bad")
_MAX_NAME = const(64)
_MAX_PROBLEMS = const(16)
_RESERVE = const(24)  # half of the journal's most; of the 112 blocks of a flash of 4 MiB


class Documents:
    """The documents in one folder, which is made when it is missing.

    `problems` holds the last 16 sentences at most: what was wrong, and what was done about it.
    Whoever reports them empties the list.
    """

    def __init__(self, folder: str) -> None:
        self.problems = []
        self._folder = folder
        # What was written last: (name, number, slot, whether it has a copy, CRC-32 of the body)
        self._last = None
        try:
            patiently(os.mkdir, folder)
        except OSError as error:
            if error.errno != errno.EEXIST:
                self._report("The folder %s cannot be made: %s." % (folder, error))

    def read(self, name: str, like=None, understand=None):
        """The document's value, or `like` when no copy can be read. Where `like` is given, the
        value has its type.

        understand(value) returns what the caller makes of the value. It raises ValueError,
        TypeError or LookupError for a value that it cannot have written: then the last good copy
        takes its place.
        """
        newest = self._newest(name)
        while newest is not None:
            _, slot, _, body = newest
            try:
                value = json.loads(body)
                if like is not None and type(value) is not type(like):
                    raise ValueError("it is no %s" % type(like).__name__)
                return value if understand is None else understand(value)
            # Another version than ours wrote it, and the checksum holds
            except (ValueError, TypeError, LookupError) as error:
                self._set_aside(self._path(name), slot, error)
            older = self._newest(name)
            newest = older if older is not None and older[1] != slot else None
        return like

    def write(self, name: str, value) -> bool:
        """Replaces a document. True when it was written, False when flash holds the same text
        already.

        Raises OSError when the flash cannot be written (full, worn out): then the old document is
        still in force. Raises ValueError (CPython: or TypeError) for a value that JSON cannot
        express, None included.

        Callers often write the same document many times in a row. So both files are read only when
        the name differs from the last one written, or when the checksum is equal: a checksum alone
        does not prove equal text.
        """
        text = json.dumps(value, separators=(",", ":"))
        # MicroPython dumps any object, as <object>
        if value is None or ("<" in text and json.loads(text) is None):
            raise ValueError("null is no document")
        body = text.encode()
        sum_of_body = crc32(body)
        last = self._last
        if last is not None and last[0] == name and last[4] != sum_of_body:
            newest = last[1:]
        else:
            newest = self._newest(name, True)
            if newest is not None and newest[3] == body:
                return False
        if newest is None:
            number, slot = 1, _SLOTS[0]
        else:
            number, slot = newest[0] + 1, _SLOTS[0] if newest[1] == _SLOTS[1] else _SLOTS[1]
        line = b"%d\n" % number
        header = _FORMAT.encode() + b"%08x " % (crc32(body, crc32(line)) & 0xFFFFFFFF) + line
        path = self._path(name) + slot
        outdated = None
        if newest is not None and not newest[2] and not self.has_room():
            outdated = self._path(name) + newest[1]
        # Now: when flash has it, nothing may fail any more
        last = (name, number, slot, newest is not None and outdated is None, sum_of_body)
        self._last = None
        try:
            write_file(path, "wb", header, body)
        except OSError:
            if newest is None or _holds(path, number):
                # Or each refused new name would leave an empty file, and littlefs, which looks at
                # what
                remove_if_possible(path)
            raise  # it wrote, a refused document where that look alone failed
        self._last = last
        if outdated is not None:
            remove_if_possible(outdated)
        return True

    def has_room(self) -> bool:
        """False: the rest of the flash is the journal's. Raises OSError."""
        return has_room(self._folder, _RESERVE)

    def remove(self, name: str) -> None:
        """Removes a document for good. A document that does not exist is no error. After an OSError
        it may still exist."""
        newest = self._newest(name, True)
        document = _SLOTS[0] if newest is None else newest[1]
        for slot in _SLOTS:
            if slot != document:
                remove_file(self._path(name) + slot)
        remove_file(self._path(name) + document)

    def records(self, name: str):
        """The sorted records of this name, which are no document: records.py."""
        from .records import Records

        return Records(self._path(name))

    def names(self) -> "list[str]":
        """The names of all documents, sorted. Raises OSError when the folder cannot be read."""
        found = set()
        for file_name in patiently(names_in, self._folder, True):
            if file_name[-2:] in _SLOTS and _is_name(file_name[:-2]):
                found.add(file_name[:-2])
        return sorted(found)

    def _path(self, name: str) -> str:
        if not _is_name(name):
            raise ValueError("not a document's name: %r" % (name,))
        return self._folder + "/" + name

    def _newest(self, name: str, changing: bool = False) -> "tuple[int, str, bool, bytes] | None":
        """(number, slot, whether it has a copy, body) of the newer readable file. Sets aside files
        with wrong content.

        changing: the caller is about to write or remove. Then a file that the chip fails to read
        raises OSError: it may be the newer one, and would come back."""
        newest = None
        for slot in _SLOTS:
            path = self._path(name) + slot
            try:
                found = patiently(_load, path)
            except (OSError, ValueError) as error:
                # Littlefs itself finds it damaged
                if not isinstance(error, OSError) or error.errno != errno.EIO:
                    self._set_aside(self._path(name), slot, error)
                elif changing:
                    raise
                else:
                    self._last = None
                    self._report("%s cannot be read for now (%s)." % (path, error))
                continue
            if found is None:
                continue
            if newest is None or found[0] > newest[0]:
                newest = (found[0], slot, newest is not None, found[1])
            else:
                newest = newest[:2] + (True, newest[3])
        return newest

    def _set_aside(self, path: str, slot: str, error: Exception) -> None:
        self._last = None
        aside = path + _ASIDE
        path += slot
        try:
            remove_file(aside)
            os.rename(path, aside)
            done = "it is set aside as %s" % aside
        except OSError as again:
            recover()
            done = "and it cannot be set aside (%s)" % again
        self._report("%s cannot be read (%s); %s." % (path, error, done))

    def _report(self, sentence: str) -> None:
        self.problems.append(sentence)
        del self.problems[:-_MAX_PROBLEMS]


def _is_name(name: str) -> bool:
    """ASCII letters, digits and '-': no path leads out of the folder, and no name looks like one of
    our files."""
    if type(name) is not str or not 0 < len(name) <= _MAX_NAME:
        return False
    return all("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c == "-" for c in name)


def _holds(path: str, number: int) -> bool:
    """Does a file hold the write of this number? True also when it cannot be read: it may."""
    try:
        found = patiently(_load, path)
    except (OSError, ValueError):
        return True
    return found is not None and found[0] == number


def _load(path: str) -> "tuple[int, bytes] | None":
    """(number, body) of one file; None when it is absent or empty. ValueError or OSError when it
    cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    if not content:
        return None
    start = len(_FORMAT) + 9
    end = content.find(b"\n")
    if content[: len(_FORMAT)] != _FORMAT.encode() or end < start:
        raise ValueError("not written by this version of Setpoint")
    checked = content[start:]
    if b"%08x " % (crc32(checked) & 0xFFFFFFFF) != content[len(_FORMAT) : start]:
        raise ValueError("wrong checksum")
    return int(content[start:end]), content[end + 1 :]
