"""Every portable test file once more, on both MicroPythons. Plain pytest runs the same files on
CPython."""

import subprocess
from pathlib import Path

import pytest

HOST_TESTS = Path(__file__).resolve().parent.parent
FILES = sorted(path.name for path in (HOST_TESTS / "portable").glob("test_*.py"))


@pytest.mark.parametrize("file_name", FILES)
def test_portable(file_name: str, micropython: "list[str]"):
    command = [*micropython, str(HOST_TESTS / "run_on_micropython.py"), file_name]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    assert done.returncode == 0 and ", 0 failed" in done.stdout, "\n" + done.stdout
