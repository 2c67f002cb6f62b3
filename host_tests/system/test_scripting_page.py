"""docs/scripting.md is followed literally from an empty folder, and lists every command."""

import inspect
import json
import os
import re
import subprocess
import sys

import pytest

from setpoint.board.simulated import commands
from tools.command import ROOT

PAGE = (ROOT / "docs" / "scripting.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TYPED = re.search(r"^```\n(export .*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
LOOP = re.search(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def by_hand(tmp_path, central):
    """by_hand(what is typed) -> what a shell prints, in an empty folder. ~/setpoint is ours."""
    (tmp_path / "setpoint").symlink_to(ROOT)
    folder = tmp_path / "empty"
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "MICROPYTHON") if name in os.environ}
    environment = {**kept, "HOME": str(tmp_path), "CSMS_URL": central.url, "TMPDIR": str(tmp_path)}

    def run(typed):
        done = subprocess.run(
            ["bash", "-ec", typed],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    run.folder = folder
    return run


def test_the_first_example_is_a_test_of_15_lines_that_charges_for_an_hour(by_hand, central):
    (by_hand.folder / "test_charge.py").write_text(EXAMPLES[0])
    assert len([line for line in EXAMPLES[0].splitlines() if line]) <= 15
    assert "1 passed" in by_hand(TYPED)
    assert central.paths == ["/cp001"] and central.seen("StopTransaction")


def test_an_example_that_fails_shows_the_log_of_its_station(by_hand):
    wrong = EXAMPLES[0].replace(">= 11000)", ">= 99000, timeout=1)")
    (by_hand.folder / "test_charge.py").write_text(wrong)
    said = by_hand(TYPED.rstrip() + " || true")
    assert "1 failed" in said and "log of cp001" in said and "BootNotification: Accepted" in said


def test_many_stations_start_at_once(by_hand, central):
    (by_hand.folder / "test_charge.py").write_text(EXAMPLES[1])
    assert "1 passed" in by_hand(TYPED)
    assert sorted(central.paths) == ["/cp000", "/cp001", "/cp002"]


def test_a_users_own_package_called_tools_is_not_in_the_way(by_hand):
    (by_hand.folder / "tools").mkdir()
    (by_hand.folder / "tools" / "__init__.py").write_text("")
    (by_hand.folder / "test_charge.py").write_text("import tools\n" + EXAMPLES[0])
    assert "1 passed" in by_hand(TYPED)


def test_stations_that_start_at_once_build_the_firmware_once(tmp_path):
    code = "import sys; from pathlib import Path; from tools import compiled; "
    code += "print(compiled.compiled(Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(tmp_path / "firmware")]
    builds = [
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(6)
    ]
    said = {build.communicate(timeout=120)[0] for build in builds}
    assert [build.returncode for build in builds] == [0] * 6, said
    assert (
        len(said) == 1
        and [path.is_dir() for path in (tmp_path / "firmware").iterdir()].count(True) == 1
    )


def test_a_shell_starts_three_stations(by_hand, central):
    wait = (
        "while [ $(grep -l 'BootNotification: Accepted' *.log | wc -l) -lt 3 ]; do sleep 0.1; done"
    )
    by_hand(LOOP + wait + "\nkill $(jobs -p)\nwait || true")
    assert sorted(set(central.paths)) == ["/cp001", "/cp002", "/cp003"]


def rows():
    found = re.findall(
        r"^\| `(\w+)` \| (.*?) \| (.*) \|$", PAGE.replace("| | ", "| - | "), re.MULTILINE
    )
    return {name: arguments for name, arguments, _ in found}


def test_the_table_has_each_command_with_its_arguments():
    functions = {**commands.COMMANDS, "data_transfer": commands.transfer_data}
    assert sorted(rows()) == sorted(functions)
    for name, function in functions.items():
        source = inspect.getsource(function)
        read = re.findall(r'(?:_field|_choice|_not_negative)\(request, "(\w+)"', source)
        read += ["connector"] if "_outlet(" in source else []
        read += ["amps"] if "_amps(" in source else []
        read += ["after_reads", "after_writes"] if name == "flash" else []
        for argument in read:
            assert re.search(r"\b%s\b" % argument, rows()[name]), (name, argument)


def test_the_state_on_the_page_has_the_fields_of_a_real_one(station):
    shown = json.loads(re.search(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1])
    real = station.state()
    assert sorted(shown) == sorted(real)
    assert sorted(shown["connectors"][0]) == sorted(real["connectors"][0])
    for name in ("pilot", "contactor", "limit", "meter"):
        assert sorted(shown["connectors"][0][name]) == sorted(real["connectors"][0][name]), name
    for name in ("memory", "loop", "flash"):
        assert sorted(shown[name]) == sorted(real[name]), name
