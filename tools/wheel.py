"""Builds a wheel of the scheduler alone, for CPython: `make wheel`. It holds the files of
package-schedule.json, needs nothing, and is tried in a fresh environment before it is called done.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tools.command import ROOT, Failure, parser, run
from tools.packages import FIRMWARE, SCHEDULE, files, version

NAME = "setpoint-scheduler"
PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "%s"
version = "%s"
description = "OCPP 1.6 charging profiles: the limit at an instant, and until when"
readme = "README.md"
requires-python = ">=3.10"
license = {text = "MIT"}

[tool.setuptools.packages.find]
include = ["setpoint*"]
"""
TRIAL = """\
import doctest, sys
import setpoint.scheduler as scheduler
assert %r in scheduler.__file__, scheduler.__file__
result = doctest.testmod(scheduler)
assert result.attempted and not result.failed
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("setpoint", "micropython")))
"""


def build(folder: Path) -> Path:
    """The wheel, in folder/dist. Raises Failure."""
    source, dist = folder / "source", folder / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    for path in files(SCHEDULE):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FIRMWARE / path, source / path)
    (source / "pyproject.toml").write_text(PROJECT % (NAME, version()))
    shutil.copyfile(ROOT / "docs" / "scheduler.md", source / "README.md")
    shutil.copyfile(ROOT / "LICENSE", source / "LICENSE")
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", dist, source)
    return next(dist.glob("*.whl"))


def try_out(wheel: Path, folder: Path) -> None:
    """Installs it into an environment of its own and runs the example in its docstring. Raises
    Failure."""
    venv.create(folder, clear=True, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip(python, "install", "--no-index", "--no-deps", wheel)
    done = subprocess.run(
        [python, "-c", TRIAL % str(folder)], capture_output=True, text=True, cwd=folder
    )
    if done.returncode:
        raise Failure(
            "the wheel was built, but its example fails in a fresh environment:\n"
            + done.stdout
            + done.stderr
        )


def pip(python, *arguments) -> None:
    done = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Failure("pip says:\n" + (done.stderr or done.stdout)[-2000:])


def main(arguments: list[str]) -> None:
    options = parser(
        "wheel", __doc__ or "", "  make wheel\n  make wheel ARGS='--folder /tmp/wheel'\n"
    )
    options.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "build" / "wheel",
        help="where it builds (default: build/wheel)",
    )
    folder = options.parse_args(arguments).folder.resolve()
    print("Builds the wheel ...")
    wheel = build(folder)
    print("Tries it in a fresh environment ...")
    try_out(wheel, folder / "environment")
    print(
        "%s\nIts example ran in an environment that holds nothing else. Ready to be published: twine upload %s"
        % (wheel, wheel)
    )


if __name__ == "__main__":
    run("wheel", main)
