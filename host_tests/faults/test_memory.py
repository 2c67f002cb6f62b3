"""The heap is exhausted at one place after another while a message is handled;
device/heap_filled.py, in the station's process, does it.

Runs on the 32-bit interpreter: what an allocation costs, and when it comes, is then nearly what it
is on a chip.
"""

from __future__ import annotations

import json
import subprocess

import pytest
from interpreters import command_of

from faults import inside

SHORT_BITS = ("32",)
_PATIENCE_S = 1800


@pytest.mark.row("heap exhausted while a message is handled")
def test_where_the_heap_ends_in_mid_message_nothing_is_lost_and_the_next_message_is_answered(
    scale, subtests, tmp_path
):
    """With the last of these bytes every message here is handled."""
    step, last = scale.pick((1171, 9000), (512, 12000), (48, 12000))
    command = inside.command(tmp_path, command_of("32"), "heap_filled", "512K")
    clock = {"at": "2025-06-15T00:00:00Z", "frozen": True}
    start = inside.start_file(
        tmp_path, connectors=[{"id": 1}, {"id": 2}], clock=clock, vehicles=[{"connector": 1}]
    )
    command += ["0", str(step), str(last), start]
    run = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S)
    assert not run.returncode, "the trials broke off: " + (run.stderr or run.stdout)[-400:]
    trials = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    for trial in trials:
        with subtests.test("%(message)s with %(room)d bytes" % trial):
            assert trial["lost"] is None, trial["lost"]
    assert {trial["outcome"] for trial in trials} >= {"answered", "refused", "hung up", "restarted"}
