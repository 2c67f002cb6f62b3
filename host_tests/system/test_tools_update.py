"""make update: the station's own reader understands the file, and what is no image of ours is
refused in a sentence."""

import hashlib

import pytest
from firmware_files import Entries
from firmware_image import micropython_bin, setpoint_bin

from setpoint.protocol.firmware_file import FirmwareFile
from tools import update
from tools.build import build
from tools.command import BOARDS, Failure


def read(content):
    into = Entries()
    reader = FirmwareFile(into)
    view = memoryview(content)
    while len(view):
        view = view[reader.take(view) :]
    assert reader.complete() and reader.check() == hashlib.sha256(content).digest()
    return reader.head, {name: data for name, _, data in into.found}


@pytest.mark.parametrize("which", [0, 1], ids=["whole", "application"])
@pytest.mark.parametrize("family", ["esp32", "esp32s3_octal", "esp32c3"])
def test_an_image_becomes_one_entry_for_its_family(which, family, tmp_path, capsys):
    image = setpoint_bin(family, "1.2.3")
    (tmp_path / "x.bin").write_bytes(image[which])
    update.main(["--firmware", str(tmp_path / "x.bin"), "--out", str(tmp_path / "out")])
    content = (tmp_path / "out").read_bytes()
    head, entries = read(content)
    assert entries == {"app.bin": image[1]}
    assert (head["kind"], head["for"], head["version"]) == ("image", family, "1.2.3")
    assert head["room"] >= len(image[1]) and head["room"] % 4096 == 0
    assert hashlib.sha256(content).hexdigest() in capsys.readouterr().out


def test_the_same_build_gives_the_same_bytes_and_every_file_is_in_it(tmp_path):
    made = build(BOARDS / "simulated", tmp_path / "made")
    content = update.of_build(made)
    assert content == update.of_build(made)
    head, entries = read(content)
    assert set(entries) == set(made.files) | {"manifest.json"}
    for name, (_, digest) in made.files.items():
        assert hashlib.sha256(entries[name]).hexdigest() == digest
    assert (head["kind"], head["for"], head["mpy"]) == ("files", "simulated", made.mpy)
    assert head["build"] == made.name


def test_other_files_are_refused_in_a_sentence(tmp_path):
    whole, app = setpoint_bin()
    for content, words in (
        (b"", "no whole image"),
        (b"<html>" * 100, "no whole image"),
        (app[:-40], "no whole image"),
        (app[:3000] + b"x" + app[3001:], "no whole image"),
        (whole[:-1], "no whole image"),
        (micropython_bin(), "without Setpoint"),
    ):
        (tmp_path / "x.bin").write_bytes(content)
        with pytest.raises(Failure, match=words):
            update.main(["--firmware", str(tmp_path / "x.bin")])
    with pytest.raises(Failure, match="cannot be read"):
        update.main(["--firmware", str(tmp_path / "nowhere.bin")])
    (tmp_path / "x.bin").write_bytes(app)
    with pytest.raises(Failure, match="for esp32, not for esp32c3_devkitm"):
        update.main(["--firmware", str(tmp_path / "x.bin"), "--board", "esp32c3_devkitm"])
    with pytest.raises(Failure, match="no PSRAM"):
        update.main(["--board", "esp32_devkitc"])
