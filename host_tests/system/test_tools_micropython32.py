"""tools/micropython32 and debian: which mirror is taken, and that what was built is a 32-bit
MicroPython with the firmware inside."""

import subprocess

import pytest

from tools import compiled, debian, micropython32

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib
deb [arch=amd64 signed-by=/a/key.gpg] http://security.example/debian-security bookworm-security main
deb-src http://source.example/debian bookworm main
deb http://other.example/packages some-tool main
"""
DEB822 = """\
Types: deb deb-src
# a comment between
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie

Types: deb
URIs: http://one.example/debian
 http://two.example/debian
Suites:
 stable
"""


@pytest.fixture
def etc_apt(tmp_path, monkeypatch):
    monkeypatch.delenv("DEBIAN_MIRROR", raising=False)
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_the_mirror_comes_from_a_one_line_source(etc_apt):
    (etc_apt / "sources.list").write_text(ONE_LINE)
    assert debian.mirrors(etc_apt) == ["http://mirror.example/debian"]


def test_the_mirror_comes_from_a_deb822_source(etc_apt):
    (etc_apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    assert debian.mirrors(etc_apt) == [
        "http://mirror.example/debian",
        "http://one.example/debian",
        "http://two.example/debian",
    ]


def test_a_source_that_is_switched_off_or_not_debian_is_not_taken(etc_apt):
    (etc_apt / "sources.list.d" / "other.list.disabled").write_text(ONE_LINE)
    (etc_apt / "sources.list").write_text("deb http://other.example/ubuntu noble main\n")
    with pytest.raises(debian.Unavailable, match="no Debian source"):
        debian.mirrors(etc_apt)


def test_a_mirror_named_by_hand_is_taken(etc_apt, monkeypatch):
    monkeypatch.setenv("DEBIAN_MIRROR", "http://mine.example/debian")
    assert debian.mirrors(etc_apt) == ["http://mine.example/debian"]


def test_another_kind_of_machine_is_told_plainly(monkeypatch):
    monkeypatch.setattr(micropython32.sys, "platform", "darwin")
    with pytest.raises(debian.Unavailable, match="Linux on x86-64"):
        micropython32.check_machine()


def test_a_command_that_fails_is_quoted():
    with pytest.raises(debian.Unavailable, match="it failed: .*no such thing"):
        debian.run(["sh", "-c", "echo no such thing >&2; exit 3"], "it failed")


def test_each_interpreter_has_the_word_length_it_is_named_for(micropython, request, tmp_path):
    bits = 32 if "32bit" in request.node.name else 64
    done = subprocess.run(
        [*micropython, "-c", "import sys; print(sys.maxsize)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == 2 ** (bits - 1) - 1


@pytest.fixture
def built(micropython):
    if not compiled.has_firmware(micropython):
        pytest.skip("this interpreter has no firmware frozen in")
    return micropython


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_what_is_frozen_in_is_the_firmware_as_it_stands(built):
    """Asked of the program itself: every file that the sources have can be imported, and a
    traceback names file and line."""
    names = [
        path.relative_to(compiled.SOURCES).as_posix()
        for path in sorted(compiled.SOURCES.glob("setpoint/**/*.py"))
    ]
    code = """
import sys
sys.path[:] = [".frozen"]
from setpoint.protocol import iso8601
print(iso8601.__file__)
try:
    iso8601.text_from(None)
except TypeError as error:
    sys.print_exception(error)
"""
    done = subprocess.run([*built, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "setpoint/protocol/iso8601.py"
    lines = (compiled.SOURCES / "setpoint/protocol/iso8601.py").read_text().splitlines()
    where = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if 'File "setpoint/protocol/iso8601.py", line' in line
    ]
    assert where, done.stderr
    number, function = int(where[0].split("line ")[1].split(",")[0]), where[0].split(" in ")[1]
    defined = max(at for at, line in enumerate(lines[:number], 1) if line.startswith("def "))
    assert lines[defined - 1].startswith("def %s(" % function), where
    content = micropython32.FOLDER / "objects" / "frozen_content.c"
    if built == [str(micropython32.PROGRAM)]:
        text = content.read_text()
        assert [name for name in names if '"%s\\0"' % name not in text] == []


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_an_import_of_what_is_frozen_in_keeps_no_name_in_the_heap(built):
    code = """
import asyncio, micropython, sys
sys.path[:] = [".frozen"]
asyncio.open_connection, asyncio.Event, asyncio.Lock, asyncio.wait_for
from setpoint.app import App
from setpoint.board.simulated.board import Board
micropython.qstr_info(1)
"""
    kept = subprocess.run([*built, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "qstr pool" in kept
    assert "(setpoint" not in kept and "(asyncio" not in kept, kept


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_a_change_of_the_firmware_is_a_change_of_the_interpreter(built, monkeypatch, tmp_path):
    before = micropython32._digest()
    (tmp_path / "firmware" / "setpoint").mkdir(parents=True)
    (tmp_path / "firmware" / "setpoint" / "new.py").write_text("")
    monkeypatch.setattr(micropython32, "ROOT", tmp_path)
    monkeypatch.setattr(
        micropython32, "MANIFEST", tmp_path / "boards" / "images" / "manifest_unix.py"
    )
    assert micropython32._digest() != before
