"""Checks 1 to 7 and 15: with the contactor open. What the pilot sends and reads, and the cable's
resistor."""

from __future__ import annotations

from tools.selftest.desk import Desk
from tools.selftest.rows import Options, Rows, Skip, needs, volts

SWEEP_DA = (60, 70, 80, 100, 130, 160, 200, 250, 320, 400, 480, 510)
NOMINAL_MV = {"A": 12000, "B": 9000, "C": 6000, "D": 3000}
CABLES = (
    ("1500", 130),
    ("680", 200),
    ("220", 320),
    ("100", 630),
    ("330", 200),
    ("47", 0),
    ("open", 0),
    ("short", 0),
)


def _no_loop_back(desk: Desk) -> None:
    needs(desk, "loop_back", "no loop-back pin: measure with an oscilloscope")


def frequency(desk: Desk, options: Options) -> Rows:
    _no_loop_back(desk)
    desk.please("A")
    ((_, high_us, low_us),) = desk.value("bench.duties((160,))")
    hz = 1000000 / (high_us + low_us) if min(high_us, low_us) > 0 else 0
    yield "frequency at 16 A", "%.1f Hz" % hz, "995 to 1005 Hz", 995 <= hz <= 1005


def duty_sweep(desk: Desk, options: Options) -> Rows:
    _no_loop_back(desk)
    found = desk.value("bench.duties(%r)" % (SWEEP_DA,))
    off = [(abs(high_us - limit_da * 1000 / 600), limit_da) for limit_da, high_us, _ in found]
    worst_us, at_da = max(off)
    yield (
        "on-time, 6 to 51 A",
        "off by %.1f us at %d A" % (worst_us, at_da // 10),
        "5 us",
        worst_us <= 5,
    )
    rising = all(a[1] < b[1] for a, b in zip(found, found[1:]))
    yield "longer for more", "yes" if rising else "no", "yes", rising


def steady(desk: Desk, options: Options) -> Rows:
    desk.please("A")
    for name, duty_u16, good in (
        ("+12 V", 65535, lambda low, high: 11400 <= low),
        ("-12 V", 0, lambda low, high: high <= -11400),
    ):
        ((least, _, _), (_, _, most), bad), edge = desk.value("bench.steady(%d)" % duty_u16)
        (high, low, _), _ = desk.value("bench.steady(%d)" % duty_u16)
        yield (
            "steady " + name,
            "%s to %s" % (volts(low[0]), volts(high[2])),
            ">= 11.4 V" if duty_u16 else "<= -11.4 V",
            good(low[0], high[2]) and not bad,
        )
        if edge is not None:
            yield "no edge at " + name, "edge" if edge else "none", "none in 10 periods", not edge


def levels(desk: Desk, options: Options) -> Rows:
    for state, nominal_mv in NOMINAL_MV.items():
        desk.please(state)
        for amps, (high, low, bad) in zip((6, 32), desk.value("bench.levels((60, 320))")):
            good = abs(high[1] - nominal_mv) <= 500 and abs(low[1] + 12000) <= 1000 and not bad
            yield (
                "%s at %d A" % (state, amps),
                "%s, %s" % (volts(high[1]), volts(low[1])),
                "%s +-0.5, -12 V +-1" % volts(nominal_mv),
                good,
            )


def multimeter(desk: Desk, options: Options) -> Rows:
    for state, amps, wanted_mv in (
        ("A", 6, -9600),
        ("A", 32, 800),
        ("B", 16, -6400),
        ("C", 32, -2400),
    ):
        desk.please(state)
        desk.value("bench.offer(%d)" % (amps * 10))
        mv = desk.multimeter_mv()
        if mv is None:
            raise Skip("no multimeter")
        yield (
            "mean, %s at %d A" % (state, amps),
            volts(mv),
            "%s +-0.4" % volts(wanted_mv),
            abs(mv - wanted_mv) <= 400,
        )
    desk.value("bench.outlet.set_duty_u16(65535)")


def calibration(desk: Desk, options: Options) -> Rows:
    points = []
    for state, duty_u16, nominal_mv in (("A", 65535, 12000), ("B", 65535, 9000), ("A", 0, -12000)):
        desk.please(state)
        desk.value("bench.outlet.set_duty_u16(%d)" % duty_u16)
        true_mv = desk.multimeter_mv()
        (high, _, _), _ = desk.value("bench.steady(%d)" % duty_u16)
        points.append((nominal_mv if true_mv is None else true_mv, high[1]))
    mean_x = sum(x for x, _ in points) / 3
    mean_y = sum(y for _, y in points) / 3
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
        (x - mean_x) ** 2 for x, _ in points
    )
    residual = max(abs(y - mean_y - slope * (x - mean_x)) for x, y in points)
    scale = desk.facts["mv_per_10_v"]
    right = "%d, %d" % (
        round(desk.facts["zero_mv"] + (mean_y - slope * mean_x) * scale / 10000),
        round(scale * slope),
    )
    yield (
        "slope to board.json's",
        "%.3f (mv_at_0_v, mv_per_10_v: %s)" % (slope, right),
        "0.97 to 1.03",
        abs(slope - 1) <= 0.03,
    )
    yield "residual after the fit", "%.0f mV" % residual, "60 mV", residual <= 60


def noise(desk: Desk, options: Options) -> Rows:
    desk.please("B")
    least, most, wrong = desk.value("bench.noise(1000, 'B')")
    yield "spread of B, 1000 bursts", volts(most - least), "0.30 V", most - least <= 300
    yield "bursts not taken for B", str(wrong), "0", wrong == 0


def cable(desk: Desk, options: Options) -> Rows:
    needs(desk, "cable", "a fixed cable: no PP to read")
    for word, wanted_da in CABLES:
        desk.please("cable " + word)
        ohm, da = desk.value("bench.cable()")
        near = not word.isdigit() or abs(ohm - int(word)) <= int(word) * 0.1 + 2
        name = "PP " + (word + " Ohm" if word.isdigit() else word)
        yield (
            name,
            "%d Ohm, %d A" % (ohm, da // 10),
            "+-10 %%, %d A" % (wanted_da // 10),
            near and da == wanted_da,
        )
    desk.please("cable 220")
