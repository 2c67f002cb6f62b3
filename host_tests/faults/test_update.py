"""`make deploy` with the power cut at every write of the board's flash.

The board is played (boards_played.py): the whole firmware of the simulated board in /a and /b,
started by its own boot.py, with the documents and the journal of a station that charges
(prepared.py) beside them. The update is done once, with every write and every erased block
recorded; a cut is the chip as it was in the middle of one. Whatever the update came to: one program
is whole and is started, documents and journal are byte for byte what they were, and with them the
program that was started takes up the charge.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import signal
import struct
from pathlib import Path

import pytest
from interpreters import command_of

from faults.boards_played import PLAYED, RESET, PlayedBoard, on_flash
from faults.prepared import Prepared
from tools import build
from tools.command import BOARDS, Failure
from tools.connection import Connection
from tools.deploy import Deployment
from tools.station_process import RESET as RESET_ASKED
from tools.station_process import StationDied, StationProcess

_BLOCKS = 640
_STARTS = 6  # boot.py gives a program three
_TRIES = 40  # the interpreter of a PC dies of many a Ctrl-C, and starts again
_WRITE = struct.Struct("<II")  # position and length; an erased block is a write of 0xff
_RESTARTS = (RESET, RESET_ASKED, -signal.SIGSEGV)  # the last is an ESP32's panic, which resets it


def recorded(path: Path) -> list[tuple[int, bytes]]:
    """The writes to a chip as a played board notes them: (position, bytes) in order."""
    content = path.read_bytes()
    found, at = [], 0
    while at < len(content):
        position, length = _WRITE.unpack_from(content, at)
        at += _WRITE.size + length
        found.append((position, content[at - length : at]))
    return found


def cut_at(image: bytes, writes: list[tuple[int, bytes]], number: int) -> bytes:
    """The chip that held `image` after the writes before the number-th, from 1, and half of that
    one."""
    chip = bytearray(image)
    for position, data in writes[: number - 1]:
        chip[position : position + len(data)] = data
    for position, data in writes[number - 1 : number]:
        chip[position : position + len(data) // 2] = data[: len(data) // 2]
    return bytes(chip)


def variant(made: build.Build, folder: Path, word: str) -> build.Build:
    """The same program as another version of it: two files differ, one is there in this version
    only."""
    shutil.copytree(made.folder, folder)
    manifest = json.loads((folder / "program" / "manifest.json").read_text())
    main = folder / "program" / "main.py"
    main.write_text(main.read_text() + "# %s\n" % word)
    (folder / "program" / "setpoint" / (word + ".py")).write_text("# %s\n" % word * 200)
    for path in ("main.py", "setpoint/%s.py" % word):
        content = (folder / "program" / path).read_bytes()
        manifest["files"][path] = [len(content), hashlib.sha256(content).hexdigest()]
    manifest["version"], manifest["build"] = (
        word,
        hashlib.sha256(repr(manifest["files"]).encode()).hexdigest()[:8],
    )
    (folder / "program" / "manifest.json").write_text(json.dumps(manifest))
    return build.Build(folder)


class Updates:
    """The board of a prepared station: version "one" runs from /a, "zero" from before it is in
    /b, "two" is deployed."""

    def __init__(self, prepared: Prepared, folder: Path, interpreter: list[str]) -> None:
        self.prepared = prepared
        self.interpreter = interpreter
        made = build.build(BOARDS / "simulated", folder / "made")
        zero, one, self.two = (
            variant(made, folder / word, word) for word in ("zero", "one", "two")
        )
        self.before = on_flash(zero, "b", 1) | on_flash(one, "a", 2) | prepared.files
        self.folder = prepared.bench.folder
        PlayedBoard(self.folder, interpreter).format(self.before, _BLOCKS)
        self.image = (self.folder / "flash.img").read_bytes()

    def deploy(self) -> list[tuple[int, bytes]]:
        """What the update writes to the chip."""
        fields = self.prepared.bench.station.start_fields
        offline = {
            "csms_url": "ws://127.0.0.1:9",
            "control": None,
            "device": {"reconnect": {"minimum_s": 60}},
        }
        for _ in range(_TRIES):
            board = PlayedBoard(self.folder, self.interpreter)
            board.image.write_bytes(self.image)
            board.cut_after = 0
            (self.folder / "writes").unlink(missing_ok=True)
            self.prepared.bench.restore_flash()
            (self.folder / "start.json").write_text(json.dumps({**fields, **offline}))
            with board:
                board.wait_for(b"limit    connector 1", 30)
                with Connection(board.port) as link, contextlib.suppress(Failure):
                    link.interrupt()
                    if not board.ended:
                        Deployment(link, self.two, lambda sentence: None).go()
                        return recorded(self.folder / "writes")
        raise AssertionError("the board was not interrupted in %d tries" % _TRIES)

    def power_fails_at(self, number: int, writes: list[tuple[int, bytes]]) -> None:
        (self.folder / "flash.img").write_bytes(cut_at(self.image, writes, number))

    @staticmethod
    def programs(files: dict[str, bytes]) -> list[str]:
        """The versions that may be started, the newest first. AssertionError for one that is not
        whole."""
        found = []
        for folder in "ab":
            words = files.get("/%s/complete" % folder, b"").decode().split()
            if len(words) != 3:
                continue
            manifest = json.loads(files["/%s/manifest.json" % folder])
            for path, (_, digest) in manifest["files"].items():
                if hashlib.sha256(files.get("/%s/%s" % (folder, path), b"")).hexdigest() != digest:
                    raise AssertionError(
                        "/%s says that it is complete, and %s is not" % (folder, path)
                    )
            found.append((int(words[0]), words[1]))
        return [version for _, version in sorted(found, reverse=True)]

    def check(self) -> None:
        """Starts the board, as often as boot.py needs."""
        files = PlayedBoard(self.folder, self.interpreter).files()
        state = {
            path: content
            for path, content in files.items()
            if path.startswith(("/state", "/journal"))
        }
        if state != self.prepared.files:
            raise AssertionError(
                "files of the state changed: %s"
                % sorted(set(state.items()) ^ set(self.prepared.files.items()))[:3]
            )
        wanted = self.programs(files)[:1]
        bench = self.prepared.bench
        bench.restore_flash()
        bench.station.log.clear()
        bench.central.messages.clear()
        for start in range(_STARTS):
            (self.folder / "cause").write_text("2" if start else "1")
            if not start:
                (self.folder / "rtc").unlink(missing_ok=True)
            try:
                bench.start()
                break
            except StationDied as died:
                if bench.station.exit_code not in _RESTARTS:
                    raise AssertionError(
                        "%s, and nothing starts it again: %s" % (died, bench.station.log[-3:])
                    ) from died
        else:
            raise AssertionError("no program stays up: %s" % bench.station.log[-3:])
        booted = [
            line
            for line in bench.station.log
            if line.startswith("boot: Setpoint") and "put aside" not in line
        ][-1]
        if booted.split(" ")[2] not in wanted:
            raise AssertionError("%s, and should be %s" % (booted, wanted))
        self.prepared.check(self.prepared.image)


class PlayedStation(StationProcess):
    """The station as the played board runs it: boot.py, then the program in the folder that it
    chose."""

    def _command(self, file: Path) -> list[str]:
        return [*self.interpreter, str(PLAYED), str(self.folder)]


@pytest.fixture(scope="module")
def interpreter() -> list[str]:
    """The 32-bit one, as Debian has it, has no raw REPL."""
    return command_of("64")


@pytest.fixture
def played(prepared):
    """The prepared station is the one on the board."""
    station = prepared.bench.station
    station.__class__, station.start_fields["store"] = PlayedStation, "flash"
    yield prepared
    station.kill()


@pytest.mark.row("power cut during an update")
def test_an_update_that_is_cut(scale, played, interpreter, subtests, tmp_path):
    updates = Updates(played, tmp_path, interpreter)
    writes, step = updates.deploy(), scale.pick(40, 8, 1)
    for number in range(1 + random.Random(scale.seed).randrange(step), len(writes) + 1, step):
        updates.power_fails_at(number, writes)
        with subtests.test("write %d of %d" % (number, len(writes))):
            try:
                updates.check()
            finally:
                played.bench.station.kill()
