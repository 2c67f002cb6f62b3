"""Boards to try the verbs for boards on: device/played_board.py on a flash image, behind a
pseudo-terminal.

board = PlayedBoard(folder, interpreter)
board.format({"/boot.py": ..., "/a/main.py": ...})
board.power_up()              # from here on board.port is a serial port with a MicroPython at it
"""

import functools
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import termios
import threading
import time
import tty
from pathlib import Path
from typing import Any

from littlefs import LittleFS
from littlefs.context import UserContext

from tools.build import Build
from tools.command import ROOT

PLAYED = Path(__file__).parent / "device" / "played_board.py"
RESET, CUT = -signal.SIGUSR1, -signal.SIGKILL
GEOMETRY: dict[str, Any] = {
    "block_size": 4096,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
}

# A program that is small, and ends as it is told to
MAIN = """
import part
print("main:", part.WORD, started)
WAY
"""


def tiny_build(
    folder: Path,
    version: str,
    way: str = "import time\nwhile True:\n    time.sleep(0.02)",
    **files: str,
) -> Build:
    """A build of a program of a few lines, in the form of tools.build. `way`: how its main.py goes
    on."""
    import hashlib

    program, root = folder / "program", folder / "root"
    (program / "setpoint").mkdir(parents=True)
    root.mkdir()
    (program / "main.py").write_text(MAIN.replace("WAY", way))
    (program / "part.py").write_text("WORD = %r\n" % version)
    (program / "setpoint" / "same.py").write_text("# the same in every version\n" * 60)
    for name, text in files.items():
        (program / "setpoint" / (name + ".py")).write_text(text)
    (root / "boot.py").write_bytes((ROOT / "firmware" / "boot.py").read_bytes())
    (root / "board.json").write_text(
        json.dumps(
            {
                "name": "tiny",
                "connectors": [{"contactor": {"pin": 26, "on": 1}, "pilot": {"pwm_pin": 27}}],
            }
        )
    )
    listed = {}
    for file in sorted(p for p in program.rglob("*") if p.is_file()):
        listed[file.relative_to(program).as_posix()] = [
            file.stat().st_size,
            hashlib.sha256(file.read_bytes()).hexdigest(),
        ]
    manifest = {
        "board": "tiny",
        "version": version,
        "build": hashlib.sha256(repr(listed).encode()).hexdigest()[:8],
        "mpy": 6,
        "files": listed,
    }
    (program / "manifest.json").write_text(json.dumps(manifest))
    return Build(folder)


def on_flash(build: Build, folder: str = "a", number: int = 1) -> "dict[str, bytes]":
    """A build's files by their path on the device, complete."""
    files = {"/" + p.name: p.read_bytes() for p in build.root.iterdir()}
    for path in [*build.files, "manifest.json"]:
        files["/%s/%s" % (folder, path)] = (build.program / path).read_bytes()
    files["/%s/complete" % folder] = build.complete(number).encode()
    return files


