"""Documents on littlefs on a flash chip in RAM whose power is cut, that fails, or that is full: on
both MicroPythons."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parent.parent / "firmware"


def run(micropython: "list[str]", scenario: str) -> str:
    command = [*micropython, str(HERE / "store_power_cut.py"), str(FIRMWARE), scenario]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    assert done.returncode == 0, "\n" + done.stdout
    return done.stdout


@pytest.mark.parametrize("change", ["create", "replace", "remove"])
@pytest.mark.parametrize("trouble", ["cut", "torn"])
def test_a_power_cut_at_any_flash_operation_leaves_the_old_or_the_new_document(
    micropython, change, trouble
):
    run(micropython, "%s-%s" % (change, trouble))


@pytest.mark.parametrize("change", ["create", "replace", "remove"])
@pytest.mark.parametrize("trouble", ["fails", "worn"])
def test_a_failed_write_is_an_error_and_the_old_document_is_not_lost(micropython, change, trouble):
    run(micropython, "%s-%s" % (change, trouble))


def test_a_full_disk_is_an_error_and_the_old_document_is_there_after_a_reboot(micropython):
    run(micropython, "full")


def test_a_rewrite_costs_less_than_one_erased_block_and_an_equal_document_costs_nothing(
    micropython,
):
    run(micropython, "cost")
