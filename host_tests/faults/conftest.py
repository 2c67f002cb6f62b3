"""What these tests start from, and how much they try.

Each test is there twice. `short` tries a little of it, with all other tests; `whole`, which `make
faults` runs, has the marker `faults`. A trial is a test, or a subtest of one: `with
subtests.test("write 3")`. Its row in the table is the marker's, @pytest.mark.row("a write that
fails"), or the subtest's own (`row=`). @pytest.mark.slow: not in the short form. The kind, for
--only, is the file's name, or KIND in it.
"""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from interpreters import command_of

from faults.charging import Charging
from faults.prepared import Prepared
from faults.report import LOOKS, ROW, Report
from tools import micropython32

_HEAP = "100K"
HERE = Path(__file__).parent
_FILES = sorted(path.stem[5:] for path in HERE.glob("test_*.py"))
KINDS = [name for name in _FILES if name not in ("clock_jumps", "refused_day")]


@dataclass(frozen=True)
class Scale:
    """How much is tried, on which interpreter."""

    name: str  # short, quick or whole
    bits: str
    seed: int
    count: int | None = None

    def pick(self, short: Any, quick: Any, whole: Any) -> Any:
        return {"short": short, "quick": quick, "whole": whole}[self.name]

    def counted(self, short: int, quick: int, whole: int) -> int:
        return self.count or self.pick(short, quick, whole)


def pytest_addoption(parser):
    own = parser.getgroup("faults", "make faults")
    own.addoption(
        "--only", choices=KINDS, action="append", help="one kind; may be given again (default: all)"
    )
    own.addoption(
        "--count",
        type=int,
        help="how many kills, damaged chips and spoilt files (default 200, with --quick 20), "
        "random ramps (100, 10), messages of fuzz (5000, 500)",
    )
    own.addoption("--seed", type=int, default=1, help="of what is random (default 1)")
    own.addoption(
        "--bits",
        choices=("64", "32"),
        default="32",
        help="which MicroPython (default 32, the firmware frozen in, with 100 KB of heap)",
    )
    own.addoption(
        "--quick", action="store_true", help="every fifth write, 20 kills, 20 damaged chips"
    )


def pytest_configure(config):
    if config.getoption("markexpr") == "faults" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report(config))


def pytest_generate_tests(metafunc):
    if "scale" not in metafunc.fixturenames:
        return
    option = metafunc.config.getoption
    sizes = [
        pytest.param(Scale("short", bits, random.randrange(10**6)), id="short%s" % bits)
        for bits in getattr(metafunc.module, "SHORT_BITS", ("64",))
    ]
    name = "quick" if option("quick", False) else "whole"
    whole = Scale(name, option("bits", "32"), option("seed", 1), option("count", None))
    sizes.append(pytest.param(whole, id=name, marks=pytest.mark.faults))
    metafunc.parametrize("scale", sizes, scope="session")


def pytest_collection_modifyitems(config, items):
    only = config.getoption("only", None)
    kept = []
    for item in items:
        if item.path.parent == HERE:
            kind = getattr(item.module, "KIND", item.path.stem[5:])
            row = item.get_closest_marker("row")
            is_short = item.get_closest_marker("faults") is None
            if kind not in (only or KINDS) or (is_short and item.get_closest_marker("slow")):
                continue
            has_subtests = "subtests" in item.fixturenames
            value = (kind, row.args[0] if row else kind, has_subtests)
            item.user_properties.append((ROW, value))
        kept.append(item)
    items[:] = kept


@pytest.fixture(scope="module")
def interpreter(scale, request) -> list[str]:
    """The command that runs the station. In full, the 32-bit one has a chip's heap, or the test
    module's HEAP."""
    if scale.name == "short" or scale.bits == "64":
        return command_of(scale.bits)
    micropython32.interpreter()
    return [str(micropython32.PROGRAM), "-X", "heapsize=" + getattr(request.module, "HEAP", _HEAP)]


@pytest.fixture(scope="module")
def prepared(interpreter, tmp_path_factory):
    """A station with something of everything in its flash."""
    station = Prepared(tmp_path_factory.mktemp("prepared"), interpreter)
    yield station
    station.bench.close()


@pytest.fixture
def looks(request):
    """looks(count, ms) adds so many looks at the outputs, and the worst stall that was seen, to
    a row: the test's, or `row`."""

    def add(count: int, worst_stall_ms: int, row: str | None = None) -> None:
        request.node.user_properties.append((LOOKS, (count, worst_stall_ms, row)))

    return add


@pytest.fixture(scope="module")
def charging(interpreter, tmp_path_factory):
    """A station at whose first connector a vehicle charges all the while."""
    with closing(Charging(tmp_path_factory.mktemp("charging"), interpreter)) as bench:
        bench.begin()
        yield bench
        bench.end()


@pytest.fixture
def bench(charging, looks):
    """The same, judged after each trial."""
    yield charging
    charging.judge(looks)
