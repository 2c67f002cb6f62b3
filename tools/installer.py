"""What a web page needs to install Setpoint from a browser: `make installer BOARD=x FIRMWARE=...`

For each board a manifest of esp-web-tools, the image of its chip, and its file system, which holds
/board.json alone. The station makes its own password at its first start, and says it on the serial
line. Whoever puts the folder onto a web server has an installer: index.html.

    build/installer/esp32_devkitc.manifest.json
    build/installer/esp32_devkitc.files.bin
    build/installer/setpoint-0.1.0-esp32.bin
    build/installer/index.html
"""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path
from typing import Any

from tools import micropython_image
from tools.build import board_json, check_fit_for_use, described, version
from tools.command import BOARDS, ROOT, Failure, board_folder, parser, run
from tools.image import file_system
from tools.image_files import image_files
from tools.micropython_image import MicroPythonImage
from tools.modules import family_of

FOLDER = ROOT / "build" / "installer"
ESP_WEB_TOOLS = "10.4.0"  # the version that the tests hold the manifests against
_IMPROV_WAIT_S = 20  # the station starts, and its radio

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Install Setpoint %(version)s</title>
<script type="module" src="https://unpkg.com/esp-web-tools@%(tools)s/dist/web/install-button.js?module"></script>
<h1>Install Setpoint %(version)s</h1>
<p>Plug the board in by USB, and choose it. This erases what is on it. Chrome and Edge can do this.</p>
%(boards)s
</html>
"""
_BOARD = """<p>%(title)s <esp-web-install-button manifest="%(name)s.manifest.json"></esp-web-install-button></p>"""


def manifest_of(board: str, image: Path, content: MicroPythonImage, files_at: int) -> dict:
    """As esp-web-tools reads it (its const.ts, Manifest)."""
    return {
        "name": "Setpoint",
        "version": content.setpoint,
        "new_install_prompt_erase": True,
        "new_install_improv_wait_time": _IMPROV_WAIT_S,
        "builds": [
            {
                "chipFamily": content.chip,
                "parts": [
                    {"path": image.name, "offset": content.offset},
                    {"path": board + ".files.bin", "offset": files_at},
                ],
            }
        ],
    }


def put(board: Path, image: Path, folder: Path) -> "dict[str, Any]":
    """Writes what one board needs; its description. Raises Failure."""
    description = described(board)
    check_fit_for_use(description)
    content = micropython_image.read(image)
    if not content.setpoint:
        raise Failure("%s holds no Setpoint: take its own image." % image)
    micropython_image.check_fits(content, description["module"])
    files = micropython_image.file_partition(
        content.partitions, micropython_image.flash_size_of(content)
    )
    folder.mkdir(parents=True, exist_ok=True)
    if image.resolve().parent != folder.resolve():
        shutil.copyfile(image, folder / image.name)
    (folder / (board.name + ".files.bin")).write_bytes(
        file_system({"/board.json": board_json(description)}, files.size)
    )
    (folder / (board.name + ".manifest.json")).write_text(
        json.dumps(manifest_of(board.name, image, content, files.offset), indent=2) + "\n"
    )
    return description


def boards_with_images(images: Path) -> "list[tuple[Path, Path]]":
    """Each board that may be used, and its image in this folder."""
    found = []
    for board in sorted(path.parent for path in BOARDS.glob("*/board.json")):
        description = described(board)
        if description["module"] == "none" or "not_for_use" in description:
            continue
        image = image_files(version(), family_of(description["module"]), images).whole
        if image.exists():
            found.append((board, image))
    return found


def main(arguments: list[str]) -> None:
    options = parser(
        "installer",
        "Makes what a web page needs to install Setpoint from a browser, by esp-web-tools.",
        "  make installer BOARD=esp32_devkitc FIRMWARE=setpoint-0.1.0-esp32.bin\n"
        '  make installer ARGS="--images FOLDER"     every board whose image is in the folder\n',
        "--board",
    )
    options.add_argument("--firmware", metavar="FILE", help="the image of the board (FIRMWARE=)")
    options.add_argument("--images", metavar="FOLDER", help="instead of a board and its image")
    options.add_argument(
        "--out", metavar="FOLDER", default=str(FOLDER), help="default: %(default)s"
    )
    chosen = options.parse_args(arguments)
    folder = Path(chosen.out)
    if chosen.images:
        pairs = boards_with_images(Path(chosen.images))
        if not pairs:
            raise Failure("there is no image of Setpoint %s in %s." % (version(), chosen.images))
    else:
        board = board_folder(chosen.board)
        if not chosen.firmware:
            module = described(board)["module"]
            raise Failure(micropython_image.where_to_get(board.name, module, version()))
        pairs = [(board, Path(chosen.firmware))]
    lines = []
    for board, image in pairs:
        description = put(board, image, folder)
        lines.append(
            _BOARD % {"title": html.escape(description["title"]), "name": html.escape(board.name)}
        )
        print("%s.manifest.json: %s" % (board.name, image.name))
    (folder / "index.html").write_text(
        _PAGE % {"version": version(), "tools": ESP_WEB_TOOLS, "boards": "\n".join(lines)}
    )
    print("%s: put all of it onto a web server, and open index.html" % folder)


if __name__ == "__main__":
    run("installer", main)
