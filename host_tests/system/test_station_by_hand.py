"""`make station`: its prompt at a terminal, and the new start after a reset."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tools import compiled
from tools.command import ROOT
from tools.station_prompt import Misused, request_from

STAND_IN = """
import sys, time
print("up")
try:
    open("FILE").close()
except OSError:
    open("FILE", "w").close()
    sys.exit(75)
time.sleep(10)
"""
COMMAND = [str(ROOT / "tools" / "station"), "--by-hand"]


@pytest.fixture
def at_terminal(tmp_path):
    """at_terminal(*arguments) -> a Terminal in which make station runs."""
    started = []

    def start(*arguments):
        started.append(Terminal([*COMMAND, *arguments]))
        return started[-1]

    yield start
    for terminal in started:
        terminal.process.kill()
        terminal.process.wait()


class Terminal:
    """A process at a pseudo-terminal, with all that it printed so far."""

    def __init__(self, command) -> None:
        ours, theirs = pty.openpty()
        self.keys = os.fdopen(ours, "r+b", buffering=0)
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.said = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                self.said += self.keys.read(1000).decode()
        except OSError:
            pass  # it has ended

    def type(self, line: str) -> None:
        self.keys.write(line.encode() + b"\n")

    def wait_for(self, words: str, times: int = 1, within_s: float = 20) -> None:
        end = time.monotonic() + within_s
        while len(re.findall(words, self.said)) < times:
            assert time.monotonic() < end, "no %r in:\n%s" % (words, self.said)
            time.sleep(0.02)


def start_file(folder, **fields):
    file = folder / "start.json"
    file.write_text(json.dumps({"store": "flash", **fields}))
    return str(file)


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_person_plugs_in_shows_a_card_and_sees_the_state(
    at_terminal, central, tmp_path, micropython
):
    file = start_file(tmp_path, csms_url=central.url)
    station = at_terminal("--micropython", micropython[0], file)
    station.wait_for("`help` lists the commands")
    station.wait_for("registered|Available, 32.0 A")
    station.type("plug 1 16")
    station.wait_for("Preparing")
    station.type("card 04A1")
    central.wait_for("StartTransaction", lambda payload: payload["idTag"] == "04A1")
    station.wait_for("connector 1: Charging")
    station.type("state")
    station.wait_for(r"  connector 1: Charging, limit 32.0 A by hardware, pilot C at [\d.]+ %, "
                     r"contactor closed, transaction of card 04A1, 16.0 A")  # fmt: skip
    station.type("unplug 1")
    central.wait_for("StopTransaction")
    station.type("temperature celsius=40")
    station.type("plug 7")
    station.wait_for("! There is no connector 7.")
    station.type("plgu 1")
    station.wait_for("! no command plgu 1; `help` lists them")
    station.type("plug")
    central.call("Reset", {"type": "Hard"})
    station.wait_for("station: it was reset, and starts again")
    station.wait_for("note  app      Setpoint", 2)
    time.sleep(1)
    station.type("quit")
    assert station.process.wait(15) == 0
    assert json.loads((tmp_path / "start.json").read_text())["store"] == "flash"  # as it was


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_ctrl_c_at_the_prompt_ends_the_station(at_terminal, central, tmp_path, micropython):
    station = at_terminal(
        "--micropython", micropython[0], start_file(tmp_path, csms_url=central.url)
    )
    station.wait_for("`help` lists the commands")
    time.sleep(1)  # past its start, in which it may not hear of it
    os.killpg(station.process.pid, signal.SIGINT)
    assert station.process.wait(15) == 0


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"csms_url": "http://a"}, "csms_url must be"),
        ({"csms_ulr": "ws://a"}, "did you mean csms_url?"),
        ({"keys": {"HeartbeatIntervall": "9"}}, "did you mean HeartbeatInterval?"),
    ],
)
def test_a_start_file_that_is_wrong_shows_no_prompt(
    at_terminal, tmp_path, micropython, fields, words
):
    station = at_terminal("--micropython", micropython[0], start_file(tmp_path, **fields))
    assert station.process.wait(15) == 2
    station.wait_for(words)
    assert "> " not in station.said and "help" not in station.said


@pytest.fixture
def resetting(tmp_path, micropython):
    """A command for a station that asks for a reset at its first start."""
    program = tmp_path / "program"
    source = tmp_path / "main.py"
    source.write_text(STAND_IN.replace("FILE", str(tmp_path / "was-here")))
    compiled.compile_file(source, Path("main.py"), program / "mpy")
    compiled.make_image(program / "mpy", program / "firmware.romfs")
    code = (
        "import sys; sys.path.insert(0, %r); from tools import station; "
        "station.program_for = lambda command: %r; sys.exit(station.main(sys.argv[1:]))"
    ) % (str(ROOT), str(program))
    command = [sys.executable, "-c", code, "--micropython", micropython[0]]
    return lambda *arguments: subprocess.Popen(
        [*command, *arguments, start_file(tmp_path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_after_a_reset_it_starts_again_by_itself_and_says_so(resetting):
    process = resetting("--by-hand")
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    assert lines == [
        "up\n",
        "station: it was reset, and starts again (--once ends it here)\n",
        "up\n",
    ]
    assert process.wait(15) == 0


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
@pytest.mark.parametrize("arguments", [(), ("--by-hand", "--once")])
def test_one_start_only_ends_with_75(resetting, arguments):
    process = resetting(*arguments)
    assert process.communicate(timeout=15)[0] == "up\n" and process.returncode == 75


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_being_asked_to_end_between_two_starts_ends_it(resetting):
    process = resetting("--by-hand")
    process.stdout.readline(), process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=15)[0] == "" and process.returncode == 0


def test_words_become_requests_of_the_control_channel():
    for line, request in (
        ("plug", {"cmd": "plug_in", "connector": 1}),
        ("plug 2 16 1", {"cmd": "plug_in", "connector": 2, "amps": 16, "phases": 1}),
        ("unplug 2", {"cmd": "plug_out", "connector": 2}),
        ("card 04A1", {"cmd": "swipe", "tag": "04A1"}),
        ("pause", {"cmd": "ev", "connector": 1, "wants": False}),
        ("resume 2", {"cmd": "ev", "connector": 2, "wants": True}),
        ("advance 3600", {"cmd": "clock", "advance_s": 3600}),
        ("link down", {"cmd": "link", "up": False}),
        ("state", {"cmd": "state"}),
        ("cable connector=1 amps=null", {"cmd": "cable", "connector": 1, "amps": None}),
        ("press button=emergency_stop", {"cmd": "press", "button": "emergency_stop"}),
    ):
        assert request_from(line) == request, line
    for line, words in (
        ("card", "too few words; it is written: card TAG"),
        ("plug 1 2 3 4", "too many words; it is written: plug [CONNECTOR] [AMPS] [PHASES]"),
        ("plug one", "one is no whole number; it is written: plug"),
        ("link sideways", "it is written: link up|down"),
        ('card "x', "a quotation mark has no other"),
    ):
        with pytest.raises(Misused, match=re.escape(words)):
            request_from(line)
