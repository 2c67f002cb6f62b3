"""Dates and times as central systems write them (R3)."""

from setpoint.protocol.iso8601 import instant_from, into_second_ms, text_from

DAY_S = 86400

# text, the same in the plain form. Plain forms are compared with datetime in the property tests.
FORMS = (
    ("2025-06-15T10:00:00+02:00", "2025-06-15T08:00:00Z"),
    ("2025-06-15T10:00:00+0200", "2025-06-15T08:00:00Z"),
    ("2025-06-15T10:00:00+02", "2025-06-15T08:00:00Z"),
    ("2025-06-15T10:00:00-05:30", "2025-06-15T15:30:00Z"),
    ("2025-06-15T10:00:00-0000", "2025-06-15T10:00:00Z"),
    ("2025-06-15T10:00:00+00:00", "2025-06-15T10:00:00Z"),
    ("2025-06-15T10:00:00", "2025-06-15T10:00:00Z"),
    ("2025-06-15t10:00:00z", "2025-06-15T10:00:00Z"),
    ("2025-06-15T10:00Z", "2025-06-15T10:00:00Z"),
    ("2025-06-15T10:00+02:00", "2025-06-15T08:00:00Z"),
    ("2025-06-15T10:00:00.1Z", "2025-06-15T10:00:00Z"),
    ("2025-06-15T10:00:00.999Z", "2025-06-15T10:00:00Z"),
    ("2025-06-15T10:00:00.999999999+02:00", "2025-06-15T08:00:00Z"),
    ("2025-06-15T10:00:00.12345678901234567890", "2025-06-15T10:00:00Z"),
    ("2025-01-01T00:30:00+01:00", "2024-12-31T23:30:00Z"),
    ("2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00Z"),
)

WRONG = (
    "",
    "2025",
    "2025-06-15",
    "2025-06-15T",
    "2025-06-15T10",
    "2025-06-15 10:00:00Z",
    "2025-13-01T00:00:00Z",
    "2025-00-01T00:00:00Z",
    "2025-06-00T00:00:00Z",
    "2025-06-31T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2025-02-30T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2025-06-15T24:00:00Z",
    "2025-06-15T10:60:00Z",
    "2025-06-15T23:59:60Z",
    "-001-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "2025-06-15T10:00:00ZZ",
    "2025-06-15T10:00:00Z ",
    " 2025-06-15T10:00:00Z",
    "2025-06-15T10:00:00.Z",
    "2025-06-15T10:00:00,5Z",
    "2025-06-15T10:00:00+2:00",
    "2025-06-15T10:00:00+24:00",
    "2025-06-15T10:00:00+02:60",
    "2025-06-15T10:00:00+02:0",
    "2025-06-15T10:00:00+02.00",
    "2025-06-15T10:00:00 +02:00",
    "2025-06-15T10:00:Z",
    "2025-06-15T10:0000Z",
    "2025-6-15T10:00:00Z",
    "2025/06/15T10:00:00Z",
    "+025-06-15T10:00:00Z",
    "2025-+6-15T10:00:00Z",
    "2025-06-15T1_:00:00Z",
    "20\u0662\u0665-06-15T10:00:00Z",
    "2025-06-15T10:00:0\u00b2Z",
    "2025-06-15T10:00:00.5" + "5" * 60 + "Z",
)


def test_offsets_and_fractions_lead_to_the_same_instant():
    for text, plain in FORMS:
        assert instant_from(text) == instant_from(plain), text


def test_the_milliseconds_of_a_fraction_for_who_asks():
    for text, milliseconds in (
        ("2025-06-15T10:00:00Z", 0),
        ("2025-06-15T10:00:00", 0),
        ("2025-06-15T10:00Z", 0),
        ("2025-06-15T10:00+02:00", 0),
        ("2025-06-15T10:00:00.5", 500),
        ("2025-06-15T10:00:00.5Z", 500),
        ("2025-06-15T10:00:00.05+0200", 50),
        ("2025-06-15T10:00:00.123Z", 123),
        ("2025-06-15T10:00:00.007-05:30", 7),
        ("2025-06-15T10:00:00.999999999z", 999),
    ):
        assert instant_from(text) % 60 == 0
        assert into_second_ms(text) == milliseconds, text


def test_for_ever_and_from_the_beginning_are_instants_like_others():
    for text in (
        "9999-12-31T23:59:59Z",
        "9999-12-31T00:00:00Z",
        "2200-01-01T00:00:00Z",
        "2199-12-31T23:59:59Z",
        "1969-12-31T23:59:59Z",
        "1900-02-28T06:30:00Z",
        "1899-12-30T00:00:00Z",
        "1601-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
    ):
        assert text_from(instant_from(text)) == text
    assert instant_from("1900-01-01T06:30:00Z") % DAY_S == 23400  # a Daily profile begins there


def test_what_lies_before_the_first_year_or_after_the_last_is_its_first_or_last_second():
    for text, plain in (
        ("9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59.999-14:00", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"),
        ("0000-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        ("0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ):
        assert text_from(instant_from(text)) == plain, text


def test_the_year_2020_is_zero():
    assert instant_from("2020-01-01T00:00:00Z") == 0
    assert instant_from("2019-12-31T23:59:59Z") == -1
    assert text_from(0) == "2020-01-01T00:00:00Z"


def test_known_instants():
    assert instant_from("1970-01-01T00:00:00Z") == -1577836800
    assert instant_from("2000-01-01T00:00:00Z") == -631152000
    assert instant_from("2038-01-19T03:14:08Z") == 2**31 - 1577836800
    assert instant_from("2099-12-31T23:59:59Z") == 4102444799 - 1577836800


def test_everything_else_is_a_value_error_with_a_sentence():
    for text in WRONG:
        try:
            instant_from(text)
        except ValueError as error:
            assert len(str(error)) > 10, text
        else:
            raise AssertionError(text)


def test_what_is_no_text_is_a_value_error():
    for thing in (None, 5, 5.5, [], {}, b"2025-06-15T10:00:00Z"):
        try:
            instant_from(thing)
        except ValueError:
            continue
        raise AssertionError(thing)


def test_every_day_of_leap_and_other_years_there_and_back():
    for year in (1, 4, 1582, 1900, 1970, 1999, 2000, 2024, 2025, 2096, 2100, 2199, 9996, 9999):
        at = instant_from("%04d-01-01T00:00:00Z" % year)
        days = 366 if year in (4, 2000, 2024, 2096, 9996) else 365
        for day in range(days):
            instant = at + day * DAY_S + day * 211 % DAY_S
            assert instant_from(text_from(instant)) == instant, text_from(instant)
        assert text_from(at + days * DAY_S - 1) == "%04d-12-31T23:59:59Z" % year
