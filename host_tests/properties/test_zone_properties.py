"""Local time by a POSIX rule (schedule/zone.py), against CPython's zoneinfo, and where that looks at
one year only, against all changes of forty years in a list."""

import os
import random
from datetime import date, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from struct import pack
from zoneinfo import TZPATH, ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from setpoint.schedule.zone import Zone

_EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)
_YEARS_S = 34 * 365 * 86400


def zoneinfo_of(rule: str) -> ZoneInfo:
    """A TZif file without a single change in its tables: all that is left is its last line."""
    block = b"TZif2" + bytes(15) + pack(">6l", 0, 0, 0, 0, 1, 4) + pack(">lbb", 0, 0, 0) + b"XXX\0"
    return ZoneInfo.from_file(BytesIO(block + block + b"\n" + rule.encode() + b"\n"))


def ahead_of(zone: ZoneInfo, at: int) -> int:
    return int((_EPOCH + timedelta(seconds=at)).astimezone(zone).utcoffset().total_seconds())


def held_against(rule: str, seed: int = 1, count: int = 60) -> None:
    """At random seconds, and second by second around the changes next to them."""
    zone, other = Zone(rule), zoneinfo_of(rule)
    chance = random.Random(seed)
    for _ in range(count):
        at = chance.randrange(_YEARS_S)
        ahead_s, until = zone.ask(at)
        assert ahead_s == ahead_of(other, at), (rule, at)
        if until < _YEARS_S:
            for second in range(until - 3, until + 3):
                assert zone.ask(second)[0] == ahead_of(other, second), (rule, second)
            # Nothing changes before it
            for _ in range(3):
                between = chance.randrange(at, until)
                assert ahead_of(other, between) == ahead_s, (rule, between)


@pytest.mark.parametrize(
    "rule",
    [
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "GMT0BST,M3.5.0/1,M10.5.0",
        "NZST-12NZDT,M9.5.0,M4.1.0/3",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "IST-1GMT0,M10.5.0,M3.5.0/1",
        "<+0330>-3:30",
        "JST-9",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "IST-2IDT,M3.4.4/26,M10.5.0",
        "EET-2EEST,M3.4.4/50,M10.4.4/50",
        "EST5EDT,J60/2,J300/2",
        "AAA3:20:15BBB1:10:05,M2.4.6/-100:30:15,M11.2.3/140",
    ],
)
def test_a_rule_means_what_zoneinfo_says(rule):
    held_against(rule, count=400)


def _rules_of_the_database() -> "list[str]":
    found = set()
    for folder in TZPATH:
        for path in Path(folder).rglob("*"):
            if path.is_file() and path.read_bytes()[:4] == b"TZif":
                found.add(path.read_bytes()[:-1].rpartition(b"\n")[2].decode())
    return sorted(rule for rule in found if rule)


def test_every_rule_of_the_zones_of_this_machine_is_understood():
    rules = _rules_of_the_database()
    if not rules:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "this machine has no time zone database"
        )
    for rule in rules:
        held_against(rule, count=20)


def _dates(least: int, most: int):
    """A day within these days of the year. Not as `n`, which CPython 3.11's zoneinfo takes for
    the day before, nor as J59, which it takes for 29 February in a leap year."""
    return st.one_of(
        st.builds("J{}".format, st.integers(least, most).filter(lambda day: day != 59)),
        st.builds(
            "M{}.{}.{}".format,
            st.integers(least // 30 + 1, most // 31),
            st.integers(1, 5),
            st.integers(0, 6),
        ),
    )


_offsets = st.builds(
    "{}{}:{:02}:{:02}".format,
    st.sampled_from(("", "-")),
    st.integers(0, 14),
    st.integers(0, 59),
    st.integers(0, 59),
)
_times = st.builds(
    "{}{}:{:02}".format, st.sampled_from(("", "-")), st.integers(0, 167), st.integers(0, 59)
)


@settings(max_examples=150, deadline=None)
@given(
    _offsets,
    _offsets,
    _dates(40, 150),
    _dates(190, 320),
    _times,
    _times,
    st.booleans(),
    st.integers(),
)
def test_any_rule_whose_changes_stay_in_their_year_means_what_zoneinfo_says(
    std, dst, early, late, one, two, south, seed
):
    begin, end = (late, early) if south else (early, late)
    held_against("<STD>%s<+DST>%s,%s/%s,%s/%s" % (std, dst, begin, one, end, two), seed, 25)


def _day(kind, number: int, year: int) -> int:
    first = date(year, 1, 1).toordinal() - date(2020, 1, 1).toordinal()
    if kind == "J":
        leap = date(year, 12, 31).timetuple().tm_yday == 366
        return first + number - 1 + (leap and number >= 60)
    return first + number


def expected(std_s, dst_s, begin, end, at):
    """From all changes of forty years."""
    changes = []
    for year in range(2015, 2060):
        changes.append((_day(begin[0], begin[1], year) * 86400 + begin[2] - std_s, dst_s))
        # Of two at one instant the begin counts
        changes.append((_day(end[0], end[1], year) * 86400 + end[2] - dst_s - 0.5, std_s))
    return max((change for change in changes if change[0] + 0.5 * (change[1] == std_s) <= at))[1]


_plain_dates = st.tuples(
    st.sampled_from(("J", "")), st.integers(1, 365), st.integers(-167, 167).map(lambda h: h * 3600)
)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-14, 14),
    _plain_dates,
    _plain_dates,
    st.lists(st.integers(0, _YEARS_S), min_size=20, max_size=20),
)
def test_changes_may_fall_into_the_year_before_or_after(std_h, begin, end, instants):
    std_s, dst_s = std_h * 3600, std_h * 3600 + 3600
    if abs(begin[1] - end[1]) * 24 < 400 or abs(begin[1] - end[1]) * 24 > 365 * 24 - 400:
        return  # which of two in one week is the last one, no rule says
    rule = "AAA%dBBB,%s%d/%d,%s%d/%d" % (
        -std_h,
        *begin[:2],
        begin[2] // 3600,
        *end[:2],
        end[2] // 3600,
    )
    zone = Zone(rule)
    for at in instants:
        assert zone.ask(at)[0] == expected(std_s, dst_s, begin, end, at), (rule, at)
        until = zone.ask(at)[1]
        for second in (until - 1, until):
            assert zone.ask(second)[0] == expected(std_s, dst_s, begin, end, second), (rule, second)
