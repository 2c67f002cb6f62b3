"""What docs/scheduler.md promises to who takes the scheduler home: plain CPython, no shims, and a
wheel."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools import wheel
from tools.packages import SCHEDULE, files
from tools.station_process import micropython

ROOT = Path(__file__).resolve().parent.parent


def test_the_example_in_the_docstring_runs_on_plain_cpython(tmp_path):
    code = "import doctest, setpoint.scheduler as s; result = doctest.testmod(s); print(result.attempted); exit(result.failed)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "firmware")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0 and int(done.stdout.split()[-1]) >= 8, done.stdout + done.stderr


def example_of_the_page() -> "tuple[str, str]":
    """(program, what it prints) on docs/scheduler.md."""
    page = (ROOT / "docs" / "scheduler.md").read_text()
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (printed,) = re.findall(r"^prints `(.*?)`", page, re.MULTILINE)
    return program, printed


def test_the_example_of_the_page_prints_what_the_page_says_from_an_empty_folder(tmp_path):
    """On CPython from the wheel, and on MicroPython from the files that mip installs."""
    program, printed = example_of_the_page()
    environment = tmp_path / "environment"
    built = wheel.build(tmp_path / "build")
    assert built.name.startswith("setpoint_scheduler-" + wheel.version())
    wheel.try_out(built, environment)
    (tmp_path / "empty").mkdir()
    for path in files(SCHEDULE):
        (tmp_path / "lib" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "firmware" / path, tmp_path / "lib" / path)
    of_micropython = "import sys; sys.path[:] = [%r]\n" % str(tmp_path / "lib")
    for command, code in (
        ([str(environment / "bin" / "python")], program),
        (micropython(), of_micropython + program),
    ):
        done = subprocess.run(
            [*command, "-c", code], capture_output=True, text=True, cwd=tmp_path / "empty"
        )
        assert (done.stdout.strip(), done.stderr) == (printed, ""), command
