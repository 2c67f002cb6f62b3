"""`make selftest`: the 20 checks of a board, on a model of it or on the board itself.

A table on the way, build/selftest.json at the end, and exit code 0 only if nothing failed. What was
skipped is said, with its reason."""

from __future__ import annotations

import argparse
import ast
import datetime
import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Callable

from tools.command import ROOT, Failure, board_folder, parser, run
from tools.connection import port_or_only
from tools.selftest import checks, sending
from tools.selftest.desk import Desk, Model, ModelledBoard, Person
from tools.selftest.rows import Options

REPORT = ROOT / "build" / "selftest.json"
BENCH_BOARD = "esp32_devkitc"  # what the simulated board is here: it has no pins of its own


def numbers(text: str) -> list[int]:
    """ "1-3,9" is 1, 2, 3 and 9. Raises Failure."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if not match or not 1 <= int(match[1]) <= int(match[2] or match[1]) <= len(checks.CHECKS):
            raise Failure(
                'which checks? Numbers from 1 to %d, as in --only "1-7,9"; not %r.'
                % (len(checks.CHECKS), text)
            )
        found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return sorted(found)


def broken_things() -> list[str]:
    """What can be wrong with the model."""
    tree = ast.parse((sending.HERE / "model.py").read_text(encoding="utf-8"))
    (table,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "BROKEN"
    ]
    return list(ast.literal_eval(table))


def report_of(desk: Desk, found: list[checks.Finding], connector: int) -> dict:
    facts = desk.facts
    version = re.search(
        r'__version__ = "(.+?)"', (ROOT / "firmware/setpoint/__init__.py").read_text()
    )
    counted = {
        verdict: sum(one.verdict == verdict for one in found)
        for verdict in ("pass", "fail", "skipped")
    }
    return {
        "board": facts["board"],
        "connector": connector,
        "modelled": desk.person.modelled,
        "chip": facts["machine"],
        "id": facts["id"],
        "micropython": facts["micropython"],
        "firmware": version[1] if version else None,
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "counted": counted,
        "results": [asdict(one) for one in found],
    }


def show(finding: checks.Finding) -> None:
    verdict = "FAIL" if finding.verdict == "fail" else finding.verdict
    limit = "  [%s]" % finding.limit if finding.limit else ""
    print(
        "%3d  %-7s  %-26s %s%s" % (finding.check, verdict, finding.test, finding.value, limit),
        flush=True,
    )


def examine(
    desk: Desk, options: Options, chosen: list[int], connector: int = 1, to: Path = REPORT
) -> dict:
    """Runs them, prints the table, writes the report; the report."""
    print(
        "%s: %s, %s"
        % (
            desk.facts["board"],
            "a model" if desk.person.modelled else desk.facts["machine"],
            desk.facts["micropython"],
        )
    )
    if any(number >= 8 and number != 15 for number in chosen):
        desk.allow_closing()
    found = checks.findings(desk, options, chosen, show)
    report = report_of(desk, found, connector)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(report, indent=1) + "\n")
    counted = report["counted"]
    print(
        "%d passed, %d failed, %d skipped. %s"
        % (counted["pass"], counted["fail"], counted["skipped"], os.path.relpath(to))
    )
    return report


def _options() -> argparse.ArgumentParser:
    options = parser(
        "selftest",
        "The 20 checks of a board: pilot, levels, states, how fast the contactor opens, cable, feedback, residual current, resets. Without PORT on a "
        "model of the board, which runs the board's firmware files; with PORT on the board, and you are asked to connect things. It needs a tester: a "
        "diode with 2.74 kOhm, 1.3 kOhm, 270 Ohm and 80 Ohm to add, a lamp behind the contactor, and no vehicle.",
        "  make selftest BOARD=esp32_devkitc                    on the model\n"
        "  make selftest PORT=/dev/ttyUSB0                      on a board\n"
        '  make selftest PORT=/dev/ttyUSB0 ARGS="--only 1-7"    nothing that closes the contactor\n'
        '  make selftest BOARD=esp32_devkitc ARGS="--broken slow_contactor --only 9"\n',
    )
    options.add_argument(
        "--board",
        metavar="NAME",
        help="a folder of boards/ (BOARD=); simulated stands for %s" % BENCH_BOARD,
    )
    options.add_argument(
        "--port", metavar="PORT", help="the board's serial port (PORT=); auto: the only one"
    )
    options.add_argument(
        "--connector", type=int, default=1, metavar="N", help="which connector (1)"
    )
    options.add_argument(
        "--only", metavar="NUMBERS", default="1-20", help='these checks, as in "1-7,9"'
    )
    options.add_argument(
        "--trials",
        type=int,
        default=20,
        metavar="N",
        help="how often the contactor opens in check 9 (20)",
    )
    options.add_argument(
        "--soak", type=int, default=60, metavar="S", help="seconds of check 20 (60)"
    )
    options.add_argument(
        "--broken",
        action="append",
        default=[],
        metavar="WHAT",
        help="on the model: break it, and see a check fail; BROKEN in model.py",
    )
    options.add_argument(
        "--report", type=Path, default=REPORT, metavar="FILE", help="build/selftest.json"
    )
    return options


def main(arguments: list[str], ask: Callable[[str], str] = input) -> None:
    chosen = _options().parse_args(arguments)
    which = numbers(chosen.only)
    options = Options(max(1, chosen.trials), max(1, chosen.soak))
    unknown = set(chosen.broken) - set(broken_things())
    if unknown:
        raise Failure(
            "--broken %s is not known. Choose of: %s."
            % (", ".join(sorted(unknown)), ", ".join(broken_things()))
        )
    if chosen.port:
        if chosen.broken:
            raise Failure("--broken is for the model: leave out PORT=.")
        desk = Desk(
            port_or_only(None if chosen.port == "auto" else chosen.port),
            Person(ask),
            chosen.connector,
        )
        report = _with(desk, lambda: examine(desk, options, which, chosen.connector, chosen.report))
    else:
        name = BENCH_BOARD if chosen.board in (None, "simulated") else chosen.board
        unfit = json.loads((board_folder(name) / "board.json").read_text()).get("not_for_use")
        if unfit:
            raise Failure("boards/%s is not for use as it is: %s" % (name, unfit))
        with ModelledBoard(name, chosen.broken) as board:
            modelled = Desk(board.port, Model(board), chosen.connector)
            report = _with(
                modelled, lambda: examine(modelled, options, which, chosen.connector, chosen.report)
            )
    if report["counted"]["fail"]:
        failed = ", ".join(
            map(
                str, sorted({one["check"] for one in report["results"] if one["verdict"] == "fail"})
            )
        )
        raise Failure(
            "failed: %s. Do not put the board to use. Compare it with its WIRING.md, then ARGS='--only %s'."
            % (failed, failed.replace(" ", ""))
        )
    if not chosen.port:
        print("This was the model of %s: no board was tested." % name)


def _with(desk: Desk, work: Callable[[], dict]) -> dict:
    try:
        return work()
    finally:
        desk.close()


if __name__ == "__main__":
    run("selftest", main)
