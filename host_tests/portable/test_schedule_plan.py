"""The station's own weekly plan: lines, document, and its place below all defaults."""

from schedule_words import DEFAULT, HOUR, MAX, TX, ChargePoint, profile

from setpoint.charging.plan_lines import document_of, lines_of
from setpoint.protocol.iso8601 import instant_from
from setpoint.schedule.composite import composite_schedule
from setpoint.schedule.plan import WeeklyPlan

BERLIN = "zone CET-1CEST,M3.5.0,M10.5.0/3\n"
NIGHT = BERLIN + "22:00-06:00 16\notherwise 6"


def with_plan(text, *placed, **more):
    point = ChargePoint(*placed, **more)
    point.installed.follow(WeeklyPlan(document_of(text), point.installed.supply))
    return point


def limit(point, text, transaction=None):
    found = point.installed.limit_at(1, None if text is None else instant_from(text), transaction)
    return found[0]


def test_hours_are_those_of_the_clock_on_the_wall_in_winter_and_in_summer():
    point = with_plan(NIGHT)
    for text, da in (
        ("2026-01-14T20:59:59Z", 60),
        ("2026-01-14T21:00:00Z", 160),
        ("2026-01-15T04:59:59Z", 160),
        ("2026-01-15T05:00:00Z", 60),
        ("2026-07-14T19:59:59Z", 60),
        ("2026-07-14T20:00:00Z", 160),
        ("2026-07-15T03:59:59Z", 160),
        ("2026-07-15T04:00:00Z", 60),
    ):
        assert limit(point, text) == da, text


def test_the_night_of_a_change_is_an_hour_shorter_or_longer():
    for begin, hours in (("2026-03-28T21:00:00Z", 7), ("2026-10-24T20:00:00Z", 9)):
        now = instant_from(begin)
        periods, _ = composite_schedule(with_plan(NIGHT).installed, 1, now, 26 * HOUR, "A", {})
        assert periods == [(0, 160, 3), (hours * HOUR, 60, 3), ((hours + 16) * HOUR, 160, 3)]


def test_the_week_begins_on_monday_and_its_last_hours_go_on_into_it():
    point = with_plan("zone UTC0\nSun 20:00-04:00 7.5\nFri-Sat 10:00-24:00 0\notherwise unlimited")
    for text, da in (
        ("2026-11-29T19:59:59Z", 320),
        ("2026-11-29T20:00:00Z", 75),
        ("2026-11-30T03:59:59Z", 75),
        ("2026-11-30T04:00:00Z", 320),
        ("2026-12-04T10:00:00Z", 0),
        ("2026-12-05T00:00:00Z", 320),
        ("2026-12-05T23:59:59Z", 0),
    ):
        assert limit(point, text) == da, text


def test_every_default_stands_above_the_plan_while_it_speaks():
    start = instant_from("2026-11-30T10:00:00Z")
    for connector in (0, 1):
        point = with_plan(
            "zone UTC0\notherwise 10",
            (connector, profile(1, DEFAULT, (0, 250), start=start, duration=HOUR)),
        )
        for text, da in (
            ("2026-11-30T09:59:59Z", 100),
            ("2026-11-30T10:00:00Z", 250),
            ("2026-11-30T10:59:59Z", 250),
            ("2026-11-30T11:00:00Z", 100),
        ):
            assert limit(point, text) == da, (connector, text)


def test_a_profile_of_the_transaction_stands_above_the_plan_and_a_maximum_bounds_it():
    start = instant_from("2026-11-30T10:00:00Z")
    point = with_plan(
        "zone UTC0\notherwise 10",
        (1, profile(1, TX, (0, 300), start=start)),
        (0, profile(2, MAX, (0, 80), start=start + HOUR)),
    )
    assert limit(point, "2026-11-30T09:30:00Z", point.transaction) == 100
    assert limit(point, "2026-11-30T10:30:00Z", point.transaction) == 300
    assert limit(point, "2026-11-30T10:30:00Z") == 100
    assert limit(point, "2026-11-30T11:00:00Z") == 80


def test_without_the_time_the_lowest_period_counts():
    assert limit(with_plan(NIGHT), None) == 60
    assert limit(with_plan("zone UTC0\n10:00-11:00 8\notherwise unlimited"), None) == 80


