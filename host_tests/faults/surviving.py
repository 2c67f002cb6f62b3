"""What a flash image still says, read by another program than the station: littlefs on this
machine, and the two formats of firmware/setpoint/store again. What is judged by it is what the
station must come to."""

from __future__ import annotations

import json
import re
from binascii import crc32
from collections.abc import Callable
from typing import Any

import littlefs

BLOCK = 4096
PAGE = 32  # what littlefs programs at once


def _mounted(image: bytes | bytearray) -> littlefs.LittleFS | None:
    context = littlefs.UserContext(len(image))
    context.buffer[:] = image
    files = littlefs.LittleFS(
        context=context,
        mount=False,
        block_size=BLOCK,
        block_count=len(image) // BLOCK,
        read_size=PAGE,
        prog_size=PAGE,
    )
    try:
        files.mount()
    except littlefs.LittleFSError:
        return None
    return files


def files_of(image: bytes | bytearray) -> dict[str, bytes] | None:
    """Every file that can be read, by its path; None where nothing mounts."""
    mounted = _mounted(image)
    if mounted is None:
        return None
    found = {}
    for folder in ("/state", "/journal"):
        try:
            names = mounted.listdir(folder)
        except (littlefs.LittleFSError, OSError):
            continue
        for name in names:
            try:
                with mounted.open(folder + "/" + name, "rb") as file:
                    found[folder + "/" + name] = file.read()
            except (littlefs.LittleFSError, OSError):
                pass
    return found


def with_file(image: bytes, path: str, content: bytes) -> bytes:
    """The image with another content of a file, written as littlefs writes it."""
    mounted = _mounted(image)
    assert mounted is not None
    with mounted.open(path, "wb") as file:
        file.write(content)
    return bytes(mounted.context.buffer)


# ---- documents


def whole(content: bytes) -> tuple[int, Any] | None:
    """(number of the write, value) of a document's file."""
    found = re.fullmatch(rb"setpoint 1 ([0-9a-f]{8}) ((\d+)\n(.*))", content, re.DOTALL)
    if found is None or crc32(found.group(2)) != int(found.group(1), 16):
        return None
    try:
        return int(found.group(3)), json.loads(found.group(4))
    except ValueError:
        return None


def sealed(number: int, value: Any) -> bytes:
    """A document's file with a right checksum, whatever it says."""
    checked = b"%d\n%s" % (number, json.dumps(value, separators=(",", ":")).encode())
    return b"setpoint 1 %08x %s" % (crc32(checked), checked)


def _is_profile(number: int) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[1], dict)
        and value[1].get("id") == number
    )


def _is_of(container: type, item: type) -> Callable[[Any], bool]:
    def is_of(value: Any) -> bool:
        return (
            isinstance(value, (dict, list))
            and type(value) is container
            and all(
                type(one) is item for one in (value.values() if isinstance(value, dict) else value)
            )
        )

    return is_of


def _is_reservations(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, list)
        and [type(item) for item in entry if item is not None] in ([int, int, str, int, int],)
        and entry[3] is None
        for entry in value
    )


def _is_security(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("now"), list) and len(value["now"]) == 2


_SHAPES = {
    "settings": _is_of(dict, str),
    "faults": _is_of(dict, int),
    "availability": _is_of(list, int),
    "reservations": _is_reservations,
    "cache": lambda value: isinstance(value, str),
}


def document(files: dict[str, bytes], name: str) -> Any:
    """The value that is in force: of the higher number, whole and of the document's shape. None:
    there is none."""
    shape = _SHAPES.get(name, _is_security)
    if name.startswith("profile-"):
        shape = _is_profile(int(name[8:]))
    found = [
        read
        for read in (whole(files.get("/state/%s.%s" % (name, slot), b"")) for slot in "ab")
        if read is not None and shape(read[1])
    ]
    return max(found, key=lambda read: read[0])[1] if found else None


def profiles(files: dict[str, bytes]) -> dict[int, float]:
    """{profile: its amperes}"""
    found = {}
    for number in {
        int(path[15:].split(".")[0])
        for path in files
        if re.match(r"/state/profile-\d+\.[ab]$", path)
    }:
        value = document(files, "profile-%d" % number)
        if value is not None:
            found[number] = (value[1]["table"][-1] >> 2) / 10
    return found


# ---- the local list

LOCAL_LIST = "/state/local-list"
_CARD = 49  # bytes of a record


def list_version(content: bytes) -> int | None:
    """The version that a file of the local list holds; None unless it is whole."""
    records = [content[at : at + _CARD] for at in range(0, len(content), _CARD)]
    if not records or any(
        record[45:] != crc32(record[:45]).to_bytes(4, "little") for record in records
    ):
        return None
    end = records.pop()
    keys = [record[:20] for record in records]
    if end[:24] != b"\xff setpoint records 1" + len(keys).to_bytes(4, "big") or keys != sorted(
        keys
    ):
        return None
    return int.from_bytes(end[24:28], "big")


# ---- the journal


def line(content: bytes) -> Any:
    """What a line of the journal says; None for one that is torn or damaged."""
    if content[-1:] != b"\n" or content[:9] != b"%08x " % crc32(content[9:-1]):
        return None
    try:
        return json.loads(content[9:-1])
    except ValueError:
        return None


def sealed_line(value: Any) -> bytes:
    body = json.dumps(value, separators=(",", ":")).encode()
    return b"%08x %s\n" % (crc32(body), body)


def lines(files: dict[str, bytes]) -> list[list]:
    """The whole lines of all segments, in order."""
    found = []
    for path in sorted(
        (path for path in files if re.match(r"/journal/\d+$", path)), key=lambda path: int(path[9:])
    ):
        found += [line(one) for one in files[path].splitlines(keepends=True)]
    return [one for one in found if isinstance(one, list)]


def delivered(files: dict[str, bytes]) -> int:
    """Up to which order the marks say that all is delivered; 0: nobody knows."""
    orders = [0]
    for name in ("/journal/mark0", "/journal/mark1"):
        found = re.fullmatch(rb"([0-9a-f]{8}) (\d+ (\[[\d,]+\]))\n", files.get(name, b""))
        if found and crc32(found.group(2)) == int(found.group(1), 16):
            mark = json.loads(found.group(3))
            orders += mark[:1] if len(mark) % 2 else []
    return max(orders)
