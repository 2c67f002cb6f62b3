"""make micropython: every step but the compiling, which a `make` that only notes what it was told
stands in for."""

import json
import os
import subprocess
import sys

import pytest
from firmware_image import setpoint_bin

from tools import image_files, micropython
from tools.command import ROOT, Failure
from tools.modules import FAMILIES

VERSION = micropython.setpoint_version()

# It notes what it was told, and leaves in the folder BUILD=... what a build would.
MAKE = """#!/bin/sh
echo "$*" >> "$TOLD"
env >> "$TOLD.env"
echo "[1/2] Building C object"
for word in "$@"; do case "$word" in BUILD=*) folder=${word#BUILD=};; esac; done
case "$*" in *" all") mkdir -p "$folder" && cp "$READY"/* "$folder";; esac
"""


def put_executable(path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with git, a MicroPython to clone, and an ESP-IDF whose export.sh brings the make
    above."""
    origin, idf = tmp_path / "origin", tmp_path / "idf"
    git = ["git", "-C", str(origin), "-c", "user.name=Who", "-c", "user.email=who@example.com"]
    origin.mkdir()
    for words in (
        ["init", "-q"],
        ["commit", "-q", "--allow-empty", "-m", "MicroPython"],
        ["tag", "v" + micropython.VERSION],
    ):
        subprocess.run(git + words, check=True)
    commit = subprocess.run(
        git + ["rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    put_executable(idf / "tools/make", MAKE)
    (idf / "tools/cmake").mkdir()
    numbers = zip(("MAJOR", "MINOR", "PATCH"), micropython.IDF.split("."))
    (idf / "tools/cmake/version.cmake").write_text(
        "".join("set(IDF_VERSION_%s %s)\n" % pair for pair in numbers)
    )
    (idf / "export.sh").write_text('export PATH="$IDF_PATH/tools:$PATH"\n')
    (tmp_path / "ready").mkdir()
    ready("esp32", tmp_path / "ready")
    monkeypatch.setattr(micropython, "REPOSITORY", "file://%s" % origin)
    monkeypatch.setattr(micropython, "COMMIT", commit)
    monkeypatch.setattr(micropython, "FOLDER", tmp_path / "build/micropython")
    monkeypatch.setattr(micropython, "SOURCE", tmp_path / "build/micropython/source")
    monkeypatch.setattr(image_files, "IMAGES", tmp_path / "build/images")
    for name, value in (
        ("IDF_PATH", idf),
        ("TOLD", tmp_path / "told"),
        ("READY", tmp_path / "ready"),
    ):
        monkeypatch.setenv(name, str(value))
    return tmp_path


def ready(family: str, folder, **what) -> None:
    """What the build will leave."""
    whole, application = setpoint_bin(family, what.pop("version", VERSION), **what)
    (folder / "firmware.bin").write_bytes(whole)
    (folder / "micropython.bin").write_bytes(application)


def test_an_image_is_built_from_nothing_and_again(machine, capsys):
    micropython.main(["--board", "esp32_devkitc", "--yes"])
    made = image_files.image_files(VERSION, "esp32", machine / "build/images/esp32")
    whole, application = setpoint_bin("esp32", VERSION)
    assert made.whole.read_bytes() == whole and made.application.read_bytes() == application
    manifest = json.loads(made.manifest.read_text())
    assert (
        manifest["version"] == VERSION
        and manifest["family"] == "esp32"
        and manifest["chip"] == "ESP32"
    )
    assert manifest["micropython"] == micropython.VERSION and manifest["idf"] == micropython.IDF
    assert (
        manifest["left_bytes"]
        == manifest["slot_bytes"] - len(application)
        == 0x1C0000 - len(application)
    )
    assert manifest["files"][made.whole.name]["offset"] == 0x1000
    said = capsys.readouterr().out
    assert (
        "100 MB  the source" in said
        and "ten minutes" in said
        and "about 1.8 MB" in said
        and made.manifest.name in said
    )
    micropython.main(["--board", "esp32_devkitc"])
    said = capsys.readouterr().out
    assert "the source of MicroPython" not in said, "it is there"
    told = (machine / "told").read_text().splitlines()
    assert [line.rpartition(" ")[2] for line in told] == 2 * [
        str(micropython.SOURCE / "mpy-cross"),
        "submodules",
        "all",
    ]


def test_what_the_board_is_called_does_not_reach_the_makes_below(machine):
    inner = subprocess.run(
        ["make", "-s", "-f", "-", "BOARD=esp32s3_devkitc"],
        input='all:\n\t@%s -c \'import tools.micropython as m; m.run(m.Step("", ["env"]), m.Path("%s"))\'\n'
        % (sys.executable, machine / "log"),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert inner.returncode == 0, inner.stderr
    assert "PATH=" in (machine / "log").read_text()
    assert "esp32s3_devkitc" not in (machine / "log").read_text()


def test_another_commit_under_the_same_tag_is_not_built(machine, monkeypatch):
    monkeypatch.setattr(micropython, "COMMIT", "0" * 40)
    with pytest.raises(Failure, match="this is not the commit"):
        micropython.main(["--family", "esp32", "--yes"])
    assert not micropython.SOURCE.exists(), "the next run fetches it anew"
    assert not (machine / "told").exists()


def test_a_build_that_fails_shows_its_last_lines_and_where_all_of_it_is(machine):
    put_executable(machine / "idf/tools/make", "#!/bin/sh\necho no space left; exit 2\n")
    with pytest.raises(Failure, match="(?s)no space left.*build.log"):
        micropython.main(["--family", "esp32", "--yes"])
    assert "no space left" in (machine / "build/images/esp32/build.log").read_text()


def test_an_application_that_leaves_less_than_the_margin_of_its_slot_is_refused(machine):
    ready("esp32", machine / "ready", app_bytes=0x1C0000 - image_files.LEAST_LEFT - 400)
    micropython.main(["--family", "esp32", "--yes"])
    ready("esp32", machine / "ready", app_bytes=0x1C0000 - image_files.LEAST_LEFT + 400)
    with pytest.raises(Failure, match="must be left for the versions to come"):
        micropython.main(["--family", "esp32", "--yes"])


@pytest.mark.parametrize(("family", "version"), [("esp32s3", VERSION), ("esp32", "0.0.9")])
def test_an_image_that_says_that_it_is_another_is_refused(machine, family, version):
    ready(family, machine / "ready", version=version)
    with pytest.raises(Failure, match="says that it is Setpoint %s on %s" % (version, family)):
        micropython.main(["--family", "esp32", "--yes"])


def test_an_application_from_another_build_than_the_image_is_refused(machine):
    (machine / "ready/micropython.bin").write_bytes(
        setpoint_bin("esp32", VERSION, app_bytes=50000)[1]
    )
    with pytest.raises(Failure, match="is not the application in"):
        micropython.main(["--family", "esp32", "--yes"])


def test_another_version_of_esp_idf_is_refused_with_both_ways_out(machine):
    (machine / "idf/tools/cmake/version.cmake").write_text(
        "set(IDF_VERSION_MAJOR 5)\nset(IDF_VERSION_MINOR 2)\nset(IDF_VERSION_PATCH 2)\n"
    )
    with pytest.raises(
        Failure, match="is ESP-IDF 5.2.2, .* Check out v5.5.1 there, or unset IDF_PATH"
    ):
        micropython.main(["--family", "esp32", "--yes"])
    (machine / "idf/tools/cmake/version.cmake").unlink()
    with pytest.raises(Failure, match="where there is no ESP-IDF"):
        micropython.main(["--family", "esp32", "--yes"])


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ([], "git, which is not here"),
        (["git"], "neither IDF_PATH names"),
        (["git", "docker"], "does not answer: no daemon"),
    ],
)
def test_what_the_machine_lacks_is_said_before_anything_is_fetched(
    machine, monkeypatch, there, words
):
    for name in there:
        put_executable(machine / "bin" / name, "#!/bin/sh\necho no daemon >&2; exit 1\n")
    monkeypatch.setenv("PATH", str(machine / "bin"))
    monkeypatch.delenv("IDF_PATH")
    with pytest.raises(Failure, match=words):
        micropython.main(["--family", "esp32", "--yes"])
    assert not micropython.FOLDER.exists()


def test_in_the_container_the_files_keep_their_paths_and_their_owner(machine, monkeypatch):
    """Docker is played: it notes its options, and runs the command with the played ESP-IDF."""
    put_executable(
        machine / "bin/docker",
        '#!/bin/sh\necho "$*" >> "$TOLD.docker"\n[ "$1" = info ] && exit\nwhile [ "$1" != %s ]; do shift; done; shift\n'
        'PATH="%s:$PATH" exec "$@"\n' % (micropython.CONTAINER, machine / "idf/tools"),
    )
    monkeypatch.setenv("PATH", "%s:%s" % (machine / "bin", os.environ["PATH"]))
    monkeypatch.delenv("IDF_PATH")
    micropython.main(["--family", "esp32", "--yes"])
    lines = (machine / "told.docker").read_text().splitlines()
    assert len(lines) == 4
    for line in lines[1:]:
        assert "-v %s:%s -w %s -u %d:%d" % (ROOT, ROOT, ROOT, os.getuid(), os.getgid()) in line


def test_dry_run_prints_every_command_and_runs_none(machine, capsys):
    micropython.main(["--board", "esp32s3_devkitc", "--dry-run"])
    said = capsys.readouterr().out
    for words in (
        "git -c advice",
        "rev-parse HEAD",
        "mpy-cross",
        "BOARD=esp32s3_octal",
        "boards/images/esp32s3_octal",
        "submodules",
        "all",
    ):
        assert words in said, words
    assert not (machine / "build").exists() and not (machine / "told").exists()


def test_without_a_board_the_boards_are_listed_and_one_without_a_chip_has_no_image():
    with pytest.raises(Failure, match="esp32_devkitc"):
        micropython.main([])
    with pytest.raises(Failure, match="no image for the module of simulated"):
        micropython.main(["--board", "simulated"])


@pytest.mark.parametrize("family", FAMILIES)
def test_an_image_is_told_from_any_other_micropython(family):
    whole, application = setpoint_bin(family, "1.2.3")
    assert (
        image_files.version_and_family(whole)
        == image_files.version_and_family(application)
        == ("1.2.3", family)
    )
    assert image_files.version_and_family(whole.replace(b"Setpoint", b"Generic ")) is None
