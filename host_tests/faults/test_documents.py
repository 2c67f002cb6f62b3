"""The files in a station's flash, one at a time, made into something else before it starts.

A file gets a flipped bit, another digit, another length, no content, nothing but 0xff or 0x00, what
its other version or another file holds, random bytes, or a right header and checksum with JSON of
another shape. littlefs on this machine writes it, so the file system is whole and the station has
to see for itself. The same must hold as for damaged blocks (test_damage.py), and the log must say
what was left out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from faults import surviving

ROWS = {
    "profile-": "a profile's file spoilt at a start",
    "settings": "the configuration keys' file spoilt at a start",
    "cache": "the cards' file spoilt at a start",
    "local-list": "the local list's file spoilt at a start",
    "reservations": "the reservations' file spoilt at a start",
    "journal/mark": "a mark of the journal spoilt at a start",
    "journal/": "a page of the journal spoilt at a start",
    "": "another file spoilt at a start",
}
_WORDS = "left out|cannot be read"
_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 62, 0.5, "", "x", "\na\tb", "\ncard\tAccepted\tsoon\t", [], {}, [[]],
    [None], [1, {}], [1, {"id": 1}], ["x", {}], [0, 1, 2], {"now": 5}, {"now": [1]}, {"1": {}},
    {"now": [9, None], "before": None}, {"now": ["a", "b"], "before": []}, {"x": None},
    {"ConnectionTimeOut": [1]},
)  # fmt: skip
_LINES: tuple[Any, ...] = (
    None, 5, "x", [], {}, [0], [0, "H"], [0, "X", 1], [0, 1, 2], ["0", "H", 1],
    [0, "H", "1", 0, 0, [], [], []], [0, "H", 0, 0, 0, [], [[1]], []],
    [0, "H", 0, 0, 0, [], [], [[1]]], [0, "H", 0, 0, 0, [[1, 2]], [], []], [0, "I", 1],
    [0, "I", 1, {}], [0, "R", 1, "x", 5, None], [0, "T", 1, None, 2], [1 << 40, "S", 1],
    [1, "S", "1", 5, None, "x", []], [1, "M", 1, 1, None, 3, "x"], [1, "E", 1, 2, 3, 4, 5, 6],
)  # fmt: skip


class Spoiler:
    """Each public method makes another content of a file; None where the file does not bear it."""

    def __init__(self, files: dict[str, bytes], chance: random.Random) -> None:
        self._files = files
        self._chance = chance

    def flipped_bit(self, path: str, content: bytes) -> bytes:
        at = self._chance.randrange(len(content))
        return (
            content[:at] + bytes([content[at] ^ 1 << self._chance.randrange(8)]) + content[at + 1 :]
        )

    def another_digit(self, path: str, content: bytes) -> bytes | None:
        """Behind the checksum: it stays JSON."""
        start = content.find(b"\n") if path.startswith("/state") else 9
        places = [
            found.start() for found in re.finditer(rb"[1-8]", content) if found.start() > start
        ]
        if not places:
            return None
        at = self._chance.choice(places)
        return content[:at] + bytes([content[at] + 1]) + content[at + 1 :]

    def cut(self, path: str, content: bytes) -> bytes:
        return content[: self._chance.randrange(1, len(content))]

    def longer(self, path: str, content: bytes) -> bytes:
        return content + self._chance.choice((b"\0", b"\n", b"0", content))

    def emptied(self, path: str, content: bytes) -> bytes:
        return b""

    def all_ones(self, path: str, content: bytes) -> bytes:
        return b"\xff" * len(content)

    def all_zeros(self, path: str, content: bytes) -> bytes:
        return bytes(len(content))

    def the_other_version(self, path: str, content: bytes) -> bytes | None:
        other = path[:-1] + {"a": "b", "b": "a", "0": "1", "1": "0"}.get(path[-1], "-")
        return self._files.get(other)

    def another_files_content(self, path: str, content: bytes) -> bytes:
        return self._files[
            self._chance.choice([other for other in sorted(self._files) if other[:-2] != path[:-2]])
        ]

    def random_bytes(self, path: str, content: bytes) -> bytes:
        return self._chance.randbytes(len(content))

    def another_shape(self, path: str, content: bytes) -> bytes:
        """With a right checksum. A line of the journal is exchanged, any of them."""
        if path.startswith("/state"):
            return surviving.sealed(9, self._chance.choice(_VALUES))
        if "mark" in path:
            return surviving.sealed_line(self._chance.choice(_LINES)).replace(b" ", b" 9 ", 1)
        lines = content.splitlines(keepends=True)
        lines[self._chance.randrange(len(lines))] = surviving.sealed_line(
            self._chance.choice(_LINES)
        )
        return b"".join(lines)


HARMS = [name for name in vars(Spoiler) if not name.startswith("_")]


def row_of(path: str) -> str:
    return next(row for part, row in ROWS.items() if part in path)


def cases(
    files: dict[str, bytes], count: int, chance: random.Random
) -> Iterator[tuple[str, str, bytes]]:
    """(path, what was done, content): so many, every file in turn, and all that can be done to
    it in turn."""
    spoiler = Spoiler(files, chance)
    paths = [path for path in sorted(files) if files[path]]
    done = 0
    while done < count:
        for turn in range(len(HARMS)):
            chance.shuffle(paths)
            for number, path in enumerate(paths):
                harm = HARMS[(turn + number) % len(HARMS)]
                make: Callable[[str, bytes], bytes | None] = getattr(spoiler, harm)
                content = make(path, files[path])
                if content is not None and content != files[path] and done < count:
                    done += 1
                    yield path, harm.replace("_", " "), content


def needs_a_word(path: str, content: bytes) -> bool:
    """Must the station report such a file? An empty document is a write that never ended, and a
    mark has its like beside it."""
    if path == surviving.LOCAL_LIST:
        return surviving.list_version(content) is None
    if path.startswith("/state/") and path[-2:] in (".a", ".b"):
        return bool(content) and surviving.whole(content) is None
    return re.match(r"/journal/\d+$", path) is not None and None in [
        surviving.line(line) for line in content.splitlines(keepends=True)
    ]


def _try(prepared, subtests, path: str, harm: str, content: bytes) -> None:
    with subtests.test("%s: %s" % (path, harm), row=row_of(path)):
        words = _WORDS if needs_a_word(path, content) else ""
        prepared.start_from(surviving.with_file(prepared.image, path, content), words)


@pytest.mark.parametrize(
    ("path", "harm"),
    [
        ("/state/profile-2.b", "another_digit"),
        ("/journal/1", "another_digit"),
        ("/state/security.b", "another_shape"),
        ("/state/local-list", "flipped_bit"),
    ],
)
def test_a_file_that_became_another_digit_or_another_shape(path, harm, prepared, subtests):
    """Without the checksums of documents and journal these are in force."""
    content = getattr(Spoiler(prepared.files, random.Random(7)), harm)(path, prepared.files[path])
    _try(prepared, subtests, path, harm, content)


def test_files_that_were_spoilt(scale, prepared, subtests):
    for path, harm, content in cases(
        prepared.files, scale.counted(2, 20, 200), random.Random(scale.seed)
    ):
        _try(prepared, subtests, path, harm, content)
