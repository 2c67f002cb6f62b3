"""The power is cut at every write to the flash while a station updates its firmware: documents, the
slot, and what the boot loader goes by; and every one of these writes fails.

Whatever the update came to: the slot that runs holds a whole program, the station registers with
it, and the central system is told once how it ended, in accord with what runs."""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from interpreters import command_of

from faults.bench import GONE, Bench, wait_for
from faults.boards_played import RESET as CHIP_RESET
from faults.boards_played import PlayedBoard, on_flash
from faults.test_update import PlayedStation, Updates, recorded, variant
from tools import build, update
from tools.command import BOARDS
from tools.station_process import RESET, StationDied

HOST_TESTS = Path(__file__).resolve().parent.parent
sys.path.append(str(HOST_TESTS / "system"))

from file_server import FileServer  # noqa: E402
from firmware_image import setpoint_bin  # noqa: E402

IMAGE = setpoint_bin("esp32", "9.0.0", 6000)[1]
ENDS = ("Installed", "InstallationFailed", "DownloadFailed")
FOLDER_ROW = "a power cut while a program in a folder is updated into the other"
ROWS = {
    "cut": "a power cut in the middle of a write of an update of the firmware",
    "error": "a write that fails in an update of the firmware",
}
_PATIENCE_S = 90


class Updated:
    """A station that is told to update itself, on a fresh flash for each trial."""

    def __init__(self, folder: Path, interpreter: list[str]) -> None:
        self.bench = Bench(folder, interpreter)
        self.server = FileServer()
        self.server.files["/fw"] = update.of_image(IMAGE, "simulated", "9.0.0")
        self.bench.start()
        self.bench.station.kill()
        self.bench.keep_flash()
        self.died = False

    def close(self) -> None:
        self.server.close()
        self.bench.close()

    def ends(self) -> list[str]:
        told = self.bench.central.seen("FirmwareStatusNotification")
        return [m.payload["status"] for m in told if m.payload["status"] in ENDS]

    def begin(self) -> None:
        bench = self.bench
        bench.station.kill()
        bench.restore_flash()
        bench.central.messages.clear()
        self.died = False
        bench.start()

    def start(self) -> None:
        """Power comes. An update that was waiting may restart the station before it is asked
        anything."""
        while True:
            try:
                self.bench.start()
                return
            except StationDied:
                assert self.bench.station.ends_within(5), "it lives, and does not answer"
                code = self.bench.station.exit_code
                self.died = self.died or code not in (RESET, CHIP_RESET)

    def trouble(self, number: int, mode: str) -> None:
        with contextlib.suppress(StationDied):  # another write came before the answer
            self.bench.station.cmd("flash", after_writes=number, mode=mode)

    def ask(self) -> None:
        """A central system asks until it is answered."""
        request = {
            "location": self.server.url + "/fw",
            "retrieveDate": "2025-01-01T00:00:00Z",
            "retries": 2,
            "retryInterval": 1,
        }
        while True:
            try:
                self.bench.central.call("UpdateFirmware", request, timeout=5)
                return
            except GONE:
                if self.bench.station.exit_code is not None:
                    self.died = True
                    self.start()

    def go_on(self) -> None:
        """Starts it whenever it has ended, until the central system knows how the update ended."""
        end = time.monotonic() + _PATIENCE_S
        station = self.bench.station
        while not self.ends():
            assert time.monotonic() < end, (
                "the end of the update is not told: %s" % station.log[-5:]
            )
            code = station.exit_code
            if code is not None:
                self.died = self.died or code not in (RESET, CHIP_RESET)
                self.start()
            time.sleep(0.02)

    def check(self) -> None:
        """Nothing more is told, now and after another start; and what is told is true."""
        bench = self.bench
        if bench.station.ends_within(0.3):
            self.died = True
            self.start()
        wait_for(lambda: bench.station.state()["registered"], 30, "it does not register")
        bench.station.kill()
        self.start()
        bench.station.wait_until(lambda state: state["registered"])
        ends = self.ends()
        assert len(ends) == 1, "told: %s" % ends
        self.check_what_runs(ends == ["Installed"])
        bench.check_traffic()

    def check_what_runs(self, installed: bool) -> None:
        flash = self.bench.folder / "flash"
        choice = (flash / "otadata").read_text() if (flash / "otadata").exists() else "0 good"
        assert choice[0] == str(int(installed)), "%s runs" % choice
        if installed:
            assert (flash / "ota_1").read_bytes()[: len(IMAGE)] == IMAGE, "it runs half a program"