def test_no_request_to_clear_reaches_the_plan():
    point = with_plan(NIGHT)
    assert point.installed.matching({}) == [] and len(point.installed) == 0


def test_lines_mean_a_document_and_a_document_lines():
    for text in (
        NIGHT,
        "zone UTC0\notherwise 16",
        "zone UTC0\nMon 00:00-24:00 10\notherwise unlimited",
        "zone UTC0\nSat,Sun 22:00-06:00 32 A # the weekend\n\nMon-Fri 22:00-23:30 7.5\notherwise 0",
        "zone UTC0\n06:00-06:00 10",
        "zone UTC0\r\n22:00-00:00 9\r\notherwise 8",
    ):
        document = document_of(text)
        assert document_of("\n".join(lines_of(document))) == document, text
    assert lines_of(document_of(NIGHT)) == [
        "zone CET-1CEST,M3.5.0,M10.5.0/3",
        "Mon,Tue,Wed,Thu,Fri,Sat,Sun 00:00-06:00 16.0",
        "Mon,Tue,Wed,Thu,Fri,Sat,Sun 06:00-22:00 6.0",
        "Mon,Tue,Wed,Thu,Fri,Sat,Sun 22:00-24:00 16.0",
    ]


def test_what_nobody_can_know_the_meaning_of_is_refused_with_its_line():
    for text, words in (
        ("otherwise 6", "zone"),
        ("zone Europe/Berlin\notherwise 6", "Europe/Berlin"),
        (BERLIN + "22:00-06:00 16", "no line speaks of Mon 06:00"),
        (BERLIN, "no line speaks"),
        (BERLIN + "22:00-06:00 16\nTue 05:00-07:00 6\notherwise 6", "two lines speak of Tue 05:00"),
        (BERLIN + "Mon,Mon 10:00-11:00 6\notherwise 6", "two lines speak of Mon 10:00"),
        (BERLIN + "Sunday 10:00-11:00 6\notherwise 6", "days are"),
        (BERLIN + "Mon- 10:00-11:00 6\notherwise 6", "days are"),
        (BERLIN + "10-11 6\notherwise 6", "form 22:00"),
        (BERLIN + "25:00-26:00 6\notherwise 6", "25:00"),
        (BERLIN + "24:00-02:00 6\notherwise 6", "form 22:00"),
        (BERLIN + "10:00 6\notherwise 6", "form"),
        (BERLIN + "10:00-10:60 6\notherwise 6", "10:60"),
        (BERLIN + "10:00-11:00\notherwise 6", "amperes"),
        (BERLIN + "otherwise -6", "amperes"),
        (BERLIN + "otherwise 6.25", "amperes"),
        (BERLIN + "otherwise 6 W", "amperes"),
        (BERLIN + "otherwise", "amperes"),
        (BERLIN + "10:00-11:00 6 7 8\notherwise 6", "amperes"),
        ("zone\notherwise 6", "zone"),
        (BERLIN + "00:00-00:01 6\n" * 60 + "otherwise 6", "too many"),
    ):
        try:
            document_of(text)
        except ValueError as error:
            assert words in str(error), (text, error)
            continue
        raise AssertionError("%r is taken" % text)


def test_a_document_that_nobody_wrote_is_refused():
    supply = ChargePoint().installed.supply
    good = document_of(NIGHT)
    for spoilt in (
        [],
        {},
        {"zone": good["zone"]},
        {"week": good["week"]},
        dict(good, zone="CET"),
        dict(good, week=[]),
        dict(good, week=[[0, None]]),
        dict(good, week=[[0, 60], [0, 70]]),
        dict(good, week=[[0, -1]]),
        dict(good, week=[[0, "60"]]),
        dict(good, week=[[10080, 60]]),
        dict(good, week=[[-1, 60]]),
        dict(good, week=[[0]]),
        dict(good, week=[[0.5, 60]]),
        dict(good, week=[[minute, minute % 2] for minute in range(169)]),
        dict(good, zone=None),
        dict(good, week=[0, 60]),
    ):
        try:
            WeeklyPlan(spoilt, supply)
        except (ValueError, TypeError):
            continue
        raise AssertionError("%r is taken" % (spoilt,))
