"""The station's own weekly plan: the lowest of all TxDefaultProfiles, in local time.

A Weekly profile recurs every 604800 s of UTC (R3), so that it is an hour off for half the year.
This one asks a zone (zone.py) what the clock on the wall says. To a stack it is one more profile,
which stands below all others: any TxDefaultProfile of a central system hides it while it speaks,
installed at connector 0 or at this one, at whatever level; any TxProfile too. Where they are
silent, the plan speaks.

While the time is unknown, the lowest period counts (R31). No ClearChargingProfile reaches the plan.

    document    {"zone": "CET-1CEST,M3.5.0,M10.5.0/3", "week": [[0, 160], [360, 60], ...]}
    week        [minute from Monday 00:00 on the wall, limit in tenths of an ampere per phase],
                each until the next one; the last one too before the first. None for the limit: the
                plan says nothing, and whatever else there is limits.
"""

from ..units import FOREVER, const
from .profile import ALL_PHASES, MOST_TENTHS, TX_DEFAULT
from .zone import Zone

_WEEK_MINUTES = const(10080)
_WEEK_S = const(604800)
_MONDAY_S = const(172800)  # 2020-01-01 was a Wednesday
_MOST_CHANGES = const(168)  # one an hour


class WeeklyPlan:
    """Stands in a stack as a ChargingProfile does. Raises ValueError for a document that is
    none."""

    id = None
    connector = 0
    purpose = TX_DEFAULT
    valid_from = -FOREVER
    # `holds` is never later than `until`, so that a stack takes no step into these
    starts = words = ()
    step = 0

    def __init__(self, document, supply) -> None:
        week = document.get("week") if type(document) is dict else None
        zone = document.get("zone") if type(document) is dict else None
        if type(zone) is not str or type(week) is not list or not 0 < len(week) <= _MOST_CHANGES:
            raise ValueError("no plan has this form")
        before = -1
        for minute, limit in week:
            if type(minute) is not int or not before < minute < _WEEK_MINUTES:
                raise ValueError("minute %s of the week" % minute)
            before = minute
            if limit is not None and (type(limit) is not int or not 0 <= limit <= MOST_TENTHS):
                raise ValueError("limit %s" % limit)
        if all([limit is None for _, limit in week]):
            raise ValueError("a plan that never limits")
        self.zone = Zone(zone)
        self.worth = supply.amps
        self.week = week

    def speaks(self, at: int, started: "int | None", stack) -> bool:
        """As ChargingProfile.speaks."""
        ahead_s, until = self.zone.ask(at)
        second = (at + ahead_s + _MONDAY_S) % _WEEK_S
        minute = second // 60
        week = self.week
        index = 0
        high = count = len(week)
        while index < high:
            middle = (index + high) >> 1
            if week[middle][0] <= minute:
                index = middle + 1
            else:
                high = middle
        # Before the first one holds the last one of the week before: week[-1]
        limit = week[index - 1][1]
        turn = at - second + (week[index][0] * 60 if index < count else week[0][0] * 60 + _WEEK_S)
        if turn < until:
            until = turn
        stack.until = stack.holds = until
        if limit is None:
            return False
        stack.index = 0
        stack.began = at
        stack.phases = ALL_PHASES
        stack.rate = limit * self.worth[ALL_PHASES]
        return True

    def lowest(self) -> "tuple[int, int]":
        """As ChargingProfile.lowest. A plan that is silent at times limits while the time is not
        known."""
        return min([limit for _, limit in self.week if limit is not None]) * self.worth[
            ALL_PHASES
        ], ALL_PHASES

    def to_document(self) -> dict:
        return {"zone": self.zone.rule, "week": self.week}
