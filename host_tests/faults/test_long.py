"""Long plans and long texts while a vehicle charges: each is answered in time, and the control loop
steps meanwhile.

How long a gap between two steps may be depends on the host: it is judged beside the gap of an idle
station.
"""

from __future__ import annotations

import random
import time
from contextlib import closing

import pytest

from faults.bench import Bench, schedule

FOR_EVER_S = 2147483647
_IDLE_S = 2.0
_LONGEST_MS = 250  # between two steps, beyond their period ...
_TIMES_IDLE = 3  # ... or so many times the worst of an idle station, on a busy host
_ANSWER_S = 10.0  # the smallest chip is slower than this by a factor of some dozens
_TEXT_BYTES = 7800  # of at most 8,192 that a message may have
_MESSAGES = 40
# to all of them; the second where the heap is a chip's
_ANSWERS = ({"UnknownVendorId"}, {"there is not enough memory for this message"})
_TIMES_LETTERS = 10  # as long as plain letters may a text take
TEXTS = {
    "quotation marks": r"\"",
    "characters by number": r"\u00e9",
    "pairs of surrogates": r"\ud83d\ude00",
    "surrogates without a partner": r"\ud83d",
    "backslashes": r"\\",
    "line ends": r"\n",
}


class LongBench(Bench):
    most_ms = 0.0  # between two steps
    most_s = 0.0  # from the first to the last answer of forty


@pytest.fixture(scope="module")
def bench(interpreter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    with closing(LongBench(folder, interpreter, connectors=[{"id": 1}, {"id": 2}])) as bench:
        bench.plugged(32)
        bench.start_charging()
        time.sleep(_IDLE_S)
        bench.most_ms = max(_LONGEST_MS, _TIMES_IDLE * bench.looked()[1])
        bench.most_s = _TIMES_LETTERS * _forty(bench, "x")
        yield bench


def _judge(bench: LongBench, looks) -> None:
    count, worst_ms = bench.check_unmoved()
    looks(count, worst_ms)
    assert worst_ms <= bench.most_ms, "%d ms without a step, and may be %d" % (
        worst_ms,
        bench.most_ms,
    )


def _answered_in(bench: Bench, action: str, payload: dict) -> dict:
    began = time.monotonic()
    answer = bench.central.call(action, payload, timeout=30)
    took_s = time.monotonic() - began
    assert took_s <= _ANSWER_S, "the answer took %.1f s" % took_s
    return answer


@pytest.mark.row("a plan without end")
@pytest.mark.parametrize("kind", ["Daily", "Weekly", "Absolute", "Relative"])
def test_a_plan_without_end(kind, bench, scale, subtests, looks):
    """Five profiles of 24 equal periods, all above what flows; then the plans of both connectors
    and of the whole."""
    chance = random.Random(scale.seed)
    apart_s = 7 * 3600 if kind == "Weekly" else 3600
    more = {"startSchedule": "2026-01-05T00:00:00Z"} if kind != "Relative" else {}
    if kind in ("Daily", "Weekly"):
        more["recurrencyKind"] = kind
    for number in range(1, 6):
        amps = chance.choice((32, 40, 63))
        sent = schedule(
            number,
            "Recurring" if "recurrencyKind" in more else kind,
            [(apart_s * i, amps) for i in range(24)],
            **more,
        )
        bench.install(sent, number % 3)
    for connector in range(3):
        for unit in ("A", "W"):
            with subtests.test("%s, connector %d, in %s" % (kind, connector, unit)):
                ask = {"connectorId": connector, "duration": FOR_EVER_S, "chargingRateUnit": unit}
                answer = _answered_in(bench, "GetCompositeSchedule", ask)
                assert answer["status"] == "Accepted", answer
                plan = answer["chargingSchedule"]
                starts = [period["startPeriod"] for period in plan["chargingSchedulePeriod"]]
                assert (
                    0 < plan["duration"] <= FOR_EVER_S
                    and starts == sorted(set(starts))
                    and starts[0] == 0
                ), plan
                _judge(bench, looks)
    bench.ask("ClearChargingProfile", {})


def _forty(bench: Bench, piece: str) -> float:
    """How many seconds they take, from the first to the last answer."""
    data = piece * (_TEXT_BYTES // len(piece))
    since, began = len(bench.central.messages), time.monotonic()
    for number in range(_MESSAGES):
        bench.central.inject(
            '[2,"t%d","DataTransfer",{"vendorId":"Other","data":"%s"}]' % (number, data)
        )

    def answers() -> list:
        return [m for m in bench.central.messages[since:] if not m.to_station and m.id[:1] == "t"]

    bench.central._wait(lambda: len(answers()) == _MESSAGES, 60, "not all of them are answered")
    kinds = {message.description or message.payload.get("status") for message in answers()}
    assert kinds in _ANSWERS, kinds
    return time.monotonic() - began


@pytest.mark.row("long texts, forty in a row")
@pytest.mark.parametrize("name", TEXTS)
def test_long_texts(name, bench, scale, looks):
    took_s = _forty(bench, TEXTS[name])
    assert took_s <= bench.most_s, "they took %.1f s, and may take %.1f s" % (took_s, bench.most_s)
    _judge(bench, looks)
