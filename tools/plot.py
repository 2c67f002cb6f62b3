"""Draws what a set of charging profiles comes to: `make plot ARGS="docs/day.json --out day.svg"`.

Each profile has a line of its own; the black one is the limit that results; with a recording, orange is what the
control pilot offered. The limit is the firmware's own answer: its `schedule` room, run on CPython.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Callable

from tools import on_cpython, profile_files  # noqa: F401

from setpoint.protocol import fields, iso8601, requests  # isort: skip
from setpoint.protocol.errors import OcppError  # isort: skip
from setpoint.schedule.checks import Capability  # isort: skip
from setpoint.schedule.stack import Stack  # isort: skip
from setpoint.schedule.profile import profile_from  # isort: skip
from setpoint.schedule.installed import InstalledProfiles  # isort: skip
from setpoint.schedule.supply import Supply  # isort: skip
from setpoint.units import FOREVER, tenths  # isort: skip

EXAMPLES = """\
examples:
  make plot ARGS="docs/day.json --out docs/day.svg"      the picture in the README
  make plot ARGS="build/demo.json --recording build/demo.jsonl --out demo.png"

A case file names the supply, the day, a transaction and the profiles; docs/day.json shows every field.
A recording holds one JSON object a line: {"at": "2025-06-16T00:00:00Z", "offered_amps": 16.0, "event": "..."}
"""

EPOCH = iso8601.instant_from("1970-01-01T00:00:00Z")
COLOURS = {"ChargePointMaxProfile": "#c2410c", "TxDefaultProfile": "#2563eb", "TxProfile": "#15803d"}


@dataclass
class Transaction:
    """What the schedule room asks of a transaction."""

    handle: int
    id: int
    started: int
    ended: int


@dataclass
class Entry:
    """A profile and the time for which it is installed, unless another displaces it."""

    profile: Any
    unit: str
    came: int
    went: int


@dataclass
class Segment:
    """One value from an instant to another; None: nothing is said."""

    start: int
    end: int
    amps: float | None


class Case:
    """A case file: what is installed, and the stretch of time to look at."""

    def __init__(self, document: dict) -> None:
        self.title = document.get("title", "")
        self.connector = document.get("connector", 1)
        self.start = iso8601.instant_from(document["from"])
        self.end = self.start + int(document.get("hours", 24) * 3600)
        wiring = {"volts": 230, "phases": 3, "phase_switch": True, "connector_amps": 32, "grid_amps": None, **document.get("supply", {})}
        grid = wiring["grid_amps"]
        self.supply = Supply(
            wiring["volts"],
            wiring["phases"],
            wiring["phase_switch"],
            tenths(wiring["connector_amps"]),
            station_da=None if grid is None else tenths(grid),
        )
        self.transaction = None
        if document.get("transaction"):
            given = document["transaction"]
            ended = iso8601.instant_from(given["end"]) if given.get("end") else FOREVER
            self.transaction = Transaction(1, given.get("id", 1), iso8601.instant_from(given["start"]), ended)
        self.entries = [self._entry(entry) for entry in document["profiles"]]

    def _entry(self, entry: dict) -> Entry:
        payload = copy.deepcopy(profile_files.payload_from(entry))  # the firmware converts in place
        payload = fields.read(payload, requests.spec_for("SetChargingProfile"))
        came = iso8601.instant_from(entry["acceptedAt"]) if entry.get("acceptedAt") else self.start
        went = iso8601.instant_from(entry["clearedAt"]) if entry.get("clearedAt") else FOREVER
        profile = profile_from(payload["csChargingProfiles"], payload["connectorId"], came, 1, self.supply)
        return Entry(profile, payload["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"], came, went)

    def installed_at(self, now: int) -> InstalledProfiles:
        installed = InstalledProfiles(self.supply, Capability(100, 1000, 1000, "AW"))
        for entry in self.entries:
            if entry.came <= now < entry.went:
                displaced, reason = installed.displaced_by(entry.profile, now)
                if reason:
                    raise ValueError("profile %d: %s" % (entry.profile.id, reason))
                installed.install(entry.profile, displaced)
        return installed

    def running_at(self, now: int) -> Transaction | None:
        t = self.transaction
        return t if t is not None and t.started <= now < t.ended else None

    def limit(self) -> list[Segment]:
        """The limit of the connector, as the firmware answers it."""

        def limit_at(now: int) -> tuple[float, int]:
            limit_da, _, until, _ = self.installed_at(now).limit_at(self.connector, now, self.running_at(now))
            return limit_da / 10, until

        return self._walk(limit_at)

    def profiles(self) -> list[tuple[Entry, list[Segment]]]:
        """Each profile that reaches the connector, with what it says by itself."""
        lines = []
        for entry in self.entries:
            if entry.profile.connector in (0, self.connector):
                lines.append((entry, self._walk(partial(self._said_by, entry))))
        return lines

    def _said_by(self, entry: Entry, now: int) -> tuple[float | None, int]:
        profile, transaction = entry.profile, self.running_at(now)
        if profile not in self.installed_at(now):
            return None, FOREVER
        if profile.purpose != "ChargePointMaxProfile" and transaction is None and (profile.base is None or profile.transaction is not None):
            return None, FOREVER
        alone = Stack([profile])
        alone.ask(now, transaction.started if transaction else None)
        return (None if alone.rate is None else alone.rate / self.supply.rate_per_da / 10), alone.until

    def _walk(self, answer: Callable[[int], tuple[float | None, int]]) -> list[Segment]:
        """From change to change; that a transaction starts or ends, or a profile comes or goes, is a change, too."""
        cuts = [self.transaction.started, self.transaction.ended] if self.transaction else []
        cuts += [instant for entry in self.entries for instant in (entry.came, entry.went)]
        segments: list[Segment] = []
        now = self.start
        while now < self.end:
            amps, until = answer(now)
            until = min([until, self.end] + [cut for cut in cuts if cut > now])
            assert until > now, "a change is announced for an instant that has passed"
            if segments and segments[-1].amps == amps:
                segments[-1].end = until
            else:
                segments.append(Segment(now, until, amps))
            now = until
        return segments


def moment(instant: float) -> datetime:
    """An instant of the firmware as matplotlib wants it."""
    return datetime.fromtimestamp(instant - EPOCH, timezone.utc)


def steps(segments: list[Segment]) -> tuple[list[datetime], list[float]]:
    """Corner points; NaN breaks the line where nothing is said."""
    xs, ys = [], []
    for segment in segments:
        xs += [moment(segment.start), moment(segment.end)]
        ys += [float("nan") if segment.amps is None else segment.amps] * 2
    return xs, ys


def read_recording(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def draw(case: Case, out: Path, recording: list[dict] | None = None) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.dates as dates
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "setpoint", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure: Any
    axes: Any
    figure, axes = plt.subplots(figsize=(9, 4.2), layout="constrained")
    xs, ys = steps(case.limit())
    axes.fill_between(xs, ys, color="#e9edf2", linewidth=0, zorder=0.5)
    styles: dict[str, int] = {}
    for entry, segments in case.profiles():
        profile = entry.profile
        styles[profile.purpose] = styles.get(profile.purpose, -1) + 1
        line = ["-", "--", ":", "-."][styles[profile.purpose] % 4]
        label = "%s, level %d (%s)" % (profile.purpose, profile.level, entry.unit)
        axes.plot(*steps(segments), color=COLOURS[profile.purpose], linestyle=line, linewidth=1.5, label=label, zorder=2.1)
    axes.plot(xs, ys, color="#0f172a", linewidth=4, solid_joinstyle="miter", label="limit", zorder=1.9)
    top = max([y for y in ys if y == y] + [case.supply.own_rate / case.supply.rate_per_da / 10])
    if recording:
        mark(axes, recording, top)
    if case.transaction and case.end - case.start > 3600:
        edge = moment(max(case.transaction.started, case.start)), moment(min(case.transaction.ended, case.end))
        axes.plot(edge, (0, 0), color="#15803d", linewidth=5, solid_capstyle="butt", alpha=0.5, label="transaction", clip_on=False)
    axes.set_xlim(moment(case.start), moment(case.end))
    axes.set_ylim(0, top * 1.08)
    axes.set_ylabel("A per phase")
    axes.grid(axis="y", color="#e2e8f0", linewidth=0.8)
    axes.set_axisbelow(True)
    if case.end - case.start >= 6 * 3600:
        axes.xaxis.set_major_locator(dates.HourLocator(interval=max(1, (case.end - case.start) // 86400 * 3)))
        axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M"))
    else:
        axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M:%S"))
    axes.set_title(case.title, loc="left", fontsize=11, pad=38 if recording else 8)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110, metadata={"Date": None} if out.suffix == ".svg" else None)
    plt.close(figure)


def mark(axes: Any, recording: list[dict], top: float) -> None:
    """What the pilot offered, and what happened when."""
    offers = [(datetime.fromisoformat(r["at"].replace("Z", "+00:00")), r["offered_amps"]) for r in recording if r.get("offered_amps") is not None]
    if offers:
        times, amps = zip(*offers, strict=True)
        axes.step(times, amps, where="post", color="#f59e0b", linewidth=1.6, label="offered by the pilot", zorder=2.4)
    for event in (r for r in recording if r.get("event")):
        at = datetime.fromisoformat(event["at"].replace("Z", "+00:00"))
        axes.axvline(at, color="#94a3b8", linewidth=0.7, zorder=1)
        axes.annotate(event["event"], (at, top * 1.08), (0, 3), textcoords="offset points", rotation=35, fontsize=7.5, color="#475569", annotation_clip=False)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make plot", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", type=Path, help="the case file (JSON)")
    parser.add_argument("--recording", type=Path, help="what was seen (JSON lines)")
    parser.add_argument("--out", type=Path, default=Path("build/plot.svg"), help="an .svg or .png file (default build/plot.svg)")
    options = parser.parse_args(arguments)
    try:
        case = Case(json.loads(options.case.read_text()))
    except OSError as error:
        parser.exit(1, "%s: %s\n" % (options.case, error.strerror))
    except KeyError as error:
        parser.exit(1, "%s: no case: %s is missing\n" % (options.case, error))
    except (AttributeError, OcppError, TypeError, ValueError) as error:
        parser.exit(1, "%s: no case: %s\n" % (options.case, error))
    try:
        recording = read_recording(options.recording) if options.recording else None
    except OSError as error:
        parser.exit(1, "%s: %s\n" % (options.recording, error.strerror))
    except ValueError as error:
        parser.exit(1, "%s: no recording: %s\n" % (options.recording, error))
    try:
        draw(case, options.out, recording)
    except (OSError, ValueError) as error:
        parser.exit(1, "%s: %s\n" % (options.out, error))
    print("Drawn: %s" % options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
