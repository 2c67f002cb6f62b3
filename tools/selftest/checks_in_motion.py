"""Checks 8 to 14 and 16 to 20: the control loop runs, and closes the contactor."""

from __future__ import annotations

from tools.selftest.desk import Desk
from tools.selftest.rows import Options, Rows, Skip, ms_of, named, needs, volts, within


def _closes(desk: Desk) -> None:
    if not desk.may_close:
        raise Skip("nobody allowed the contactor to close")


def state_sequence(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    found = desk.loop("states")
    steps: list[tuple[str, list[str]]] = found["steps"]
    direct = ["C1", "C1P", "C2"]
    wanted = [
        ("A", ["A"]), ("B", ["B1", "B2"]), ("C", ["C2"]), ("B", ["B2"]), ("A", ["A"]),
        ("C", direct), ("A", ["A"]), ("C", direct),
        ("D", [] if desk.facts["ventilation"] else ["B2"]),
    ]  # fmt: skip
    wrong = [
        "%s: %s" % (what, ">".join(got) or "nothing")
        for (what, got), (_, right) in zip(steps, wanted)
        if got != right
    ]
    good = steps == wanted
    yield (
        "A B C B A C A C D",
        "as wanted" if good else "; ".join(wrong) or "stopped after %s" % steps[-1][0],
        "the standard's states",
        good,
    )
    closing_ms = found["closing_ms"][0] if found["closing_ms"] else None
    yield (
        "from C to the coil",
        "%s ms" % closing_ms,
        "500 ms +-60",
        within(closing_ms, 440, 560),
    )
    yield "coil on outside C2", "%d steps" % found["wrong"], "0", found["wrong"] == 0


def opening(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    by_hand = not desk.facts["switch"]
    trials = min(options.trials, 3) if by_hand and not desk.person.modelled else options.trials
    for load, name, count in (
        ("idle", "C ends, contactor opens", trials),
        ("gc", "... with gc.collect", max(1, trials // 4)),
        ("flash", "... with flash writes", max(1, trials // 4)),
    ):
        times = desk.loop("latency", count, load)
        known = sorted(us for us in times if us is not None)
        text = "no opening"
        if known:
            text = "p50 %s, p99 %s, max %s" % tuple(
                ms_of(known[int(len(known) * part)]) for part in (0.5, 0.99, 0.9999)
            )
        text += " of %d" % count
        if not desk.facts["feedback"]:
            text += ", contactor's own time not seen"
        yield name, text, "100 ms", len(known) == count and known[-1] <= 100000
        if desk.person.modelled:
            raise Skip("with garbage collection and flash writes: they take no time on the model")


def diode(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    found = desk.loop("diode")
    yield (
        "B without diode",
        named(found["from_b"]),
        "fault diode",
        found["from_b"] == ["diode"],
    )
    yield (
        "then C without diode",
        "closes" if found["closed"] else "stays open",
        "stays open",
        not found["closed"],
    )
    us = found["us"]
    yield (
        "bridged while charging",
        "opens after " + ms_of(us),
        "300 ms",
        within(us, 0, 300000) and "diode" in found["faults"],
    )


def short(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    found = desk.loop("short")
    yield (
        "80 Ohm in B",
        named(found["from_b"]),
        "fault short, open",
        found["from_b"] == ["short"] and not found["closed"],
    )
    us = found["us"]
    yield (
        "80 Ohm while charging",
        "opens after %s, %s" % (ms_of(us), named(found["faults"])),
        "500 ms, fault short",
        within(us, 0, 500000) and "short" in found["faults"],
    )


def spacing(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    found = desk.loop("spacing")
    writes = found["writes_ms"]
    gaps = [b - a for a, b in zip(writes, writes[1:])]
    least = min(gaps, default=None)
    yield (
        "between two duties",
        "never changed" if least is None else "%d ms at least" % least,
        "5000 ms",
        least is not None and least >= 4980,
    )
    yield (
        "the last limit wins",
        "%.1f A" % (found["last_da"] / 10),
        "%.1f A" % (found["wanted_da"] / 10),
        abs(found["last_da"] - found["wanted_da"]) <= 1,
    )
    stop_ms = found["stop_ms"]
    yield "a stop is told", "%s ms" % stop_ms, "60 ms", within(stop_ms, 0, 60)


def refusal(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    ms = desk.loop("refusal")
    yield (
        "vehicle stays in C",
        "opens after %s ms" % ms,
        "6000 to 6500 ms",
        within(ms, 5980, 6500),
    )


def wake(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    found = desk.loop("wake", 10000)
    for name, key, least, most in (
        ("begins", "waited_ms", 9900, 10200),
        ("pilot away", "away_ms", 3940, 4100),
        ("+12 V after it", "back_ms", 690, 850),
    ):
        ms = found[key]
        yield (
            "wake-up " + name,
            "%s ms" % ms,
            "%d to %d ms" % (least, most),
            within(ms, least, most),
        )
    yield (
        "no second one soon",
        "none" if found["again"] is None else "after %d ms" % found["again"],
        "none in 9 s",
        found["again"] is None,
    )


def feedback(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    needs(desk, "feedback", "no feedback: a contactor that sticks is not seen on this board")
    found = desk.loop("feedback")
    idle_ms = found["idle_ms"]
    yield (
        "coil without effect",
        "told and off after %s ms" % idle_ms,
        "250 ms",
        within(idle_ms, 0, 260) and found["opened"],
    )
    yield (
        "stays closed",
        "%s after %d ms" % (named(found["welded"]), found["welded_ms"]),
        "welded, 1200 ms",
        "welded" in found["welded"] and found["welded_ms"] <= 1200,
    )
    yield (
        "... after a restart",
        ", ".join(found["kept"]) or "forgotten",
        "welded, open",
        "welded" in found["kept"] and not found["closed"],
    )


def residual(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    needs(desk, "rcm", "no residual current monitor on this board: it must act by itself")
    found = desk.loop("residual")
    yield (
        "trip",
        "opens after %s, %s" % (ms_of(found["us"]), named(found["faults"])),
        "50 ms, residual",
        within(found["us"], 0, 50000) and "residual" in found["faults"],
    )
    if not desk.facts["rcm_test"]:
        raise Skip("the monitor has no test input")
    yield (
        "its test not answered",
        "%s, %s"
        % (
            named(found["missing"]),
            "closes" if found["closed"] else "stays open",
        ),
        "rcm, stays open",
        "rcm" in found["missing"] and not found["closed"],
    )


def resets(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    for how, name, within_s in (
        ("reset", "reset while charging", 0.3),
        ("watchdog", "watchdog starved", 3.3),
    ):
        desk.leave(how, within_s + 1)
        closed = desk.value("bench.outlet.contactor_closed()")
        (high, _, _), _ = desk.value("bench.steady(65535)")
        went = desk.person.went_out(desk, within_s)
        text = "contactor %s, pilot %s" % (
            "unknown" if closed is None else "closed" if closed else "open",
            volts(high[1]),
        )
        yield (
            name,
            text,
            "open within %.1f s, never -12 V" % within_s,
            closed is not True and high[1] > 1500 and went,
        )
    raise Skip("brown-out and power cut: cut the supply by hand and watch the lamp")


def injected(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    over, far = desk.loop("currents")
    yield (
        "10 % + 0.5 A over",
        "opens after %s ms" % over,
        "7000 to 7300 ms",
        within(over, 7000, 7300),
    )
    yield (
        "60 % over",
        "opens after %s ms" % far,
        "1000 to 1300 ms",
        within(far, 1000, 1300),
    )
    needs(desk, "thermometer", "no thermometer: nothing is derated")
    celsius = desk.value("bench.celsius()")
    yield (
        "thermometer",
        "%s C" % celsius,
        "-30 to 60 C",
        within(celsius, -30, 60),
    )
    full = desk.facts["rating_da"]
    half, quarter = max(60, full // 2), max(60, full // 4)
    found = desk.loop("temperatures")
    left = [da for _, da, _ in found]
    text = " ".join("%d:%g" % (c, da / 10) for c, da, _ in found)
    yield (
        "derating at 65, 68, 71 C",
        text,
        "half, quarter, nothing, all at 62 C",
        left == [full, full, half, quarter, 0, 0, full] and found[4][2] == "F",
    )


def soak(desk: Desk, options: Options) -> Rows:
    _closes(desk)
    found = desk.loop("soak", options.soak_s)
    yield (
        "longest step in %d s" % options.soak_s,
        "%d ms" % found["worst_ms"],
        "20 + 50 ms",
        found["worst_ms"] <= 70,
    )
    yield "heap", "grew by %d B" % found["grown"], "1024 B", found["grown"] <= 1024
    if options.soak_s < 86400:
        raise Skip('the whole day: ARGS="--soak 86400"; Wi-Fi off and on by hand')
