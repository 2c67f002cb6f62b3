"""tools/benchmark: every figure comes out in the agreed shape, on both interpreters. How fast it
is, is not asked here."""

import json
import subprocess
import sys

import pytest

from tools import benchmark_frames, benchmark_plot, benchmark_uses
from tools.benchmark_agent import Failed, smallest_heap_kib
from tools.benchmark_goals import GOALS, judged, left_on_chips
from tools.benchmark_plot import GET, HEAP, SET
from tools.station_process import ROOT
from tools.traffic import Message, Record, violations

SHAPE = {
    "name": (str,),
    "interpreter": (str,),
    "value": (int, float),
    "unit": (str,),
    "floor": (int, float, type(None)),
    "peer": (int, float, type(None)),
    "goal": (int, float, type(None)),
    "met": (bool, type(None)),
}


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tools.benchmark", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    done = run(
        "--quick",
        "--folder",
        str(folder / "built"),
        "--out",
        str(folder / "bench.json"),
        "--plot",
        str(folder / "bench.svg"),
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "bench.json").read_text()), done, folder


def test_every_figure_has_the_agreed_shape(bench):
    for figure in bench[0]:
        assert list(figure) == list(SHAPE), figure
        for key, kinds in SHAPE.items():
            assert type(figure[key]) in kinds, (key, figure)
        assert (figure["met"] is None) == (figure["goal"] is None), figure
        assert figure["value"] >= 0 and figure["interpreter"] in ("64-bit", "32-bit", "C"), figure


def test_nothing_that_a_station_can_be_asked_holds_up_its_control_steps(bench):
    gaps = [
        figure
        for figure in bench[0]
        if figure["name"].startswith("gap between steps, ") and figure["floor"] is not None
    ]
    assert len(gaps) == 10 * len({figure["interpreter"] for figure in gaps}) > 0
    for figure in gaps:  # the floor is that of an idle station on the same host
        assert figure["value"] <= 3 * figure["floor"], figure


def test_what_is_used_seldom_leaves_the_heap_as_it_was(bench):
    """On a board's form; the list of cards lies in flash. A long message leaves a long buffer."""
    heap = {
        figure["name"]: figure["value"]
        for figure in bench[0]
        if figure["name"].startswith("heap, ") and figure["interpreter"] == "32-bit"
    }
    if not heap:
        pytest.skip("no 32-bit MicroPython")
    for use in benchmark_uses.USES:
        ends = [] if use.begin is None else ["peak", "left"]
        ends += ["kept"] * (use.end is not None) + ["configured"] * bool(use.start)
        ends += [] if use.look is None else ["open", "left"]
        assert {name for name in heap if name.startswith("heap, %s: " % use.name)} == {
            "heap, %s: %s" % (use.name, end) for end in ends
        }
    left = {name: value for name, value in heap.items() if name.endswith(": left")}
    del left["heap, 500 cards, most a message: left"]
    assert max(left.values()) < 512, left
    assert heap["heap, 500 cards, 8 a message: kept"] < 512
    assert heap["heap, page: configured"] < 1024 and heap["heap, page: open"] < 8192


def test_every_goal_is_measured(bench):
    measured = {figure["name"] for figure in bench[0]}
    interpreters = {figure["interpreter"] for figure in bench[0]}
    left_to_long_runs = {
        name for name in GOALS if "smallest heap" in name or "50 profiles of 96" in name
    }
    if "C" not in interpreters:
        left_to_long_runs.add("calibration: 20,000 xorshift steps in C")
    if "32-bit" not in interpreters:
        left_to_long_runs |= {name for name in GOALS if "frozen" in name}
    assert set(GOALS) - measured <= left_to_long_runs


def test_each_interpreter_gives_the_same_figures(bench):
    """But for the forms of the firmware that not every interpreter can run."""
    names = {
        bits: {
            f["name"]
            for f in bench[0]
            if f["interpreter"] == bits and not f["name"].startswith("agent, ")
        }
        for bits in ("64-bit", "32-bit")
    }
    assert names["64-bit"] == names["32-bit"] or not names["32-bit"]


def test_the_table_names_every_figure_and_the_conditions(bench):
    figures, done, folder = bench
    for figure in figures:
        assert figure["name"] in done.stdout
    assert "scaled to this machine" in done.stdout and "MicroPython 1." in done.stdout
    drawn = (folder / "bench.svg").read_text()
    assert drawn.startswith("<?xml") and "A quick run" in drawn and "MicroPython 1." in drawn


def test_the_picture_says_what_is_seen_draws_the_goals_and_names_the_host(tmp_path):
    points = [
        {"grows": what, "with": "profiles", "x": x, "y": y * x, "floor": 3.0, "interpreter": bits}
        for what, y in zip((GET, SET, HEAP), (50, 200, 332), strict=True)
        for x in (1, 2, 4)
        for bits in ("64-bit", "32-bit")
    ]
    goals = {"GetCompositeSchedule, 1 profile": 78.25, "heap per profile of 24 periods": 400}
    benchmark_plot.draw(points, goals, tmp_path / "bench.svg", ["On a slow machine"])
    drawn = (tmp_path / "bench.svg").read_text()
    seen = "With 4 profiles in place of 1, GetCompositeSchedule takes 4.0 times as long,"
    for text in (seen, "goal 78.2", ">goal<", "On a slow machine", ">floor<"):
        assert text in drawn, text
    assert drawn.count(">32-bit<") == drawn.count(">64-bit<") == 3
    assert benchmark_plot.title_from([]) == "What requests, limits and profiles cost"


def test_times_of_peers_are_scaled_to_this_machine_and_sizes_are_not():
    time = judged(
        {
            "name": "GetCompositeSchedule, 1 profile",
            "interpreter": "64-bit",
            "value": 190,
            "unit": "us",
            "floor": None,
        },
        2.0,
    )
    assert (time["peer"], time["goal"], time["met"]) == (32.2, 193.2, True)
    size = judged(
        {
            "name": "heap per profile of 24 periods",
            "interpreter": "32-bit",
            "value": 401,
            "unit": "B",
            "floor": None,
        },
        2.0,
    )
    assert (size["peer"], size["goal"], size["met"]) == (500, 400, False)
    elsewhere = judged({**size, "interpreter": "64-bit"}, 2.0)
    assert (elsewhere["goal"], elsewhere["met"]) == (None, None)


def test_what_a_chip_has_left_is_said_where_the_smallest_heap_is_known():
    assert left_on_chips([]) == []
    figure = {
        "name": "agent, frozen: smallest heap, 10 profiles",
        "interpreter": "32-bit",
        "value": 72704,
    }
    assert left_on_chips([{**figure, "interpreter": "64-bit"}]) == []
    assert left_on_chips([figure])[0].endswith("leaves 42296")


def test_the_smallest_heap_is_found_to_two_kib():
    def live(kib: int) -> None:
        if kib < 101:
            raise Failed("too small")

    assert smallest_heap_kib(live, 40, 512) in (101, 102)


def test_what_it_sends_is_ocpp():
    record = Record()
    texts = []
    for messages in benchmark_frames.all_frames().values():
        if isinstance(messages, dict):
            texts += messages["install"] + messages["change"]
    for number, text in enumerate(texts):
        call = json.loads(text)
        record.add(Message(json.dumps([2, str(number), call[2], call[3]]), True))
        record.add(Message(json.dumps([3, str(number), {"status": "Accepted"}]), False))
    assert violations(record) == []


def test_help_shows_examples():
    assert "make bench ARGS=--quick" in run("--help").stdout
