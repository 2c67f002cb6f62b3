"""Local time by a POSIX rule. Changes as the IANA database has them for these zones; against other
implementations: properties/test_zone_properties.py."""

from setpoint.protocol.iso8601 import instant_from
from setpoint.schedule.zone import Zone
from setpoint.units import FOREVER

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


def ahead_s(rule, text):
    return Zone(rule).ask(instant_from(text))[0]


def test_summer_time_begins_and_ends_at_its_second():
    for rule, last, ahead_before_s, ahead_after_s in (
        (BERLIN, "2026-03-29T00:59:59Z", 3600, 7200),
        (BERLIN, "2026-10-25T00:59:59Z", 7200, 3600),
        ("GMT0BST,M3.5.0/1,M10.5.0", "2024-03-31T00:59:59Z", 0, 3600),
        ("EST5EDT,M3.2.0,M11.1.0", "2025-11-02T05:59:59Z", -14400, -18000),
        # The south, where the year begins in summer
        ("NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-04-04T13:59:59Z", 46800, 43200),
        ("NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-09-26T13:59:59Z", 43200, 46800),
        # Half an hour; winter time that is the exception; hours below 0 and above 24
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-04-04T14:59:59Z", 39600, 37800),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-10-25T00:59:59Z", 3600, 0),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200, -3600),
        ("EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27T23:59:59Z", 7200, 10800),
    ):
        zone = Zone(rule)
        at = instant_from(last)
        assert zone.ask(at) == (ahead_before_s, at + 1), (rule, zone.ask(at))
        assert zone.ask(at + 1)[0] == ahead_after_s, rule
        assert zone.ask(at)[0] == ahead_before_s, "it goes back as well"


def test_a_zone_without_summer_time_never_changes():
    for rule, seconds in (
        ("<+0330>-3:30", 12600),
        ("UTC0", 0),
        ("JST-9", 32400),
        ("XYZ+4:30:15", -16215),
    ):
        assert Zone(rule).ask(instant_from("2026-07-01T00:00:00Z")) == (seconds, FOREVER)


def test_days_of_the_year_count_29_february_or_not():
    # Day 60 is 1 March in the first form, in the second 29 February of a leap year
    for rule, last in (
        ("AAA0BBB,J60/0,J300", "2028-02-29T23:59:59Z"),
        ("AAA0BBB,J60/0,J300", "2027-02-28T23:59:59Z"),
        ("AAA0BBB,59/0,300", "2028-02-28T23:59:59Z"),
        ("AAA0BBB,59/0,300", "2027-02-28T23:59:59Z"),
    ):
        at = instant_from(last)
        assert Zone(rule).ask(at) == (0, at + 1), (rule, last)
        assert Zone(rule).ask(at + 1)[0] == 3600, (rule, last)


def test_a_summer_time_of_the_whole_year_has_no_winter():
    # RFC 9636, 3.3.2
    for text in ("2026-01-01T02:59:59Z", "2026-01-01T03:00:00Z", "2026-07-01T00:00:00Z"):
        assert ahead_s("XXX3EDT4,0/0,J365/23", text) == -14400, text


def test_what_is_no_rule_is_refused():
    for rule in (
        "",
        "Europe/Berlin",
        "CET",
        "CE-1",
        "<CET-1",
        "<C/T>-1",
        "CET-1:60",
        "CET-25",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST,J0,M10.5.0",
        "CET-1CEST,J366,M10.5.0",
        "CET-1CEST,366,M10.5.0",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "CET-1,M3.5.0,M10.5.0",
        ":Europe/Berlin",
        "CET 1",
        "CET-1CEST,M3.5.0,M10.5.0,M1.1.1",
        "CET--1",
        "CET-0001",
    ):
        try:
            Zone(rule)
        except ValueError:
            continue
        raise AssertionError("%r is taken" % rule)
