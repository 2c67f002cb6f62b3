"""Builds the image for a board: MicroPython with the station frozen, by ESP-IDF. `make micropython
BOARD=x`

ESP-IDF is what IDF_PATH names, or Espressif's container by Docker. MicroPython is a tag whose
commit is checked; what it brings along (its library, ESP-IDF's components) it pins by itself.
boards/images says what the image is; image_files.py, where it goes."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tools import command, image_files
from tools.command import ROOT, Failure
from tools.modules import FAMILIES, family_of

VERSION = "1.28.0"
COMMIT = "e0e9fbb17ed6fd06bb76e266ae554784c9c80804"  # of the tag v1.28.0
REPOSITORY = "https://github.com/micropython/micropython.git"
# With which MicroPython 1.28.0 is built and tested by its authors (ports/esp32/README.md)
IDF = "5.5.1"
CONTAINER = "espressif/idf:v" + IDF
FOLDER = ROOT / "build" / "micropython"
SOURCE = FOLDER / ("v" + VERSION)

EXAMPLES = """\
  make micropython BOARD=esp32_devkitc
  make micropython BOARD=esp32_devkitc ARGS=--dry-run     prints the commands and runs none
  make micropython ARGS="--family esp32c3 --yes"          a family, without a question
  IDF_PATH=~/esp-idf make micropython BOARD=esp32_devkitc"""


class Step(NamedTuple):
    says: str
    words: "list[str]"


def main(arguments: "list[str]") -> None:
    parser = command.parser(
        "micropython", "Builds MicroPython with Setpoint in it, for the chip of a board.", EXAMPLES
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--board", help="a folder in boards/")
    chosen.add_argument("--family", choices=FAMILIES, help="instead of a board")
    parser.add_argument("--dry-run", action="store_true", help="print each command, run none")
    parser.add_argument("--yes", action="store_true", help="do not ask before fetching")
    options = parser.parse_args(arguments)
    family = options.family or family_of_board(options.board)
    idf = os.environ.get("IDF_PATH")
    fetch = not SOURCE.exists()
    steps = [*(fetching() if fetch else []), *building(family, idf)]
    announce(family, idf, fetch)
    if options.dry_run:
        for step in steps:
            print("# %s\n%s" % (step.says, shlex.join(step.words)))
        return
    check_machine(idf, fetch)
    if fetch or not idf:
        command.confirm("Go on?", options.yes)
    log = image_files.IMAGES / family / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    for number, step in enumerate(steps, 1):
        print("%d of %d: %s" % (number, len(steps), step.says), flush=True)
        run(step, log)
    built = FOLDER / family
    origin = {"micropython": VERSION, "micropython_commit": COMMIT, "idf": IDF}
    made = image_files.put(
        built / "firmware.bin", built / "micropython.bin", setpoint_version(), family, origin
    )
    manifest = json.loads(made.manifest.read_text())
    print(
        "The application leaves %d of the %d bytes of its slot.\n%s"
        % (manifest["left_bytes"], manifest["slot_bytes"], "\n".join(map(str, made)))
    )


def family_of_board(name: "str | None") -> str:
    module = json.loads((command.board_folder(name) / "board.json").read_text())["module"]
    try:
        return family_of(module)
    except KeyError:
        raise Failure(
            "there is no image for the module of %s, which is %s." % (name, module)
        ) from None


def setpoint_version() -> str:
    found = re.search(
        r'^__version__ = "(.+)"', (ROOT / "firmware/setpoint/__init__.py").read_text(), re.M
    )
    assert found
    return found[1]


def announce(family: str, idf: "str | None", fetch: bool) -> None:
    print(
        "Setpoint %s in MicroPython %s for %s, by ESP-IDF %s %s."
        % (setpoint_version(), VERSION, family, IDF, "in " + idf if idf else "in its container")
    )
    print("To fetch, about:")
    if fetch:
        print("    100 MB  the source of MicroPython, into build/micropython")
    print("     50 MB  what MicroPython and ESP-IDF bring along for this chip, unless it is there")
    if not idf:
        print("      3 GB  the container %s (8 GB on disk), unless Docker has it" % CONTAINER)
    print(
        "Then it builds for about ten minutes, and leaves an image of about 1.8 MB in build/images/%s."
        % family
    )


def fetching() -> "list[Step]":
    """The source of MicroPython at its final place, only if it is the commit that is meant."""
    new = SOURCE.with_name(SOURCE.name + ".new")
    clone = [
        "git",
        "-c",
        "advice.detachedHead=false",
        "clone",
        "--depth",
        "1",
        "--branch",
        "v" + VERSION,
        REPOSITORY,
        str(new),
    ]
    check = (
        'test "$(git -C "$0" rev-parse HEAD)" = %s || { echo "this is not the commit of v%s"; exit 1; }'
        % (COMMIT, VERSION)
    )
    return [
        Step("makes room for MicroPython's source", ["rm", "-rf", str(new)]),
        Step("fetches MicroPython's source", clone),
        Step("checks that it is the commit that is meant", ["sh", "-c", check, str(new)]),
        Step("puts it in its place", ["mv", str(new), str(SOURCE)]),
    ]


def building(family: str, idf: "str | None") -> "list[Step]":
    """MicroPython's own way to build a board, with the names of its Makefile in ports/esp32."""
    port = ["make", "-C", str(SOURCE / "ports/esp32"), "BOARD=" + family]
    port += [
        "BOARD_DIR=" + str(command.BOARDS / "images" / family),
        "BUILD=" + str(FOLDER / family),
    ]
    return [
        Step(
            "starts anew, as settings of the build before would stay",
            ["rm", "-rf", str(FOLDER / family)],
        ),
        Step(
            "compiles the compiler of Python",
            with_idf(["make", "-C", str(SOURCE / "mpy-cross")], idf),
        ),
        Step("fetches what MicroPython brings along", with_idf([*port, "submodules"], idf)),
        Step("builds the image", with_idf([*port, "all"], idf)),
    ]


