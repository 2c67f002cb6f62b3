"""The file system of one board as an image for its flash. `make image BOARD=x
FIRMWARE=setpoint.bin`

A littlefs as MicroPython's ESP32 port mounts it: blocks of 4096 bytes, read and programmed by 32,
disk version 2.1. Its size is that of the partition in which this MicroPython keeps its files. The
program lies in /a, complete, unless it is frozen in the image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from littlefs import LittleFS
from littlefs.context import UserContext
from littlefs.errors import LittleFSError

from tools import micropython_image
from tools.build import BLOCK, Build, board_json, build, described, size_in_flash, version
from tools.command import BUILDS, ROOT, Failure, board_folder, parser, run

# as in MicroPython's extmod/vfs_lfs.c; all but the first may differ between writers
_GEOMETRY: dict[str, Any] = {
    "block_size": BLOCK,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
    "block_cycles": 100,
}
_DISK_VERSION = 0x00020001
_FULL = -28  # LFS_ERR_NOSPC


def image_of(made: Build, size: int, kept: "dict[str, bytes] | None" = None) -> bytes:
    """The image with a program in /a, `size` bytes long. kept: further files by their path, such as
    /identity.json."""
    files = {
        "/" + path.relative_to(made.root).as_posix(): path.read_bytes()
        for path in made.root.iterdir()
    }
    for path in [*made.files, "manifest.json"]:
        files["/a/" + path] = (made.program / path).read_bytes()
    files["/a/complete"] = made.complete(1).encode()
    return file_system({**(kept or {}), **files}, size)


def file_system(files: "dict[str, bytes]", size: int) -> bytes:
    """An image with these files, by their paths."""
    fs = LittleFS(block_count=size // BLOCK, disk_version=_DISK_VERSION, **_GEOMETRY)
    try:
        for path, content in sorted(files.items()):
            fs.makedirs(path.rsplit("/", 1)[0] or "/", exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(content)
    except LittleFSError as error:
        if error.code == _FULL:
            raise Failure(
                "the files do not fit into the %d KB that this MicroPython has for them."
                % (size // 1024)
            ) from None
        raise
    return bytes(fs.context.buffer)


def mounted(context: UserContext) -> LittleFS:
    """The file system that lies in `context`, as large as it says itself. Raises LittleFSError."""
    return LittleFS(context=context, mount=True, block_count=0, **_GEOMETRY)


def free_for_update(made: Build, size: int) -> int:
    """Bytes that are left when both folders hold this program. Negative: an update would not
    fit."""
    program = sum(size_in_flash(length) for length, _ in made.files.values())
    folders = 2 * BLOCK * len({path.rpartition("/")[0] for path in made.files})
    # /journal (48), /state, /identity.json, and the root
    return size - 2 * (program + folders) - 64 * BLOCK


def main(arguments: list[str]) -> None:
    options = parser(
        "image",
        "Makes an image of the board's file system, for the partition in which this MicroPython keeps its files.",
        "  make image BOARD=esp32_devkitc FIRMWARE=setpoint-0.1.0-esp32.bin\n"
        "  make image BOARD=esp32s3_devkitc FIRMWARE=ESP32_GENERIC_S3-v1.28.0.bin ARGS='--flash-size 8'\n",
        "--board",
    )
    options.add_argument(
        "--firmware",
        metavar="FILE",
        help="the image that will run there, a .bin (FIRMWARE=); without it: which one, and from where",
    )
    options.add_argument(
        "--flash-size",
        metavar="MB",
        type=int,
        help="of the chip's flash (default: what the MicroPython is for)",
    )
    chosen = options.parse_args(arguments)
    folder = board_folder(chosen.board)
    description = described(folder)
    module = description["module"]
    if not chosen.firmware and module == "none":
        raise Failure("for which MicroPython is it? Add FIRMWARE=path/to/it.bin.")
    if not chosen.firmware:
        raise Failure(micropython_image.where_to_get(folder.name, module, version()))
    micropython = micropython_image.read(Path(chosen.firmware))
    if module != "none":
        micropython_image.check_fits(micropython, module)
    flash_size = (
        chosen.flash_size * 1024 * 1024
        if chosen.flash_size
        else micropython_image.flash_size_of(micropython)
    )
    partition = micropython_image.file_partition(micropython.partitions, flash_size)
    file = BUILDS / folder.name / "vfs.img"
    if micropython.setpoint:
        content = file_system({"/board.json": board_json(description)}, partition.size)
        print(
            "Setpoint %s for %s and for %s"
            % (micropython.setpoint, micropython.family, folder.name)
        )
    else:
        made = build(folder)
        content = image_of(made, partition.size)
        print("%s for %s and MicroPython %s" % (made.title, made.board, micropython.version))
        free = free_for_update(made, partition.size)
        if free < 0:
            print(
                "Note: two versions side by side do not fit (%d KB are missing), so make deploy cannot update it."
                % (-free // 1024)
            )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    print(
        "%s: %d KB, for partition %s at 0x%x"
        % (file.relative_to(ROOT), partition.size // 1024, partition.label, partition.offset)
    )


if __name__ == "__main__":
    run("image", main)
