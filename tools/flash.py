"""Setpoint onto an ESP32. `make flash BOARD=x PORT=... FIRMWARE=setpoint-0.1.0-esp32.bin`

An image of our own holds MicroPython with the program frozen; with it the file system gets
/board.json. With a MicroPython as it is downloaded, for a module with PSRAM, it gets the program in
/a too. The protocol is esptool's. What belongs to the station, /identity.json with its
certificates, /state, /journal, /sessions and /dim, is read from the chip first, by the table of partitions that is
there, and written back in the new file system; until that is verified a copy lies in build/kept,
readable by its owner alone, so that a cable that is pulled in the middle loses nothing: the same
command again finds it. A station without a password of its own gets one here, which is printed."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import secrets
from pathlib import Path
from typing import Any, Callable

from esptool import FatalError
from esptool.cmds import attach_flash, detect_chip, detect_flash_size, run_stub, write_flash
from littlefs.context import UserContext
from littlefs.errors import LittleFSError
from serial import SerialException

from tools import micropython_image
from tools.build import BLOCK, board_json, build, check_fit_for_use, described, version
from tools.command import ROOT, Failure, board_folder, confirm, parser, run
from tools.connection import listen, port_or_only, reason_not_opened
from tools.image import file_system, image_of, mounted
from tools.micropython_image import MicroPythonImage, Partition
from tools.provision import own_password

from setpoint.setup.password import made  # isort: skip

KEPT = ROOT / "build" / "kept"
_TABLE_AT, _TABLE_SIZE = 0x8000, 0xC00
_BAUD = 460800
# Folders of what the station learned; the last charges, and when the grid operator dimmed it
_LEARNED = ("state", "journal", "sessions", "dim")
_START_S = 60
_BROKE = (
    "the connection to the chip broke (%s). Plug the cable in and run the same command again; what belongs to the station is kept on this machine. "
    "If it breaks again: a shorter cable, or ARGS='--baud 115200'."
)


class ChipFlash(UserContext):
    """A partition in the flash of a connected chip as littlefs reads it: block by block, each once,
    never written."""

    def __init__(self, chip: Any, offset: int) -> None:
        super().__init__(buffer=bytearray())
        self._chip = chip
        self._offset = offset
        self._blocks: dict[int, bytes] = {}

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytearray:
        if block not in self._blocks:
            self._blocks[block] = self._chip.read_flash(self._offset + block * BLOCK, BLOCK)
        return bytearray(self._blocks[block][off : off + size])

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        return -5  # LFS_ERR_IO

    def erase(self, cfg: Any, block: int) -> int:
        return -5


def connected(port: str, attempts: int = 7) -> Any:
    """esptool's loader of the chip at a port, with its stub running. Raises Failure."""
    if not Path(port).exists():
        raise Failure(reason_not_opened(port))
    try:
        return run_stub(detect_chip(port, connect_attempts=attempts))
    except (FatalError, OSError, SerialException) as error:
        if "open" in str(error).lower() or "busy" in str(error).lower():
            raise Failure(reason_not_opened(port)) from None
        raise Failure(
            "no chip answers on %s. Hold its BOOT button, press RESET, let go of BOOT, and try again; a cable without data lines does this too."
            % port
        ) from None


def check_chip(chip: Any, micropython: MicroPythonImage) -> None:
    """Do image and chip fit together?"""
    found = chip.CHIP_NAME
    if found != micropython.chip:
        raise Failure(
            "the chip is an %s, this MicroPython is for an %s. Nothing was written; take the image for the chip."
            % (found, micropython.chip)
        )


