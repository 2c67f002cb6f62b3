"""Draws how cost grows: with profiles, with periods, with segments; and the heap.

A goal stands at the number of profiles for which it holds.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from tools import pictures

GET, SET, LIMIT, HEAP = (
    "GetCompositeSchedule",
    "SetChargingProfile",
    "limit at an instant",
    "heap of profiles",
)
LINES: dict[str, Any] = {  # by interpreter
    "64-bit": {"color": pictures.BLUE, "linestyle": "-", "marker": "o"},
    "32-bit": {"color": pictures.VERMILLION, "linestyle": pictures.DASHES[0], "marker": "s"},
}
PROFILES = "profiles of 24 periods installed"
PANELS = (  # the title; what grows with what; the axes
    (GET, GET, "profiles", PROFILES, "us"),
    (SET, SET, "profiles", PROFILES, "us"),
    (GET, GET, "periods", "periods of the one profile", "us"),
    (SET, SET, "periods", "periods of the one profile", "us"),
    (GET, GET, "segments", "segments in the answer, for 1 to 8 days", "us"),
    ("The limit at an instant", LIMIT, "profiles", PROFILES, "us"),
    ("The heap that profiles take", HEAP, "profiles", PROFILES, "KiB"),
)
# which figure's goal stands at which number of profiles; how much of it is one of the panel's units
GOALS = (
    (GET, 1, "GetCompositeSchedule, 1 profile", 1),
    (GET, 10, "GetCompositeSchedule, 10 profiles", 1),
    (SET, 1, "SetChargingProfile, 1 installed", 1),
    (LIMIT, 10, "limit at an instant, 10 profiles", 1000),
)
HEAP_GOAL = "heap per profile of 24 periods"
HOW_TO_READ = (
    "Requests go from text to text.",
    "The floor, on 64 bit, is JSON of the same texts; of the limit it is an empty call.",
    "A goal comes from what C++ stacks take, scaled to this host; that of the heap is for 32 bit.",
)


def draw(points: list[dict], goals: dict[str, float], path: Path, conditions: list[str]) -> None:
    """points: {"grows", "with", "x", "y", "floor", "interpreter"}, as benchmarks/measuring.py says.
    goals: by the figure's name, in the figure's unit, scaled to this host.
    conditions: the host and the interpreters."""
    pyplot = pictures.pyplot()
    figure, grid = pyplot.subplots(4, 2, figsize=(9, 10.5), layout="constrained")
    named = []
    for axes, (title, what, grows_with, label, unit) in zip(grid.flat, PANELS, strict=False):
        names = _lines(
            axes, [p for p in points if (p["grows"], p["with"]) == (what, grows_with)], unit
        )
        axes.set(xlabel=label, ylabel=unit)
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.grid(axis="y", linewidth=0.8)
        if grows_with == "profiles":
            names += _goals(axes, what, goals)
        named.append((axes, names))
    text = "\n".join("\n".join(textwrap.wrap(line, 52)) for line in (*HOW_TO_READ, "", *conditions))
    grid.flat[-1].axis("off")
    grid.flat[-1].text(0, 1, text, va="top", fontsize=10, linespacing=1.4)
    figure.suptitle(title_from(points), fontsize=12, x=0.01, ha="left")
    for axes, names in named:
        pictures.write_names(axes, names)
    pictures.save(figure, path)


def title_from(points: list[dict]) -> str:
    """What is seen: how little the number of profiles matters, in the words of these figures."""
    found = []
    for what in (GET, SET):
        line = sorted(
            (p["x"], p["y"])
            for p in points
            if (p["grows"], p["with"], p["interpreter"]) == (what, "profiles", "32-bit")
        )
        if len(line) > 1:
            found.append("%s takes %.1f times as long" % (what, line[-1][1] / line[0][1]))
            most = line[-1][0]
    if not found:
        return "What requests, limits and profiles cost"
    return "With %d profiles in place of 1, %s (32-bit)" % (most, ",\n".join(found))


def _lines(axes: Any, points: list[dict], unit: str) -> list[tuple]:
    """Draws the lines of a panel; their names, as pictures.write_names takes them."""
    names = []
    share = 1024 if unit == "KiB" else 1
    for interpreter, look in LINES.items():
        line = sorted(
            (p["x"], p["y"] / share, p["floor"]) for p in points if p["interpreter"] == interpreter
        )
        if line:
            x, y, floors = zip(*line, strict=True)
            axes.plot(x, y, markersize=3.5, linewidth=1.6, **look)
            names.append((interpreter, look["color"], x, y))
            if interpreter == "64-bit" and None not in floors:
                axes.plot(x, floors, ":", color=pictures.GREY, linewidth=1.6)
                names.append(("floor", pictures.GREY, x, floors))
    return names


def _goals(axes: Any, what: str, goals: dict[str, float]) -> list[tuple]:
    """Draws the goals of a panel; their names, as pictures.write_names takes them."""
    names = []
    end = axes.dataLim.x1
    for of_what, x, name, share in GOALS:
        if what == of_what and name in goals:
            goal = goals[name] / share
            line = [max(x - end / 50, 0), x + end / 50], [goal, goal]
            axes.plot(*line, color=pictures.BLACK, linewidth=4, solid_capstyle="butt", zorder=3)
            names.append(("goal %.3g" % goal, pictures.BLACK, *line))
    if what == HEAP and HEAP_GOAL in goals:
        line = [0, end], [0, end * goals[HEAP_GOAL] / 1024]
        axes.plot(*line, color=pictures.BLACK, linewidth=1.4, linestyle=pictures.DASHES[2])
        names.append(("goal", pictures.BLACK, *line))
    return names
