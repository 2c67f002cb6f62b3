"""A MicroPython image as one downloads or builds it, without the MicroPython: boot loader,
partition table and app, all valid."""

import functools
import hashlib
import operator
import struct

from esp_idf_defs import PartitionTable
from esptool.targets import CHIP_DEFS

from tools.command import BOARDS

_TYPES = {"app": 0, "data": 1}
_SUBTYPES = {"nvs": 2, "phy": 1, "factory": 0, "fat": 0x81}
_TABLE = "nvs,data,nvs,0x9000,0x6000\nphy_init,data,phy,0xf000,0x1000\nfactory,app,factory,0x10000,0x1f0000\n"


def micropython_bin(
    chip: str = "esp32", version: str = "v1.28.0", more_partitions: str = ""
) -> bytes:
    text = b"3.4.0; MicroPython %s on 2026-04-06\0" % version.encode()
    return _whole(chip, _table(_TABLE + more_partitions), _app(chip, text + b"bytecode " * 5000))


def setpoint_bin(
    family: str = "esp32", version: str = "0.1.0", app_bytes: int = 60000
) -> "tuple[bytes, bytes]":
    """(whole, application) of an image of Setpoint's own; the application is that large to within
    400 bytes."""
    chip = family.split("_")[0]
    text = b"MicroPython v1.28.0 on 2026-04-06; Setpoint %s on %s with %s\0" % (
        version.encode(),
        family.encode(),
        chip.upper().encode(),
    )
    app = _app(chip, text.ljust(app_bytes - 400, b"."))
    table = PartitionTable.from_csv(
        (BOARDS / "images" / "partitions-4MiB.csv").read_text()
    ).to_binary()
    return _whole(chip, table, app), app


def _app(chip: str, content: bytes) -> bytes:
    description = struct.pack(
        "<II8s32s32s16s16s32s", 0xABCD5432, 0, b"", b"", b"micropython", b"", b"", b"v5.5"
    ).ljust(256, b"\0")
    return _image(CHIP_DEFS[chip], CHIP_DEFS[chip].DROM_MAP_START + 0x20, description + content)


def _whole(chip: str, table: bytes, app: bytes) -> bytes:
    boot_loader = _image(CHIP_DEFS[chip], 0x40080000, b"boot loader " * 300)
    content = boot_loader.ljust(0x8000 - CHIP_DEFS[chip].BOOTLOADER_FLASH_OFFSET, b"\xff")
    return content + table.ljust(0x10000 - 0x8000, b"\xff") + app


def _image(rom, address: int, data: bytes) -> bytes:
    """One segment, with a header that says 4 MB, 40 MHz, DIO. Source: ESP-IDF programming guide,
    App Image Format."""
    header = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, 0x40080000)
    header += struct.pack("<BBBBHBHHIB", 0xEE, 0, 0, 0, rom.IMAGE_CHIP_ID, 0, 0, 0xFFFF, 0, 1)
    data += bytes(-len(data) % 4)
    image = header + struct.pack("<II", address, len(data)) + data
    check_sum = functools.reduce(operator.xor, data, 0xEF)
    image += bytes(15 - len(image) % 16) + bytes([check_sum])
    return image + hashlib.sha256(image).digest()


def _table(text: str) -> bytes:
    rows = b""
    for line in text.split():
        label, kind, subtype, offset, size = line.split(",")
        rows += struct.pack(
            "<HBBII16sI",
            0x50AA,
            _TYPES[kind],
            _SUBTYPES[subtype],
            int(offset, 0),
            int(size, 0),
            label.encode(),
            0,
        )
    return rows + struct.pack("<H14s16s", 0xEBEB, b"\xff" * 14, hashlib.md5(rows).digest())