def owned_files(chip: Any, flash_size: int) -> "dict[str, bytes] | None":
    """The identity with its certificates, the password, and what is in _LEARNED, from the
    chip. None: there is a file system, but it cannot be read."""
    table = micropython_image.partition_table(chip.read_flash(_TABLE_AT, _TABLE_SIZE))
    if not table:
        return {}
    try:
        partition = micropython_image.file_partition(table, flash_size)
    except Failure:
        return {}
    flash = ChipFlash(chip, partition.offset)
    if all(set(flash.read(None, block, 0, BLOCK)) == {0xFF} for block in (0, 1)):
        return {}
    try:
        fs = mounted(flash)
        names = {
            "/": [
                name
                for name in fs.listdir("/")
                if name in ("identity.json", "password") or name.endswith(".pem")
            ]
        }
        for folder in _LEARNED:
            if folder in fs.listdir("/"):
                names["/%s/" % folder] = [
                    entry.name for entry in fs.scandir("/" + folder) if entry.type == 1
                ]
        files = {}
        for folder, found in names.items():
            for name in found:
                with fs.open(folder + name, "rb") as file:
                    files[folder + name] = file.read()
        return files
    except LittleFSError:
        return None


def keep(path: Path, files: "dict[str, bytes]") -> None:
    """Secrets are in there: for the owner's eyes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as file:
        json.dump(
            {name: base64.b64encode(content).decode() for name, content in files.items()}, file
        )


def read_copy(path: Path) -> "dict[str, bytes]":
    return (
        {name: base64.b64decode(content) for name, content in json.loads(path.read_text()).items()}
        if path.exists()
        else {}
    )


def what_to_keep(chip: Any, flash_size: int, copy: Path, forget: bool) -> "dict[str, bytes]":
    """The station's own files: from the copy of a flash that did not end, else from the chip."""
    if forget:
        return {}
    files = read_copy(copy)
    if files:
        print("An earlier make flash did not end: its copy of %d files is used" % len(files))
        return files
    found = owned_files(chip, flash_size)
    if found is None:
        raise Failure(
            "the files on the chip cannot be read, so /identity.json, /state, /journal, /sessions and /dim would be lost. If that is meant, add ARGS=--forget."
        )
    if found:
        keep(copy, found)
    return found


def password_for(kept: "dict[str, bytes]") -> "tuple[str, bool]":
    """The station's own password, and whether it was made just now."""
    password = own_password(kept.get("/identity.json", b""), kept.get("/password", b""))
    return (password, False) if password else (made(secrets.token_bytes), True)


def said_of(password: str) -> str:
    return (
        "\n    The station's own password:  %s\n\n"
        "Write it down: a phone joins the station's access point with it, and its page asks for it.\n"
        "make provision ARGS=--show prints it again." % password
    )


def write(chip: Any, micropython: MicroPythonImage, partition: Partition, files: bytes) -> None:
    """Writes MicroPython and the file system; esptool has the chip hash what it wrote. Raises
    Failure. The image lies over the partition otadata too, as empty: so the boot loader starts the
    first slot, into which the image goes."""
    try:
        write_flash(chip, [(micropython.offset, micropython.content), (partition.offset, files)])
    except (FatalError, OSError, SerialException) as error:
        raise Failure(_BROKE % (str(error).strip().splitlines() or ["no answer"])[0]) from None


def read_back(
    chip: Any, title: str, say: Callable[[str], None], within_s: float = _START_S
) -> None:
    """Restarts the chip, listens for what boot.py says and compares. Raises Failure."""
    port = chip._port
    try:
        port.setRTS(False)
        chip.hard_reset()
        say("Restarting")
    except OSError:  # a port without reset lines
        say("This port cannot restart the board: press its RESET button now")
    port.baudrate = 115200
    line, seen = listen(
        port, lambda line: line.startswith("boot: Setpoint") or "SAFE MODE" in line, within_s
    )
    if line is None:
        raise Failure(
            "everything is written, but the board does not say what it starts. Press RESET; last words: %s"
            % (" / ".join(seen[-3:]) or "none")
        )
    say(line)
    if title not in line:
        raise Failure("the board starts something else than was written. Run make flash again.")


