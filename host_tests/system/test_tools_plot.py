"""tools/plot: the lines it draws are the firmware's answers, and the README's picture is drawn from its case file."""

import json
import subprocess
import sys

from tools.plot import Case, Segment
from tools.station_process import ROOT

HOUR = 3600


def day() -> Case:
    return Case(json.loads((ROOT / "docs" / "day.json").read_text()))


def test_the_limit_of_the_readme_picture():
    """Worked out by hand from docs/day.json: 16560 W on three phases of 230 V are 24 A, 6900 W 10 A, 5520 W 8 A."""
    case = day()
    limit = [((s.start - case.start) / HOUR, s.amps) for s in case.limit()]
    assert limit == [(0, 24), (6, 10), (10, 16), (13.5, 20), (16, 16), (17, 13), (20, 24), (20.5, 8), (22, 24)]


def test_a_profile_of_a_transaction_is_silent_without_one():
    case = day()
    lines = {entry.profile.purpose: segments for entry, segments in case.profiles()}
    hours = [((s.start - case.start) / HOUR, (s.end - case.start) / HOUR, s.amps) for s in lines["TxProfile"]]
    assert hours == [(0, 13.5, None), (13.5, 16, 20), (16, 19, 16), (19, 20.5, 24), (20.5, 24, None)]
    assert lines["ChargePointMaxProfile"][0] == Segment(case.start, case.start + 17 * HOUR, 28)


def test_it_draws_svg_and_png_with_a_recording(tmp_path):
    seen = [{"at": "2025-06-16T13:31:00Z", "offered_amps": 20.0}, {"at": "2025-06-16T16:00:01Z", "offered_amps": 16.0, "event": "a & b"}]
    (tmp_path / "seen.jsonl").write_text("\n".join(map(json.dumps, seen)) + "\n")
    for name, magic in (("day.svg", b"<?xml"), ("day.png", b"\x89PNG")):
        command = [sys.executable, "-m", "tools.plot", "docs/day.json", "--recording", str(tmp_path / "seen.jsonl"), "--out", str(tmp_path / name)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        assert (tmp_path / name).read_bytes().startswith(magic)
    assert "offered by the pilot" in (tmp_path / "day.svg").read_text()


def test_a_case_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "case.json").write_text('{"profiles": []}')
    done = subprocess.run([sys.executable, "-m", "tools.plot", str(tmp_path / "case.json")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "case.json: no case: 'from' is missing" in done.stderr
