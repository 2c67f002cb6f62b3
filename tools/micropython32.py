"""Builds a 32-bit MicroPython with Setpoint frozen in it, build/micropython32/micropython: `make
micropython32`.

It is the station in the form that a board gets, on the interpreter nearest to an ESP32 that a PC
can run: 31-bit small ints, objects of the chip's size, a heap as small as one likes (`-X
heapsize=100K`), and the program inside the image. Everything comes from Debian: MicroPython's
source package, and what the compiler needs to link for i386. The first build takes two minutes;
another one, after a change of the firmware, some five seconds.

    debian/     the packages and the source, from the mirror (debian.py)
    objects/    what the compiler made
    bin/        the newest interpreters: a station that runs keeps the one that it was started with
    micropython a script that starts the newest one through its own loader, from anywhere
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools import command  # noqa: E402
from tools.debian import Unavailable, fetch, run  # noqa: E402

FOLDER = ROOT / "build" / "micropython32"
PROGRAM = FOLDER / "micropython"
MANIFEST = ROOT / "boards" / "images" / "manifest_unix.py"

_DEBIAN = FOLDER / "debian"
_USR = _DEBIAN / "root" / "usr"
_LIBRARIES = _USR / "lib" / "i386-linux-gnu"
_PACKAGES = (
    *("libc6", "libffi8", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7", "libgcc-s1"),
    *("libc6-dev", "linux-libc-dev", "libffi-dev", "libmbedtls-dev", "libgcc-14-dev"),
)
_KEPT = 3  # interpreters of older sources, for stations that still run

# The machine's own gcc makes code for i386; headers, libraries and start-up files are Debian's for
# i386.
_COMPILER = """#!/bin/sh
usr={usr}
exec gcc -m32 --sysroot="$usr/.." -B"$usr/lib/gcc/i686-linux-gnu/14" -B"$usr/lib/i386-linux-gnu" \\
    -isystem "$usr/include/i386-linux-gnu" -L"$usr/lib/i386-linux-gnu" -L"$usr/lib/gcc/i686-linux-gnu/14" "$@"
"""
# Debian's own settings for i386 (debian/rules), less Java.
_SETTINGS = (
    *(
        "STRIP=true",
        "MICROPY_SSL_AXTLS=0",
        "MICROPY_SSL_MBEDTLS=1",
        "MICROPY_PY_BTREE=0",
        "MICROPY_PY_FFI=1",
        "MICROPY_PY_JNI=0",
    ),
    *(
        "MICROPY_STANDALONE=0",
        "LIBFFI_CFLAGS=",
        "LIBFFI_LDFLAGS=-lffi",
        "CFLAGS_EXTRA=-DMICROPY_FLOAT_USE_NATIVE_FLT16=0",
    ),
)
_WRAPPER = """#!/bin/sh
# MicroPython for i386 with its own loader and libraries.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
usr=$here/debian/root/usr
exec "$usr/lib/ld-linux.so.2" --library-path "$usr/lib/i386-linux-gnu" "$here/bin/{name}" "$@"
"""


def source() -> Path:
    """MicroPython's source tree, with mpy-cross/build/mpy-cross built. Fetched now if it is not
    there yet. Raises Unavailable."""
    with _alone():
        return _source(lambda sentence: None)


def interpreter(say: Callable[[str], None] = lambda sentence: None) -> Path:
    """The script that starts it, with the present firmware frozen in. Builds what is missing.
    Raises Unavailable."""
    with _alone():
        name = "micropython-" + _digest()
        if not (FOLDER / "bin" / name).exists():
            _build(_source(say), name, say)
        text = _WRAPPER.format(name=name)
        if not PROGRAM.exists() or PROGRAM.read_text() != text:
            beside = PROGRAM.with_suffix(".new")
            beside.write_text(text)
            beside.chmod(0o755)
            beside.rename(PROGRAM)
    answer = run(
        [str(PROGRAM), "-c", "import sys; print(sys.maxsize)"],
        "the 32-bit interpreter does not start",
    )
    if answer.strip() != "2147483647":
        raise Unavailable(
            "%s is not a 32-bit MicroPython: its sys.maxsize is %s" % (PROGRAM, answer.strip())
        )
    return PROGRAM


def check_machine() -> None:
    """Raises Unavailable where there is no point in trying."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Unavailable(
            "it is built for i386 on Linux on x86-64 only, and this is %s on %s"
            % (sys.platform, platform.machine())
        )
    for program, package in (
        ("gcc", "build-essential"),
        ("make", "build-essential"),
        ("dpkg-source", "dpkg-dev"),
    ):
        if not shutil.which(program):
            raise Unavailable(
                "it is compiled here, and this machine has no %s: install the package %s"
                % (program, package)
            )


