"""What the pictures have in common: colours, paper, and names on the lines.

The colour-blind can tell the colours apart. The paper is opaque: on a dark page, dark text on
nothing could not be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Masataka Okabe and Kei Ito, "Color Universal Design" (2008)
BLACK = "#000000"
SKY_BLUE = "#56b4e9"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
PURPLE = "#cc79a7"

PAPER = "#ffffff"
INK = "#1f2937"
GREY = "#64748b"
FAINT = "#d9dee5"

DASHES: tuple = (
    (0, (6, 1.5)),
    (0, (1.5, 1)),
    (0, (6, 1.5, 1.5, 1.5)),
    (0, (3, 1)),
    (0, (9, 2)),
    (0, (6, 1.5, 1.5, 1.5, 1.5, 1.5)),
)

LEAST_CONTRAST = 4.5  # of text and what is behind it; source: WCAG 2, level AA

_GAP = 3  # points between a line and its name


def pyplot() -> Any:
    """matplotlib, set up to draw into a file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    ink = (
        "text.color",
        "axes.labelcolor",
        "axes.titlecolor",
        "axes.edgecolor",
        "xtick.color",
        "ytick.color",
    )
    paper = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
    style: dict[Any, Any] = {**dict.fromkeys(ink, INK), **dict.fromkeys(paper, PAPER)}
    pyplot.rcParams.update(
        {
            **style,
            "svg.fonttype": "none",
            "svg.hashsalt": "setpoint",
            "font.size": 10,
            "axes.axisbelow": True,
        }
    )
    pyplot.rcParams.update(
        {"axes.spines.top": False, "axes.spines.right": False, "grid.color": FAINT}
    )
    return pyplot


def save(figure: Any, out: Path) -> None:
    """An .svg without its date, so that the same figures give the same file, or a .png."""
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110, metadata={"Date": None} if out.suffix == ".svg" else None)
    pyplot().close(figure)


def write_names(axes: Any, names: list[tuple[str, str, list, list]], size: float = 9) -> None:
    """Writes the name of each line beside it, where the fewest lines and names are in the way.

    names: (name, colour, xs, ys); ys may hold NaN. Call it when limits and layout are final."""
    from matplotlib.transforms import Bbox

    axes.figure.draw_without_rendering()
    point = axes.figure.dpi / 72
    lines = [_stretches(axes, xs, ys) for _, _, xs, ys in names]
    strokes = [
        Bbox.from_bounds(x - point, y - point, 2 * point, 2 * point)
        for line in lines
        for x, y in _dots(line, 3 * point)
    ]
    taken: list[Any] = []
    for (name, colour, _, _), stretches in sorted(
        zip(names, lines, strict=True), key=lambda pair: len(pair[1])
    ):
        text = axes.text(
            0,
            0,
            name,
            color=for_text(colour),
            fontsize=size,
            transform=None,
            zorder=4,
            va="baseline",
        )
        extent = text.get_window_extent()
        best: tuple = ()
        for x0, y0, x1, y1 in stretches:
            if x1 - x0 < 2 * point:
                continue  # upright
            for share in (0.5, 0.03, 0.97, *(part / 25 for part in range(26))):
                x = x0 + (x1 - x0 - extent.width) * share
                ends = [
                    y0 + (y1 - y0) * min(max((at - x0) / (x1 - x0), 0), 1)
                    for at in (x, x + extent.width)
                ]
                for above in (True, False):
                    y = (
                        max(ends) + _GAP * point
                        if above
                        else min(ends) - _GAP * point - extent.height
                    )
                    box = Bbox.from_bounds(x, y, extent.width, extent.height)
                    in_the_way = (
                        _outside(box, axes.bbox),
                        sum(map(box.overlaps, taken)),
                        sum(map(box.overlaps, strokes)),
                    )
                    cost = (*in_the_way, max(0.0, extent.width - (x1 - x0)), not above)
                    if not best or cost < best[0]:
                        best = (cost, box)
        if best:
            taken.append(best[1])
            text.set_transform(axes.transData)
            text.set_position(
                axes.transData.inverted().transform((best[1].x0, best[1].y0 - extent.y0))
            )
        else:
            text.remove()


def for_text(colour: str) -> str:
    """The colour, as dark as text on the paper must be: thin strokes need more contrast."""
    while contrast(colour, PAPER) < LEAST_CONTRAST:
        colour = "#" + "".join(
            "%02x" % (int(colour[at : at + 2], 16) * 19 // 20) for at in (1, 3, 5)
        )
    return colour


def text_on(colour: str) -> str:
    """Light or dark, whichever is easier to read on a colour."""
    return max((PAPER, INK), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """From 1 to 21. Source: WCAG 2, contrast ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _stretches(axes: Any, xs: list, ys: list) -> list[tuple]:
    """The straight pieces of a line in pixels, from left to right."""
    xs = axes.convert_xunits(xs)
    pixels = axes.transData.transform(list(zip(xs, ys, strict=True)))
    pairs = zip(pixels, pixels[1:], strict=False)
    return [(*a, *b) for a, b in pairs if a[1] == a[1] and b[1] == b[1]]


def _dots(stretches: list[tuple], apart: float) -> list[tuple]:
    """Points on a line, no further apart than this."""
    dots = []
    for x0, y0, x1, y1 in stretches:
        count = int(max(abs(x1 - x0), abs(y1 - y0)) / apart) + 1
        dots += [
            (x0 + (x1 - x0) * part / count, y0 + (y1 - y0) * part / count)
            for part in range(count + 1)
        ]
    return dots


def _outside(box: Any, paper: Any) -> bool:
    return box.x0 < paper.x0 or box.x1 > paper.x1 or box.y0 < paper.y0 or box.y1 > paper.y1
