"""Scripts that run in the station's own process, on MicroPython: the firmware frozen or
compiled, and a script of `device`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools import compiled
from tools.station_process import ROOT


def command(folder: Path, interpreter: list[str], script: str, heap: str) -> list[str]:
    """Compiles the script into the folder; what starts it, but for its arguments."""
    compiled.compile_file(
        Path(__file__).parent / "device" / (script + ".py"), Path(script + ".py"), folder
    )
    start = (
        "import sys\nsys.path.insert(0, %r)\nfrom run_compiled import use\nuse(%r)\n"
        "sys.path.append(%r)\nimport %s"
    )
    program = compiled.program_for(interpreter)
    return [
        *interpreter,
        "-X",
        "heapsize=" + heap,
        "-c",
        start % (str(ROOT / "tools"), program, str(folder), script),
    ]


def start_file(folder: Path, **fields: Any) -> str:
    path = folder / "start.json"
    path.write_text(json.dumps({"store": str(folder / "store"), **fields}))
    return str(path)
