"""A firmware file for UpdateFirmware. `make update FIRMWARE=setpoint-0.2.0-esp32-app.bin`, or `make
update BOARD=x` for a program in the files of a board with PSRAM.

firmware/setpoint/protocol/firmware_file.py says what is in it. The same build gives the same bytes,
so that a station that is told the same URL again can go on with what it has."""

from __future__ import annotations

import hashlib
import json
import sys
from binascii import crc32
from pathlib import Path

from tools import micropython_image
from tools.build import BLOCK, Build, build, check_fit_for_use, size_in_flash
from tools.command import ROOT, Failure, board_folder, parser, run
from tools.modules import family_of

UPDATES = ROOT / "build" / "updates"
_LONGEST_HEAD = 512  # as the station reads it


def packed(entries: "list[tuple[str, bytes]]", **head: "str | int") -> bytes:
    """The firmware file of these entries. head: kind, for, version, build, mpy, room."""
    body = b"".join(
        b"%d %s\n" % (len(content), name.encode()) + content for name, content in entries
    )
    head |= {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    text = json.dumps(head, separators=(",", ":"), sort_keys=True).encode()
    line = b"setpoint firmware 1 %08x %s\n" % (crc32(text), text)
    if len(line) > _LONGEST_HEAD:
        raise Failure("the names of version and board are too long for a firmware file.")
    return line + body


def of_image(app: bytes, family: str, version: str) -> bytes:
    """The firmware file of an application for a slot."""
    return packed(
        [("app.bin", app)],
        **{"kind": "image", "for": family, "version": version},
        build=hashlib.sha256(app).hexdigest()[:8],
        mpy=0,
        room=-(-len(app) // BLOCK) * BLOCK,
    )


def of_build(made: Build) -> bytes:
    """The firmware file of a program for the folder that does not run."""
    names = ["manifest.json", *made.files]
    entries = [(name, (made.program / name).read_bytes()) for name in names]
    folders = {path.rpartition("/")[0] for path in made.files}
    return packed(
        entries,
        **{"kind": "files", "for": made.board, "version": made.version},
        build=made.name,
        mpy=made.mpy,
        room=sum(size_in_flash(len(content)) for _, content in entries) + 2 * BLOCK * len(folders),
    )


def application(path: Path) -> "tuple[bytes, str, str]":
    """(application, family, version) of an image of our own: the whole one, or its application.
    Raises Failure."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Failure("%s cannot be read: %s." % (path, error.strerror)) from None
    app = micropython_image.application_in(content)
    if app is None:
        raise Failure(
            "%s is no whole image for an ESP32. Take setpoint-...-app.bin of a release, or of make micropython."
            % path
        )
    found = micropython_image.version_and_family(app)
    if found is None:
        raise Failure(
            "%s is a MicroPython without Setpoint in it. Take setpoint-...-app.bin of a release, or of make micropython."
            % path
        )
    return app, found[1], found[0]


def main(arguments: "list[str]") -> None:
    options = parser(
        "update",
        "Makes a firmware file, which a station fetches when a central system sends UpdateFirmware with its URL.",
        "  make update FIRMWARE=setpoint-0.2.0-esp32-app.bin     an image\n"
        "  make update BOARD=esp32s3_devkitc                     a program in the files of a board with PSRAM\n",
    )
    options.add_argument(
        "--firmware", metavar="FILE", help="an image of Setpoint's, a .bin (FIRMWARE=)"
    )
    options.add_argument("--board", metavar="NAME", help="a folder of boards/ (BOARD=)")
    options.add_argument(
        "--out", metavar="FILE", type=Path, help="where to (default: build/updates/...)"
    )
    chosen = options.parse_args(arguments)
    folder = board_folder(chosen.board) if chosen.board or not chosen.firmware else None
    if chosen.firmware:
        app, made_for, version = application(Path(chosen.firmware))
        if folder is not None:
            module = json.loads((folder / "board.json").read_text())["module"]
            if module == "none" or family_of(module) != made_for:
                raise Failure("the image is for %s, not for %s." % (made_for, folder.name))
        content = of_image(app, made_for, version)
    else:
        assert folder is not None
        made = build(folder)
        check_fit_for_use(made.description())
        made_for, version = made.board, made.version
        content = of_build(made)
    out = chosen.out or UPDATES / ("setpoint-%s-%s.update" % (version, made_for))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
    print("Setpoint %s for %s, %d bytes, in %s" % (version, made_for, len(content), out))
    print("SHA-256 %s" % hashlib.sha256(content).hexdigest())
    print("Put it onto a web server, and send UpdateFirmware with its URL as the location.")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    run("update", main)
