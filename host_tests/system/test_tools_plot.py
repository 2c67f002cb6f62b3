"""tools/plot and tools/pictures: the lines are the firmware's answers, and everybody can read them.

The README's picture is drawn from its case file.
"""

import json
import re
import subprocess
import sys
from itertools import combinations

import pytest

from tools import pictures, plot
from tools.plot import Case, Segment
from tools.station_process import ROOT

HOUR = 3600


def day() -> Case:
    return Case(json.loads((ROOT / "docs" / "day.json").read_text()))


def test_the_limit_of_the_readme_picture():
    """Worked out by hand from docs/day.json: 16560 W on three phases of 230 V are 24 A, 6900 W are
    10 A, 5520 W are 8 A."""
    case = day()
    limit = [((s.start - case.start) / HOUR, s.value) for s in case.limit()]
    assert limit == [
        (0, 24),
        (6, 10),
        (9, 16),
        (13.5, 20),
        (16, 16),
        (16.5, 13),
        (20, 24),
        (20.5, 8),
        (22, 24),
    ]


def test_the_picture_names_the_profile_that_decides():
    case = day()
    deciding = [
        ((s.start - case.start) / HOUR, s.value.purpose, s.value.level) for s in case.deciding()
    ]
    default, highest, own = "TxDefaultProfile", "ChargePointMaxProfile", "TxProfile"
    assert deciding == [
        (0, default, 0),
        (9, default, 1),
        (13.5, own, 0),
        (16.5, highest, 1),
        (20, own, 0),
        (20.5, default, 0),
    ]
    drawn = (ROOT / "docs" / "day.svg").read_text()
    for text in (
        "ChargePointMaxProfile, level 1",
        "TxDefaultProfile, level 0, in W",
        "20:30: the TxProfile's 7 h are over",
        "decides",
    ):
        assert text in drawn.replace("&#39;", "'"), text


def test_the_readme_picture_is_what_its_case_file_gives(tmp_path):
    plot.draw(day(), tmp_path / "day.svg")
    assert texts_of(tmp_path / "day.svg") == texts_of(ROOT / "docs" / "day.svg")


def texts_of(picture) -> "list[str]":
    return re.findall(r"<text.*?>(.*?)</text>", picture.read_text())


def test_a_profile_that_comes_within_a_second_limits_from_that_moment():
    """Else the picture shows the effect before its cause."""
    document = json.loads((ROOT / "docs" / "day.json").read_text())
    document["profiles"] = [document["profiles"][2]]
    document["profiles"][0].update(
        acceptedAt="2025-06-16T08:00:12.560Z", clearedAt="2025-06-16T09:00:00.250Z"
    )
    case = Case(document)
    assert [(round(s.start - case.start, 3), s.value) for s in case.limit()] == [
        (0, 32),
        (8 * HOUR + 12.56, 10),
        (9 * HOUR + 0.25, 32),
    ]


def test_a_profile_of_a_transaction_is_silent_without_one():
    case = day()
    lines = {
        (entry.profile.purpose, entry.profile.level): segments
        for entry, segments in case.profiles()
    }
    hours = [
        ((s.start - case.start) / HOUR, (s.end - case.start) / HOUR, s.value)
        for s in lines["TxProfile", 0]
    ]
    assert hours == [
        (0, 13.5, None),
        (13.5, 16, 20),
        (16, 19, 16),
        (19, 20.5, 24),
        (20.5, 24, None),
    ]
    assert lines["ChargePointMaxProfile", 0] == [Segment(case.start, case.end, 28)]
    assert (
        Segment(case.start + 16.5 * HOUR, case.start + 20 * HOUR, 13)
        in lines["ChargePointMaxProfile", 1]
    )


