"""The sessions of the page on littlefs on a flash chip in RAM whose power is cut or that fails: on both
MicroPythons."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parent.parent / "firmware"


@pytest.mark.parametrize("trouble", ["cut", "torn", "fails", "worn"])
def test_trouble_at_any_flash_operation_takes_no_record_that_was_written(micropython, trouble):
    command = [*micropython, str(HERE / "sessions_power_cut.py"), str(FIRMWARE), trouble]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    assert done.returncode == 0, "\n" + done.stdout
