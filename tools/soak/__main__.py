"""`make soak`: a station lives for 30 days in accelerated time, and nothing may be lost, doubled or
too much.

make soak                                   30 days on the 32-bit interpreter with 100 KB of heap
make soak ARGS="--days 3 --seed 7"          three days, and the same ones again
make soak ARGS="--bits 64"                  on the 64-bit interpreter, with as much heap as it takes
make soak ARGS="--wear"                     how long the flash of a busy station lasts
"""

from __future__ import annotations

import datetime
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools import command, micropython32, station_process
from tools.soak import wear
from tools.soak.events import Events
from tools.soak.life import Life
from tools.station_process import ROOT
from tools.traffic import violations

HEAP = {"32": "100K", "64": None}
# Bytes by which the heap of one night may differ from that of another without a restart in between
MOST_GROWTH = 1536
REPORT = ROOT / "build" / "soak.json"


def growth(marks: list[tuple[int, int]]) -> int:
    """By how many bytes the heap in use at night grew, at most, within one start."""
    first: dict[int, int] = {}
    worst = 0
    for start, used in marks:
        worst = max(worst, used - first.setdefault(start, used))
    return worst


def report(life: Life, days: int) -> tuple[list[tuple[str, str, bool]], list[str]]:
    """Rows (what, figure, whether it is as it must be), and sentences about what is not."""
    accounts = life.accounts
    figures = accounts.compare()
    troubles = accounts.troubles + violations(list(life.central.messages))[:5]
    complaints = [line for line in life.station.log if "died" in line or "MemoryError" in line]
    used = [mark for _, mark in life.heap_marks]
    grown = growth(life.heap_marks)
    erases, worst = wear.counted(life.flash)
    equal = figures["at the vehicles"] == figures["started"] == figures["stopped"]
    rows = [(what, "%d" % count, True) for what, count in sorted(life.counts.items())]
    rows += [
        ("looks at the outputs", "%d" % accounts.looks, True),
        ("messages, both ways", "%d" % len(life.central.messages), True),
        (
            "transactions at the vehicles; begun and ended at the central system",
            "%(at the vehicles)d; %(started)d, %(stopped)d" % figures,
            equal,
        ),
        (
            "energy at the vehicles; reported",
            "%.1f kWh; %.1f kWh"
            % (figures["Wh at the vehicles"] / 1000, figures["Wh told"] / 1000),
            True,
        ),
        (
            "highest current drawn; least room below what the rules allow",
            "%.1f A; %.1f A" % (accounts.highest_a, accounts.nearest_a or 0),
            (accounts.nearest_a or 0) >= 0,
        ),
        (
            "heap in use at night: least, most; most growth within a start",
            "%d B, %d B; %d B" % (min(used), max(used), grown),
            grown <= MOST_GROWTH,
        ),
        (
            "flash writes; blocks erased a day, the most worn one",
            "%d; %d, %.1f" % (life.writes, erases / days, worst / days),
            True,
        ),
        ("worst stall of the control loop", "%d ms" % life.worst_stall_ms, True),
        ("tasks that died, memory that ran out", "%d" % len(complaints), not complaints),
    ]
    return rows, troubles + complaints[:5]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command.parser("soak", __doc__)
    parser.add_argument(
        "--days", type=int, default=None, help="how many simulated days (default 30; with --wear 7)"
    )
    parser.add_argument(
        "--seed", type=int, default=None, help="of all that is random (default: another each time)"
    )
    parser.add_argument(
        "--bits", choices=("64", "32"), default="32", help="which MicroPython (default 32)"
    )
    parser.add_argument(
        "--wear", action="store_true", help="only measure the flash of a busy station"
    )
    options = parser.parse_args(arguments)
    seed = random.randrange(10**6) if options.seed is None else options.seed
    interpreter = station_process.micropython()
    if options.bits == "32":
        micropython32.interpreter()
        interpreter = [str(micropython32.PROGRAM)]
    with tempfile.TemporaryDirectory(prefix="setpoint-soak-") as folder:
        if options.wear:
            print(wear.table(wear.measure(Path(folder), interpreter, options.days or 7)))
            return 0
        return _soak(Path(folder), interpreter, options.days or 30, seed, options.bits)


def _soak(folder: Path, interpreter: list[str], days: int, seed: int, bits: str) -> int:
    began = time.monotonic()
    life = Events(folder, interpreter, HEAP[bits], seed)
    print("seed %d" % seed, file=sys.stderr)
    try:
        for number in life.days(days):
            line = "day %d of %d, %.0f s: %d visits, %d starts, heap %d B, %d wrong"
            told = (
                number,
                days,
                time.monotonic() - began,
                len(life.accounts.visits),
                life.starts,
                life.heap_marks[-1][1],
                len(life.accounts.troubles),
            )
            print(line % told, file=sys.stderr, flush=True)
        rows, troubles = report(life, days)
    finally:
        life.close()
    date = datetime.date.today().isoformat()
    print(
        "%s, %d days, seed %d, %s-bit MicroPython, heap %s\n"
        % (date, days, seed, bits, HEAP[bits] or "as it comes")
    )
    print("| in %d days | |\n| --- | ---: |" % days)
    for what, figure, good in rows:
        print("| %s | %s%s |" % (what, figure, "" if good else " WRONG"))
    for trouble in troubles:
        print("WRONG: " + trouble)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(
        json.dumps(
            {
                "date": date,
                "days": days,
                "seed": seed,
                "bits": int(bits),
                "rows": rows,
                "troubles": troubles,
            },
            indent=1,
        )
        + "\n"
    )
    return 1 if troubles or not all(good for _, _, good in rows) else 0


if __name__ == "__main__":
    command.interruptible("soak", main)
