"""tools/station: who lives how long, which exit code says what, and who may use a store.

The launcher is tried with a stand-in for the station, so that nothing but the launcher is on trial.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

STAND_IN = """
import asyncio, sys, time
async def station():
    print("up", sys.argv[-1])
    START
    while True:
        await asyncio.sleep_ms(10)
try:
    asyncio.run(station())
except KeyboardInterrupt:
    print("interrupted")
finally:
    print("safe")
"""


class Launcher:
    """A copy of the launcher whose firmware is the stand-in."""

    def __init__(self, folder: Path, interpreter: str) -> None:
        self.root = folder / "root"
        self.interpreter = interpreter
        self.start_file = folder / "start.json"
        self.start_file.write_text(json.dumps({"store": "flash"}))
        (self.root / "tools").mkdir(parents=True)
        (self.root / "firmware").mkdir()
        for name in (
            "station",
            "station.py",
            "compiled.py",
            "command.py",
            "debian.py",
            "micropython32.py",
            "run_compiled.py",
        ):
            shutil.copy(ROOT / "tools" / name, self.root / "tools" / name)
        shutil.copy(ROOT / "requirements.lock", self.root)
        (self.root / ".venv" / "bin").mkdir(parents=True)
        python = self.root / ".venv" / "bin" / "python"
        python.write_text('#!/bin/sh\nexec "%s" "$@"\n' % sys.executable)
        python.chmod(0o755)
        self.started = []
        self.stand_in("pass")

    def stand_in(self, what_it_does: str) -> None:
        (self.root / "firmware" / "main.py").write_text(STAND_IN.replace("START", what_it_does))

    def start(
        self, *arguments: str, program: "str | None" = None, cwd: "Path | None" = None
    ) -> subprocess.Popen:
        command = [
            program or str(self.root / "tools" / "station"),
            "--compiled",
            "--micropython",
            self.interpreter,
        ]
        command += arguments or [str(self.start_file)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd
        )
        self.started.append(process)
        return process

    def start_and_wait_until_up(self, **options) -> subprocess.Popen:
        process = self.start(**options)
        line = process.stdout.readline()
        assert line.startswith("up "), line + process.stdout.read()
        return process


@pytest.fixture
def launcher(tmp_path, micropython):
    launcher = Launcher(tmp_path, micropython[0])
    yield launcher
    for process in launcher.started:
        process.kill()
        process.wait()
        process.stdout.close()


def end_of(process: subprocess.Popen) -> "tuple[int, str]":
    """(exit code, the rest of what it printed); waits until nobody holds its output open any
    more."""
    rest = process.communicate(timeout=15)[0]
    return process.returncode, rest


def test_the_exit_code_and_the_output_are_passed_on(launcher):
    for code in (0, 3, 75):
        launcher.stand_in("sys.exit(%d)" % code)
        process = launcher.start()
        assert end_of(process) == (code, "up %s\nsafe\n" % launcher.start_file), code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_being_asked_to_end_makes_safe_and_exits_with_0(launcher, number):
    process = launcher.start_and_wait_until_up()
    process.send_signal(number)
    assert end_of(process) == (0, "interrupted\nsafe\n")


def test_being_asked_twice_does_not_break_into_the_way_to_safe_outputs(launcher):
    launcher.stand_in(
        "time.sleep_ms(1)\n    try:\n        time.sleep(10)\n    finally:\n        time.sleep_ms(300)"
    )
    process = launcher.start_and_wait_until_up()
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert end_of(process) == (0, "interrupted\nsafe\n")


def test_a_station_that_does_not_end_is_killed(launcher):
    launcher.stand_in(
        "\n    while True:\n        try:\n            time.sleep(1)\n        except KeyboardInterrupt:\n            pass"
    )
    process = launcher.start_and_wait_until_up()
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    code, rest = end_of(process)
    assert code == 1 and "did not end within 5 s" in rest


def test_killing_the_launcher_kills_the_station_at_once(launcher):
    process = launcher.start_and_wait_until_up()
    began = time.monotonic()
    process.kill()
    assert end_of(process) == (-signal.SIGKILL, "")  # the pipe closes when the interpreter is gone
    assert time.monotonic() - began < 1


def test_a_station_that_is_killed_takes_the_launcher_with_it(launcher):
    launcher.stand_in("import os; os.system('kill -9 $PPID')")
    process = launcher.start()
    assert end_of(process)[0] == -signal.SIGKILL


def test_a_second_station_waits_until_the_first_is_gone(launcher):
    launcher.start_and_wait_until_up().kill()
    launcher.start_and_wait_until_up()  # at once after a power cut


def test_two_stations_do_not_share_a_store(launcher):
    launcher.start_and_wait_until_up()
    code, rest = end_of(launcher.start())
    assert code == 2 and "another station is using the store" in rest


def test_it_starts_from_any_folder_and_through_a_link(launcher, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "link"
    link.symlink_to(os.path.relpath(launcher.root / "tools" / "station", elsewhere))
    process = launcher.start("../start.json", program=str(link), cwd=elsewhere)
    assert process.stdout.readline() == "up %s\n" % (elsewhere / "../start.json")
    assert (tmp_path / "flash").is_dir()  # a relative store lies beside the start file


@pytest.mark.parametrize("text", [None, "{", "[]", '{"store": 3}'])
@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_wrong_start_file_is_one_sentence_and_exit_code_2(launcher, text):
    launcher.start_file.unlink() if text is None else launcher.start_file.write_text(text)
    code, rest = end_of(launcher.start())
    assert code == 2 and rest.startswith("station: the start file ") and rest.count("\n") == 1, rest


@pytest.mark.parametrize("store", ["start.json", "/proc/nowhere"])
@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_store_that_cannot_be_is_one_sentence_and_exit_code_2(launcher, store):
    launcher.start_file.write_text('{"store": "%s"}' % store)
    code, rest = end_of(launcher.start())
    assert code == 2 and rest.startswith("station: the store ") and rest.count("\n") == 1, rest


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_missing_interpreter_is_one_sentence_and_exit_code_2(launcher):
    code, rest = end_of(
        launcher.start("--micropython", "/nowhere/micropython", str(launcher.start_file))
    )
    assert (
        code == 2
        and rest.startswith("station: there is no interpreter at /nowhere/micropython")
        and rest.count("\n") == 1
    )


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_help_shows_examples(launcher):
    code, rest = end_of(launcher.start("--help"))
    assert code == 0 and "--heap SIZE" in rest and "examples:" in rest


def test_the_heap_can_be_chosen(launcher):
    launcher.stand_in("import gc; print(gc.mem_free() + gc.mem_alloc() < 120000); sys.exit(0)")
    process = launcher.start("--heap", "100K", str(launcher.start_file))
    assert "True" in end_of(process)[1]
