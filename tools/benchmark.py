"""Measures the firmware on the 64-bit and the 32-bit MicroPython, beside the floor and the peers:
`make bench`.

Writes build/bench.json and a plot, and prints a table. On 32 bit the firmware is measured as a
board's image has it, frozen; on 64 bit compiled with mpy-cross. What each form takes of the heap
stands side by side."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import (
    benchmark_agent,
    benchmark_build,
    benchmark_frames,
    benchmark_goals,
    benchmark_peer,
    benchmark_plot,
    benchmark_uses,
    micropython32,
)
from tools.benchmark_uses import Use
from tools.command import interruptible, parser
from tools.compiled import has_firmware
from tools.station_process import ROOT, micropython

EXAMPLES = """\
  make bench                                       everything, up to eight minutes
  make bench ARGS="--only messages"                what is named alone; may be given more than once
  make bench ARGS=--quick                          few repetitions: to see that it works, not for figures
  make bench ARGS="--plot docs/bench.svg"          draws the picture of docs/costs.md anew

A time is the lowest of several rounds' medians. Floor: what json.loads and json.dumps of the same texts cost by themselves
(messages), a call that does nothing (checks), a plain write of as many bytes (littlefs). The smallest heap is the agent's
peak: the least with which it serves two charging vehicles, takes the profiles one after another and answers for them.
Uses: heap beyond that of a station at rest. Peak: the most between two turns of its loop; kept: while it is there; left: after
it has ended.
"""
PARTS = ("messages", "decisions", "heap", "flash", "journal", "gaps", "agent", "uses")
HEAP_KIB = {
    "messages": 2048,
    "heap": 2048,
    "flash": 1024,
    "journal": 1024,
    "decisions": 1024,
    "gaps": 4096,
}
STARTS = (
    ("start to first pilot output, safe", "safe_ms"),
    ("import of everything", "import_ms"),
    ("start to first control step", "step_ms"),
)
# What is counted comes out the same each time
FEW_ROUNDS = {"heap": 1, "flash": 3, "journal": 1, "gaps": 2}
LARGE_HEAP_KIB = 512  # for the agent
PROFILE_SETS = (("10 profiles", "10"), ("50 profiles of 96 periods", "96-periods"))


class Run:
    """One run of the benchmark: its options, and the figures as they come."""

    def __init__(self, quick: bool, folder: Path) -> None:
        self.quick = quick
        self.folder = folder
        self.rounds = 1 if quick else 8
        self.repetitions = 3 if quick else 9
        # By name and interpreter, in the order of their coming
        self.figures: dict[tuple, dict] = {}
        self.points: dict[tuple, dict] = {}

    def take(
        self, name: str, interpreter: str, value: float, unit: str, floor: float | None = None
    ) -> None:
        """A figure of one round: of times the lowest counts, of bytes and blocks the highest."""
        kept = self.figures.setdefault(
            (name, interpreter),
            {
                "name": name,
                "interpreter": interpreter,
                "value": value,
                "unit": unit,
                "floor": floor,
            },
        )
        kept["value"] = (max if unit in ("B", "blocks") else min)(kept["value"], value)
        if floor is not None:
            kept["floor"] = min(kept["floor"], floor)

    def take_line(self, interpreter: str, line: dict) -> None:
        if "grows" in line:
            key = (line["grows"], line["with"], line["x"], interpreter)
            kept = self.points.setdefault(key, {**line, "interpreter": interpreter})
            kept["y"] = min(kept["y"], line["y"])
            if line["floor"] is not None:
                kept["floor"] = min(kept["floor"], line["floor"])
        else:
            self.take(line["name"], interpreter, line["value"], line["unit"], line["floor"])

    def scripts(
        self, parts: list[str], interpreters: dict[str, list[str]], loop: Path | None
    ) -> None:
        """The measuring scripts, round by round, with the calibration between them."""
        self.calibrate(loop)
        for number in range(self.rounds):
            for part in parts:
                if number >= FEW_ROUNDS.get(part, self.rounds):
                    continue
                for interpreter, command in interpreters.items():
                    say("round %d of %d: %s, %s" % (number + 1, self.rounds, part, interpreter))
                    self.calibrate(loop)
                    for line in script(part, command, self.folder, self.repetitions):
                        self.take_line(interpreter, line)

    def calibrate(self, loop: Path | None) -> None:
        if loop:
            self.take(
                "calibration: 20,000 xorshift steps in C",
                "C",
                benchmark_build.c_loop_us(loop),
                "us",
            )

    def agents(self, interpreters: dict[str, list[str]]) -> None:
        with ThreadPoolExecutor(max_workers=1 if self.quick else 3) as pool:
            jobs = []
            for interpreter, command in interpreters.items():
                for form in forms_on(command):
                    self._starts(interpreter, command, form)
                    jobs += [(interpreter, command, form, name, key) for name, key in PROFILE_SETS]
            if self.quick:
                jobs = [job for job in jobs if job[4] == "10"]
            list(pool.map(lambda job: self._agent(*job), jobs))

    def _starts(self, interpreter: str, command: list[str], form: str) -> None:
        say("agent: start, %s, %s" % (interpreter, form))
        for _ in range(min(self.rounds, 5)):
            facts = benchmark_agent.start_up(command, self.folder, form)
            for name, key in STARTS:
                self.take("agent, %s: %s" % (form, name), interpreter, facts[key], "ms")

    def _agent(self, interpreter: str, command: list[str], form: str, name: str, key: str) -> None:
        profiles = benchmark_frames.all_frames()[key]
        prefix = "agent, %s: " % form

        def live(kib: int) -> tuple[dict, dict]:
            say("agent: %s, %s, %s, heap of %d KiB" % (name, interpreter, form, kib))
            return benchmark_agent.charge(
                command, self.folder, form, kib, profiles["install"], profiles["change"]
            )

        before, after = live(LARGE_HEAP_KIB)
        if key == "10":
            self.take(prefix + "imported", interpreter, before["imported"] - before["bare"], "B")
            self.take(prefix + "in use, idle", interpreter, before["used"], "B")
        self.take(prefix + "in use, " + name, interpreter, after["used"], "B")
        if not self.quick:
            smallest = benchmark_agent.smallest_heap_kib(
                live, after["used"] // 1024, LARGE_HEAP_KIB
            )
            self.take(prefix + "smallest heap, " + name, interpreter, smallest * 1024, "B")

    def uses(self, interpreters: dict[str, list[str]]) -> None:
        """Of the firmware as a board has it, or the nearest form that the interpreter can run."""
        jobs = [
            (interpreter, command, "frozen" if has_firmware(command) else ".mpy", use)
            for interpreter, command in interpreters.items()
            for use in benchmark_uses.USES
        ]

        def weigh(interpreter: str, command: list[str], form: str, use: Use) -> list[tuple]:
            say("uses: %s, %s" % (use.name, interpreter))
            try:
                found = list(benchmark_uses.weigh(use, command, self.folder, form))
            except benchmark_agent.Failed as reason:
                raise SystemExit("bench: %s, %s: %s" % (use.name, interpreter, reason)) from None
            return [(name, interpreter, value, "B") for name, value in found]

        with ThreadPoolExecutor(max_workers=3) as pool:
            for figures in pool.map(lambda job: weigh(*job), jobs):
                for figure in figures:
                    self.take(*figure)

    def scale(self) -> tuple[float, str]:
        """How much slower than the peers' machine this one is, and by what that is known."""
        for key, there, what in (
            (
                ("calibration: 20,000 xorshift steps in C", "C"),
                benchmark_goals.PEERS_C_LOOP_US,
                "the C loop",
            ),
            (
                ("calibration: json.loads of set_one", "64-bit"),
                benchmark_goals.PEERS_LOADS_US,
                "json.loads of set_one",
            ),
        ):
            if key in self.figures:
                here = self.figures[key]["value"]
                return here / there, "%s, %.1f us here and %.1f us there" % (what, here, there)
        return 1.0, "nothing, as there is no C compiler (the part messages has another way)"


