"""A weekly plan in lines that a person reads and writes, and its document (schedule/plan.py).

    zone CET-1CEST,M3.5.0,M10.5.0/3
    Mon-Fri 17:00-21:00 6       # amperes per phase; 0: pause
    22:00-06:00 32              # every day, until the next morning
    otherwise 16

Days are a list (Mon,Wed) with ranges (Fri-Sun); without any, each day. Hours that end at or before
their begin end on the next day. `unlimited` in place of amperes: the plan says nothing then. Two
lines must not speak of the same minute, and `otherwise` must be there where some minute has no
line: nobody knows what was meant. Loaded when it is asked for (late.py)."""

from ..schedule.zone import Zone
from ..units import tenths_text

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = 1440  # minutes
_WEEK = 7 * _DAY
_UNLIMITED = "unlimited"
_MOST_SPANS = 400  # a plan has 168 changes at most (schedule/plan.py)
_LONGEST = 60  # characters of a line in a sentence about it


def document_of(text: str) -> dict:
    """Raises ValueError with a sentence that names the line."""
    zone = None
    otherwise = ()
    spans = []  # (first minute, minute behind the last one, limit), within one week
    for line in text.replace("\r", "\n").split("\n"):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            if words[0] == "zone" and len(words) == 2:
                Zone(words[1])
                zone = words[1]
            elif words[0] == "otherwise":
                otherwise = (_limit(words[1:]),)
            else:
                spans += _spans(words)
                if len(spans) > _MOST_SPANS:
                    raise ValueError("these are too many hours")
        except ValueError as error:
            raise ValueError("%s: %s" % (" ".join(words)[:_LONGEST], error))
    if zone is None:
        raise ValueError("the zone is missing, for instance: zone CET-1CEST,M3.5.0,M10.5.0/3")
    return {"zone": zone, "week": _week(sorted(spans, key=lambda span: span[0]), otherwise)}


def _spans(words: "list[str]") -> list:
    days = range(7)
    if words[0][0] not in "0123456789":
        days = _days(words[0])
        words = words[1:]
    begin, _, end = (words[0] if words else "").partition("-")
    first, last = _minute(begin), _minute(end)
    limit = _limit(words[1:])
    if first == _DAY:
        raise ValueError("hours have the form 22:00-06:00, up to 24:00")
    length = last - first if last > first else last - first + _DAY
    found = []
    for day in days:
        start = day * _DAY + first
        stop = start + length
        found.append((start, min(stop, _WEEK), limit))
        if stop > _WEEK:
            found.append((0, stop - _WEEK, limit))
    return found


def _days(text: str) -> "list[int]":
    found = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (last if dash else first) not in _DAYS:
            raise ValueError("days are %s, as in Mon-Fri or Sat,Sun" % ", ".join(_DAYS))
        day = _DAYS.index(first)
        stop = _DAYS.index(last if dash else first)
        found.append(day)
        while day != stop:
            day = (day + 1) % 7
            found.append(day)
    return found


def _minute(text: str) -> int:
    hours, colon, minutes = text.partition(":")
    if not colon or not _is_number(hours, 2) or not _is_number(minutes, 2) or len(minutes) != 2:
        raise ValueError("hours have the form 22:00-06:00, up to 24:00")
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > _DAY:
        raise ValueError("there is no %s" % text)
    return minute


def _is_number(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and all([c in "0123456789" for c in text])


def _limit(words: "list[str]") -> "int | None":
    """Tenths of an ampere; None for unlimited."""
    if words == [_UNLIMITED]:
        return None
    text = words[0] if words else ""
    whole, point, rest = text.partition(".")
    right = len(words) == 1 or (len(words) == 2 and words[1] == "A")
    if not right or not _is_number(whole, 3) or (point and not _is_number(rest, 1)):
        raise ValueError("amperes are a number such as 16 or 7.5, or the word unlimited")
    return int(whole) * 10 + int(rest or "0")


def _week(spans: list, otherwise: tuple) -> list:
    week = []
    at = 0
    for first, stop, limit in spans + [(_WEEK, _WEEK, None)]:
        if first < at:
            raise ValueError("two lines speak of %s" % _words(first))
        if first > at:
            if not otherwise:
                raise ValueError(
                    "no line speaks of %s: add a line such as: otherwise 6" % _words(at)
                )
            _add(week, at, otherwise[0])
        if first < stop:
            _add(week, first, limit)
        at = stop
    return week


def _add(week: list, minute: int, limit: "int | None") -> None:
    if not week or week[-1][1] != limit:
        week.append([minute, limit])


def _words(minute: int) -> str:
    return "%s %02d:%02d" % (_DAYS[minute // _DAY], minute % _DAY // 60, minute % 60)


def lines_of(document: dict) -> "list[str]":
    """Lines that mean this document. Days that are alike share a line."""
    week = document["week"]
    lines = ["zone " + document["zone"]]
    days = []  # (its hours, the days that have them)
    for day in range(7):
        hours = _hours(week, day * _DAY)
        for known, alike in days:
            if known == hours:
                alike.append(_DAYS[day])
                break
        else:
            days.append((hours, [_DAYS[day]]))
    for hours, alike in days:
        for first, stop, limit in hours:
            lines.append(
                "%s %02d:%02d-%02d:%02d %s"
                % (
                    ",".join(alike),
                    first // 60,
                    first % 60,
                    stop // 60,
                    stop % 60,
                    _UNLIMITED if limit is None else tenths_text(limit),
                )
            )
    return lines


def _hours(week: list, midnight: int) -> list:
    """(minute of the day, minute behind it, limit), from midnight to midnight."""
    limit = week[-1][1]
    found = []
    at = 0
    for minute, following in week:
        if minute >= midnight + _DAY:
            break
        if minute > midnight + at:
            found.append((at, minute - midnight, limit))
            at = minute - midnight
        limit = following
    found.append((at, _DAY, limit))
    return found
