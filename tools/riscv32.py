"""The portable tests on a bare 32-bit chip that QEMU emulates, and the instructions it takes for
what a station does: `make riscv32`.

It is the nearest to an ESP32-C3 or C6 that Debian's packages give: their instruction set, no
operating system, MicroPython with the firmware frozen in as it is written, and the heap that a C3
has for Python beside Wi-Fi and TLS. MicroPython's port qemu, from Debian's source package, is built
with the board in riscv32_board/. QEMU counts time in instructions, so that every figure is the same
on every host that has the same compiler.

Tests and measuring scripts are not frozen: they lie in a ROMFS image in the chip's memory, and are
started over its serial line."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools import benchmark_frames, command, micropython32  # noqa: E402
from tools.compiled import make_image  # noqa: E402
from tools.debian import Unavailable, run  # noqa: E402

FOLDER = ROOT / "build" / "riscv32"
PORTABLE = ROOT / "host_tests" / "portable"
_FAKES = ROOT / "host_tests" / "fakes"
PACKAGES = ("qemu-system-misc", "gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf")
# Whose tests need nothing of an operating system
ROOMS = ("control", "pilot", "protocol", "schedule")

BOARD = ROOT / "tools" / "riscv32_board"
_SCRIPTS = ROOT / "tools" / "benchmarks"
_FRAMES = ("1", "10", "composite")
_COMPILER = "riscv64-unknown-elf-gcc"
_EMULATOR = "qemu-system-riscv32"
_ROM_ADDRESS = 0x84000000  # behind what the image takes of the machine's 128 MB
_LONGEST_S = 300
_TOO_LARGE = re.compile(r"MemoryError: memory allocation failed, allocating (\d+) bytes")
_START = """\
import sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(%d, %d)), "/rom")
sys.path.insert(0, "/rom")
sys.argv[:] = %r
import %s
"""
_EXAMPLES = """\
  make riscv32                                both, about two minutes, and once a minute more to build
  make riscv32 ARGS=--counts                  the instructions alone
  make riscv32 ARGS="--tests pilot_duty"      the tests of the files whose names have it

