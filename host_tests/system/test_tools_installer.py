"""make installer: the manifests are what esp-web-tools reads, by its own type, and their parts are
what make flash would write."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from firmware_image import micropython_bin, setpoint_bin
from littlefs import LittleFS
from littlefs.context import UserContext
from npm_packages import installed

from faults.boards_played import GEOMETRY
from tools import installer, micropython_image
from tools.command import BOARDS, Failure
from tools.image_files import image_files
from tools.modules import FAMILIES

VERSION = installer.version()


@pytest.fixture
def images(tmp_path):
    """An image of two families."""
    folder = tmp_path / "images"
    folder.mkdir()
    for family in ("esp32", "esp32s3"):
        image_files(VERSION, family, folder).whole.write_bytes(setpoint_bin(family, VERSION)[0])
    return folder


def test_every_board_with_an_image_gets_a_manifest_and_its_files(images, tmp_path, capsys):
    out = tmp_path / "out"
    installer.main(["--images", str(images), "--out", str(out)])
    names = {path.name for path in out.iterdir()}
    assert "esp32_devkitc.manifest.json" in names and "esp32c3_devkitm.manifest.json" not in names
    page = (out / "index.html").read_text()
    for name in names:
        if name.endswith(".manifest.json"):
            board = name.partition(".")[0]
            assert 'manifest="%s"' % name in page
            manifest = json.loads((out / name).read_text())
            (build,) = manifest["builds"]
            image = micropython_image.read(out / build["parts"][0]["path"])
            assert (build["chipFamily"], manifest["version"]) == (image.chip, VERSION)
            assert build["parts"][0]["offset"] == image.offset
            files = micropython_image.file_partition(
                image.partitions, micropython_image.flash_size_of(image)
            )
            content = (out / build["parts"][1]["path"]).read_bytes()
            assert (build["parts"][1]["offset"], len(content)) == (files.offset, files.size)
            assert image.end() <= files.offset
            fs = LittleFS(
                context=UserContext(buffer=bytearray(content)),
                mount=True,
                block_count=len(content) // 4096,
                **GEOMETRY,
            )
            assert fs.listdir("/") == ["board.json"]
            with fs.open("/board.json", "rb") as file:
                assert json.load(file)["name"] == board
    assert "put all of it onto a web server" in capsys.readouterr().out


def test_the_manifest_is_of_esp_web_tools_own_type(images, tmp_path):
    folder = installed(Path(__file__).parent / "improv")
    lock = json.loads((Path(__file__).parent / "improv" / "package-lock.json").read_text())
    package = lock["packages"]["node_modules/esp-web-tools"]
    assert package["version"] == installer.ESP_WEB_TOOLS
    installer.main(["--images", str(images), "--out", str(tmp_path / "out")])
    manifest = json.loads((tmp_path / "out" / "esp32_devkitc.manifest.json").read_text())

    def complaints(value: dict) -> str:
        (folder / "check.ts").write_text(
            'import type { Manifest } from "esp-web-tools/dist/const";\n'
            "export const manifest: Manifest = %s;\n" % json.dumps(value)
        )
        command = ["node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict"]
        command += ["--skipLibCheck", "--lib", "es2022,dom", "--moduleResolution", "bundler"]
        command += ["--module", "esnext", "check.ts"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout

    assert complaints(manifest) == ""
    assert "improv" in complaints({**manifest, "improv": True}), "or it would find nothing"
    del manifest["builds"][0]["parts"][0]["offset"]
    assert "offset" in complaints(manifest)


def test_each_family_is_of_a_chip_that_esp_web_tools_knows():
    folder = installed(Path(__file__).parent / "improv")
    types = (folder / "node_modules/esp-web-tools/dist/const.d.ts").read_text()
    for chip, _, _ in micropython_image.CHIPS.values():
        assert '"%s"' % chip in types, chip
    assert len(FAMILIES) > len(micropython_image.CHIPS), "so one manifest for a board"


def test_what_cannot_be_installed_is_said(images, tmp_path):
    file = tmp_path / "micropython.bin"
    file.write_bytes(micropython_bin("esp32s3"))
    board = ["--board", "esp32_devkitc"]
    for arguments, sentence in (
        (["--images", str(tmp_path)], "there is no image of Setpoint"),
        (board, "which image is it to be"),
        ([*board, "--firmware", str(file)], "holds no Setpoint"),
        (
            [*board, "--firmware", str(image_files(VERSION, "esp32s3", images).whole)],
            "the board has an ESP32-WROOM-32",
        ),
    ):
        with pytest.raises(Failure, match=sentence):
            installer.main([*arguments, "--out", str(tmp_path / "out")])


def test_one_board_and_its_image_in_place(images, tmp_path):
    image = image_files(VERSION, "esp32", images).whole
    shutil.copy(image, tmp_path / "own.bin")
    arguments = ["--board", "esp32_devkitc", "--firmware", str(tmp_path / "own.bin")]
    installer.main([*arguments, "--out", str(tmp_path)])
    manifest = json.loads((tmp_path / "esp32_devkitc.manifest.json").read_text())
    assert manifest["builds"][0]["parts"][0]["path"] == "own.bin"
    assert (BOARDS / "esp32_devkitc").is_dir()
