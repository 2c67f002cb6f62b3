"""Where the tests find the firmware, the shims, the fakes, the tools, and the bench of the portable
tests."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST_TESTS = ROOT / "host_tests"
sys.path[:0] = [
    str(folder)
    for folder in (
        ROOT / "firmware",
        HOST_TESTS / "shims",
        HOST_TESTS / "fakes",
        HOST_TESTS / "portable",
        ROOT,
    )
]
sys.path.append(str(ROOT / "host_tests"))  # last: its folders are no packages, but for faults