@contextlib.contextmanager
def _alone() -> "Iterator[None]":
    """Tests that run side by side build once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _source(say: Callable[[str], None]) -> Path:
    tree = _DEBIAN / "source"
    made = _DEBIAN / "complete"
    wanted = " ".join(_PACKAGES)
    if not made.exists() or made.read_text() != wanted:
        check_machine()
        say("Fetches MicroPython's source and the libraries from Debian (20 MB)")
        fetch(_DEBIAN, "i386", _PACKAGES, "micropython")
        shutil.rmtree(FOLDER / "objects", ignore_errors=True)
        (_DEBIAN / "root" / "lib").symlink_to("usr/lib")  # where libc's linker script looks
        compiler = FOLDER / "gcc32"
        compiler.write_text(_COMPILER.format(usr=_USR))
        compiler.chmod(0o755)
        say("Compiles mpy-cross")
        _make(tree / "mpy-cross", "mpy-cross could not be compiled")
        made.write_text(wanted)
    return tree


def _digest() -> str:
    """Of everything that decides what the interpreter does."""
    content = hashlib.sha256(" ".join((*_PACKAGES, *_SETTINGS)).encode())
    for file in [*sorted(MANIFEST.parent.glob("*.py")), *sorted((ROOT / "firmware").rglob("*.py"))]:
        content.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:16]


def _build(tree: Path, name: str, say: Callable[[str], None]) -> None:
    """Everything at the first time; later only what is frozen in, and the link."""
    say("Compiles MicroPython with the firmware frozen in")
    objects = FOLDER / "objects"
    shutil.rmtree(objects / "frozen_mpy", ignore_errors=True)  # a module that is gone would stay in
    (objects / "frozen_content.c").unlink(missing_ok=True)
    settings = ["CC=%s" % (FOLDER / "gcc32"), "FROZEN_MANIFEST=%s" % MANIFEST, "BUILD=%s" % objects]
    _make(tree / "ports" / "unix", "MicroPython could not be compiled", *settings, *_SETTINGS)
    (FOLDER / "bin").mkdir(exist_ok=True)
    beside = FOLDER / "bin" / (name + ".new")
    shutil.copy(objects / "micropython", beside)
    beside.rename(FOLDER / "bin" / name)
    old = sorted(
        (file for file in (FOLDER / "bin").iterdir() if file.name != name),
        key=lambda file: file.stat().st_mtime,
        reverse=True,
    )
    for file in old[_KEPT:]:
        file.unlink(missing_ok=True)


def _make(folder: Path, complaint: str, *arguments: str) -> None:
    run(["make", "-C", str(folder), "-j%d" % (os.cpu_count() or 1), *arguments], complaint)


def main(arguments: list[str]) -> int:
    command.parser(
        "micropython32",
        "Builds a 32-bit MicroPython from Debian's source with the present firmware frozen in, into build/micropython32; anew "
        "after each change of the firmware. MICROPYTHON32=path names another for the tests.",
        "  make micropython32\n  tools/station --micropython build/micropython32/micropython --heap 100K START.json\n",
    ).parse_args(arguments)
    try:
        program = interpreter(lambda sentence: print(sentence, flush=True))
    except Unavailable as reason:
        print("No 32-bit MicroPython: %s" % reason)
        return 1
    version = run(
        [str(program), "-c", "import sys; print(*sys.implementation[1][:3], sep='.')"],
        "it does not start",
    )
    print(
        "MicroPython %s, 32-bit, with the firmware: %s"
        % (version.strip(), program.relative_to(ROOT))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
