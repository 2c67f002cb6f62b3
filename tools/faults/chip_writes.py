"""The writes to a flash chip, one by one, as a played board records them, and the chip's content if the power went in the middle of one."""

from __future__ import annotations

import struct
from pathlib import Path

_HEAD = struct.Struct("<II")  # position and length; an erased block is a write of 0xff


def recorded(path: Path) -> list[tuple[int, bytes]]:
    """(position, bytes) in order."""
    content = path.read_bytes()
    found, at = [], 0
    while at < len(content):
        position, length = _HEAD.unpack_from(content, at)
        at += _HEAD.size + length
        found.append((position, content[at - length : at]))
    return found


def cut_at(image: bytes, writes: list[tuple[int, bytes]], number: int) -> bytes:
    """The chip that held `image` after the writes before the number-th, from 1, and half of that one; all of them if there is none."""
    chip = bytearray(image)
    for position, data in writes[: number - 1]:
        chip[position : position + len(data)] = data
    for position, data in writes[number - 1 : number]:
        chip[position : position + len(data) // 2] = data[: len(data) // 2]
    return bytes(chip)
