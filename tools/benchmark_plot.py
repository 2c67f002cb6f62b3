"""Draws how cost grows: with profiles, with periods, with segments; and the heap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLOURS = {"GetCompositeSchedule": "#2563eb", "SetChargingProfile": "#c2410c", "limit at an instant": "#15803d", "heap of profiles": "#7c3aed"}
LINES: dict[str, Any] = {"64-bit": "-", "32-bit": "--"}
PANELS = (  # what grows with what; the axes
    (("GetCompositeSchedule", "SetChargingProfile"), "profiles", "profiles of 24 periods installed", "microseconds"),
    (("GetCompositeSchedule", "SetChargingProfile"), "periods", "periods of the one profile", "microseconds"),
    (("GetCompositeSchedule",), "segments", "segments in the answer, for 1 to 8 days", "microseconds"),
    (("limit at an instant",), "profiles", "profiles of 24 periods installed", "microseconds"),
    (("heap of profiles",), "profiles", "profiles of 24 periods installed", "KiB of heap"),
)


def draw(points: list[dict], path: Path, conditions: str) -> None:
    """points: {"grows", "with", "x", "y", "floor", "interpreter"}, as benchmarks/measuring.py says."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "setpoint", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    figure, axes = pyplot.subplots(2, 3, figsize=(12, 7), layout="constrained")
    for axis, (whats, grows_with, label, unit) in zip(axes.flat, PANELS, strict=False):
        for what in whats:
            for interpreter in LINES:
                line = [p for p in points if (p["grows"], p["with"], p["interpreter"]) == (what, grows_with, interpreter)]
                line.sort(key=lambda p: p["x"])
                x = [p["x"] for p in line]
                share = 1024 if "KiB" in unit else 1
                axis.plot(x, [p["y"] / share for p in line], LINES[interpreter], color=COLOURS[what], marker=".")
                floors = [p["floor"] for p in line if p["floor"] is not None]
                if interpreter == "64-bit" and len(floors) == len(x):
                    axis.plot(x, floors, ":", color=COLOURS[what], linewidth=1)
        axis.set(xlabel=label, ylabel=unit)
        axis.set_title(" and ".join(whats), fontsize=9)
        axis.set_ylim(bottom=0)
        axis.set_xlim(left=0)
        axis.grid(alpha=0.3)
    legend = axes.flat[-1]
    legend.axis("off")
    entries = [Line2D([], [], color=colour, label=what) for what, colour in COLOURS.items()]
    entries += [Line2D([], [], color="black", linestyle=style, label=bits + " MicroPython") for bits, style in LINES.items()]
    entries.append(Line2D([], [], color="black", linestyle=":", linewidth=1, label="floor: JSON of the same texts, or an empty call (64-bit)"))
    legend.legend(handles=entries, loc="center", frameon=False)
    figure.suptitle("Requests from text to text, limits, heap. " + conditions, fontsize=9)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