class PlayedBoard:
    def __init__(self, folder: Path, interpreter: "list[str]") -> None:
        self.folder = folder
        self.interpreter = interpreter
        self.image = folder / "flash.img"
        self.port = ""
        self.cut_after = -1  # writes of its flash, until the power goes; 0: all are recorded
        self.said = b""
        self.ended: "list[int]" = []  # exit codes of the interpreter
        self._process: "subprocess.Popen | None" = None
        self._over = threading.Event()
        self._plugged = True
        folder.mkdir(exist_ok=True)

    # ---- its flash ----

    def format(
        self, files: "dict[str, bytes]", blocks: int = 128, free: "int | None" = None
    ) -> None:
        """free: how many blocks are left; the rest is full of photographs."""
        fs = LittleFS(block_count=blocks, **GEOMETRY)
        for path, content in files.items():
            fs.makedirs(path.rpartition("/")[0] or "/", exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(content)
        if free is not None:
            with fs.open("/photos", "wb") as file:
                file.write(bytes(4080 * (blocks - fs.used_block_count - free)))
        self.image.write_bytes(bytes(fs.context.buffer))

    def files(self) -> "dict[str, bytes]":
        """What is in its flash; the image on this machine is not changed."""
        content = bytearray(self.image.read_bytes())
        fs = LittleFS(
            context=UserContext(buffer=content),
            mount=True,
            block_count=len(content) // 4096,
            **GEOMETRY,
        )
        found = {}
        for top, _, names in fs.walk("/"):
            for name in names:
                with fs.open(top.rstrip("/") + "/" + name, "rb") as file:
                    found[top.rstrip("/") + "/" + name] = file.read()
        return found

    def write_slot(
        self, number: int, frozen: "dict[str, str]", romfs: "Path | None" = None
    ) -> None:
        """An image of our own in a slot of the flash: boot.py, and these files of setpoint, or what
        is in `romfs`, are frozen in it."""
        slot = self.folder / ("ota_%d" % number)
        (slot / "setpoint").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "firmware" / "boot.py", slot)
        for name, text in frozen.items():
            (slot / "setpoint" / name).write_text(text)
        if romfs is not None:
            shutil.copy(romfs, slot / "firmware.romfs")

    # ---- without a cable: one start, to its end ----

    def start(self, cause: int = 2, wait_s: float = 20) -> "tuple[int, str]":
        """Starts it once; (exit code, what it printed). cause 1 is a power-up: the clock's memory
        is lost."""
        self._why(cause)
        command = [*self.interpreter, str(PLAYED), str(self.folder), str(self.cut_after)]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=wait_s
        )
        return done.returncode, done.stdout

    def pins(self) -> str:
        """Each pin that was set since the last question, a line with its level."""
        path = self.folder / "pins"
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text

    def _why(self, cause: int) -> None:
        (self.folder / "cause").write_text(str(cause))
        if cause == 1:
            (self.folder / "rtc").unlink(missing_ok=True)

    # ---- with a cable: a serial port, and a board that starts again after each reset ----

    def power_up(self, terminal: "tuple[int, int] | None" = None) -> None:
        # We are at _desk; a tool opens the other end by its name
        self._desk, self._desk_end = terminal or pty.openpty()
        tty.setraw(self._desk_end)
        self.port = os.ttyname(self._desk_end)
        self._why(1)
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def power_off(self) -> None:
        self._over.set()
        if self._process is not None:
            self._process.kill()
        self._thread.join(10)
        os.close(self._desk_end)

    def pull_cable(self) -> None:
        """From here on nothing goes through the port; the board lives on."""
        self._plugged = False

    def __enter__(self):
        self.power_up()
        return self

    def __exit__(self, *exception):
        self.power_off()

    def _live(self) -> None:
        try:
            self._start_again_and_again()
        finally:
            os.close(self._desk)  # whoever is at the other end sees that nobody is here

    def _start_again_and_again(self) -> None:
        while not self._over.is_set():
            board, board_end = pty.openpty()
            tty.setraw(board_end)
            mode = termios.tcgetattr(board_end)
            mode[3] |= termios.ISIG  # Ctrl-C interrupts what runs
            termios.tcsetattr(board_end, termios.TCSANOW, mode)
            command = [
                *self.interpreter,
                "-i",
                str(PLAYED),
                str(self.folder),
                str(self.cut_after),
                "cable",
            ]
            self._process = subprocess.Popen(
                command,
                stdin=board_end,
                stdout=board_end,
                stderr=board_end,
                preexec_fn=functools.partial(_own, board_end),
            )
            os.close(board_end)
            self._carry(board)
            if self._over.is_set():
                self._process.kill()  # power_off may have looked before this one began
            self.ended.append(self._process.wait())
            os.close(board)
            if self.ended[-1] == CUT:
                return  # the power is gone
            self._why(2)

    def _carry(self, board: int) -> None:
        """Carries bytes both ways until the interpreter is gone."""
        while not self._over.is_set():
            ready, _, _ = select.select([board, self._desk], [], [], 0.05)
            try:
                if board in ready:
                    data = os.read(board, 4096)
                    self.said += data
                    if self._plugged:
                        os.write(self._desk, data)
                if self._desk in ready:
                    data = os.read(self._desk, 4096)
                    if self._plugged:
                        os.write(board, data)
            except OSError:
                return

    def wait_for(self, word: bytes, within_s: float = 120) -> None:
        """With patience that a busy host does not exhaust."""
        end = time.monotonic() + within_s
        while word not in self.said:
            assert time.monotonic() < end, self.said[-2000:]
            time.sleep(0.01)


def _own(terminal: int) -> None:
    """Makes a terminal the controlling one of this process, so that Ctrl-C reaches it."""
    import fcntl

    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
