"""Firmware files for the portable tests, and what they are read into."""

import json
from binascii import crc32, hexlify
from hashlib import sha256


def firmware_file(entries=(("app.bin", b"\xe9" + bytes(5000)),), **changes):
    """A firmware file; changes: of the fields of its head."""
    body = b"".join(
        [b"%d %s\n" % (len(content), name.encode()) + content for name, content in entries]
    )
    head = {
        "kind": "image",
        "for": "simulated",
        "version": "9.0.0",
        "build": "0a1b2c3d",
        "mpy": 0,
        "room": len(body),
        "size": len(body),
        "sha256": hexlify(sha256(body).digest()).decode(),
    }
    head.update(changes)
    return with_head(json.dumps(head).encode(), body)


def with_head(text, body, form=b"setpoint firmware 1"):
    return b"%s %08x %s\n" % (form, crc32(text) & 0xFFFFFFFF, text) + body


class Entries:
    """What a reader passes on."""

    def __init__(self):
        self.found = []  # [name, size, content]

    def entry(self, name, size):
        self.found.append([name, size, b""])

    def data(self, piece):
        self.found[-1][2] += bytes(piece)