@pytest.fixture
def updated(tmp_path, interpreter) -> Iterator[Updated]:
    with closing(Updated(tmp_path / "bench", interpreter)) as updated:
        yield updated


@pytest.mark.parametrize("mode", ROWS)
def test_trouble_at_every_write_of_an_update(updated, scale, subtests, mode):
    number = 1
    while True:
        with subtests.test("%s, write %d" % (mode, number), row=ROWS[mode]):
            updated.begin()
            updated.trouble(number, mode)
            updated.ask()
            updated.go_on()
            updated.check()
        if mode == "cut" and not updated.died:
            break  # it has no so many writes
        if mode == "error" and number > 60:
            break
        number += scale.pick(13, 5, 1)


@pytest.mark.row(ROWS["cut"])
def test_a_cut_at_every_write_of_the_first_start_of_new_firmware(updated, scale, subtests):
    number = 1
    while True:
        with subtests.test("write %d" % number):
            updated.begin()
            updated.ask()
            station, central = updated.bench.station, updated.bench.central
            assert station.wait_exit(60) == RESET
            central.stop()
            station.start()
            updated.trouble(number, "cut")
            central.start()
            updated.go_on()
            updated.check()
        if not updated.died:
            break
        number += scale.pick(7, 2, 1)


class CutStation(PlayedStation):
    """The played board's flash dies in its `cut`-th write; 0: each write is recorded."""

    cut: int | None = None

    def _command(self, file: Path) -> list[str]:
        return PlayedStation._command(self, file) + ([] if self.cut is None else [str(self.cut)])


class FolderUpdated(Updated):
    """The same for a played board that runs version "one" from /a."""

    def __init__(self, folder: Path, interpreter: list[str]) -> None:
        Updated.__init__(self, folder / "board", interpreter)
        made = build.build(BOARDS / "simulated", folder / "made")
        self.one, self.two = (variant(made, folder / word, word) for word in ("one", "two"))
        self.server.files["/fw"] = update.of_build(self.two)
        self.board = PlayedBoard(folder / "board", interpreter)
        self.board.format(on_flash(self.one, "a", 1), 640)
        self.image = self.board.image.read_bytes()
        self.station: CutStation = self.bench.station  # type: ignore[assignment]
        self.station.__class__ = CutStation
        self.station.start_fields["store"] = "flash"

    def begin(self, cut: int = 0) -> None:
        self.station.kill()
        self.board.image.write_bytes(self.image)
        for name in ("writes", "rtc", "cause"):
            (self.board.folder / name).unlink(missing_ok=True)
        self.station.cut = cut
        Updated.begin(self)
        self.station.cut = None

    def check_what_runs(self, installed: bool) -> None:
        booted = [line.split()[2] for line in self.station.log if line.startswith("boot: Setpoint")]
        self.station.kill()
        whole = Updates.programs(self.board.files())
        assert booted[-1] == whole[0] == ("two" if installed else "one")


@pytest.mark.row(FOLDER_ROW)
def test_a_cut_while_a_program_in_a_folder_is_updated(tmp_path, scale, subtests):
    with closing(FolderUpdated(tmp_path, command_of("64"))) as updated:
        updated.begin()
        updated.ask()
        updated.go_on()
        writes = len(recorded(updated.board.folder / "writes"))
        chance = random.Random(scale.seed)
        for number in sorted(chance.sample(range(1, writes), scale.counted(2, 10, 60))):
            with subtests.test("write %d of %d" % (number, writes)):
                updated.begin(number)
                updated.ask()
                updated.go_on()
                updated.check()
