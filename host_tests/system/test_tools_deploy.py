"""make deploy: the real mpremote protocol over a pseudo-terminal to a board that is played on
MicroPython's unix port."""

import hashlib
import itertools
import json
import subprocess
import sys

import pytest
from mpremote.transport_serial import SerialTransport

from faults.boards_played import CUT, RESET, ROOT, PlayedBoard, on_flash, tiny_build
from tools import connection, station_process
from tools.command import Failure
from tools.connection import Connection, port_or_only
from tools.deploy import Deployment, restart

AT_REST = "pass"  # the prompt follows
BUSY = "import time\nwhile True:\n    time.sleep(0.02)"


@pytest.fixture
def board(tmp_path):
    """On the 64-bit interpreter: Debian's 32-bit one has no raw REPL."""
    return PlayedBoard(tmp_path / "board", station_process.micropython())


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return tiny_build(tmp_path_factory.mktemp("one"), "1.0", AT_REST)


@pytest.fixture(scope="module")
def zero(tmp_path_factory):
    return tiny_build(
        tmp_path_factory.mktemp("zero"), "0.9", AT_REST, extra="x = 0\n", old="y = 0\n"
    )


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return tiny_build(tmp_path_factory.mktemp("two"), "2.0", AT_REST, extra="x = 2\n")


def at_the_prompt(board) -> Connection:
    board.wait_for(b">>> ")
    return Connection(board.port)


def deploy(board, made, then=lambda link: None) -> "list[str]":
    """What make deploy says, up to the restart; `then` goes on with the connection."""
    said = []
    with at_the_prompt(board) as link:
        link.interrupt()
        Deployment(link, made, said.append).go()
        then(link)
    return said


def runs(board) -> str:
    """The version that the board starts, from power-up. Every program that may be started is
    checked to be whole."""
    files = board.files()
    for folder in "ab":
        if "/%s/complete" % folder in files:
            manifest = json.loads(files["/%s/manifest.json" % folder])
            assert files["/%s/complete" % folder].split()[1:] == [
                manifest["version"].encode(),
                manifest["build"].encode(),
            ]
            for path, (_, digest) in manifest["files"].items():
                assert hashlib.sha256(files["/%s/%s" % (folder, path)]).hexdigest() == digest, (
                    folder,
                    path,
                )
    code, text = board.start(cause=1)
    # Its main.py ends, and the watchdog bites
    assert code == RESET and "Traceback" not in text, text
    line = next(line for line in text.splitlines() if line.startswith("main:"))
    return line.split(" ")[1]


def test_an_update_goes_into_the_other_folder_and_is_read_back(board, one, two):
    board.format(on_flash(one) | {"/identity.json": b"me", "/state/keys.a": b"learned"})
    said = []
    with board:
        deploy(board, two, lambda link: restart(link, two.title, said.append, settle_s=0.3))
    assert said == ["boot: Setpoint 2.0 build %s from /b, after a reset, start 1" % two.name]
    files = board.files()
    expected = (
        on_flash(one)
        | on_flash(two, "b", 2)
        | {"/identity.json": b"me", "/state/keys.a": b"learned"}
    )
    assert files == expected


def test_a_program_that_runs_is_interrupted(board, tmp_path, two):
    (tmp_path / "busy").mkdir()
    board.format(on_flash(tiny_build(tmp_path / "busy", "1.0", BUSY)))
    with board:
        board.wait_for(b"main: 1.0")
        board.said += b">>> "
        deploy(board, two, lambda link: restart(link, two.title, print, settle_s=0.3))
        board.wait_for(b"main: 2.0")


def test_only_what_differs_crosses_the_wire(board, one, two):
    board.format(on_flash(one))
    with board:
        said = deploy(board, two)
        assert "Filling /b: 5 of 5 files to write, 3 of them over the wire" in said, said
        assert "Filling /a: 0 of 4 files to write, 0 of them over the wire" in deploy(board, one), (
            "the other folder has it still"
        )
    assert runs(board) == "1.0"


def test_what_is_there_already_is_not_written_again(board, one):
    board.format(on_flash(one))
    with board, at_the_prompt(board) as link:
        link.interrupt()
        assert Deployment(link, one, print).go() is False
    assert board.files() == on_flash(one)


def test_an_empty_board_gets_everything(board, two):
    board.format({})
    with board:
        deploy(board, two)
    assert board.files() == on_flash(two, "a", 1)
    assert runs(board) == "2.0"


