"""Draws what a set of charging profiles comes to: `make plot ARGS="docs/day.json --out day.svg"`.

Each profile has a line of its own; the black one is the limit that results, and below it stands
which profile decides. With a recording, light blue is what the control pilot offered. The limit is
the firmware's own answer: its `schedule` room, run on CPython.
"""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Callable

from tools import command, on_cpython, pictures, profile_files  # noqa: F401
from tools.pictures import FAINT

from setpoint.protocol import fields, iso8601, requests  # isort: skip
from setpoint.protocol.errors import OcppError  # isort: skip
from setpoint.schedule.checks import Capability  # isort: skip
from setpoint.schedule.stack import Stack  # isort: skip
from setpoint.schedule.profile import profile_from  # isort: skip
from setpoint.schedule.installed import InstalledProfiles  # isort: skip
from setpoint.schedule.supply import Supply  # isort: skip
from setpoint.units import FOREVER, tenths  # isort: skip

EXAMPLES = """\
  make plot ARGS="docs/day.json --out docs/day.svg"      the picture in the README
  make plot ARGS="build/demo.json --recording build/demo.jsonl --out demo.png"

A case file names the supply, the day, a transaction and the profiles, and may have notes;
docs/day.json shows every field. A recording holds one JSON object a line. A look at the station,
with null for what it did not say, and any other current by its name:
  {"at": "2025-06-16T00:00:00.25Z", "offered_amps": 16.0, "closed": true, "transaction": true,
   "amps": {"surplus": 17.5}}
What happened:
  {"at": "2025-06-16T00:00:01Z", "event": "..."}
"""

EPOCH = iso8601.instant_from("1970-01-01T00:00:00Z")
OTHERS = (pictures.VERMILLION, pictures.PURPLE, pictures.BLUE)  # currents of a recording
COLOURS = {
    "ChargePointMaxProfile": pictures.VERMILLION,
    "TxDefaultProfile": pictures.BLUE,
    "TxProfile": pictures.PURPLE,
}


def instant_of(text: str) -> float:
    """An instant with its fraction of a second."""
    return iso8601.instant_from(text) + iso8601.into_second_ms(text) / 1000


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
    came: float
    went: float


@dataclass
class Segment:
    """One value from an instant to another; None: nothing is said, or no profile decides."""

    start: float
    end: float
    value: Any


class Case:
    """A case file: what is installed, and the stretch of time to look at."""

    def __init__(self, document: dict) -> None:
        self.title = document.get("title", "")
        self.connector = document.get("connector", 1)
        self.start = iso8601.instant_from(document["from"])
        self.end = self.start + int(document.get("hours", 24) * 3600)
        wiring = {
            "volts": 230,
            "phases": 3,
            "phase_switch": True,
            "connector_amps": 32,
            "grid_amps": None,
            **document.get("supply", {}),
        }
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
            self.transaction = Transaction(
                1, given.get("id", 1), iso8601.instant_from(given["start"]), ended
            )
        self.entries = [self._entry(entry) for entry in document["profiles"]]
        self.notes = document.get("notes", [])

    def _entry(self, entry: dict) -> Entry:
        payload = copy.deepcopy(profile_files.payload_from(entry))  # the firmware converts in place
        payload = fields.read(payload, requests.spec_for("SetChargingProfile"))
        came = instant_of(entry["acceptedAt"]) if entry.get("acceptedAt") else self.start
        went = instant_of(entry["clearedAt"]) if entry.get("clearedAt") else FOREVER
        profile = profile_from(
            payload["csChargingProfiles"], payload["connectorId"], int(came), 1, self.supply
        )
        return Entry(
            profile,
            payload["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"],
            came,
            went,
        )

    def installed_at(self, now: float) -> InstalledProfiles:
        installed = InstalledProfiles(self.supply, Capability(100, 1000, 1000, "AW"))
        for entry in self.entries:
            if entry.came <= now < entry.went:
                displaced, reason = installed.displaced_by(entry.profile, int(now))
                if reason:
                    raise ValueError("profile %d: %s" % (entry.profile.id, reason))
                installed.install(entry.profile, displaced)
        return installed

    def running_at(self, now: float) -> Transaction | None:
        t = self.transaction
        return t if t is not None and t.started <= now < t.ended else None

    def limit(self) -> list[Segment]:
        """The limit of the connector, as the firmware answers it."""

        def limit_at(now: float) -> tuple[float, int]:
            limit_da, _, until, _ = self._answer_at(now)
            return limit_da / 10, until

        return self._walk(limit_at)

    def deciding(self) -> list[Segment]:
        """The profile that decides, as the firmware says; None: the hardware does."""

        def decides_at(now: float) -> tuple[Any, int]:
            _, _, until, profile = self._answer_at(now)
            return profile, until

        return self._walk(decides_at)

    def _answer_at(self, now: float) -> tuple:
        return self.installed_at(now).limit_at(self.connector, int(now), self.running_at(now))

    def profiles(self) -> list[tuple[Entry, list[Segment]]]:
        """Each profile that reaches the connector, with what it says by itself."""
        lines = []
        for entry in self.entries:
            if entry.profile.connector in (0, self.connector):
                lines.append((entry, self._walk(partial(self._said_by, entry))))
        return lines

    def _said_by(self, entry: Entry, now: float) -> tuple[float | None, int]:
        profile, transaction = entry.profile, self.running_at(now)
        if profile not in self.installed_at(now):
            return None, FOREVER
        if (
            profile.purpose != "ChargePointMaxProfile"
            and transaction is None
            and (profile.base is None or profile.transaction is not None)
        ):
            return None, FOREVER
        alone = Stack([profile])
        alone.ask(int(now), transaction.started if transaction else None)
        return (
            None if alone.rate is None else alone.rate / self.supply.rate_per_da / 10
        ), alone.until

    def _walk(self, answer: Callable[[float], tuple[Any, int]]) -> list[Segment]:
        """From change to change. A transaction that starts or ends is a change, and so is a profile
        that comes or goes."""
        cuts: list[float] = (
            [self.transaction.started, self.transaction.ended] if self.transaction else []
        )
        cuts += [instant for entry in self.entries for instant in (entry.came, entry.went)]
        segments: list[Segment] = []
        now: float = self.start
        while now < self.end:
            value, stays_until = answer(now)
            until = min([stays_until, self.end] + [cut for cut in cuts if cut > now])
            assert until > now, "a change is announced for an instant that has passed"
            if segments and segments[-1].value == value:
                segments[-1].end = until
            else:
                segments.append(Segment(now, until, value))
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
        ys += [float("nan") if segment.value is None else segment.value] * 2
    return xs, ys


