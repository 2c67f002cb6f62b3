"""What the tools say where somebody does it wrong, or has seen enough: a sentence, and nothing left
behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tools import connection, micropython32, set_up
from tools.station_process import ROOT


def run_tool(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tools." + name, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("tool", "arguments", "first_words"),
    [("demo", [], b"    time"), ("soak", ["--bits", "64"], b"seed ")],
)
def test_ctrl_c_is_one_line_and_leaves_nothing(tool, arguments, first_words, tmp_path):
    command = [sys.executable, "-m", "tools." + tool, *arguments] + (
        ["--out", str(tmp_path / "demo.svg")] if tool == "demo" else []
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        bufsize=0,
    )
    assert process.stdout.read(len(first_words)) == first_words
    # As a terminal does it: to the tool and all that it started
    os.killpg(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=30)[0].decode()
    assert process.returncode == 130, rest
    assert "Traceback" not in rest and rest.endswith("make %s: stopped.\n" % tool), rest
    assert not list((tmp_path / "tmp").iterdir())
    end = time.monotonic() + 5
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(process.pid, 0)
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("case", "arguments", "words"),
    [
        ("[]", [], "case.json: no case: "),
        (
            '{"from": "2025-06-16T00:00:00Z", "profiles": [{"chargingSchedule": {}}]}',
            [],
            "case.json: ",
        ),
        (None, ["--out", "day.xyz"], "day.xyz"),
        (None, ["--recording", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_a_sentence(case, arguments, words, tmp_path):
    (tmp_path / "case.json").write_text(
        (ROOT / "docs" / "day.json").read_text() if case is None else case
    )
    done = run_tool("plot", str(tmp_path / "case.json"), *arguments)
    assert done.returncode == 1 and words in done.stderr and done.stderr.count("\n") == 1, (
        done.stderr
    )


def test_a_board_that_is_not_there_is_named_with_those_that_are():
    done = run_tool("boards", "nix")
    assert done.returncode == 1 and "esp32_devkitc" in done.stdout and "Errno" not in done.stdout


@pytest.mark.parametrize("port", ["/dev/null", str(ROOT / "README.md"), str(ROOT)])
def test_what_is_no_serial_port_is_not_called_busy(port):
    assert connection.reason_not_opened(port) == "%s is no serial port. Check PORT=." % port


def test_micropython32_has_help_and_builds_nothing_for_it(capsys, monkeypatch):
    monkeypatch.setattr(micropython32, "interpreter", lambda say: pytest.fail("built"))
    with pytest.raises(SystemExit) as end:
        micropython32.main(["--help"])
    assert end.value.code == 0 and "MICROPYTHON32" in capsys.readouterr().out


def test_set_up_without_a_network_says_so(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what the stand-in answers is taken for a folder
    pip = tmp_path / "python"
    pip.write_text(
        "#!/bin/sh\necho \"WARNING: Retrying after connection broken by 'NewConnectionError(...)': /simple/x/\"\necho ERROR: No match\nexit 1\n"
    )
    pip.chmod(0o755)
    with pytest.raises(SystemExit) as end:
        set_up.install(str(pip), "requirements.lock")
    assert str(end.value).startswith(
        "Set-up: the Python package index cannot be reached. Is there a network?"
    ), end.value
    pip.write_text("#!/bin/sh\necho ERROR: hashes\nexit 1\n")
    with pytest.raises(SystemExit) as end:
        set_up.install(str(pip), "requirements.lock")
    assert "hashes" in str(end.value) and "network" not in str(end.value)


@pytest.mark.parametrize(("writable", "asked"), [(True, False), (False, True)])
def test_set_up_in_a_home_that_cannot_be_written_does_without_a_cache(writable, asked, tmp_path):
    cache = tmp_path / "cache" if writable else "/proc/cache"
    pip = tmp_path / "python"
    pip.write_text(
        '#!/bin/sh\n[ "$3" = cache ] && echo %s || echo "$@" > %s\n'
        % (cache, tmp_path / "arguments")
    )
    pip.chmod(0o755)
    set_up.install(str(pip), "requirements.lock")
    assert ("--no-cache-dir" in (tmp_path / "arguments").read_text()) == asked
