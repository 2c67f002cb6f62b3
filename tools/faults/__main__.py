"""`make faults`: tries to make the station lose something, and prints what it has survived.

make faults                                     everything, on the 64-bit interpreter
make faults ARGS="--only kills --count 50"      50 kills
make faults ARGS="--only hostile --seed 7"      the misbehaving central system with another seed
make faults ARGS="--only fuzz --seed 7 --count 20000"   20,000 messages nearly right
make faults ARGS="--bits 32 --quick"            every fifth write only, 20 kills and 20 damaged chips, on the 32-bit interpreter
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools import bench, micropython32
from tools.bench import ROOT
from tools.command import interruptible
from tools.faults import damage, documents, exhaustion, fuzz, hostile, killed_tasks, kills, names, outages, power_cuts, reads, updates
from tools.faults.prepared import prepared

KINDS = ("flash", "kills", "damage", "documents", "hostile", "memory", "tasks", "outages", "fuzz", "names", "update")
_HEAP = "100K"
REPORT = ROOT / "build" / "faults.json"


class Table:
    """Counts by row: tried, survived, lost."""

    def __init__(self) -> None:
        self.rows: dict[str, list[int]] = {}
        self.losses: list[str] = []
        self.notes: list[str] = []

    def count(self, row: str, what: str, trouble: str | None) -> None:
        tried, survived = self.rows.setdefault(row, [0, 0])
        self.rows[row] = [tried + 1, survived + (trouble is None)]
        if trouble is not None:
            self.losses.append("%s, %s: %s" % (row, what, trouble))
        print("\r\033[K%s, %s%s" % (row, what, "" if trouble is None else ": LOST, " + trouble), end="\n" if trouble else "", file=sys.stderr, flush=True)

    def text(self) -> str:
        lines = ["| what was tried | tried | survived | lost |", "| --- | ---: | ---: | ---: |"]
        lines += ["| %s | %d | %d | %d |" % (row, tried, survived, tried - survived) for row, (tried, survived) in self.rows.items()]
        return "\n".join([*lines, *("\n" + note for note in self.notes)])


def _run(options: argparse.Namespace, interpreter: list[str], folder: Path, table: Table) -> None:
    if "flash" in options.only:
        step = 5 if options.quick else 1
        scenes, modes = list(power_cuts.SCENES), list(power_cuts.MODES)
        for scene, mode, number, trouble in power_cuts.trials(folder / "flash", interpreter, scenes, modes, step):
            table.count(power_cuts.MODES[mode], "%s, write %d" % (scene, number), trouble)
        with prepared(folder / "starts", interpreter) as station:
            for row, scene, number, trouble in itertools.chain(reads.in_scenes(folder / "reads", interpreter, scenes, step), reads.at_starts(station, step)):
                table.count(row, "%s, read %d" % (scene, number), trouble)
    if "kills" in options.only:
        for number, trouble in kills.trials(folder / "kills", interpreter, options.count, options.seed):
            what = "kill %d" % number if number <= options.count else "the transactions of them all"
            table.count("SIGKILL at a random moment", what, trouble)
    if "damage" in options.only:
        with prepared(folder / "damage", interpreter) as station:
            for kind, what, trouble in damage.trials(station, options.count, options.seed):
                table.count("%s in the flash at a start" % kind, what, trouble)
    if "documents" in options.only:
        with prepared(folder / "documents", interpreter) as station:
            for row, what, trouble in documents.trials(station, options.count, options.seed):
                table.count(row, what, trouble)
    if "update" in options.only:
        played_on = bench.micropython()  # Debian's 32-bit one has no raw REPL
        with prepared(folder / "update", played_on) as station:
            for row, what, trouble in updates.trials(station, folder / "builds", played_on, options.seed, 8 if options.quick else 1):
                table.count(row, what, trouble)
    if "hostile" in options.only:
        for row, what, trouble in hostile.trials(folder / "hostile", interpreter, options.seed):
            table.count(row, what, trouble)
        table.notes.append("meanwhile: " + what)
    if "memory" in options.only:
        outcomes: dict[str, int] = {}
        micropython32.interpreter()
        for message, room, outcome, trouble in exhaustion.trials(folder / "memory", [str(micropython32.PROGRAM)], 512 if options.quick else 48):
            table.count("heap exhausted while a message is handled", "%s with %d bytes" % (message, room), trouble)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        print("\nthey ended as: %s" % outcomes, file=sys.stderr)
    if "tasks" in options.only:
        for name, trouble in killed_tasks.trials(folder / "tasks", interpreter):
            table.count("a task of the station killed in mid-charge", name, trouble)
    if "outages" in options.only:
        for row, what, trouble in outages.trials(folder / "outages", interpreter, options.seed):
            table.count(row, what, trouble)
    if "fuzz" in options.only:
        for row, what, trouble in fuzz.trials(folder / "fuzz", interpreter, options.seed, options.messages):
            table.count(row, what, trouble)
        table.notes.append("meanwhile: " + what)
    if "names" in options.only:
        for row, what, trouble in names.trials(folder / "names", interpreter):
            table.count(row, what, trouble)


def main(arguments: Iterator[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=KINDS, action="append", help="one kind; may be given again (default: all)")
    parser.add_argument("--count", type=int, default=None, help="how many kills and damaged chips (default 200, with --quick 20), messages of fuzz (5000, 500)")
    parser.add_argument("--seed", type=int, default=1, help="of what is random (default 1)")
    parser.add_argument("--bits", choices=("64", "32"), default="32", help="which MicroPython (default 32, the firmware frozen in, with 100 KB of heap)")
    parser.add_argument("--quick", action="store_true", help="a short form: every fifth write, 20 kills, 20 damaged chips")
    options = parser.parse_args(arguments)
    options.only = options.only or list(KINDS)
    options.messages = options.count or (500 if options.quick else 5000)
    options.count = options.count or (20 if options.quick else 200)
    interpreter = bench.micropython()
    if options.bits == "32":
        micropython32.interpreter()
        interpreter = [str(micropython32.PROGRAM), "-X", "heapsize=" + _HEAP]

    table = Table()
    with tempfile.TemporaryDirectory(prefix="setpoint-faults-") as folder:
        _run(options, interpreter, Path(folder), table)
    date = datetime.date.today().isoformat()
    print("\r\033[K", end="", file=sys.stderr)
    print("%s, seed %d, %s-bit MicroPython\n\n%s" % (date, options.seed, options.bits, table.text()))
    for loss in table.losses:
        print("LOST: " + loss)
    REPORT.parent.mkdir(exist_ok=True)
    report = {"date": date, "seed": options.seed, "bits": int(options.bits), "rows": table.rows, "losses": table.losses}
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if table.losses else 0


if __name__ == "__main__":
    interruptible("faults", main)
