"""What docs/scheduler.md promises to who takes the scheduler home: plain CPython, no shims, and a
wheel."""

import os
import subprocess
import sys
from pathlib import Path

from tools import wheel

ROOT = Path(__file__).resolve().parent.parent


def test_the_example_in_the_docstring_runs_on_plain_cpython(tmp_path):
    code = "import doctest, setpoint.scheduler as s; result = doctest.testmod(s); print(result.attempted); exit(result.failed)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "firmware")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0 and int(done.stdout.split()[-1]) >= 8, done.stdout + done.stderr


def test_the_wheel_is_built_and_its_example_runs_where_nothing_else_is_installed(tmp_path):
    built = wheel.build(tmp_path / "build")
    assert built.name.startswith("setpoint_scheduler-" + wheel.version())
    wheel.try_out(built, tmp_path / "environment")
