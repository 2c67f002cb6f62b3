"""make flash: the real esptool over a pseudo-terminal to a model of the ROM loader, and then
MicroPython from what it wrote.

The image of our own is played: its file system is what was written, and what is frozen in its slot
is a few lines."""

import json
import os
import pty
import re
import socket
import stat
import subprocess
import sys
import threading
import tty

import pytest
from esp32_mock_bootloader.server import (
    BootloaderConnection,
    FlashImage,
    PtyMasterTransport,
    handle_client,
)
from firmware_image import micropython_bin, setpoint_bin

from faults.boards_played import ROOT, PlayedBoard
from tools import command, flash, micropython_image, station_process
from tools.command import Failure
from tools.image import file_system

VFS_AT, VFS_SIZE = 0x200000, 0x200000  # of MicroPython as it is downloaded
OUR_VFS_AT, OUR_VFS_SIZE = 0x390000, 0x70000
OTADATA_AT = 0xD000
FROZEN = {
    "__init__.py": '__version__ = "0.1.0"\n',
    "main.py": "def run(*names):\n    print('frozen:', names[0])\n",
}
# Attempts to reach the model, half a second each: on a busy host it is seldom heard
PATIENCE = "100"
OWNED = {
    "/identity.json": b'{"basic_auth": "secret"}',
    "/password": b"k7mq3xrt9h",
    "/state/keys.a": b"learned",
    "/state/long": b"x" * 9000,
    "/journal/3": b"owed",
    "/dim/0": b"two years",
    "/sessions/2": b"charges",
    "/ca.pem": b"PEM",
}


class Chip:
    """An ESP32 in its ROM loader. As the terminal has no reset line, somebody presses RESET when
    make flash asks for it."""

    def __init__(self, folder, kind="esp32"):
        self.kind = kind
        self.flash = FlashImage()
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self.board = PlayedBoard(folder, station_process.micropython())
        self.reset = threading.Event()
        self.cut_at = -1  # bytes from the tool, until the cable is pulled
        self.heard = 0
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._thread.start()

    def _load(self):
        chip = self

        class Terminal(PtyMasterTransport):
            def recv(self, size):
                """Waits as long as it takes: a ROM loader does not lose patience, and the model
                does after 50 ms."""
                while True:
                    try:
                        data = super().recv(size)
                        break
                    except socket.timeout:
                        if chip.reset.is_set():
                            raise
                chip.heard += len(data)
                if 0 <= chip.cut_at <= chip.heard:
                    os.close(self._master)
                    raise OSError("pulled")
                return data

        # exit_on_disconnect: else the model leaves 3 s after the first of two parts is written,
        # whatever the tool still sends
        terminal = BootloaderConnection(pty=Terminal(self.master, self.slave))
        handle_client(terminal, self.reset, self.kind, exit_on_disconnect=True, flash=self.flash)

    def press_reset(self):
        self.reset.set()
        self._thread.join()
        ours = (
            self.flash.data[OTADATA_AT : OTADATA_AT + 32] == b"\xff" * 32
            and b" on esp32 with " in self.flash.data[0x10000:OUR_VFS_AT]
        )
        at, size = (OUR_VFS_AT, OUR_VFS_SIZE) if ours else (VFS_AT, VFS_SIZE)
        if ours:
            self.board.write_slot(0, FROZEN)
        self.board.image.write_bytes(bytes(self.flash.data[at : at + size]))
        self.board.power_up((self.master, self.slave))

    def off(self):
        self.reset.set()
        self._thread.join(5)
        if self.board.port:
            self.board.power_off()


@pytest.fixture
def chip(tmp_path):
    chip = Chip(tmp_path / "board")
    yield chip
    chip.off()


