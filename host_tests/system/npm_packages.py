"""What a test needs of npm, from its lock file: `installed(Path(__file__).parent / "ocpp_rpc")`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.station_process import ROOT


def installed(sources: Path) -> Path:
    """The folder in build/ with the locked packages and the scripts of `sources`; made once for
    each lock file.

    Where Node or npm is missing the test is skipped, and fails in CI.
    """
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail("CI must not skip %s: %s is missing" % (sources.name, " and ".join(missing)))
    if missing:
        pytest.skip("no %s: %s is missing" % (sources.name, " and ".join(missing)))
    folder = ROOT / "build" / sources.name
    lock = (sources / "package-lock.json").read_bytes()
    done = folder / "node_modules" / ".lock"
    if not done.exists() or done.read_bytes() != lock:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(sources / name, folder / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, "npm ci failed:\n" + ran.stderr
        done.write_bytes(lock)
    for script in sources.glob("*.js"):
        shutil.copy(script, folder / script.name)
    return folder
