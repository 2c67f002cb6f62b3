"""Reads a MicroPython image (.bin) for an ESP32: for which chip, which version, whole or not, and
where files go.

Such an image is what lies in flash from the boot loader on: the boot loader, at 0x8000 the
partition table, at 0x10000 or so MicroPython itself. It starts at 0x1000 or at 0, which depends on
the chip. Source: ESP-IDF programming guide, "Partition Tables" and "App Image Format".

Both texts that tell the version stand in the image as they are shown by the REPL: "MicroPython
v1.25.0 on 2025-04-15", and of an image of our own also "Setpoint 0.1.0 on esp32". The application's
description, where ESP-IDF has a field for it, is empty in official images.

MicroPython keeps files in the partition "vfs". Where the table has none (and no "ffat"), it takes
what lies between the end of the last partition and the end of the flash (MicroPython 1.26 and
newer, ports/esp32/main.c)."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import struct
from pathlib import Path
from typing import NamedTuple

from tools.command import Failure
from tools.modules import family_of, has_psram

_SEEN = (1, 25)  # an emulated ESP32 was seen running Setpoint on it
# What the tests run on. The PWM of an S2 or S3 has 14 bits on 1.25, and its full width reads as a
# fault of the pilot
_TESTED = (1, 28)
_MAGIC = 0xE9  # first byte of a boot loader or an app
_TABLE_AT = 0x8000
_TABLE_SIZE = 0xC00
_ENTRY = "<HBBII16sI"  # magic, type, subtype, offset, size, label, flags
_ENTRY_MAGIC = 0x50AA
_DIGEST_MAGIC = 0xEBEB
_APP_TYPE = 0
_MICROPYTHON = re.compile(rb"MicroPython (v\d+\.\d+[\w.+-]*) on \d{4}-")
_SETPOINT = re.compile(rb"Setpoint (\d+\.\d+\.\d+[\w.+-]*) on (\w+) with ESP32")

# chip id in an image's header: (esptool's name, where the boot loader lies, MicroPython's download
# page)
CHIPS = {
    0: ("ESP32", 0x1000, "ESP32_GENERIC"),
    2: ("ESP32-S2", 0x1000, "ESP32_GENERIC_S2"),
    5: ("ESP32-C3", 0, "ESP32_GENERIC_C3"),
    9: ("ESP32-S3", 0, "ESP32_GENERIC_S3"),
    13: ("ESP32-C6", 0, "ESP32_GENERIC_C6"),
}


class Partition(NamedTuple):
    label: str
    type: int
    subtype: int
    offset: int
    size: int


class MicroPythonImage(NamedTuple):
    content: bytes
    chip: str
    offset: int  # in flash
    partitions: "list[Partition]"
    version: str  # of MicroPython: "v1.28.0", "unknown" if the image does not say
    setpoint: str  # the version of Setpoint that is frozen in it; "" if none is
    family: str  # of images, as in boards/images: "esp32s3_octal"; "" without Setpoint

    def end(self) -> int:
        return self.offset + len(self.content)


def chip_of(module: str) -> str:
    """The chip in a module as board.json names it."""
    return next(
        (name for name, _, _ in CHIPS.values() if name != "ESP32" and module.startswith(name)),
        "ESP32",
    )


def oldest_for(module: str) -> "tuple[int, int]":
    """The oldest MicroPython that Setpoint runs on in this module."""
    return _SEEN if chip_of(module) == "ESP32" else _TESTED


def where_to_get(board: str, module: str, version: str) -> str:
    """A sentence on which image to take for a board with this module, and this version of
    Setpoint."""
    name = "setpoint-%s-%s.bin" % (version, family_of(module))
    sentence = "which image is it to be? Download %s from the release, or make it: make micropython BOARD=%s. Then add FIRMWARE=path/to/%s."
    sentence %= (name, board, name)
    if has_psram(module):
        page = next(page for chip, _, page in CHIPS.values() if chip == chip_of(module))
        variant = ", variant SPIRAM," if module.endswith("WROVER") else ""
        sentence += " As this module has PSRAM, MicroPython's own does for development: the newest stable .bin of %s%s from https://micropython.org/download/%s."
        sentence %= (page, variant, page)
    return sentence


def read(path: Path) -> MicroPythonImage:
    """Raises Failure when it is no whole MicroPython image."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Failure("%s cannot be read: %s." % (path, error.strerror)) from None
    if len(content) < 0x10000 or content[0] != _MAGIC:
        raise Failure(
            "%s is no image for an ESP32 (it starts with %s). Take the .bin, not .uf2, .elf or .app-bin."
            % (path, content[:2].hex() or "nothing")
        )
    chip_id = struct.unpack_from("<H", content, 12)[0]
    if chip_id not in CHIPS:
        raise Failure(
            "%s is for a chip with the number %d, which Setpoint does not know." % (path, chip_id)
        )
    chip, offset, _ = CHIPS[chip_id]
    partitions = partition_table(content[_TABLE_AT - offset : _TABLE_AT - offset + _TABLE_SIZE])
    apps = [p for p in partitions if p.type == _APP_TYPE]
    if not apps:
        raise Failure(
            "%s has no partition table, so it is not the whole of MicroPython. Take the .bin, not .app-bin."
            % path
        )
    app = content[apps[0].offset - offset :]
    for name, part in (("boot loader", content), ("MicroPython in it", app)):
        if not _is_whole(part, chip):
            raise Failure(
                "%s is damaged: the hash of the %s is wrong. Download it again." % (path, name)
            )
    version = _MICROPYTHON.search(app)
    setpoint, family = version_and_family(app) or ("", "")
    return MicroPythonImage(
        content,
        chip,
        offset,
        partitions,
        version[1].decode() if version else "unknown",
        setpoint,
        family,
    )