def main(arguments: list[str]) -> None:
    options = parser(
        "flash",
        "Writes MicroPython and the firmware onto a chip. The station's own files, /identity.json, /password, /state, /journal, /sessions and /dim, stay. "
        "Asks before it erases.",
        "  make flash BOARD=esp32_devkitc PORT=/dev/ttyUSB0 FIRMWARE=setpoint-0.1.0-esp32.bin\n"
        "  make flash BOARD=esp32_devkitc PORT=/dev/ttyUSB0 FIRMWARE=setpoint-0.1.0-esp32.bin ARGS='--yes --forget'\n"
        "  make flash BOARD=esp32s3_devkitc FIRMWARE=ESP32_GENERIC_S3-v1.28.0.bin       a module with PSRAM: the program in files\n",
        "--board",
        "--port",
        "--yes",
    )
    options.add_argument(
        "--firmware",
        metavar="FILE",
        help="the image, a .bin (FIRMWARE=); without it: which one, and from where",
    )
    options.add_argument("--forget", action="store_true", help="erase these too")
    options.add_argument(
        "--baud", type=int, default=_BAUD, help="of the transfer (default: %(default)d)"
    )
    options.add_argument(
        "--attempts", type=int, default=7, help="to reach the chip (default: %(default)d)"
    )
    chosen = options.parse_args(arguments)
    folder = board_folder(chosen.board)
    description = described(folder)
    check_fit_for_use(description)
    module = description["module"]
    if module == "none":
        raise Failure(
            "%s is no board to flash: make station runs it on this machine." % folder.name
        )
    if not chosen.firmware:
        raise Failure(micropython_image.where_to_get(folder.name, module, version()))
    micropython = micropython_image.read(Path(chosen.firmware))
    micropython_image.check_fits(micropython, module)
    if micropython.setpoint:
        title = "Setpoint %s from ota_0" % micropython.setpoint

        def files_with(kept: "dict[str, bytes]", size: int) -> bytes:
            return file_system({**kept, "/board.json": board_json(description)}, size)
    else:
        made = build(folder)
        title = made.title

        def files_with(kept: "dict[str, bytes]", size: int) -> bytes:
            return image_of(made, size, kept)

    print(
        "%s for %s, with MicroPython %s for an %s"
        % (title.replace(" from ota_0", ""), folder.name, micropython.version, micropython.chip)
    )
    port = port_or_only(chosen.port)
    chip = connected(port, chosen.attempts)
    try:
        check_chip(chip, micropython)
        flash(chip, micropython, files_with, title, port, chosen)
    finally:
        with contextlib.suppress(OSError):
            chip._port.close()
    print("The board runs %s" % title)


def flash(
    chip: Any,
    micropython: MicroPythonImage,
    files_with: Callable[[dict, int], bytes],
    title: str,
    port: str,
    chosen: Any,
) -> None:
    """From a chip that fits to one that runs the firmware. files_with: the file system of this
    size, with files that stay."""
    mac = "".join("%02x" % byte for byte in chip.read_mac())
    copy = KEPT / (mac + ".json")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            chip.change_baud(chosen.baud)
            attach_flash(chip)
            megabytes = (detect_flash_size(chip) or "4MB")[:-2]
        flash_size = int(megabytes) * 1024 * 1024
        partition = micropython_image.file_partition(micropython.partitions, flash_size)
        kept = what_to_keep(chip, flash_size, copy, chosen.forget)
    except (FatalError, OSError, SerialException) as error:
        raise Failure(_BROKE % (str(error).strip().splitlines() or ["no answer"])[0]) from None
    staying = ", ".join(sorted(kept)) or "nothing"
    which = "the %s (%s MB, %s) at %s" % (chip.CHIP_NAME, megabytes, mac, port)
    confirm(
        "This erases the files and the program on %s. What stays: %s. Go on?" % (which, staying),
        chosen.yes,
    )
    password, is_new = password_for(kept)
    kept = {**kept, "/password": password.encode()}
    if is_new:
        keep(copy, kept)  # before the chip has it: a second try finds the same one
    write(chip, micropython, partition, files_with(kept, partition.size))
    read_back(chip, title, print)
    copy.unlink(missing_ok=True)
    if is_new:
        print(said_of(password))


if __name__ == "__main__":
    run("flash", main)
