"""Scripts that run in the station's own process, on MicroPython: the firmware compiled, each file by itself, the script beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools import benchmark_build, compiled
from tools.bench import ROOT


def command(folder: Path, interpreter: list[str], script: str, heap: str) -> list[str]:
    """Compiles into the folder; what starts the script, but for its arguments. Bytecode is run in place where that can be."""
    firmware = ROOT / "firmware"
    sources = [path for path in firmware.glob("**/*.py") if "esp32" not in path.parts and path.name != "boot.py"]
    for source in sources:
        benchmark_build.compile_to(folder / "mpy", source, source.relative_to(firmware))
    benchmark_build.compile_to(folder / "mpy", Path(__file__).with_name(script + ".py"), Path(script + ".py"))
    compiled.make_image(folder / "mpy", folder / "firmware.romfs")
    loader = (ROOT / "tools" / "run_compiled.py").read_text().split("if __name__")[0]
    return [*interpreter, "-X", "heapsize=" + heap, "-c", loader + "use(%r)\nimport %s" % (str(folder), script)]


def start_file(folder: Path, **fields: Any) -> str:
    path = folder / "start.json"
    path.write_text(json.dumps({"store": str(folder / "store"), **fields}))
    return str(path)