def application_in(content: bytes) -> "bytes | None":
    """The application in an image, whole or application itself; None where it is neither, or
    damaged."""
    chip_id = struct.unpack_from("<H", content, 12)[0] if len(content) > 24 else None
    if content[:1] != bytes([_MAGIC]) or chip_id not in CHIPS:
        return None
    chip, offset, _ = CHIPS[chip_id]
    table = partition_table(content[_TABLE_AT - offset : _TABLE_AT - offset + _TABLE_SIZE])
    apps = [p.offset for p in table if p.type == _APP_TYPE]
    app = content[apps[0] - offset :] if apps else content
    return app if _is_whole(app, chip) else None


def version_and_family(content: bytes) -> "tuple[str, str] | None":
    """("0.1.0", "esp32") as an image of ours says it, whole or application; None for any other
    MicroPython. boards/images/setpoint.h put the text there."""
    found = _SETPOINT.search(content)
    return (found[1].decode(), found[2].decode()) if found else None


def check_fits(image: MicroPythonImage, module: str) -> None:
    """Raises Failure when this image is not for this module, or too old for it."""
    if image.chip != chip_of(module):
        raise Failure(
            "this MicroPython is for an %s, the board has an %s. Take another image or another BOARD=."
            % (image.chip, module)
        )
    if image.setpoint and image.family != family_of(module):
        raise Failure(
            "this image is for the family %s, the board's %s takes that for %s."
            % (image.family, module, family_of(module))
        )
    oldest = oldest_for(module)
    number = re.match(r"v(\d+)\.(\d+)", image.version)
    if number and (int(number[1]), int(number[2])) < oldest:
        raise Failure(
            "this is MicroPython %s, which is too old: on an %s Setpoint needs %d.%d or newer."
            % (image.version, image.chip, *oldest)
        )


def partition_table(table: bytes) -> "list[Partition]":
    """The partitions; none when this is no table or its digest is wrong."""
    found = []
    for at in range(0, len(table) - 31, 32):
        magic, kind, subtype, offset, size, label, _ = struct.unpack_from(_ENTRY, table, at)
        if magic == _DIGEST_MAGIC:
            return found if hashlib.md5(table[:at]).digest() == table[at + 16 : at + 32] else []
        if magic != _ENTRY_MAGIC:
            break
        found.append(
            Partition(label.rstrip(b"\0").decode("ascii", "replace"), kind, subtype, offset, size)
        )
    return found


def file_partition(partitions: "list[Partition]", flash_size: int) -> Partition:
    """Where MicroPython keeps its files on a flash of this size. Raises Failure if there is no
    room."""
    for partition in partitions:
        if partition.label == "vfs" and partition.offset + partition.size <= flash_size:
            return partition
        if partition.label == "vfs":
            raise Failure(
                "this MicroPython keeps its files beyond the end of a flash of %d KB. Take an image for this size."
                % (flash_size // 1024)
            )
    if any(partition.label == "ffat" for partition in partitions):
        raise Failure(
            "this MicroPython keeps its files in a FAT partition, which no power cut may meet. Take another image."
        )
    start = max(partition.offset + partition.size for partition in partitions)
    if flash_size <= start:
        raise Failure(
            "this MicroPython leaves no room for files in a flash of %d KB. Take an image for this size."
            % (flash_size // 1024)
        )
    return Partition("vfs", 1, 0x81, start, flash_size - start)


def flash_size_of(image: MicroPythonImage) -> int:
    """The flash size in the boot loader's header, in bytes."""
    return 1024 * 1024 << (image.content[3] >> 4)


def _is_whole(image: bytes, chip: str) -> bool:
    """Are all segments of a boot loader or an app there, and is the hash behind them right, or
    without one the check sum?"""
    # Here, as the workflow that builds images runs this file without packages.
    from esptool.bin_image import LoadFirmwareImage
    from esptool.util import FatalError

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # esptool warns of what we refuse
            found = LoadFirmwareImage(chip, image)
    except (FatalError, struct.error, IndexError, TypeError):
        return False
    if found.chip_id != found.ROM_LOADER.IMAGE_CHIP_ID:
        return False
    return (
        found.stored_digest == found.calc_digest
        if found.append_digest
        else found.checksum == found.calculate_checksum()
    )
