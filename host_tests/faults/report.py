"""The table at the end of `make faults`: for each row how many trials, how many looks at the
outputs meanwhile, what was lost."""

from __future__ import annotations

import ast
import datetime
import json
from typing import Any

from tools.station_process import ROOT

ROW, LOOKS = "row", "looks"  # a test's user properties
FILE = ROOT / "build" / "faults.json"
_HEAD = """\
| kind | what was tried | trials | looks | worst stall, ms | lost |
| --- | --- | ---: | ---: | ---: | ---: |"""


class Report:
    """A plugin of pytest. With pytest-xdist it stands in the process that hears of all tests."""

    def __init__(self, config) -> None:
        self._option = config.getoption
        # (kind, row): trials, looks, worst stall, lost
        self._rows: dict[tuple[str, str], list[int]] = {}
        self._losses: list[str] = []

    def pytest_runtest_logreport(self, report) -> None:
        properties: list[tuple[str, Any]] = report.user_properties
        if ROW not in dict(properties):
            return  # a test of something else
        what, count = report.nodeid.rpartition("::")[2], 1
        kind, row, is_sum = dict(properties)[ROW]
        subtest = getattr(report, "context", None)
        if subtest is not None:
            given = {name: _value(text) for name, text in subtest.kwargs.items()}
            what, row, count = subtest.msg, given.get("row", row), given.get("count", 1)
        if report.skipped:
            return
        counts = self._rows.setdefault((kind, row), [0, 0, 0, 0])
        if report.when == "teardown":
            for looks, worst_stall_ms, at in (value for name, value in properties if name == LOOKS):
                row_counts = self._rows.setdefault((kind, at or row), [0, 0, 0, 0])
                row_counts[1] += looks
                row_counts[2] = max(row_counts[2], worst_stall_ms)
        is_sum = is_sum and subtest is None
        if report.failed and not (is_sum and str(report.longrepr).startswith("contains ")):
            crash = getattr(report.longrepr, "reprcrash", None)
            message = (crash.message if crash else str(report.longrepr)).split("\n")[0]
            self._losses.append("%s, %s: %s" % (row, what, message))
            counts[3] += 1
            counts[0] += is_sum
        if report.when == "call" and not is_sum:
            counts[0] += count

    def pytest_terminal_summary(self, terminalreporter) -> None:
        if not self._rows:
            return
        date = datetime.date.today().isoformat()
        seed, bits = self._option("seed", 1), self._option("bits", "32")
        lines = ["", "%s, seed %d, %s-bit MicroPython" % (date, seed, bits), "", _HEAD]
        names = ("kind", "row", "trials", "looks", "worst_stall_ms", "lost")
        rows = [
            dict(zip(names, (*key, *counts)))
            for key, counts in sorted(self._rows.items())
            if counts[0] or counts[3]  # trials or lost
        ]
        lines += ["| %s |" % " | ".join(str(value) for value in row.values()) for row in rows]
        lines += ["LOST: " + loss for loss in self._losses]
        for line in lines:
            terminalreporter.write_line(line)
        FILE.parent.mkdir(exist_ok=True)
        report = {"date": date, "seed": seed, "bits": int(bits), "rows": rows}
        FILE.write_text(json.dumps({**report, "losses": self._losses}, indent=1) + "\n")


def _value(text: Any) -> Any:
    """A subtest's keyword comes as its repr; from another process, as the repr of that."""
    while isinstance(text, str) and (text.isdigit() or text[:1] in "'\""):
        text = ast.literal_eval(text)
    return text
