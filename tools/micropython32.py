"""Fetches a 32-bit MicroPython into build/micropython32: `make micropython32`.

It is the interpreter nearest to an ESP32 that a PC can run: 31-bit small ints, objects of the chip's size, and a heap
as small as one likes (`-X heapsize=100K`). Debian has it for i386. This fetches the package and its few libraries with
apt, through a configuration of its own that leaves the machine's packages alone and needs no root, unpacks them, and
writes a script that starts the binary through its own loader: build/micropython32/micropython runs from anywhere.

The mirror is the one that this machine's own apt uses for Debian; DEBIAN_MIRROR=URL names another (on Ubuntu, say,
where the package debian-archive-keyring is needed too). apt checks the signatures as always.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "micropython32"
PROGRAM = FOLDER / "micropython"

SUITE = "trixie"
PACKAGES = ("micropython", "libc6", "libffi8", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
DEBIAN_SUITES = {"stable", "oldstable", "testing", "unstable", "sid", "bullseye", "bookworm", "trixie", "forky", "duke"}

WRAPPER = """#!/bin/sh
# MicroPython for i386 with its own loader and libraries.
usr=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)/root/usr
exec "$usr/lib/ld-linux.so.2" --library-path "$usr/lib/i386-linux-gnu" "$usr/bin/micropython" "$@"
"""

APT_CONF = """Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "{folder}/none";
Dir::State "{folder}/state";
Dir::State::Lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Architecture "i386";
APT::Architectures {{"i386";}};
APT::Sandbox::User "root";
Acquire::Languages "none";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


class Unavailable(Exception):
    """Why this machine cannot have the 32-bit interpreter, in a sentence."""


def interpreter() -> Path:
    """The wrapper's path, fetched now if it is not there yet. Raises Unavailable."""
    if not PROGRAM.exists():
        check_machine()
        fetch()
    answer = run([str(PROGRAM), "-c", "import sys; print(sys.maxsize)"], "the 32-bit interpreter does not start")
    if answer.strip() != "2147483647":
        raise Unavailable("%s is not a 32-bit MicroPython: its sys.maxsize is %s" % (PROGRAM, answer.strip()))
    return PROGRAM


def check_machine() -> None:
    """Raises Unavailable where there is no point in trying."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "i686"):
        raise Unavailable("a Debian package for i386 runs on Linux on x86 only, and this is %s on %s" % (sys.platform, platform.machine()))
    for program in ("apt-get", "dpkg"):
        if not shutil.which(program):
            raise Unavailable("it comes from a Debian package, and this machine has no %s" % program)
    if not KEYRING.exists():
        raise Unavailable("Debian's keys are not here: install the package debian-archive-keyring")


def sources(text: str, deb822: bool) -> list[tuple[str, list[str]]]:
    """Address and suites of each package source in the text of an apt source file, in either format."""
    found = []
    if not deb822:
        for line in text.splitlines():
            match = re.match(r"\s*deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)", line)
            if match:
                found.append((match[1], [match[2]]))
        return found
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = {key.lower(): value.split() for key, value in re.findall(r"(?m)^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza)}
        if "deb" in fields.get("types", ()) and fields.get("enabled") != ["no"]:
            found += [(address, fields.get("suites", [])) for address in fields.get("uris", ())]
    return found


def mirrors(etc_apt: Path = Path("/etc/apt")) -> list[str]:
    """Addresses from which this machine takes Debian itself (not its security updates or other people's packages)."""
    if os.environ.get("DEBIAN_MIRROR"):
        return [os.environ["DEBIAN_MIRROR"]]
    found: list[str] = []
    parts = sorted((etc_apt / "sources.list.d").glob("*"))
    for file in [etc_apt / "sources.list"] + parts:
        if file.suffix in (".list", ".sources") and file.is_file():
            for address, suites in sources(file.read_text(), file.suffix == ".sources"):
                if address not in found and DEBIAN_SUITES & set(suites):
                    found.append(address)
    if not found:
        raise Unavailable("this machine's apt has no Debian source to take it from (DEBIAN_MIRROR=URL names one)")
    return found


def run(command: list[str], complaint: str, cwd: Path | None = None) -> str:
    """What the command prints. Raises Unavailable with the complaint and the command's own last line."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("%s: %s" % (complaint, error)) from None
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "exit code %d" % done.returncode).splitlines()[-1]
        raise Unavailable("%s: %s" % (complaint, last))
    return done.stdout


def fetch() -> None:
    """Fetches and unpacks beside the final place, then moves it there whole."""
    reasons = []
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    for mirror in mirrors():
        with tempfile.TemporaryDirectory(dir=FOLDER.parent, prefix="micropython32-") as temporary:
            try:
                unpack(mirror, Path(temporary))
            except Unavailable as reason:
                reasons.append(str(reason))
                continue
            shutil.rmtree(FOLDER, ignore_errors=True)
            try:
                os.rename(Path(temporary) / "new", FOLDER)
            except OSError:
                if not PROGRAM.exists():  # else: somebody else was faster, which is as good
                    raise
            return
    raise Unavailable("; ".join(reasons))


def unpack(mirror: str, folder: Path) -> None:
    """The packages from one mirror, unpacked with their wrapper in folder/new."""
    for name in ("lists/partial", "cache/archives/partial", "state", "debs", "new/root"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text("deb [arch=i386 signed-by=%s] %s %s main\n" % (KEYRING, mirror, SUITE))
    (folder / "apt.conf").write_text(APT_CONF.format(folder=folder))
    apt = ["apt-get", "-q", "-c", str(folder / "apt.conf")]
    run(apt + ["-o", "APT::Update::Error-Mode=any", "update"], "apt-get update failed")
    run(apt + ["download", *(name + ":i386" for name in PACKAGES)], "apt-get download failed", cwd=folder / "debs")
    for package in sorted((folder / "debs").glob("*.deb")):
        run(["dpkg", "-x", str(package), str(folder / "new" / "root")], "dpkg could not unpack " + package.name)
    (folder / "new" / "micropython").write_text(WRAPPER)
    (folder / "new" / "micropython").chmod(0o755)


def main(arguments: list[str]) -> int:
    argparse.ArgumentParser(
        prog="make micropython32",
        description="Fetches a 32-bit MicroPython from Debian into build/micropython32, once. MICROPYTHON32=path names another for the tests.",
    ).parse_args(arguments)
    try:
        program = interpreter()
    except Unavailable as reason:
        print("No 32-bit MicroPython: %s" % reason)
        return 1
    version = run([str(program), "-c", "import sys; print(*sys.implementation[1][:3], sep='.')"], "it does not start")
    print("MicroPython %s, 32-bit: %s" % (version.strip(), program.relative_to(ROOT)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
