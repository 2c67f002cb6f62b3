"""The local list on littlefs on a flash chip in RAM whose power is cut, that fails, or that is full:
on both MicroPythons."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parent.parent / "firmware"


def run(micropython: "list[str]", scenario: str) -> None:
    command = [*micropython, str(HERE / "records_power_cut.py"), str(FIRMWARE), scenario]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240
    )
    assert done.returncode == 0, "\n" + done.stdout


@pytest.mark.parametrize("trouble", ["cut", "torn"])
def test_a_power_cut_at_any_flash_operation_leaves_the_old_or_the_new_list(micropython, trouble):
    run(micropython, trouble)


@pytest.mark.parametrize("trouble", ["fails", "worn"])
def test_a_failed_write_fails_the_message_and_the_old_list_holds(micropython, trouble):
    run(micropython, trouble)


def test_a_full_chip_fails_the_message_and_the_old_list_holds(micropython):
    run(micropython, "full")


def test_a_change_programs_the_list_once_and_a_look_up_reads_little(micropython):
    run(micropython, "cost")
