"""Converts between a date and time as text and an instant (units: seconds since
2020-01-01T00:00:00Z).

It reads 2025-06-15T00:00:03Z with any number of fraction digits (cut, not rounded), with Z, +02:00,
+0200, +02, -05:30, or without an offset, which means UTC; "t" and "z" too; seconds may be left out.
Years run from 0001 to 9999, so "from the beginning" and "for ever" are dates like others. An
instant beyond them is the first or the last second. Everything runs in UTC, without daylight saving
and leap seconds (all of this is R3).
"""

from ..units import const

_DAY_S = const(86400)
_POINT_AT = const(19)  # where the fraction of a second begins
_FIRST = -737424 * 86400  # 0001-01-01T00:00:00Z
_LAST = 2914635 * 86400 - 1  # 9999-12-31T23:59:59Z
_DAYS_TO_2020 = const(737730)  # from 0000-03-01 to 2020-01-01
_DAYS_BEFORE = const((0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334))
_DAYS_IN = const((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))


def instant_from(text: str) -> int:
    """The instant that a text names. Any other text raises ValueError with a sentence."""
    if type(text) is not str or len(text) < 16 or len(text) > 64:
        raise ValueError("a date and time is needed, like 2025-06-15T00:00:03Z")
    data = text.encode()  # bytes know only ASCII digits, on every Python
    if data[4] != 0x2D or data[7] != 0x2D or data[10] not in b"Tt" or data[13] != 0x3A:
        raise ValueError("a date and time is written like 2025-06-15T00:00:03Z")
    year = _number(data, 0, 4, 0, 9999, "year")
    month = _number(data, 5, 7, 1, 12, "month")
    day = _number(data, 8, 10, 1, 31, "day")
    if day > _DAYS_IN[month - 1] or (month == 2 and day == 29 and not _is_leap(year)):
        raise ValueError("this month has no such day")
    seconds = (
        _number(data, 11, 13, 0, 23, "hour") * 3600 + _number(data, 14, 16, 0, 59, "minute") * 60
    )
    at = 16
    if data[at : at + 1] == b":":
        seconds += _number(data, at + 1, at + 3, 0, 59, "second")
        at += 3
        if data[at : at + 1] == b".":
            at = _after_digits(data, at + 1)
    return min(max(_days(year, month, day) * _DAY_S + seconds - _offset_s(data, at), _FIRST), _LAST)


def into_second_ms(text: str) -> int:
    """How many milliseconds the fraction of a second is, in a text that `instant_from` accepts;
    0 without one. Further digits are cut."""
    milliseconds = 0
    digits = text[_POINT_AT + 1 : _POINT_AT + 4] if text[_POINT_AT : _POINT_AT + 1] == "." else ""
    share_ms = 100
    for digit in digits:
        if not "0" <= digit <= "9":
            break
        milliseconds += int(digit) * share_ms
        share_ms //= 10
    return milliseconds


def text_from(instant: int) -> str:
    """The text of an instant, in UTC and whole seconds: "2025-06-15T00:00:03Z"."""
    days = instant // _DAY_S
    seconds = instant - days * _DAY_S
    days += _DAYS_TO_2020
    # Of the years that begin in March: this guess is right or too high
    year = days * 400 // 146097 + 1
    while _days_to_march(year) > days:
        year -= 1
    day = days - _days_to_march(year)
    month = (day * 5 + 2) // 153
    day -= (month * 153 + 2) // 5 - 1
    month += 3
    if month > 12:
        month -= 12
        year += 1
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (
        year,
        month,
        day,
        seconds // 3600,
        seconds // 60 % 60,
        seconds % 60,
    )


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days(year: int, month: int, day: int) -> int:
    """Days from 2020-01-01."""
    before = year - 1
    leap_days = before // 4 - before // 100 + before // 400 - 489  # 489 up to the end of 2019
    if month > 2 and _is_leap(year):
        leap_days += 1
    return (year - 2020) * 365 + leap_days + _DAYS_BEFORE[month - 1] + day - 1


def _days_to_march(year: int) -> int:
    """Days from 0000-03-01 to the first of March of a year."""
    return year * 365 + year // 4 - year // 100 + year // 400


def _number(data: bytes, start: int, end: int, least: int, most: int, name: str) -> int:
    """The digits data[start:end] as a number from least to most. ValueError."""
    digits = data[start:end]
    if len(digits) != end - start or not digits.isdigit():
        raise ValueError("the %s must be %d digits" % (name, end - start))
    value = int(digits)
    if not least <= value <= most:
        raise ValueError("the %s must be from %d to %d" % (name, least, most))
    return value


def _after_digits(data: bytes, start: int) -> int:
    at = start
    while data[at : at + 1].isdigit():
        at += 1
    if at == start:
        raise ValueError("digits must follow the decimal point")
    return at


def _offset_s(data: bytes, at: int) -> int:
    """How far the local time that ends at `at` is ahead of UTC."""
    rest = data[at:]
    if rest in (b"", b"Z", b"z"):
        return 0
    if (
        rest[:1] not in (b"+", b"-")
        or len(rest) not in (3, 5, 6)
        or (len(rest) == 6 and rest[3:4] != b":")
    ):
        raise ValueError("after the time only Z or an offset like +02:00 may follow")
    offset = _number(rest, 1, 3, 0, 23, "hour of the offset") * 3600
    if len(rest) > 3:
        offset += _number(rest, len(rest) - 2, len(rest), 0, 59, "minute of the offset") * 60
    return -offset if rest[:1] == b"-" else offset