def with_idf(words: "list[str]", idf: "str | None") -> "list[str]":
    """The command, run where ESP-IDF's tools are on the path."""
    if idf:
        return ["bash", "-c", '. "$0/export.sh" >/dev/null && exec "$@"', idf, *words]
    folder = str(ROOT)  # under its own name, as CMake keeps absolute paths
    user = "%d:%d" % (os.getuid(), os.getgid())
    return [
        "docker",
        "run",
        "--rm",
        "-v",
        folder + ":" + folder,
        "-w",
        folder,
        "-u",
        user,
        "-e",
        "HOME=/tmp",
        CONTAINER,
        *words,
    ]


def check_machine(idf: "str | None", fetch: bool) -> None:
    """Raises Failure, with what mends it, before anything is fetched."""
    if fetch and not shutil.which("git"):
        raise Failure("MicroPython's source is fetched by git, which is not here. Install it.")
    if idf:
        version = version_of_idf(Path(idf))
        if version != IDF:
            raise Failure(
                "IDF_PATH is ESP-IDF %s, and MicroPython %s is built with %s. Check out v%s there, or unset IDF_PATH to build in the container."
                % (version, VERSION, IDF, IDF)
            )
        return
    if not shutil.which("docker"):
        raise Failure(
            "neither IDF_PATH names an ESP-IDF %s, nor is Docker here to build in Espressif's container. Install one of them."
            % IDF
        )
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True)
    if asked.returncode:
        raise Failure(
            "Docker is here and does not answer: %s"
            % (asked.stderr.strip().splitlines() or ["no reason given"])[-1]
        )


def version_of_idf(folder: Path) -> str:
    """ "5.5.1", as the ESP-IDF in this folder says."""
    try:
        text = (folder / "tools/cmake/version.cmake").read_text()
    except OSError:
        raise Failure("IDF_PATH is %s, where there is no ESP-IDF." % folder) from None
    return ".".join(re.findall(r"set\(IDF_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)\)", text))


def run(step: Step, log: Path) -> None:
    """Runs it, writes what it prints to the log, and shows how far it is. Raises Failure with the
    last lines of it."""
    # Make hands BOARD and the like on to every make below it, where they mean something else.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "BOARD")
    }
    began = time.monotonic()
    lines: "list[str]" = []
    with log.open("a") as file:
        process = subprocess.Popen(
            step.words,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        for line in process.stdout or ():
            file.write(line)
            lines = [*lines[-19:], line]
            done = re.match(r"\[(\d+)/(\d+)\]", line)
            if done and sys.stdout.isatty():
                print(
                    "\r  %s of %s, %d s " % (done[1], done[2], time.monotonic() - began),
                    end="",
                    flush=True,
                )
    if sys.stdout.isatty():
        print("\r  %d s            " % (time.monotonic() - began))
    if process.wait():
        raise Failure(
            "this failed: %s\n%s\nAll of it is in %s."
            % (shlex.join(step.words), "".join(lines).rstrip(), log)
        )


if __name__ == "__main__":
    command.run("micropython", main)