def test_files_of_a_version_before_go_and_those_of_the_owner_stay(board, one, two, tmp_path):
    three = tiny_build(tmp_path / "three", "3.0", AT_REST)
    board.format(
        on_flash(one, "a", 2)
        | on_flash(two, "b", 1)
        | {"/b/setpoint/old/deep.py": b"x", "/notes.txt": b"mine"}
    )
    with board:
        deploy(board, three)
    assert board.files() == on_flash(one, "a", 2) | on_flash(three, "b", 3) | {
        "/notes.txt": b"mine"
    }


def test_boot_py_and_board_json_are_exchanged_whole(board, one, two):
    old = on_flash(one) | {
        "/boot.py": on_flash(one)["/boot.py"] + b"# older\n",
        "/board.json": b'{"connectors": []}',
    }
    board.format(old)
    with board:
        said = deploy(board, two)
    assert "/boot.py is new" in said and "/board.json is new" in said
    assert (
        board.files()["/boot.py"] == on_flash(two)["/boot.py"]
        and board.files()["/board.json"] == on_flash(two)["/board.json"]
    )


# ---- interrupted at each step: the old version whole, or the new one; and the next deploy ends the
# work


class Pulled(Exception):
    pass


class ShortCable(Connection):
    """Its cable is pulled before statement number `left`."""

    left = 0

    def __init__(self, port):
        super().__init__(port)
        exec_raw = self._transport.exec_raw

        def counted(*arguments, **options):
            self.left -= 1
            if self.left == 0:
                raise Pulled
            return exec_raw(*arguments, **options)

        self._transport.exec_raw = counted


def test_a_cable_that_is_pulled_at_any_statement_leaves_one_version_whole(board, zero, one, two):
    seen = []
    for left in itertools.count(2):
        board.format(on_flash(zero, "b", 1) | on_flash(one, "a", 2))
        with board:
            try:
                board.wait_for(b">>> ")
                with ShortCable(board.port) as link:
                    link.interrupt()
                    link.left = left
                    Deployment(link, two, seen.append).go()
                    break
            except Pulled:
                pass
        assert runs(board) == "1.0", "pulled before statement %d" % left
        board = PlayedBoard(board.folder, board.interpreter)
    assert left > 30
    assert runs(board) == "2.0"


def test_a_power_cut_at_any_write_of_the_flash_leaves_one_version_whole(board, zero, one, two):
    versions = []
    for writes in itertools.count(1):
        board.format(on_flash(zero, "b", 1) | on_flash(one, "a", 2))
        board.cut_after = writes
        with board:
            try:
                deploy(board, two)
            except Failure as failure:
                assert "the connection to the board broke" in str(failure)
            cut = CUT in board.ended
        board = PlayedBoard(board.folder, board.interpreter)
        versions.append(runs(board))
        if not cut:
            break
    assert (
        versions == sorted(versions) and {"1.0", "2.0"} == set(versions) and len(versions) > 10
    ), versions
    # and what a cut leaves behind is no obstacle
    board.format(on_flash(one))
    for writes in (4, 8, 11, -1):
        board.cut_after = writes
        with board:
            try:
                deploy(board, two)
            except Failure:
                pass
        board = PlayedBoard(board.folder, board.interpreter)
    assert board.files() == on_flash(one) | on_flash(two, "b", 2)


# ---- what can go wrong, each in one sentence with its mend


