"""The files of one board: compiled, checked against its board.json, listed in a manifest. `make
build BOARD=x`

    build/boards/x/program/   main.py, setpoint/*.mpy, manifest.json: what lies in /a or /b on the
                              device
    build/boards/x/root/      boot.py and board.json: what lies beside it

The same sources give the same bytes, so the build's name is a digest of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

from tools.command import BUILDS, ROOT, Failure, board_folder, parser, run
from tools.compiled import compiled
from tools.modules import family_of, has_psram

FIRMWARE = ROOT / "firmware"
BLOCK = 4096  # what a file takes at least in flash, if it does not fit into its folder's block
_INLINE = 128  # bytes, littlefs's cache: such files lie in their folder's block


class Build:
    """One board's files on this machine. `files` maps a path to [size, SHA-256] as in the
    manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "program"
        self.root = folder / "root"
        manifest = json.loads((self.program / "manifest.json").read_text())
        self.board: str = manifest["board"]
        self.version: str = manifest["version"]
        self.name: str = manifest["build"]
        self.mpy: int = manifest["mpy"]
        self.files: dict[str, list] = manifest["files"]

    @property
    def title(self) -> str:
        return "Setpoint %s build %s" % (self.version, self.name)

    def description(self) -> dict:
        """The board's board.json."""
        return json.loads((self.root / "board.json").read_text())

    def complete(self, number: int) -> str:
        """What the file `complete` says in the program's folder on a device; firmware/boot.py reads
        it."""
        return "%d %s %s\n" % (number, self.version, self.name)


def build(board: Path, where: "Path | None" = None) -> Build:
    """Builds the board in the folder `board` into `where`, build/boards/NAME unless told otherwise.
    It is made beside and renamed: whoever reads there meanwhile, or builds the same, finds a whole
    one."""
    description = described(board)
    check_memory(description)
    target = where or BUILDS / board.name
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=".making-"))
    program, root = folder / "program", folder / "root"
    root.mkdir(parents=True)
    program.mkdir()
    firmware = compiled(board="simulated" if description["module"] == "none" else "esp32")
    shutil.copytree(firmware / "mpy" / "setpoint", program / "setpoint")
    shutil.copyfile(FIRMWARE / "main.py", program / "main.py")
    shutil.copyfile(FIRMWARE / "boot.py", root / "boot.py")
    (root / "board.json").write_bytes(board_json(description))
    files = {}
    for file in sorted(p for p in program.rglob("*") if p.is_file()):
        content = file.read_bytes()
        files[file.relative_to(program).as_posix()] = [
            len(content),
            hashlib.sha256(content).hexdigest(),
        ]
    manifest = {
        "format": 1,
        "board": board.name,
        "version": version(),
        "build": hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:8],
        "mpy": _mpy_version(program),
        "files": files,
    }
    (program / "manifest.json").write_text(
        json.dumps(manifest, separators=(",", ":"), sort_keys=True) + "\n"
    )
    _take_the_place_of(folder, target)
    return Build(target)


def _contents(folder: Path) -> "dict[str, bytes]":
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def _take_the_place_of(folder: Path, target: Path) -> None:
    """`folder` becomes `target`, unless that is the same already."""
    if _contents(folder) == _contents(target):
        shutil.rmtree(folder)
        return
    folder.chmod(0o755)
    old = folder.with_name(folder.name + "-old")
    with contextlib.suppress(FileNotFoundError):
        target.rename(old)
    try:
        folder.rename(target)
    except OSError:  # somebody else was faster, with the same sources
        shutil.rmtree(folder)
    shutil.rmtree(old, ignore_errors=True)


