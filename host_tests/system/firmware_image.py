"""A MicroPython image as one downloads it, or of our own, without the MicroPython: boot loader, partition table and app, all valid."""

import functools
import hashlib
import operator
import struct

from esptool.targets import CHIP_DEFS

_TYPES = {"app": 0, "data": 1}
_SUBTYPES = {"nvs": 2, "phy": 1, "factory": 0, "fat": 0x81, "ota": 0, "ota_0": 0x10, "ota_1": 0x11, "littlefs": 0x83}
_TABLE = "nvs,data,nvs,0x9000,0x6000\nphy_init,data,phy,0xf000,0x1000\nfactory,app,factory,0x10000,0x1f0000\n"
# Where boards/images puts it
_OWN_TABLE = (
    "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,0xd000,0x2000\nphy_init,data,phy,0xf000,0x1000\n"
    "ota_0,app,ota_0,0x10000,0x190000\nota_1,app,ota_1,0x1a0000,0x190000\nvfs,data,littlefs,0x330000,0xd0000\n"
)


def micropython_bin(chip: str = "esp32", version: str = "v1.28.0", more_partitions: str = "") -> bytes:
    """As it is downloaded."""
    return _bin(chip, "3.4.0; MicroPython %s on 2026-04-06" % version, _TABLE + more_partitions)


def setpoint_bin(chip: str = "esp32", version: str = "0.1.0", family: str = "esp32") -> bytes:
    """An image of our own."""
    return _bin(chip, "MicroPython v1.28.0 on 2026-04-06; Setpoint %s on %s with ESP32" % (version, family), _OWN_TABLE)


def _bin(chip: str, text: str, table: str) -> bytes:
    rom = CHIP_DEFS[chip]
    description = struct.pack("<II8s32s32s16s16s32s", 0xABCD5432, 0, b"", b"", b"micropython", b"", b"", b"v5.5").ljust(256, b"\0")
    boot_loader = _image(rom, 0x40080000, b"boot loader " * 300)
    app = _image(rom, rom.DROM_MAP_START + 0x20, description + b"bytecode " * 5000 + text.encode() + b"\0")
    at = rom.BOOTLOADER_FLASH_OFFSET
    content = boot_loader.ljust(0x8000 - at, b"\xff")
    content += _table(table).ljust(0x10000 - 0x8000, b"\xff")
    return content + app


def _image(rom, address: int, data: bytes) -> bytes:
    """One segment, with a header that says 4 MB, 40 MHz, DIO. Source: ESP-IDF programming guide, App Image Format."""
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
        rows += struct.pack("<HBBII16sI", 0x50AA, _TYPES[kind], _SUBTYPES[subtype], int(offset, 0), int(size, 0), label.encode(), 0)
    return rows + struct.pack("<H14s16s", 0xEBEB, b"\xff" * 14, hashlib.md5(rows).digest())