def verb(*arguments: str, **options) -> "tuple[int, str]":
    done = subprocess.run(
        [sys.executable, "-m", "tools.deploy", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        **options,
    )
    return done.returncode, done.stdout + done.stderr


def refusal(board, made) -> str:
    with board, pytest.raises(Failure) as failure:
        deploy(board, made)
    return str(failure.value)


def test_no_board_and_a_wrong_port(board, monkeypatch):
    code, said = verb("--port", "/dev/ttyNOWHERE")
    assert (
        code == 1
        and said.startswith("deploy: there is no port /dev/ttyNOWHERE")
        and said.count("\n") == 1
    )
    monkeypatch.setattr(connection.list_ports, "comports", lambda: [])
    with pytest.raises(Failure, match="no board is plugged in"):
        port_or_only(None)
    ports = [type("Port", (), {"device": "/dev/ttyUSB%d" % n, "vid": 0x10C4}) for n in range(2)]
    monkeypatch.setattr(connection.list_ports, "comports", lambda: ports)
    with pytest.raises(Failure, match="several boards: /dev/ttyUSB0, /dev/ttyUSB1"):
        port_or_only(None)
    monkeypatch.setattr(connection.list_ports, "comports", lambda: ports[:1])
    assert port_or_only(None) == "/dev/ttyUSB0" and port_or_only("/dev/ttyACM9") == "/dev/ttyACM9"


def test_a_port_in_use(board, one):
    board.format(on_flash(one))
    with board, Connection(board.port):
        code, said = verb("--port", board.port)
    assert (
        code == 1
        and "is in use by another program. Close that one" in said
        and said.count("\n") == 1
    )


def test_no_micropython_at_the_port(board, monkeypatch):
    monkeypatch.setattr(connection, "_PATIENCE_S", 0.1)
    board.interpreter = ["sh", "-c", "sleep 20"]
    with (
        board,
        pytest.raises(
            Failure,
            match="does not answer as MicroPython does. Is it there. make flash installs it",
        ),
    ):
        Connection(board.port).interrupt()


def test_an_old_micropython(board, one, two):
    board.format(on_flash(one))
    old = "class sys:\n    implementation = ('micropython', (1, 19, 1))"
    with board, at_the_prompt(board) as link:
        link.interrupt()
        link.run(old)
        with pytest.raises(
            Failure, match="runs MicroPython 1.19.1, Setpoint needs 1.25 or newer: make flash"
        ):
            Deployment(link, two, print).go()
    assert board.files() == on_flash(one)


def test_a_wrong_mpy_version(board, one, two):
    board.format(on_flash(one))
    two.mpy += 1
    try:
        assert "loads .mpy files of version 6, these are of version 7: make flash" in refusal(
            board, two
        )
    finally:
        two.mpy -= 1
    assert board.files() == on_flash(one)


def test_a_full_flash_is_seen_before_anything_is_written(board, one, two):
    board.format(on_flash(one), free=7)
    assert "the board's flash is full: " in refusal(board, two)
    assert "/a/complete" in board.files() and "/b/part.py" not in board.files()


def test_a_flash_that_fills_up_on_the_way(board, one, two, monkeypatch):
    monkeypatch.setattr(Deployment, "check_room", lambda self, folder: None)
    board.format(on_flash(one), free=3)
    assert "the board's flash is full. The old version is untouched." in refusal(board, two)
    assert runs(board) == "1.0"


def test_a_flash_that_does_not_keep_what_was_written(board, one, two, monkeypatch):
    write_file = Connection.write_file
    monkeypatch.setattr(
        Connection,
        "write_file",
        lambda self, path, content: write_file(self, path, content[:-1] + b"?"),
    )
    board.format(on_flash(one))
    assert "is not what was written: its flash may be worn out" in refusal(board, two)
    assert runs(board) == "1.0"


def test_a_cable_pulled_in_the_middle(board, one, two, monkeypatch):
    monkeypatch.setattr(connection, "_ANSWER_S", 0.5)
    # Its time-out is 10 s
    monkeypatch.setattr(SerialTransport.read_until, "__defaults__", (0.5, None, None))
    board.format(on_flash(one))
    with board, at_the_prompt(board) as link:
        link.interrupt()
        deployment = Deployment(
            link, two, lambda sentence: board.pull_cable() if "Filling" in sentence else None
        )
        with pytest.raises(Failure, match="Plug the cable in and run the same command again"):
            deployment.go()
    assert runs(board) == "1.0"


def test_another_board_than_it_says_is_refused(board, one, tmp_path):
    board.format(on_flash(one))
    with board:
        code, said = verb("--port", board.port, "--board", "esp32s3_devkitc")
    assert (
        code == 1
        and "the board says it is tiny, not esp32s3_devkitc" in said
        and "--change-board" in said
    )


def test_a_version_that_does_not_stay_up_is_said(board, one, tmp_path):
    crashes = tiny_build(tmp_path / "three", "3.0", "import machine\nmachine.reset()")
    board.format(on_flash(one))
    with board:
        with pytest.raises(Failure, match="does not stay up"):
            deploy(board, crashes, lambda link: restart(link, crashes.title, print, settle_s=5))
        board.wait_for(b"put aside")
        board.wait_for(b"main: 1.0")
    assert board.ended.count(RESET) >= 3


def test_the_whole_firmware_from_the_command_line(board, one):
    """The verb as a person runs it, with the real firmware for the simulated board."""
    board.format({}, blocks=512)
    (board.folder / "store").mkdir()
    (board.folder / "store" / "flash.img").write_bytes(b"\xff" * 4096 * 512)
    (board.folder / "start.json").write_text('{"store": "store", "csms_url": "ws://127.0.0.1:9"}')
    with board:
        code, said = verb("--port", board.port, "--board", "simulated")
        assert code == 0, said
        assert "boot: Setpoint" in said and said.splitlines()[-1].startswith(
            "The board runs Setpoint 0."
        ), said
        board.wait_for(b"on simulated: build")