@pytest.fixture(autouse=True)
def kept_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(flash, "KEPT", tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture(scope="module")
def firmware(tmp_path_factory):
    file = tmp_path_factory.mktemp("firmware") / "setpoint-0.1.0-esp32.bin"
    file.write_bytes(setpoint_bin()[0])
    return file


def verb(chip, firmware, *more, board="esp32_devkitc"):
    """make flash, with somebody who reads what it says."""

    def read(*words):
        print(*words)
        if "press its RESET button now" in words[0]:
            chip.press_reset()

    flash.print = read
    flash.main(
        [
            "--board",
            board,
            "--port",
            chip.port,
            "--firmware",
            str(firmware),
            "--attempts",
            PATIENCE,
            *more,
        ]
    )


def with_files(chip, files):
    """A chip that was flashed with MicroPython as it is downloaded, and has lived: its files lie
    elsewhere than in our image."""
    content = micropython_bin()
    chip.flash.data[0x1000 : 0x1000 + len(content)] = content
    chip.flash.data[OTADATA_AT : OTADATA_AT + 32] = b"\1" * 32  # another slot than the first
    chip.flash.data[VFS_AT : VFS_AT + VFS_SIZE] = file_system(files, VFS_SIZE)


def test_an_empty_chip_gets_an_image_of_our_own_and_says_what_it_starts(chip, firmware, capsys):
    verb(chip, firmware, "--yes")
    said = capsys.readouterr().out
    assert "press its RESET button now" in said
    assert "boot: Setpoint 0.1.0 from ota_0, after power-up, start 1" in said
    assert said.splitlines()[-1] == "The board runs Setpoint 0.1.0 from ota_0"
    content = firmware.read_bytes()
    assert bytes(chip.flash.data[0x1000 : 0x1000 + len(content)]) == content
    assert set(chip.board.files()) == {"/board.json", "/password"}
    assert json.loads(chip.board.files()["/board.json"])["name"] == "esp32_devkitc"


def test_a_host_that_is_busy_between_the_two_parts_loses_nothing(chip, firmware, monkeypatch):
    # Any pause is as long as that now
    monkeypatch.setattr("esp32_mock_bootloader.server._FLASH_END_IDLE_SEC", 0)
    verb(chip, firmware, "--yes")
    assert set(chip.board.files()) == {"/board.json", "/password"}


def test_another_version_of_setpoint_than_was_written_is_said(chip, tmp_path):
    file = tmp_path / "setpoint.bin"
    file.write_bytes(setpoint_bin(version="0.1.0-dev")[0])
    with pytest.raises(Failure, match="the board starts something else than was written"):
        verb(chip, file, "--yes")


def test_a_module_with_psram_takes_micropython_as_it_is_downloaded_and_the_program_in_files(
    chip, tmp_path, capsys
):
    chip.off()
    other = Chip(tmp_path / "s3", "esp32s3")
    file = tmp_path / "micropython.bin"
    file.write_bytes(micropython_bin("esp32s3"))
    try:
        verb(other, file, "--yes", board="esp32s3_devkitc")
        files = other.board.files()
    finally:
        other.off()
    said = capsys.readouterr().out
    assert "boot: Setpoint 0.1.0 build" in said and said.splitlines()[-1].startswith(
        "The board runs Setpoint 0."
    )
    assert bytes(other.flash.data[: file.stat().st_size]) == file.read_bytes()
    assert {"/boot.py", "/board.json", "/a/main.py", "/a/manifest.json", "/a/complete"} <= set(
        files
    )


def test_a_module_without_psram_takes_no_program_in_files(tmp_path):
    file = tmp_path / "micropython.bin"
    file.write_bytes(micropython_bin())
    with pytest.raises(
        Failure, match="an ESP32-WROOM-32 has no PSRAM.* FIRMWARE=setpoint-0.1.0-esp32.bin"
    ):
        flash.main(["--board", "esp32_devkitc", "--port", "/dev/nowhere", "--firmware", str(file)])


def test_identity_and_state_stay_and_the_copy_of_them_goes(chip, firmware, kept_folder, capsys):
    with_files(chip, OWNED | {"/a/old.py": b"gone"})
    verb(chip, firmware, "--yes")
    files = chip.board.files()
    assert {path: files[path] for path in OWNED} == OWNED and "/a/old.py" not in files
    said = capsys.readouterr().out
    assert "secret" not in said and "k7mq3xrt9h" not in said
    assert list(kept_folder.iterdir()) == []


def test_a_station_gets_a_password_of_its_own_and_is_told_it_once(chip, firmware, capsys):
    verb(chip, firmware, "--yes")
    password = chip.board.files()["/password"].decode()
    assert re.fullmatch("[abcdefghjkmnpqrstuvwxyz2-9]{10}", password)
    assert "The station's own password:  %s\n" % password in capsys.readouterr().out
    assert len({flash.password_for({})[0] for _ in range(50)}) == 50


def test_the_password_of_an_identity_is_the_stations():
    kept = {
        "/identity.json": b'{"page": {"password": "owl in the barn"}}',
        "/password": b"k7mq3xrt9h",
    }
    assert flash.password_for(kept) == ("owl in the barn", False)
    for damaged in (b"{", b"[]", b'{"page": 7}', b'{"page": {"password": "short"}}'):
        assert flash.password_for({**kept, "/identity.json": damaged}) == ("k7mq3xrt9h", False)
    assert flash.password_for({"/password": b"short"})[1]


def test_forget_erases_them(chip, firmware, capsys):
    with_files(chip, OWNED)
    verb(chip, firmware, "--yes", "--forget")
    files = chip.board.files()
    assert set(OWNED) & set(files) == {"/password"} and files["/password"] != OWNED["/password"]
    assert files["/password"].decode() in capsys.readouterr().out


def test_a_cable_pulled_while_it_writes_loses_nothing(
    chip, firmware, kept_folder, tmp_path, capsys
):
    with_files(chip, OWNED | {"/a/old.py": b"another image than the new one"})
    before = bytes(chip.flash.data)
    original = flash.write_flash

    def pulled(loader, parts, **options):
        chip.cut_at = chip.heard + 2_000  # the image of MicroPython is there, half of the files
        original(loader, parts, **options)

    flash.write_flash = pulled
    try:
        with pytest.raises(
            Failure,
            match="Plug the cable in and run the same command again; what belongs to the station is kept",
        ):
            verb(chip, firmware, "--yes")
    finally:
        flash.write_flash = original
    assert bytes(chip.flash.data) != before
    (copy,) = kept_folder.iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600 and flash.read_copy(copy) == OWNED
    again = Chip(tmp_path / "again")
    again.flash.data[:] = chip.flash.data
    # What half an image may look like
    again.flash.data[OUR_VFS_AT : OUR_VFS_AT + 8192] = b"\0" * 8192
    try:
        verb(again, firmware, "--yes")
        files = again.board.files()
        assert {path: files[path] for path in OWNED} == OWNED
        assert "An earlier make flash did not end" in capsys.readouterr().out
        assert list(kept_folder.iterdir()) == []
    finally:
        again.off()


def test_files_that_cannot_be_read_are_not_thrown_away_unasked(chip, firmware):
    with_files(chip, OWNED)
    chip.flash.data[VFS_AT : VFS_AT + 8192] = os.urandom(8192)
    before = bytes(chip.flash.data)
    with pytest.raises(Failure, match="would be lost. If that is meant, add ARGS=--forget"):
        verb(chip, firmware, "--yes")
    assert bytes(chip.flash.data) == before


def test_an_image_for_another_chip_is_refused_before_anything_is_written(chip, tmp_path, firmware):
    chip.off()
    other = Chip(tmp_path / "s3", "esp32s3")
    try:
        with pytest.raises(
            Failure,
            match="the chip is an ESP32-S3, this MicroPython is for an ESP32. Nothing was written",
        ):
            verb(other, firmware, "--yes")
        assert set(other.flash.data) == {0xFF}
    finally:
        other.off()


def test_an_image_for_another_chip_than_the_boards(chip, tmp_path):
    file = tmp_path / "s3.bin"
    file.write_bytes(micropython_bin("esp32s3"))
    with pytest.raises(
        Failure, match="this MicroPython is for an ESP32-S3, the board has an ESP32-WROOM-32"
    ):
        verb(chip, file, "--yes")


def test_it_asks_before_it_erases(chip, firmware, monkeypatch):
    with_files(chip, OWNED)
    before = bytes(chip.flash.data)
    with pytest.raises(
        Failure,
        match="What stays: /ca.pem, /dim/0, /identity.json, /journal/3, /password, /sessions/2, /state/keys.a, /state/long. Go on. Nobody is there to answer",
    ):
        verb(chip, firmware)
    assert bytes(chip.flash.data) == before


@pytest.mark.parametrize(
    "answer, goes_on", [("y", True), ("YES", True), ("", False), ("n", False), ("maybe", False)]
)
def test_anything_but_yes_is_no(answer, goes_on, monkeypatch):
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": staticmethod(lambda: True)}))
    monkeypatch.setattr("builtins.input", lambda question: answer)
    if goes_on:
        command.confirm("Erase?", False)
    else:
        with pytest.raises(Failure, match="nothing was changed"):
            command.confirm("Erase?", False)


def test_no_answer_a_wrong_port_and_a_port_in_use(tmp_path, firmware):
    master, slave = pty.openpty()
    port = os.ttyname(slave)
    for busy, path, sentence in (
        (False, "/dev/ttyNOWHERE", "flash: there is no port /dev/ttyNOWHERE"),
        (False, port, "flash: no chip answers on %s. Hold its BOOT button" % port),
        (True, port, "flash: %s is in use by another program. Close that one" % port),
    ):
        holder = __import__("serial").Serial(port, exclusive=True) if busy else None
        line = [
            sys.executable,
            "-m",
            "tools.flash",
            "--board",
            "esp32_devkitc",
            "--port",
            path,
            "--firmware",
            str(firmware),
            "--attempts",
            "1",
        ]
        done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, timeout=60)
        assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith(sentence), (
            done.stderr
        )
        if holder:
            holder.close()
    os.close(master)
    os.close(slave)


def test_without_firmware_it_says_which_file_from_where():
    with pytest.raises(
        Failure,
        match=r"Download setpoint-0.1.0-esp32.bin from the release, or make it: make micropython BOARD=esp32_devkitc.*bin\.$",
    ):
        flash.main(["--board", "esp32_devkitc"])
    with pytest.raises(
        Failure,
        match="setpoint-0.1.0-esp32s3_octal.bin.* for development: the newest stable .bin of ESP32_GENERIC_S3 from https",
    ):
        flash.main(["--board", "esp32s3_devkitc"])
    assert "SPIRAM" in micropython_image.where_to_get("mine", "ESP32-WROVER", "0.1.0")
    with pytest.raises(Failure, match="smartevse_v30 is not for use as it is: "):
        flash.main(["--board", "smartevse_v30"])
    with pytest.raises(Failure, match="simulated is no board to flash: make station"):
        flash.main(["--board", "simulated"])
