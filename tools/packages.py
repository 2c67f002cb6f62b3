"""Writes the lists by which MicroPython's mip installs Setpoint: `make packages` after a file of
the firmware came or went.

    package.json            the whole agent for an ESP32: mip.install(..., target="/")
    package-schedule.json   how much may be drawn, and until when: setpoint.scheduler with what it
                            needs, and nothing else

Paths are relative to the list, so that any server or repository that holds the tree will do.
"""

from __future__ import annotations

import json

from tools.command import ROOT, parser, run

FIRMWARE = ROOT / "firmware"
SCHEDULE = (
    *("setpoint/__init__.py", "setpoint/scheduler.py", "setpoint/units.py", "setpoint/schedule/"),
    *(
        "setpoint/protocol/%s.py" % name
        for name in ("__init__", "errors", "fields", "iso8601", "requests")
    ),
)
# boot.py starts what make flash and make deploy put there
_NOT_ON_A_CHIP = ("boot.py", "setpoint/board/simulated/")


def version() -> str:
    for line in (FIRMWARE / "setpoint" / "__init__.py").read_text().splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise AssertionError("no version")


def files(beginnings: "tuple[str, ...]" = ("",)) -> "list[str]":
    """The firmware's files whose path begins so."""
    paths = sorted(path.relative_to(FIRMWARE).as_posix() for path in FIRMWARE.rglob("*.py"))
    return [path for path in paths if path.startswith(beginnings)]


def lists() -> "dict[str, str]":
    """The text of each list by its file name."""
    chosen = {
        "package.json": [path for path in files() if not path.startswith(_NOT_ON_A_CHIP)],
        "package-schedule.json": files(SCHEDULE),
    }
    texts = {}
    for name, paths in chosen.items():
        rows = ",\n".join("    %s" % json.dumps([path, "firmware/" + path]) for path in paths)
        texts[name] = '{\n  "version": "%s",\n  "urls": [\n%s\n  ]\n}\n' % (version(), rows)
    return texts


def main(arguments: list[str]) -> None:
    parser(
        "packages",
        "Writes package.json and package-schedule.json anew from the tree.",
        "  make packages\n",
    ).parse_args(arguments)
    for name, text in lists().items():
        (ROOT / name).write_text(text)
        print("%s: %d files" % (name, text.count("firmware/")))


if __name__ == "__main__":
    run("packages", main)
