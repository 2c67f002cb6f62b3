"""The journal in flash: keeps lines in the order in which they were written, until their owner
needs them no more.

    journal/17      a segment: lines of the form "6f1c03d9 text", the CRC-32 of the text before it
    journal/mark0   one such line, numbered, and ...
    journal/mark1   ... the one before, or the other way round: they are rewritten in turn

Rules:
1. Lines are only added, at the end of the last segment. Segments are removed as a whole, the oldest
   first.
2. A torn or damaged line is skipped and reported. Other lines are not affected. The next line after
   it begins a new segment.
3. The first line of a segment is its heading: what the owner must know of everything before it. So
   a start reads one segment, however many there are.
4. RAM holds the numbers of the segments only. Lines are read back one at a time.
5. When there are too many segments, or hardly a block of the flash is free, two neighbours are
   merged into one that has the lines which their owner keeps. If power fails in between, some lines
   stand twice; the owner numbers its lines and ignores those it knows.
6. A line that could not be read back is never written.

A segment is as long as an erase block, so that an addition costs at most one erase on littlefs,
which copies the last block of a file to an empty one. A mark is short enough (128 bytes) to be kept
in the folder's own log: it costs one erase in about fifty. tools/benchmarks/journal.py measures
both."""

import errno
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

_SEGMENT = const(4096)
_LONGEST = const(2048)  # bytes of a line; what seems longer is damaged
_E2BIG = const(7)
_MAX_PROBLEMS = const(16)
_SPARE = const(4)  # blocks: a segment that begins, two that are merged, and a folder's log


class Journal:
    """The journal in one folder, which is made when it is missing. `problems` collects sentences
    about what was wrong; whoever reports them empties the list."""

    def __init__(self, folder: str, most_segments: int = 48) -> None:
        self.problems = []
        self.segments = []  # numbers, the oldest first
        self._folder = folder
        self._most = most_segments
        self._end = 0  # of the last whole line of the last segment, once that was read or written
        self._thin_at = 0
        self._marks = 0  # how many there were, once they were read
        try:
            patiently(os.mkdir, folder)
        except OSError as error:
            if error.errno != errno.EEXIST:
                self._report("%s cannot be made: %s" % (folder, error))
                return
        for name in patiently(names_in, folder):
            if name.isdigit():
                self.segments.append(int(name))
        self.segments.sort()

    def _path(self, name) -> str:
        return "%s/%s" % (self._folder, name)

    def read(self, segment: int, offset: int) -> "tuple[str, int, int] | None":
        """The first whole line at or after a place: (text, its segment, the offset behind it). None
        at the end."""
        for number in self.segments:
            if number < segment:
                continue
            if number > segment:
                offset = 0
            try:
                found = patiently(self._next_in, number, offset)
            except OSError as error:
                self._report(
                    "%s cannot be read (%s), and is left out" % (self._path(number), error)
                )
                continue
            if found is not None:
                return found
        return None

    def _next_in(self, number: int, offset: int) -> "tuple[str, int, int] | None":
        """`read` in one segment."""
        with open(self._path(number), "rb") as file:
            file.seek(offset)
            while True:
                line = file.readline(_LONGEST)
                if not line:
                    return None
                offset += len(line)
                text = _text_of(line)
                if text is not None:
                    if number == self.segments[-1]:
                        self._end = max(self._end, offset)
                    return text, number, offset
                self._report("a line of %s is damaged, and left out" % self._path(number))

    def append(self, lines: "list[str]", owner) -> None:
        """Adds lines in one write. After an OSError none of them is in flash (on littlefs;
        elsewhere perhaps the first).

        owner.heading() returns the first line of a new segment. When all segments are full, or the
        flash nearly is, owner.full() is called, and owner.keeps(text) says which lines stay.
        """
        data = b"".join([_line_of(text) for text in lines])
        number = self.segments[-1] if self.segments else 0
        if (
            self._end == 0
            or self._end + len(data) > _SEGMENT
            or patiently(os.stat, self._path(number))[6] != self._end
        ):
            if len(self.segments) >= self._most or not self._has_room():
                try:
                    self._thin(owner)
                except OSError as error:
                    recover()
                    self._report("the journal is full and cannot be made thinner: %s" % error)
            self._begin(number + 1, _line_of(owner.heading()) + data)
            return
        write_file(self._path(number), "ab", data)
        self._end += len(data)

    def _has_room(self) -> bool:
        return has_room(self._folder, _SPARE)

    def _begin(self, number: int, data: bytes) -> None:
        path = self._path(number)
        try:
            write_file(path, "wb", data)
        except OSError:
            remove_if_possible(path)
            raise
        self.segments.append(number)
        self._end = len(data)

    def drop_before(self, segment: int) -> None:
        """Removes the segments before this one. The last segment always stays."""
        while len(self.segments) > 1 and self.segments[0] < segment:
            try:
                remove_file(self._path(self.segments[0]))
            except OSError as error:
                self._report("%s cannot be removed: %s" % (self._path(self.segments[0]), error))
                return
            self.segments.pop(0)

    def _thin(self, owner) -> None:
        """Merges two neighbours, and the next pair the next time, so that all segments lose lines
        evenly."""
        if len(self.segments) < 3:
            return
        if self._thin_at > len(self.segments) - 3:
            self._thin_at = 0
        owner.full()
        pair = self.segments[self._thin_at : self._thin_at + 2]
        with open(self._path("thin"), "wb") as thin:
            for number in pair:
                with open(self._path(number), "rb") as file:
                    while True:
                        line = file.readline(_LONGEST)
                        if not line:
                            break
                        text = _text_of(line)
                        if text is not None and owner.keeps(text):
                            thin.write(line)
        os.rename(self._path("thin"), self._path(pair[0]))
        remove_file(self._path(pair[1]))
        self.segments.remove(pair[1])
        self._thin_at += 1

    def mark(self, text: str) -> None:
        """Writes one short line beside the segments, over the older of the two marks. Raises
        OSError."""
        number = self._marks + 1
        write_file(self._path("mark%d" % (number % 2)), "wb", _line_of("%d %s" % (number, text)))
        self._marks = number

    def marks(self) -> "list[str]":
        """The readable ones of the last two marks, in any order."""
        found = []
        for name in ("mark0", "mark1"):
            try:
                text = patiently(_first_line, self._path(name))
            except OSError:
                continue
            if text is not None:
                number, _, text = text.partition(" ")
                if number.isdigit():
                    self._marks = max(self._marks, int(number))
                    found.append(text)
        return found

    def _report(self, sentence: str) -> None:
        self.problems.append(sentence)
        del self.problems[:-_MAX_PROBLEMS]


def _line_of(text: str) -> bytes:
    """A text as a line of the file. OSError if it could not be read back."""
    body = text.encode()
    line = b"%08x " % (crc32(body) & 0xFFFFFFFF) + body + b"\n"
    if len(line) > _LONGEST or b"\n" in body:
        raise OSError(_E2BIG)
    return line


def _first_line(path: str) -> "str | None":
    with open(path, "rb") as file:
        return _text_of(file.readline(_LONGEST))


def _text_of(line: bytes) -> "str | None":
    """The text of a line; None when it is torn or damaged."""
    body = line[9:-1]
    if line[-1:] != b"\n" or line[:9] != b"%08x " % (crc32(body) & 0xFFFFFFFF):
        return None
    try:
        return body.decode()
    except UnicodeError:  # another program wrote it, and the checksum holds
        return None
