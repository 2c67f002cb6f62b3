"""Where the tests find the firmware, the shims, the fakes, the tools, and the bench of the portable
tests."""

import sys
from pathlib import Path

import pytest

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


def pytest_addoption(parser):
    parser.addoption(
        "--both",
        action="store_true",
        help="system tests run their stations on the 64-bit MicroPython, too",
    )


@pytest.fixture(autouse=True)
def late_modules_as_collected():
    """Puts back the modules that the app dropped after its events (late.py). A test that imported one
    when it was collected, and puts something of its own into it, then changes the module that the
    firmware finds, whichever tests ran before."""
    from setpoint.late import SELDOM

    collected = {name: sys.modules[name] for name in SELDOM if name in sys.modules}
    yield
    sys.modules.update(collected)
    for name, module in collected.items():
        package, _, leaf = name.rpartition(".")
        setattr(sys.modules[package], leaf, module)
