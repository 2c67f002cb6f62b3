"""tools/micropython32: which mirror it takes, and that what it fetched is a 32-bit MicroPython that runs from anywhere."""

import subprocess

import pytest

from tools import micropython32

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
    assert micropython32.mirrors(etc_apt) == ["http://mirror.example/debian"]


def test_the_mirror_comes_from_a_deb822_source(etc_apt):
    (etc_apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    assert micropython32.mirrors(etc_apt) == ["http://mirror.example/debian", "http://one.example/debian", "http://two.example/debian"]


def test_a_source_that_is_switched_off_or_not_debian_is_not_taken(etc_apt):
    (etc_apt / "sources.list.d" / "other.list.disabled").write_text(ONE_LINE)
    (etc_apt / "sources.list").write_text("deb http://other.example/ubuntu noble main\n")
    with pytest.raises(micropython32.Unavailable, match="no Debian source"):
        micropython32.mirrors(etc_apt)


def test_a_mirror_named_by_hand_is_taken(etc_apt, monkeypatch):
    monkeypatch.setenv("DEBIAN_MIRROR", "http://mine.example/debian")
    assert micropython32.mirrors(etc_apt) == ["http://mine.example/debian"]


def test_another_kind_of_machine_is_told_plainly(monkeypatch):
    monkeypatch.setattr(micropython32.sys, "platform", "darwin")
    with pytest.raises(micropython32.Unavailable, match="Linux on x86"):
        micropython32.check_machine()


def test_a_command_that_fails_is_quoted():
    with pytest.raises(micropython32.Unavailable, match="it failed: .*no such thing"):
        micropython32.run(["sh", "-c", "echo no such thing >&2; exit 3"], "it failed")


def test_each_interpreter_has_the_word_length_it_is_named_for(micropython, request, tmp_path):
    bits = 32 if "32bit" in request.node.name else 64
    done = subprocess.run([*micropython, "-c", "import sys; print(sys.maxsize)"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout) == 2 ** (bits - 1) - 1