A test that asks for a piece of memory that the heap has not got is listed as too large, by its name; it is not a failure.
"""


@dataclass
class Outcome:
    """What came of one file of tests: names of failed ones, and those that are too large for the
    heap, with the bytes they asked for."""

    output: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    too_large: dict[str, int] = field(default_factory=dict)


def test_files() -> list[str]:
    return sorted(path.name for room in ROOMS for path in PORTABLE.glob("test_%s*.py" % room))


def portable(file_name: str) -> Outcome:
    """Runs one file of portable tests on the chip. Raises Unavailable where there is none."""
    return outcome_of(file_name, _on_chip("run_on_micropython", file_name))


def outcome_of(file_name: str, output: str) -> Outcome:
    """Reads what host_tests/run_on_micropython.py printed. Without its last line nothing has been
    tested."""
    outcome = Outcome(output)
    closing = re.search(r"(\d+) passed, (\d+) failed", output)
    if closing is None:
        outcome.failed.append("%s did not come to its end" % file_name)
        return outcome
    outcome.passed = int(closing[1])
    reports = re.split(r"(?m)^FAILED ", output[: closing.start()])[1:]
    for report in reports:
        name = report.splitlines()[0].split("::")[-1]
        too_large = _TOO_LARGE.search(report)
        if too_large:
            outcome.too_large[name] = int(too_large[1])
        else:
            outcome.failed.append(name)
    if len(reports) != int(closing[2]):
        outcome.failed.append("%s: the number of failures is not that of the reports" % file_name)
    return outcome


def counts() -> list[dict]:
    """What tools/benchmarks/instructions.py counts, a dict a figure. Raises Unavailable where there
    is no chip."""
    output = _on_chip("instructions", "/rom", "1")
    figures = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if not figures or "Traceback" in output:
        raise command.Failure("the counting did not come to its end:\n" + output)
    return figures


def _on_chip(module: str, *arguments: str) -> str:
    """Starts the chip, imports the module there with these arguments, and resets it, which ends
    QEMU. What it printed."""
    image, rom = build()
    start = _START % (_ROM_ADDRESS, rom.stat().st_size, [module, *arguments], module)
    # Ctrl-A: a REPL that echoes nothing
    typed = "\x01%s\x04import machine; machine.reset()\n\x04" % start
    loader = "loader,file=%s,addr=%#x,force-raw=on" % (rom, _ROM_ADDRESS)
    machine = [
        "-machine",
        "virt",
        "-bios",
        "none",
        "-display",
        "none",
        "-monitor",
        "none",
        "-semihosting",
        "-serial",
        "stdio",
    ]
    emulator = [_EMULATOR, *machine, "-icount", "shift=0", "-device", loader, "-kernel", str(image)]
    try:
        done = subprocess.run(
            emulator,
            input=typed.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST_S,
        )
    except subprocess.TimeoutExpired as stopped:
        return (stopped.stdout or b"").decode(
            errors="replace"
        ) + "\nStopped after %d s." % _LONGEST_S
    return (
        done.stdout.decode(errors="replace")
        .replace("\r\n", "\n")
        .partition("raw REPL; CTRL-B to exit\n>OK")[2]
    )


def check_machine() -> None:
    """Raises Unavailable with what is missing and how to get it."""
    missing = [program for program in ("make", _COMPILER, _EMULATOR) if not shutil.which(program)]
    if not missing and not _compiler_says("-print-file-name=picolibc.specs").startswith("/"):
        missing.append("picolibc for " + _COMPILER)
    if missing:
        raise Unavailable(
            "this machine has no %s; on Debian: apt-get install make %s"
            % (" and no ".join(missing), " ".join(PACKAGES))
        )


def _compiler_says(option: str) -> str:
    return run([_COMPILER, option], "the compiler for RISC-V does not start").strip()


def build(say: Callable[[str], None] = lambda sentence: None) -> tuple[Path, Path]:
    """(the chip's image, the ROMFS image of tests and scripts) of the present sources, built if
    they are not there yet. Raises Unavailable."""
    check_machine()
    with _alone():
        tree = micropython32.source()
        base = _digest(
            _files(BOARD),
            (tree / "debian" / "changelog").read_text().splitlines()[0],
            _compiler_says("--version"),
        )
        frozen = [*_files(ROOT / "firmware"), *sorted(micropython32.MANIFEST.parent.glob("*.py"))]
        image = FOLDER / ("firmware-%s.elf" % _digest(frozen, base))
        if not image.exists():
            _compile(tree, FOLDER / ("objects-" + base), image, say)
        rom = FOLDER / (
            "scripts-%s.romfs" % _digest([*_rom_sources(), Path(benchmark_frames.__file__)], base)
        )
        if not rom.exists():
            _make_rom(tree, rom)
        return image, rom


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Tests that run side by side build once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _files(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


def _digest(files: list[Path], *more: str) -> str:
    content = hashlib.sha256("\0".join(more).encode())
    for path in files:
        content.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:16]


def _compile(tree: Path, objects: Path, image: Path, say: Callable[[str], None]) -> None:
    for old in [*FOLDER.glob("objects-*"), *FOLDER.glob("firmware-*")]:
        if old.is_file():
            old.unlink()
        elif old != objects:
            shutil.rmtree(old)
    # MicroPython's build goes by the time of files, and does not see one that is gone.
    shutil.rmtree(objects / "frozen_mpy", ignore_errors=True)
    (objects / "frozen_content.c").unlink(missing_ok=True)
    say(
        "Compiles MicroPython for RISC-V with the firmware frozen in%s"
        % ("" if objects.exists() else ", half a minute")
    )
    settings = [
        "BOARD=RISCV32",
        "BOARD_DIR=%s" % BOARD,
        "BUILD=%s" % objects,
        "FROZEN_MANIFEST=%s" % micropython32.MANIFEST,
    ]
    run(
        ["make", "-C", str(tree / "ports" / "qemu"), "-j%d" % (os.cpu_count() or 1), *settings],
        "MicroPython for RISC-V could not be compiled",
    )
    shutil.copy(objects / "firmware.elf", image.with_suffix(".new"))
    image.with_suffix(".new").rename(image)


def _rom_sources() -> list[Path]:
    scripts = [_SCRIPTS / name for name in ("charger.py", "instructions.py", "measuring.py")]
    return [
        *_files(PORTABLE),
        *sorted(_FAKES.rglob("*.py")),
        ROOT / "host_tests" / "run_on_micropython.py",
        BOARD / "hashlib.py",
        *scripts,
    ]


def _make_rom(tree: Path, rom: Path) -> None:
    for old in FOLDER.glob("scripts-*.romfs"):
        old.unlink()
    with tempfile.TemporaryDirectory(dir=FOLDER) as temporary:
        folder = Path(temporary) / "rom"
        (folder / "frames").mkdir(parents=True)
        for name, texts in benchmark_frames.all_frames().items():
            if name in _FRAMES:
                (folder / "frames" / (name + ".json")).write_text(json.dumps(texts))
        for source in _rom_sources():
            compiled = folder / source.with_suffix(".mpy").name
            run(
                [
                    str(tree / "mpy-cross" / "build" / "mpy-cross"),
                    "-s",
                    source.name,
                    "-o",
                    str(compiled),
                    str(source),
                ],
                "mpy-cross refuses " + source.name,
            )
        make_image(folder, Path(temporary) / "scripts.romfs")
        (Path(temporary) / "scripts.romfs").rename(rom)


def _print_tests(files: list[str]) -> bool:
    """Runs them one after another, a line each. True when none failed."""
    passed, failed = 0, False
    too_large: dict[str, int] = {}
    for file_name in files:
        print("%-34s " % file_name, end="", flush=True)
        began = time.monotonic()
        outcome = portable(file_name)
        passed += outcome.passed
        too_large.update(outcome.too_large)
        failed = failed or bool(outcome.failed)
        print(
            "%3d passed, %d failed, %d too large (%d s)"
            % (
                outcome.passed,
                len(outcome.failed),
                len(outcome.too_large),
                time.monotonic() - began,
            )
        )
        if outcome.failed:
            print(outcome.output)
    for name, size in too_large.items():
        print("too large for this heap: %s, a piece of %d bytes" % (name, size))
    print("%d passed" % passed)
    return not failed


def _print_counts() -> None:
    print("\n%-60s %14s %16s" % ("instructions", "", "of them json's"))
    for figure in sorted(counts(), key=lambda figure: figure["name"].lower()):
        floor = "" if figure["floor"] is None else "{:,}".format(figure["floor"])
        print("%-60s %14s %16s" % (figure["name"], "{:,}".format(figure["value"]), floor))
    print(
        "A C3 at 160 MHz takes at least a millisecond for 160,000. Compiler: %s"
        % _compiler_says("--version").splitlines()[0]
    )


def main(arguments: list[str]) -> None:
    parser = command.parser(
        "riscv32",
        "The portable tests and instruction counts on a bare 32-bit chip, emulated.",
        _EXAMPLES,
    )
    parser.add_argument("--counts", action="store_true", help="only the instructions")
    parser.add_argument(
        "--tests",
        metavar="PART",
        nargs="?",
        const="",
        help="only the tests, or those of the files whose names have PART",
    )
    options = parser.parse_args(arguments)
    try:
        image, _ = build(lambda sentence: print(sentence, flush=True))
        print(
            "The chip's image: %s, %d KB" % (image.relative_to(ROOT), image.stat().st_size // 1000)
        )
        well = True
        if not options.counts:
            files = [name for name in test_files() if (options.tests or "") in name]
            if not files:
                raise command.Failure("no file of tests has %r in its name" % options.tests)
            well = _print_tests(files)
        if options.tests is None:
            _print_counts()
    except Unavailable as reason:
        raise command.Failure("no emulated chip: %s." % reason) from None
    if not well:
        raise command.Failure("a test failed on the emulated chip.")


if __name__ == "__main__":
    command.run("riscv32", main)