def test_it_draws_svg_and_png_with_a_recording(tmp_path):
    seen = [
        {"at": "2025-06-16T13:31:00Z", "offered_amps": 20.0},
        {"at": "2025-06-16T16:00:01Z", "offered_amps": 16.0, "event": "a & b"},
    ]
    (tmp_path / "seen.jsonl").write_text("\n".join(map(json.dumps, seen)) + "\n")
    for name, magic in (("day.svg", b"<?xml"), ("day.png", b"\x89PNG")):
        command = [
            sys.executable,
            "-m",
            "tools.plot",
            "docs/day.json",
            "--recording",
            str(tmp_path / "seen.jsonl"),
            "--out",
            str(tmp_path / name),
        ]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        assert (tmp_path / name).read_bytes().startswith(magic)
    drawn = (tmp_path / "day.svg").read_text()
    assert (
        "offered by the pilot" in drawn and "a &amp; b" in drawn and "contactor closed" not in drawn
    )


def test_contactor_and_transaction_are_drawn_from_the_recording():
    looks = [
        ("12:00:00Z", 16.0, True, True),
        ("12:00:00.2Z", 16.0, True, True),
        ("12:00:00.4Z", None, None, None),
        ("12:00:02Z", 16.0, False, True),
    ]
    recording = [
        {"at": "2025-06-16T" + at, "offered_amps": amps, "closed": closed, "transaction": runs}
        for at, amps, closed, runs in looks
    ]
    case = day()
    lanes = dict(plot.lanes_of(case, recording))
    noon = case.start + 12 * HOUR
    assert [(bar.start, bar.end) for bar in lanes["contactor closed"]] == [(noon, noon + 0.4)]
    assert [(bar.start, bar.end) for bar in lanes["transaction"]] == [
        (noon, noon + 0.4),
        (noon + 2, case.end),
    ]


# How a colour looks to who lacks one kind of cone, in linear RGB. Source: Machado, Oliveira,
# Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009),
# severity 1.0.
SIGHTS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def lab_of(colour: str, sight: "tuple | None" = None) -> "list[float]":
    """CIE L*a*b* of a colour, D65, as somebody sees it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    ]
    if sight:
        linear = [
            min(max(sum(a * b for a, b in zip(row, linear, strict=True)), 0), 1) for row in sight
        ]
    xyz = [
        sum(a * b for a, b in zip(row, linear, strict=True))
        for row in ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0178, 0.1098, 0.8730))
    ]
    x, y, z = (share ** (1 / 3) if share > 0.008856 else 7.787 * share + 16 / 116 for share in xyz)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


@pytest.mark.parametrize("sight", [None, *SIGHTS])
def test_who_is_colour_blind_can_tell_the_lines_apart(sight):
    lines = [*plot.COLOURS.values(), pictures.SKY_BLUE, pictures.BLACK]
    for one, other in combinations(lines, 2):
        pair = [lab_of(colour, SIGHTS.get(sight)) for colour in (one, other)]
        distance = sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) ** 0.5
        assert distance > 20, (sight, one, other, distance)


@pytest.mark.parametrize("colour", [*plot.COLOURS.values(), pictures.SKY_BLUE, pictures.GREY])
def test_names_can_be_read_on_the_paper_and_on_the_bars(colour):
    assert pictures.contrast(pictures.for_text(colour), pictures.PAPER) >= 4.5
    assert pictures.contrast(pictures.text_on(colour), colour) >= 3.5


@pytest.mark.parametrize("name", ["day.svg", "bench.svg"])
def test_a_picture_has_an_opaque_paper_of_its_own(name):
    """On a dark page, dark text on nothing cannot be read."""
    drawn = (ROOT / "docs" / name).read_text()
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn).groups()
    first = re.search(r'<path d="(.*?)" style="fill: (.*?)"', drawn, re.DOTALL)
    corners = {
        tuple(map(float, pair)) for pair in re.findall(r"[ML] ([\d.]+) ([\d.]+)", first.group(1))
    }
    assert (
        corners == {(x, y) for x in (0, float(width)) for y in (0, float(height))}
        and first.group(2) == pictures.PAPER
    )


def test_a_case_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "case.json").write_text('{"profiles": []}')
    done = subprocess.run(
        [sys.executable, "-m", "tools.plot", str(tmp_path / "case.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "case.json: no case: 'from' is missing" in done.stderr
