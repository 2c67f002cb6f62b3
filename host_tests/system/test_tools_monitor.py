"""make monitor and make logs, over a pseudo-terminal to a played board."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
import tty

import pytest
from littlefs import LittleFS
from littlefs.context import UserContext

from faults.boards_played import GEOMETRY, RESET, ROOT, PlayedBoard, on_flash, tiny_build
from setpoint import dim_log
from tools import logs, station_process
from tools.command import Failure

STATE = "2026-01-01T12:00:00Z info  state    connector 1: Charging, 16.0 A, transaction 5, online"
RUNS = "import time\nwhile True:\n    print(%r)\n    time.sleep(0.1)" % STATE
CRASHES_ONCE = (
    "import machine, time\nif machine.RTC().memory()[3] < 2:\n    time.sleep(1)\n    print('it goes down')\n    machine.reset()\n"
    + RUNS
)


def board_that(tmp_path, way, name="board", more=()):
    board = PlayedBoard(tmp_path / name, station_process.micropython())
    board.format(on_flash(tiny_build(tmp_path / (name + "-tiny"), "1.0", way)) | dict(more))
    return board


class Monitor:
    """The verb as a process; what it says."""

    def __init__(self, port, *arguments, terminal=False):
        self.said = ""
        out, out_end = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tools.monitor",
                "--port",
                str(port),
                "--every",
                "0.2",
                *arguments,
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out_end,
            stderr=subprocess.STDOUT,
        )
        os.close(out_end)
        self._out = out
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                data = os.read(self._out, 4096)
            except OSError:
                return
            if not data:
                return
            self.said += data.decode()

    def wait_for(self, text, within_s=120):  # patience that a busy host does not exhaust
        end = time.monotonic() + within_s
        while text not in self.said:
            assert time.monotonic() < end and self.process.poll() is None, (text, self.said)
            time.sleep(0.01)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()


def test_the_log_and_the_state_of_a_board_and_ctrl_c_leaves_it_running(tmp_path):
    with board_that(tmp_path, RUNS) as board, Monitor(board.port) as monitor:
        monitor.wait_for("connector 1: Charging")
        monitor.wait_for("-- connected, Accepted | 1: Charging, limit 16.0 A, transaction 5")
        assert monitor.interrupt() == 0
        assert "\x1b" not in monitor.said
        assert board.ended == [] and b"stopped" not in board.said and b"Interrupt" not in board.said


def test_on_a_terminal_there_is_colour(tmp_path):
    with board_that(tmp_path, RUNS) as board, Monitor(board.port, terminal=True) as monitor:
        monitor.wait_for("\x1b[1mstate")
        monitor.wait_for("\x1b[7mconnected, Accepted | 1: Charging")


def test_a_restart_of_the_board_is_shown_and_the_state_begins_anew(tmp_path):
    with board_that(tmp_path, CRASHES_ONCE) as board, Monitor(board.port) as monitor:
        monitor.wait_for("it goes down")
        monitor.wait_for("boot: Setpoint 1.0")
        monitor.wait_for("after a panic, start 2")
        assert monitor.process.poll() is None and board.ended == [RESET]


def test_usb_that_goes_and_comes_back_is_waited_for(tmp_path):
    port = tmp_path / "ttyUSB0"
    board = board_that(tmp_path, RUNS)
    with board:
        port.symlink_to(board.port)
        monitor = Monitor(port)
        monitor.wait_for("connector 1: Charging")
        port.unlink()
    with monitor:
        monitor.wait_for("-- %s is gone; waiting for it" % port)
        with board_that(tmp_path, RUNS, "again") as again:
            port.symlink_to(again.port)
            monitor.wait_for("-- %s is back" % port)
            assert monitor.interrupt() == 0


def test_no_byte_goes_to_the_board_and_the_lines_are_not_dropped_at_the_end():
    desk, end = pty.openpty()
    tty.setraw(end)
    mode = termios.tcgetattr(end)
    mode[2] |= termios.HUPCL
    termios.tcsetattr(end, termios.TCSANOW, mode)
    with Monitor(os.ttyname(end)) as monitor:
        monitor.wait_for("Listening")
        monitor.wait_for("no state heard yet")
        os.write(desk, b"boot: hello\n>>> \x1b[6n\x05")
        monitor.wait_for("boot: hello")
        monitor.wait_for(">>> ?[6n?")
        assert monitor.interrupt() == 0
    assert not select.select([desk], [], [], 0)[0], os.read(desk, 100)
    assert not termios.tcgetattr(end)[2] & termios.HUPCL
    os.close(desk)
    os.close(end)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "/dev/no-such-port"], "there is no port /dev/no-such-port"),
        (["--every", "0"], "--every wants seconds"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments, sentence):
    run = subprocess.run(
        [sys.executable, "-m", "tools.monitor", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (
        run.returncode == 1
        and run.stderr.startswith("monitor: " + sentence)
        and run.stderr.count("\n") == 1
    )


def test_a_port_that_another_program_uses_is_said(tmp_path):
    with board_that(tmp_path, RUNS) as board, Monitor(board.port) as monitor:
        monitor.wait_for("connector 1")
        with pytest.raises(Failure, match="is in use by another program"):
            logs.main(["--port", board.port, "--yes"])
        assert monitor.process.poll() is None


# ---- make logs ----

RING = {
    "/state/log.old": b"+0.1s note  app      Setpoint 0.9\n",
    "/state/log": b"+9.9s error store    it is \x1b[2Jfull\nx\xff" + b"y" * 3000 + b"\n",
}


def test_the_ring_is_fetched_oldest_first_and_the_board_runs_again(tmp_path, capsys):
    with board_that(tmp_path, RUNS, more=RING) as board:
        board.wait_for(b"main: 1.0")
        logs.main(["--port", board.port, "--yes"])
        said, told = capsys.readouterr()
        assert (
            said
            == "+0.1s note  app      Setpoint 0.9\n+9.9s error store    it is ?[2Jfull\nx\N{REPLACEMENT CHARACTER}%s\n"
            % ("y" * 3000)
        )
        assert told == "3 lines; the board restarts.\n"
        board.wait_for(b"after a reset, start 1")
        assert board.ended == [RESET]


def test_when_the_grid_operator_dimmed_stands_behind_the_log(tmp_path, capsys):
    dim_log.keep(str(tmp_path / "dim"), [("B", 218289600, 0), ("E", 218293200, 3600)])
    records = {"/dim/0": (tmp_path / "dim" / "0").read_bytes()}
    with board_that(tmp_path, RUNS, more={**RING, **records}) as board:
        board.wait_for(b"main: 1.0")
        logs.main(["--port", board.port, "--yes"])
        assert capsys.readouterr()[0].splitlines()[-2:] == [
            "dim input 2026-12-01T12:00:00Z begin",
            "dim input 2026-12-01T13:00:00Z end",
        ]


def test_asking_again_and_again_is_no_crash_loop(tmp_path, capsys):
    with board_that(tmp_path, RUNS, more=RING) as board:
        for _ in range(4):
            board.wait_for(b"main: 1.0")
            board.said = b""
            logs.main(["--port", board.port, "--yes"])
        board.wait_for(b"main: 1.0")
        assert (
            b"SAFE MODE" not in board.said
            and b"put aside" not in board.said
            and b"start 1" in board.said
        )


def test_a_file_takes_it(tmp_path, capsys):
    with board_that(tmp_path, RUNS, more=RING) as board:
        board.wait_for(b"main: 1.0")
        logs.main(["--port", board.port, "--yes", "--out", str(tmp_path / "station.log")])
        assert (tmp_path / "station.log").read_text().count("\n") == 3
        with pytest.raises(Failure, match="cannot be written: Is a directory"):
            logs.main(["--port", board.port, "--yes", "--out", str(tmp_path)])


def test_a_station_is_not_stopped_without_a_yes(tmp_path, monkeypatch):
    with board_that(tmp_path, RUNS, more=RING) as board:
        board.wait_for(b"main: 1.0")
        monkeypatch.setattr("sys.stdin", open(os.devnull))
        with pytest.raises(Failure, match="a vehicle that charges is interrupted.* add ARGS=--yes"):
            logs.main(["--port", board.port])
        assert board.ended == [] and b"Interrupt" not in board.said


def test_a_board_without_a_ring_is_told_so_and_runs_again(tmp_path):
    with board_that(tmp_path, RUNS) as board:
        board.wait_for(b"main: 1.0")
        with pytest.raises(Failure, match="the board keeps no log: .* make deploy installs it"):
            logs.main(["--port", board.port, "--yes"])
        board.wait_for(b"after a reset, start 1")


def test_a_cable_that_is_pulled_is_said(tmp_path, monkeypatch):
    with board_that(tmp_path, RUNS, more=RING) as board:
        board.wait_for(b"main: 1.0")
        monkeypatch.setattr("tools.connection._ANSWER_S", 0.5)
        read = logs.read_file
        monkeypatch.setattr(
            logs, "read_file", lambda *arguments: (board.pull_cable(), read(*arguments))[1]
        )
        with pytest.raises(Failure, match="the connection to the board broke. Plug the cable in"):
            logs.main(["--port", board.port, "--yes"])


# ---- what the agent itself leaves behind ----


def kept(station) -> "list[str]":
    """The ring in the flash of a station that is down."""
    (image,) = [
        file
        for file in station.folder.rglob("*")
        if file.is_file() and file.stat().st_size >= 256 * 1024
    ]
    content = bytearray(image.read_bytes())
    fs = LittleFS(
        context=UserContext(buffer=content),
        mount=True,
        block_count=len(content) // 4096,
        **GEOMETRY,
    )
    with fs.open("/state/log", "rb") as file:
        return file.read().decode().splitlines()


def test_a_station_keeps_its_starts_and_warnings_and_no_secret(central, start_station):
    central.refuse = 401
    station = start_station(
        basic_auth="a-very-secret-password", keys={"AuthorizationKey": "5e" * 16}
    )
    for _ in range(2):
        station.wait_until(lambda state: any("401" in line for line in station.log))
        station.cmd("plug_in", connector=1, amps=32, phases=3)
        station.kill()
        station.log.clear()
        station.start()
    station.kill()
    lines = kept(station)
    assert len([line for line in lines if " note  app      Setpoint " in line]) == 3, lines
    assert any(" warn  link " in line and "401" in line for line in lines), lines
    assert not any(" info " in line for line in lines)
    assert "secret" not in "".join(lines) and "5e5e" not in "".join(lines)