def described(board: Path) -> dict:
    """The board.json of a folder. Raises Failure when `make boards` objects to it."""
    from tools.boards import faults_of

    file = board / "board.json"
    try:
        description = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure("%s cannot be read: %s." % (file, error.strerror)) from None
    except ValueError as error:
        raise Failure("%s is not JSON: %s." % (file, error)) from None
    faults = faults_of(description)
    if faults:
        raise Failure(
            "%s: %s. make boards lists all of it (%d)." % (file, faults[0].sentence, len(faults))
        )
    if description["name"] != board.name:
        raise Failure(
            '%s says "name": "%s", but its folder is %s. Give both one name.'
            % (file, description["name"], board.name)
        )
    return description


def board_json(description: dict) -> bytes:
    """The file of a device that says which board it is."""
    return json.dumps(description, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def check_fit_for_use(description: dict) -> None:
    """Raises Failure for a board on which the firmware refuses to start."""
    reason = description.get("not_for_use")
    if reason:
        raise Failure("boards/%s is not for use as it is: %s" % (description["name"], reason))


def check_memory(description: dict) -> None:
    """Raises Failure for a chip in whose memory a program from .mpy files does not fit."""
    name, module = description["name"], description["module"]
    if module != "none" and not has_psram(module):
        raise Failure(
            "an %s has no PSRAM. From .mpy files the program takes 161 KB of heap, and with Wi-Fi and TLS beside it 115 KB are there: it would not come "
            "online. Inside MicroPython's image it does: make flash BOARD=%s FIRMWARE=setpoint-%s-%s.bin (from a release, or by make micropython BOARD=%s)."
            % (module, name, version(), family_of(module), name)
        )


def version() -> str:
    """Setpoint's."""
    found = re.search(r'__version__ = "(.+)"', (FIRMWARE / "setpoint" / "__init__.py").read_text())
    assert found
    return found[1]


def _mpy_version(program: Path) -> int:
    """The version in the header of the compiled files: MicroPython loads exactly this one."""
    versions = {file.read_bytes()[1] for file in program.rglob("*.mpy")}
    natives = [file.name for file in program.rglob("*.mpy") if file.read_bytes()[2] >> 2]
    if len(versions) != 1 or natives:
        raise Failure(
            "mpy-cross made files of versions %s, for one processor: %s."
            % (sorted(versions), natives or "none")
        )
    return versions.pop()


def size_in_flash(size: int) -> int:
    """Whole blocks, unless so small that it lies in its folder's block."""
    return 0 if size <= _INLINE else -(-size // BLOCK) * BLOCK


def size_table(made: Build) -> str:
    """Files, bytes and flash of each room."""
    rooms: dict[str, list[int]] = {}
    for path, (size, _) in made.files.items():
        parts = path.split("/")
        room = "/".join(parts[:2]) if len(parts) > 2 else "(single files)"
        row = rooms.setdefault(room, [0, 0, 0])
        for column, amount in enumerate((1, size, size_in_flash(size))):
            row[column] += amount
    lines = ["%-24s %5s %9s %9s" % ("room", "files", "bytes", "in flash")]
    for room, row in sorted(rooms.items(), key=lambda item: -item[1][1]):
        lines.append("%-24s %5d %9d %7d K" % (room, row[0], row[1], row[2] // 1024))
    total = [sum(row[column] for row in rooms.values()) for column in range(3)]
    lines.append("%-24s %5d %9d %7d K" % ("all", total[0], total[1], total[2] // 1024))
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    options = parser(
        "build",
        "Compiles the firmware for a board with PSRAM, or the simulated one, and checks it against the board's description.",
        "  make build BOARD=esp32s3_devkitc\n",
        "--board",
    )
    chosen = options.parse_args(arguments)
    made = build(board_folder(chosen.board))
    print(size_table(made))
    if "not_for_use" in made.description():
        print("This board is not for use as it is: %s" % made.description()["not_for_use"])
    shown = made.folder.relative_to(ROOT) if made.folder.is_relative_to(ROOT) else made.folder
    print("%s for %s, .mpy version %d, in %s" % (made.title, made.board, made.mpy, shown))


if __name__ == "__main__":
    run("build", main)