def say(progress: str) -> None:
    print("bench: " + progress, file=sys.stderr, flush=True)


def script(part: str, command: list[str], folder: Path, repetitions: int) -> list[dict]:
    """Runs one measuring script; the lines it prints."""
    # Frozen, if it is
    environment = {
        **os.environ,
        "MICROPYPATH": ".frozen:%s:%s" % (folder / "mpy", folder / "scripts"),
    }
    arguments = ["-X", "heapsize=%dK" % HEAP_KIB[part], "-m", part, str(folder), str(repetitions)]
    done = subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, timeout=300
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise SystemExit(
            "bench: %s failed on %s:\n%s" % (part, command[0], (done.stdout + done.stderr)[-2000:])
        )
    return lines


def interpreters() -> dict[str, list[str]]:
    found = {"64-bit": micropython()}
    try:
        found["32-bit"] = [os.environ.get("MICROPYTHON32") or str(micropython32.interpreter())]
    except micropython32.Unavailable as reason:
        say("no 32-bit MicroPython: %s" % reason)
    return found


def version(command: list[str]) -> str:
    done = subprocess.run(
        [*command, "-c", "import sys; print('.'.join(map(str, sys.implementation[1][:3])))"],
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def forms_on(command: list[str]) -> list[str]:
    """The forms of the firmware that this interpreter can run. ROMFS needs the module ffi, to map
    an image."""
    can = {
        "frozen": has_firmware(command),
        "ROMFS": subprocess.run([*command, "-c", "import ffi"], capture_output=True).returncode
        == 0,
        ".mpy": True,
    }
    return [form for form in benchmark_agent.FORMS if can[form]]


def machine() -> str:
    try:
        names = [
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ]
    except OSError:
        names = []
    return "%s, %s, %d cores" % (
        names[0] if names else platform.processor() or "processor unknown",
        platform.system(),
        os.cpu_count() or 1,
    )


def table(figures: list[dict], conditions: list[str]) -> str:
    """One line a figure, the interpreters beside each other."""
    lines = [
        "%-58s %6s %10s %9s %10s %9s %9s %9s  %s"
        % ("", "unit", "64-bit", "floor", "32-bit", "floor", "peer", "goal", "met 64/32")
    ]
    for name in dict.fromkeys(figure["name"] for figure in figures):
        rows = {figure["interpreter"]: figure for figure in figures if figure["name"] == name}
        any_row = next(iter(rows.values()))
        left, right = rows.get("64-bit") or rows.get("C"), rows.get("32-bit")
        cells = [
            cell(row[key] if row else None) for row in (left, right) for key in ("value", "floor")
        ]
        shown = [
            cell(next((row[key] for row in rows.values() if row[key] is not None), None))
            for key in ("peer", "goal")
        ]
        met = "/".join(
            {True: "yes", False: "NO", None: "-"}[row["met"] if row else None]
            for row in (left, right)
        )
        lines.append(
            "%-58s %6s %10s %9s %10s %9s %9s %9s  %s"
            % (name, any_row["unit"], *cells, *shown, "" if met == "-/-" else met)
        )
    return "\n".join([*lines, "", *conditions])


def cell(value: float | None) -> str:
    if value is None:
        return ""
    return (
        "%d" % value
        if value >= 1000 or value == int(value)
        else "%.1f" % value
        if value >= 10
        else "%.2f" % value
    )


def main(arguments: list[str] | None = None) -> int:
    options_of = parser("bench", __doc__, EXAMPLES)
    options_of.add_argument("--quick", action="store_true", help="few repetitions")
    options_of.add_argument(
        "--only", action="append", choices=PARTS, metavar="NAME", help="one of " + ", ".join(PARTS)
    )
    options_of.add_argument(
        "--out",
        type=Path,
        default=ROOT / "build" / "bench.json",
        help="the figures (default: build/bench.json)",
    )
    options_of.add_argument(
        "--plot",
        type=Path,
        default=ROOT / "build" / "bench.svg",
        help="the picture (default: build/bench.svg)",
    )
    options_of.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "build" / "bench",
        help="where it builds (default: build/bench)",
    )
    options = options_of.parse_args(arguments)
    parts = options.only or list(PARTS)
    began = time.monotonic()

    found = interpreters()
    say("compiles the firmware")
    folder = options.folder.absolute()
    benchmark_build.build(folder)
    run = Run(options.quick, folder)
    with benchmark_peer.listening(folder):
        run.scripts(
            [part for part in PARTS if part in HEAP_KIB and part in parts],
            found,
            benchmark_build.c_loop(folder),
        )
    if "agent" in parts:
        run.agents(found)
    if "uses" in parts:
        run.uses(found)

    scale, known_by = run.scale()
    figures = [benchmark_goals.judged(figure, scale) for figure in run.figures.values()]
    conditions = [
        "%s: MicroPython %s" % (bits, version(command)) for bits, command in found.items()
    ]
    conditions += [
        "%s; load %.1f; took %d s" % (machine(), os.getloadavg()[0], time.monotonic() - began),
        "heap in KiB: %s, uses %d; the agent as named"
        % (", ".join("%s %d" % item for item in HEAP_KIB.items()), benchmark_uses.HEAP_KIB),
        "times: the lowest of %d rounds' medians of %d batches; a collection before each batch, none in it"
        % (run.rounds, run.repetitions),
        "peers' times and goals are scaled to this machine by %.3f: %s" % (scale, known_by),
    ]
    conditions += benchmark_goals.left_on_chips(figures)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n")
    if run.points:
        goals = {figure["name"]: figure["goal"] for figure in figures if figure["goal"] is not None}
        shown = ["On %s" % machine(), *conditions[: len(found)]]
        if options.quick:
            shown.append("A quick run, of few repetitions")
        benchmark_plot.draw(list(run.points.values()), goals, options.plot, shown)
    print(table(figures, conditions))
    return 0


if __name__ == "__main__":
    interruptible("bench", main)
