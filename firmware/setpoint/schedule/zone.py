"""Local time by a rule of POSIX, as the variable TZ holds it: CET-1CEST,M3.5.0,M10.5.0/3.

    std offset [dst [offset] , start [/time] , end [/time]]

std, dst   names: 3 letters or more, or anything alphanumeric, + and - in <>
offset     what must be added to local time to get UTC, [+-]hh[:mm[:ss]], up to 24 hours; dst's is
           an hour less than std's where it is left out
start      when dst begins, in std's time; `end`: when it ends, in dst's time
           Mm.w.d  the w-th (5: the last) weekday d (0: Sunday) of month m
           Jn      day 1 to 365; 29 February is never counted
           n       day 0 to 365; 29 February is counted
time       02:00:00 where it is left out, from -167 to 167 hours (RFC 9636, 3.3.1)

A dst without its two dates is refused: POSIX leaves them to the system, and each has others.
Source: IEEE Std 1003.1, 8.3 Other Environment Variables."""

from ..units import FOREVER, const

_DAY_S = const(86400)
# Days from 0001-01-01
_DAYS_TO_2020 = const(737424)
_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


class Zone:
    """rule: its text. Raises ValueError with a sentence where it is none."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        rest = _after_name(rule)
        offset_s, rest = _time(rest, 24)
        self._std_s = -offset_s  # what local time is ahead of UTC
        self._dst_s = None  # None: there is no summer time
        self._dates = ()
        if rest:
            rest = _after_name(rest)
            self._dst_s = self._std_s + 3600
            if rest and rest[0] != ",":
                offset_s, rest = _time(rest, 24)
                self._dst_s = -offset_s
            begin, rest = _date(rest)
            end, rest = _date(rest)
            self._dates = (begin, end)
            if rest:
                raise ValueError("%r is too much" % rest)
        # The last answer, and the instants between which it holds
        self._ahead_s = self._std_s
        self._since = self._until = FOREVER
        if self._dst_s is None:
            self._since = -FOREVER

    def ask(self, at: int) -> "tuple[int, int]":
        """(seconds that local time is ahead of UTC at an instant, the instant at which that may
        change)."""
        if not self._since <= at < self._until:
            self._look_up(at)
        return self._ahead_s, self._until

    def _look_up(self, at: int) -> None:
        since, until, ahead_s = -FOREVER, FOREVER, self._std_s
        year = _year_of((at + self._std_s) // _DAY_S)
        begin, end = self._dates
        # A change of the year before may be late (an hour of 167), one of the next year early
        for y in (year - 1, year, year + 1):
            first = _days_before(y)
            leap = _days_before(y + 1) - first - 365
            for change, after_s in (
                (_second(end, first, leap) - self._dst_s, self._std_s),
                # Where both fall on one instant, as with a summer time of the whole year, it lasts
                (_second(begin, first, leap) - self._std_s, self._dst_s),
            ):
                if change > at:
                    until = min(until, change)
                elif change >= since:
                    since, ahead_s = change, after_s
        self._since, self._until, self._ahead_s = since, until, ahead_s


def _after_name(text: str) -> str:
    """What follows a name."""
    if text[:1] == "<":
        name, closed, rest = text[1:].partition(">")
        right = closed and all([_is_letter(c) or c in "+-0123456789" for c in name])
    else:
        length = 0
        while length < len(text) and _is_letter(text[length]):
            length += 1
        name, rest = text[:length], text[length:]
        right = True
    if not right or len(name) < 3:
        raise ValueError("%r does not begin with a name of 3 letters or more" % text)
    return rest


def _is_letter(char: str) -> bool:
    return "a" <= char <= "z" or "A" <= char <= "Z"


def _number(text: str, least: int, most: int) -> "tuple[int, str]":
    length = 0
    while length < min(len(text), 3) and text[length] in "0123456789":
        length += 1
    if length == 0 or not least <= int(text[:length]) <= most:
        raise ValueError("%r does not begin with a number from %d to %d" % (text, least, most))
    return int(text[:length]), text[length:]


def _time(text: str, most_hours: int) -> "tuple[int, str]":
    """([+-]hh[:mm[:ss]] in seconds, what follows it)."""
    sign = -1 if text[:1] == "-" else 1
    if text[:1] in ("+", "-"):
        text = text[1:]
    hours, text = _number(text, 0, most_hours)
    seconds = hours * 3600
    for unit_s in (60, 1):
        if text[:1] != ":":
            break
        count, text = _number(text[1:], 0, 59)
        seconds += count * unit_s
    return sign * seconds, text


def _date(text: str) -> "tuple[tuple, str]":
    """((kind, numbers ..., second of the day), what follows it)."""
    if text[:1] != ",":
        raise ValueError(
            "a summer time needs the dates of its begin and its end: ,M3.5.0,M10.5.0/3"
        )
    kind = text[1:2]
    if kind == "M":
        month, text = _number(text[2:], 1, 12)
        week, text = _number(_after_dot(text), 1, 5)
        weekday, text = _number(_after_dot(text), 0, 6)
        numbers = (month, week, weekday)
    elif kind == "J":
        day, text = _number(text[2:], 1, 365)
        numbers = (day, 0, 0)
    else:
        kind = "n"
        day, text = _number(text[1:], 0, 365)
        numbers = (day, 0, 0)
    second = 7200
    if text[:1] == "/":
        second, text = _time(text[1:], 167)
    return (kind,) + numbers + (second,), text


def _after_dot(text: str) -> str:
    if text[:1] != ".":
        raise ValueError("a date has the form M3.5.0, not with %r" % text)
    return text[1:]


def _second(date: tuple, first: int, leap: int) -> int:
    """The second since 2020-01-01, on the clock that stands on the wall, at which a date comes.
    first: the day its year begins with; leap: 1 if the year has 29 February."""
    kind, number, week, weekday, second = date
    if kind == "n":
        day = number
    elif kind == "J":
        day = number - 1 + (leap if number >= 60 else 0)
    else:
        day = _BEFORE_MONTH[number - 1] + (leap if number > 2 else 0)
        length = (
            365 + leap - day
            if number == 12
            else (_BEFORE_MONTH[number] + (leap if number > 1 else 0) - day)
        )
        # 2020-01-01 was a Wednesday, day 3
        into = (weekday - (first + day + 3)) % 7 + (week - 1) * 7
        day += into if into < length else into - 7
    return (first + day) * _DAY_S + second


def _days_before(year: int) -> int:
    """Days from 2020-01-01 to the first of January of a year."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - _DAYS_TO_2020


def _year_of(day: int) -> int:
    """The year of a day, counted from 2020-01-01."""
    # 400 years have 146097 days. Too late by one at most: the estimate is never below
    year = 2020 + day * 400 // 146097 + 1
    while _days_before(year) > day:
        year -= 1
    return year
