"""Plays a day of host_tests/days with a vehicle, and writes what `make plot` draws:

surplus_day.py clouds --switch    a board that can switch phases
surplus_day.py clouds --from 2 --hours 1.5
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "host_tests" / "shims"), str(ROOT)]

import surplus_world  # noqa: E402

from setpoint.house.surplus import Surplus  # noqa: E402
from setpoint.protocol import iso8601  # noqa: E402

EVERY_MS = 20000


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("day", choices=[path.stem for path in surplus_world.DAYS.glob("*.json")])
    parser.add_argument("--switch", action="store_true", help="the board can switch phases")
    parser.add_argument("--from", type=float, default=0, dest="begin", help="in hours")
    parser.add_argument("--hours", type=float, help="how many of the day's")
    options = parser.parse_args()
    document = json.loads((surplus_world.DAYS / (options.day + ".json")).read_text())
    starts_at = iso8601.instant_from(document["starts_at"])
    hours = options.hours or document["hours"] - options.begin
    lines = []

    def during(world, _judge):
        at_s = world.ms // 1000
        if world.ms % EVERY_MS == 0 and 0 <= at_s - options.begin * 3600 <= hours * 3600:
            house, ours = world.past[-1] if world.past else ([0] * 3, [0] * 3)
            amps = {
                "surplus / 3": round(max(0, -sum(house)) / 30, 1),
                "drawn, sum / 3": round(sum(ours) / 30, 1),
            }
            lines.append({"at": iso8601.text_from(starts_at + at_s), "amps": amps})

    day = surplus_world.Day(options.day)
    seen = surplus_world.play(Surplus(3, options.switch), day, day.seconds, during=during)
    print(
        "charged %.1f kWh, of these %.1f from the grid; fed in %.1f kWh; the contactor closed %d times"
        % (
            seen.kwh(seen.drawn),
            seen.kwh(seen.imported),
            seen.kwh(seen.fed_in),
            seen.world.starts,
        )
    )
    case = {
        "title": document["title"],
        "from": iso8601.text_from(starts_at + int(options.begin * 3600)),
        "hours": hours,
        "supply": {"connector_amps": 16},
        "profiles": [],
    }
    build = ROOT / "build"
    (build / (options.day + ".json")).write_text(json.dumps(case))
    (build / (options.day + ".jsonl")).write_text(
        "".join(json.dumps(line) + "\n" for line in lines)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
