"""The portable tests on a bare 32-bit chip (tools/riscv32.py), and what makes its figures worth
something."""

import os

import pytest

from tools import riscv32

# What needs more memory in one piece than is left beside the test; on the other interpreters each
# of them runs.
TOO_LARGE = {
    "test_protocol_autobahn.py": ["test_protocol_autobahn.py: cannot be imported"],
    "test_protocol_exchange.py": ["test_ids_do_not_repeat_and_stay_short"],
    "test_protocol_websocket.py": [
        "test_each_length_is_sent_in_its_shortest_form",
        "test_every_length_is_sent_whole_and_masked",
        "test_the_examples_of_the_standard",
    ],
}


@pytest.fixture(scope="module")
def chip():
    """Where there is none, the test is skipped; in CI it fails."""
    try:
        riscv32.build()
    except riscv32.Unavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must not skip the emulated chip: %s" % reason)
        pytest.skip("no emulated chip: %s" % reason)


@pytest.mark.parametrize("file_name", riscv32.test_files())
def test_portable(file_name: str, chip):
    outcome = riscv32.portable(file_name)
    assert not outcome.failed, outcome.output
    assert list(outcome.too_large) == TOO_LARGE.get(file_name, []), outcome.output
    assert outcome.passed or outcome.too_large


def test_every_room_without_an_operating_system_has_its_tests_there():
    files = " ".join(riscv32.test_files())
    assert all("test_%s" % room in files for room in riscv32.ROOMS)


def test_instructions_come_out_the_same_each_time(chip):
    first, second = riscv32.counts(), riscv32.counts()
    assert first == second and len(first) >= 8


def test_a_control_step_leaves_a_chip_seven_eighths_of_its_time(chip):
    """20 ms of a C3 are at most 3.2 million instructions."""
    figures = {figure["name"]: figure["value"] for figure in riscv32.counts()}
    assert figures["control step, 2 connectors"] < 400000
    assert figures["is anything due"] < 2000


def test_a_slice_of_a_signature_is_shorter_than_a_period_of_the_control_step(chip):
    figures = {figure["name"]: figure["value"] for figure in riscv32.counts()}
    assert figures["one squaring of an RSA signature, 4096 bits"] < 3200000


SOME = """\
FAILED test_a.py::test_one
Traceback (most recent call last):
  File "run_on_micropython.py", line 26, in run
MemoryError: memory allocation failed, allocating 40009 bytes
FAILED test_a.py::test_two
Traceback (most recent call last):
  File "run_on_micropython.py", line 26, in run
AssertionError:
MicroPython 1.25.0, 32 bit: 5 passed, 2 failed
"""


def test_a_piece_that_the_heap_has_not_got_is_told_from_a_failure():
    outcome = riscv32.outcome_of("test_a.py", SOME)
    assert (outcome.passed, outcome.failed, outcome.too_large) == (
        5,
        ["test_two"],
        {"test_one": 40009},
    )


def test_memory_taken_while_the_heap_is_locked_is_a_failure():
    outcome = riscv32.outcome_of(
        "test_a.py", SOME.replace("memory allocation failed, allocating 40009 bytes", "")
    )
    assert outcome.failed == ["test_one", "test_two"] and not outcome.too_large


def test_a_run_that_does_not_come_to_its_end_is_a_failure():
    assert riscv32.outcome_of("test_a.py", SOME.rpartition("MicroPython")[0]).failed == [
        "test_a.py did not come to its end"
    ]
    assert riscv32.outcome_of("test_a.py", "").failed


def test_a_machine_without_the_compiler_is_told_which_packages_to_install(monkeypatch):
    monkeypatch.setattr(
        riscv32.shutil,
        "which",
        lambda program: None if program == "qemu-system-riscv32" else "/usr/bin/" + program,
    )
    monkeypatch.setattr(riscv32, "_compiler_says", lambda option: "/a/picolibc.specs")
    with pytest.raises(
        riscv32.Unavailable,
        match="no qemu-system-riscv32; .*qemu-system-misc gcc-riscv64-unknown-elf picolibc",
    ):
        riscv32.check_machine()


def test_a_compiler_without_its_c_library_is_told_too(monkeypatch):
    monkeypatch.setattr(riscv32.shutil, "which", lambda program: "/usr/bin/" + program)
    monkeypatch.setattr(riscv32, "_compiler_says", lambda option: "picolibc.specs")
    with pytest.raises(riscv32.Unavailable, match="no picolibc"):
        riscv32.check_machine()
