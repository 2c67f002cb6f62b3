"""GetCompositeSchedule's answer for people."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone


def composite_table(answer: dict) -> list[str]:
    """GetCompositeSchedule's answer as lines: from when, how long, how much."""
    schedule = answer.get("chargingSchedule")
    if not schedule:
        return ["  no schedule: %s" % answer.get("status")]
    text = schedule.get("startSchedule") or answer.get("scheduleStart")
    start = None
    if text:
        whole_s = re.sub(r"\.\d+", "", text).replace("Z", "+00:00")
        start = datetime.fromisoformat(whole_s).astimezone(timezone.utc)
    periods = schedule["chargingSchedulePeriod"]
    ends = [p["startPeriod"] for p in periods[1:]] + [schedule.get("duration")]
    lines = ["  from (UTC)            for        limit     phases"]
    for period, end in zip(periods, ends, strict=True):
        at = "+%d s" % period["startPeriod"]
        if start is not None:
            at = (start + timedelta(seconds=period["startPeriod"])).strftime("%Y-%m-%d %H:%M:%S")
        length = "" if end is None else str(timedelta(seconds=end - period["startPeriod"]))
        limit, phases = period["limit"], period.get("numberPhases", "")
        unit = schedule["chargingRateUnit"]
        lines.append("  %-19s  %9s  %7s %s  %6s" % (at, length, limit, unit, phases))
    return lines
