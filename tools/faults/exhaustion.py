"""The heap is exhausted at one place after another while a message is handled; heap_filled.py, in the station's process, does it.

Runs on the 32-bit interpreter: what an allocation costs, and when it comes, is then nearly what it is on a chip.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools.faults import inside

_HEAP = "512K"
_PATIENCE_S = 1800
_LAST = 12000  # bytes; with so much room every message here is handled


def trials(folder: Path, interpreter: list[str], step: int, last: int = _LAST) -> Iterator[tuple[str, int, str, str | None]]:
    """(message, bytes of heap that it had, outcome, what was lost or None), every `step` bytes."""
    command = inside.command(folder, interpreter, "heap_filled", _HEAP)
    clock = {"at": "2025-06-15T00:00:00Z", "frozen": True}
    start = inside.start_file(folder, connectors=[{"id": 1}, {"id": 2}], clock=clock, vehicles=[{"connector": 1}])
    run = subprocess.run([*command, "0", str(step), str(last), start], capture_output=True, text=True, timeout=_PATIENCE_S)
    for line in run.stdout.splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            yield found["message"], found["room"], found["outcome"], found["lost"]
    if run.returncode:
        yield "all", last, "", "the trials broke off: " + (run.stderr or run.stdout)[-400:]