def read_recording(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def seen(recording: list[dict], field: str, end_of_it: float) -> list[Segment]:
    """What a field of the recording was, from look to look."""
    looks = [(instant_of(record["at"]), record[field]) for record in recording if field in record]
    segments: list[Segment] = []
    for (start, value), (end, _) in zip(looks, [*looks[1:], (end_of_it, None)], strict=False):
        if segments and segments[-1].value == value and segments[-1].end == start:
            segments[-1].end = end
        else:
            segments.append(Segment(start, end, value))
    return segments


def others(recording: list[dict], end_of_it: float) -> list[tuple[str, tuple]]:
    """The other currents of a recording: name, and corner points."""
    names = list(dict.fromkeys(name for record in recording for name in record.get("amps", {})))
    return [
        (
            name,
            steps(
                seen(
                    [
                        {"at": record["at"], name: record["amps"][name]}
                        for record in recording
                        if name in record.get("amps", {})
                    ],
                    name,
                    end_of_it,
                )
            ),
        )
        for name in names
    ]


@dataclass
class Bar:
    """A stretch of time in a lane. Of its texts, the first that fits is written."""

    start: float
    end: float
    colour: str
    texts: tuple = ()


def lanes_of(case: Case, recording: list[dict]) -> list[tuple[str, list[Bar]]]:
    """What is drawn below the currents, from top to bottom."""
    decides = []
    for segment in case.deciding():
        profile = segment.value
        if profile is None:
            decides.append(Bar(segment.start, segment.end, FAINT, ("the hardware", "hardware")))
        else:
            short = profile.purpose[: -len("Profile")]
            texts = tuple(
                form % (name, profile.level)
                for name in (profile.purpose, short)
                for form in ("%s, level %d", "%s %d")
            )
            decides.append(
                Bar(
                    segment.start,
                    segment.end,
                    COLOURS[profile.purpose],
                    (*texts, "level %d" % profile.level),
                )
            )
    running = (
        [Segment(case.transaction.started, case.transaction.ended, True)]
        if case.transaction
        else []
    )
    lanes = [("decides", decides)]
    for name, segments in (
        ("transaction", seen(recording, "transaction", case.end) or running),
        ("contactor closed", seen(recording, "closed", case.end)),
    ):
        if segments:
            lanes.append((name, [Bar(s.start, s.end, pictures.GREY) for s in segments if s.value]))
    return lanes


def draw(case: Case, out: Path, recording: list[dict] | None = None) -> None:
    pyplot = pictures.pyplot()
    lanes = lanes_of(case, recording or [])
    figure: Any
    axes: Any
    lower: Any
    heights = [4.2, 0.28 * len(lanes)]
    figure, (axes, lower) = pyplot.subplots(
        2,
        1,
        sharex=True,
        figsize=(9, sum(heights) + 0.6),
        height_ratios=heights,
        layout="constrained",
    )
    xs, ys = steps(case.limit())
    names: list[tuple] = [("limit", pictures.BLACK, xs, ys)]
    axes.fill_between(xs, ys, color="#eef1f5", linewidth=0, zorder=0.5)
    axes.plot(xs, ys, color=pictures.BLACK, linewidth=4.5, solid_joinstyle="miter", zorder=1.9)
    for number, (entry, segments) in enumerate(case.profiles()):
        profile, line = entry.profile, steps(segments)
        colour = COLOURS[profile.purpose]
        axes.plot(
            *line,
            color=colour,
            linestyle=pictures.DASHES[number % len(pictures.DASHES)],
            linewidth=1.8,
            zorder=2.1,
        )
        names.append(
            (
                "%s, level %d" % (profile.purpose, profile.level)
                + (", in W" if entry.unit == "W" else ""),
                colour,
                *line,
            )
        )
    offers = steps(seen(recording or [], "offered_amps", case.end))
    if offers[0]:
        axes.plot(*offers, color=pictures.SKY_BLUE, linewidth=2, zorder=2.4)
        names.append(("offered by the pilot", pictures.SKY_BLUE, *offers))
    for number, (name, line) in enumerate(others(recording or [], case.end)):
        axes.plot(*line, color=OTHERS[number % len(OTHERS)], linewidth=1.2, zorder=2.3)
        names.append((name, OTHERS[number % len(OTHERS)], *line))
    top = max([y for y in ys if y == y] + [case.supply.own_rate / case.supply.rate_per_da / 10])
    axes.set_xlim(moment(case.start), moment(case.end))
    axes.set_ylim(0, top * 1.08)
    axes.set_ylabel("A per phase")
    axes.grid(axis="y", linewidth=0.8)
    marks = [
        (instant_of(record["at"]), record["event"])
        for record in recording or []
        if record.get("event")
    ]
    axes.set_title(case.title, loc="left", fontsize=11, pad=40 if marks else 8)
    name_events(axes, marks, top * 1.08)
    draw_lanes(lower, lanes)
    name_times(lower, case.end - case.start)
    for note in case.notes:
        annotate(axes, note)
    pictures.write_names(axes, names)
    pictures.save(figure, out)


def name_times(axes: Any, length_s: float) -> None:
    import matplotlib.dates as dates

    if length_s >= 6 * 3600:
        axes.xaxis.set_major_locator(dates.HourLocator(interval=max(1, int(length_s // 86400) * 3)))
        axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M"))
    else:
        axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M:%S"))


def name_events(axes: Any, marks: list[tuple[float, str]], top: float) -> None:
    """What happened when."""
    for at, event in marks:
        axes.axvline(moment(at), color="#94a3b8", linewidth=0.8, zorder=1)
        axes.annotate(
            event,
            (moment(at), top),
            (0, 3),
            textcoords="offset points",
            rotation=35,
            fontsize=8,
            annotation_clip=False,
        )


def annotate(axes: Any, note: dict) -> None:
    """A remark of the case file, with an arrow to the instant and current that it is about."""
    arrow = {"arrowstyle": "->", "color": pictures.INK, "shrinkB": 3}
    place = moment(instant_of(note["at"])), note["amps"]
    axes.annotate(
        note["text"],
        place,
        note.get("offset", (0, 40)),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        arrowprops=arrow,
        zorder=5,
    )


def draw_lanes(axes: Any, lanes: list[tuple[str, list[Bar]]]) -> None:
    for row, (_, bars) in enumerate(lanes):
        for bar in bars:
            axes.fill_between(
                (moment(bar.start), moment(bar.end)),
                row - 0.4,
                row + 0.4,
                facecolor=bar.colour,
                edgecolor=pictures.PAPER,
                linewidth=1,
            )
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    axes.set_yticks(range(len(lanes)), [name for name, _ in lanes])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.figure.draw_without_rendering()
    for row, (_, bars) in enumerate(lanes):
        for bar in bars:
            write_in(axes, row, bar)


def write_in(axes: Any, row: int, bar: Bar) -> None:
    """The first of the bar's texts that it has room for."""
    start, end = (
        max(axes.get_xlim()[0], min(axes.get_xlim()[1], axes.convert_xunits(moment(at))))
        for at in (bar.start, bar.end)
    )
    room = axes.transData.transform((end, row))[0] - axes.transData.transform((start, row))[0]
    for text in bar.texts:
        written = axes.text(
            (start + end) / 2,
            row,
            text,
            ha="center",
            va="center_baseline",
            fontsize=8,
            color=pictures.text_on(bar.colour),
        )
        if written.get_window_extent().width < room - 4:
            return
        written.remove()


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("plot", __doc__, EXAMPLES)
    parser.add_argument("case", type=Path, help="the case file (JSON)")
    parser.add_argument("--recording", type=Path, help="what was seen (JSON lines)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/plot.svg"),
        help="an .svg or .png file (default build/plot.svg)",
    )
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
