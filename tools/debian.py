"""Debian's packages for another kind of machine, and their sources, in a folder of ours: nothing is
installed, no root needed.

apt runs with a configuration of its own that leaves the machine's packages alone, and checks the
signatures as always. The mirror is the one that this machine's own apt uses for Debian;
DEBIAN_MIRROR=URL names another (on Ubuntu, say, where the package debian-archive-keyring is needed
too)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SUITE = "trixie"
_SUITES = {
    "stable",
    "oldstable",
    "testing",
    "unstable",
    "sid",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
}

_APT_CONF = """Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "{folder}/none";
Dir::State "{folder}/state";
Dir::State::Lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Architecture "{architecture}";
APT::Architectures {{"{architecture}";}};
APT::Sandbox::User "root";
Acquire::Languages "none";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


class Unavailable(Exception):
    """Why this machine cannot have it, in a sentence."""


def check_tools() -> None:
    """Raises Unavailable where there is no point in asking a mirror."""
    for program in ("apt-get", "dpkg"):
        if not shutil.which(program):
            raise Unavailable(
                "it comes from a Debian package, and this machine has no %s" % program
            )
    if not KEYRING.exists():
        raise Unavailable("Debian's keys are not here: install the package debian-archive-keyring")


def sources(text: str, deb822: bool) -> list[tuple[str, list[str]]]:
    """Address and suites of each package source in the text of an apt source file, in either
    format."""
    found = []
    if not deb822:
        for line in text.splitlines():
            match = re.match(r"\s*deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)", line)
            if match:
                found.append((match[1], [match[2]]))
        return found
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = {
            key.lower(): value.split()
            for key, value in re.findall(r"(?m)^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza)
        }
        if "deb" in fields.get("types", ()) and fields.get("enabled") != ["no"]:
            found += [(address, fields.get("suites", [])) for address in fields.get("uris", ())]
    return found


def mirrors(etc_apt: Path = Path("/etc/apt")) -> list[str]:
    """Addresses from which this machine takes Debian itself (not its security updates or other
    people's packages)."""
    if os.environ.get("DEBIAN_MIRROR"):
        return [os.environ["DEBIAN_MIRROR"]]
    found: list[str] = []
    parts = sorted((etc_apt / "sources.list.d").glob("*"))
    for file in [etc_apt / "sources.list"] + parts:
        if file.suffix in (".list", ".sources") and file.is_file():
            for address, suites in sources(file.read_text(), file.suffix == ".sources"):
                if address not in found and _SUITES & set(suites):
                    found.append(address)
    if not found:
        raise Unavailable(
            "this machine's apt has no Debian source to take it from (DEBIAN_MIRROR=URL names one)"
        )
    return found


def run(command: list[str], complaint: str, cwd: Path | None = None) -> str:
    """What the command prints. Raises Unavailable with the complaint and the command's own last
    line."""
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("%s: %s" % (complaint, error)) from None
    if done.returncode != 0:
        last = (
            done.stderr.strip() or done.stdout.strip() or "exit code %d" % done.returncode
        ).splitlines()[-1]
        raise Unavailable("%s: %s" % (complaint, last))
    return done.stdout


def fetch(
    folder: Path, architecture: str, packages: "tuple[str, ...]" = (), source: str = ""
) -> None:
    """Unpacks the packages for the architecture in folder/root, and the source package, patched, in
    folder/source.

    It is made beside and moved there whole. Raises Unavailable.
    """
    check_tools()
    reasons = []
    folder.parent.mkdir(parents=True, exist_ok=True)
    for mirror in mirrors():
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=folder.name + "-") as temporary:
            try:
                _unpack(mirror, Path(temporary), architecture, packages, source)
            except Unavailable as reason:
                reasons.append(str(reason))
                continue
            shutil.rmtree(folder, ignore_errors=True)
            (Path(temporary) / "new").rename(folder)
            return
    raise Unavailable("; ".join(reasons))


def _unpack(
    mirror: str, folder: Path, architecture: str, packages: "tuple[str, ...]", source: str
) -> None:
    for name in ("lists/partial", "cache/archives/partial", "state", "debs", "new/root"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    kinds = (["deb"] if packages else []) + (["deb-src"] if source else [])
    lines = [
        "%s [arch=%s signed-by=%s] %s %s main\n" % (kind, architecture, KEYRING, mirror, _SUITE)
        for kind in kinds
    ]
    (folder / "sources.list").write_text("".join(lines))
    (folder / "apt.conf").write_text(_APT_CONF.format(folder=folder, architecture=architecture))
    apt = ["apt-get", "-q", "-c", str(folder / "apt.conf")]
    run(apt + ["-o", "APT::Update::Error-Mode=any", "update"], "apt-get update failed")
    if packages:
        run(
            apt + ["download", *("%s:%s" % (name, architecture) for name in packages)],
            "apt-get download failed",
            cwd=folder / "debs",
        )
    for package in sorted((folder / "debs").glob("*.deb")):
        run(
            ["dpkg", "-x", str(package), str(folder / "new" / "root")],
            "dpkg could not unpack " + package.name,
        )
    if source:
        run(
            apt + ["source", "--download-only", source],
            "apt-get source failed",
            cwd=folder / "debs",
        )
        # Its hashes and apt's signature are checked by now
        description = next((folder / "debs").glob("*.dsc"))
        run(
            ["dpkg-source", "--no-check", "-x", str(description), str(folder / "new" / "source")],
            "dpkg-source could not unpack it (package dpkg-dev)",
        )
