"""The demo's judge: passes a charge that keeps to the rules, and finds each way of not keeping to
them."""

import json
from dataclasses import replace

import pytest

from tools import demo_check
from tools.demo import SITE, Sample, iso, profile
from tools.expected import Placed, limit
from tools.traffic import Message, Record

T0 = 1750000000.0  # when the transaction starts
END = 50
ID = 7
PLACED = [
    (0.0, []),
    (
        T0,
        [
            Placed(
                0,
                profile(
                    1, "TxDefaultProfile", "A", [(0, 16.0), (10, 10.0), (20, 0.0), (32, 12.0)], T0
                ),
                iso(T0),
            )
        ],
    ),
]


def charge() -> "list[Sample]":
    """A perfect station: the limit at once, the pilot and the contactor after half a second."""
    samples = []
    for step in range(END * 5):
        at = T0 + 0.5 + step * 0.2
        amps = [
            limit(SITE, PLACED[1][1], 1, iso(t), (ID, iso(T0)))[0] / 10
            for t in (at, max(at - 0.5, T0))
        ]
        on = amps[1] >= 6
        samples.append(
            Sample(
                at,
                iso(at),
                amps[0],
                "schedule",
                amps[1] if on else 0.0,
                amps[1] / 0.6 if on else 100.0,
                on,
                "Charging",
                ID,
                int(step / 2),
            )
        )
    return samples


def messages(stop: "dict | None" = None) -> Record:
    record = Record()
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": iso(T0)}
    record.add(Message(json.dumps([2, "1", "StartTransaction", start]), False))
    record.add(
        Message(
            json.dumps([3, "1", {"transactionId": ID, "idTagInfo": {"status": "Accepted"}}]), True
        )
    )
    for number in range(3):
        record.add(
            Message(
                json.dumps(
                    [2, "m%d" % number, "MeterValues", {"connectorId": 1, "meterValue": []}]
                ),
                False,
            )
        )
    final = {"transactionId": ID, "meterStop": 60, "timestamp": iso(T0 + END + 10), **(stop or {})}
    record.add(Message(json.dumps([2, "2", "StopTransaction", final]), False))
    return record


def spoilt(first_s: float, last_s: float, **changes) -> "list[Sample]":
    """The same charge with something else seen between two seconds of it."""
    return [replace(s, **changes) if first_s <= s.at - T0 <= last_s else s for s in charge()]


def failures(samples: "list[Sample]", record: Record) -> "list[str]":
    return demo_check.failures(SITE, samples, PLACED, record)


def test_a_charge_that_keeps_to_the_rules_passes():
    assert failures(charge(), messages()) == []


@pytest.mark.parametrize(
    "first_s, last_s, changes, fault",
    [
        (5, 5.3, {"limit": 17.0}, "the limit is 17.0 A, the rules say 16.0 A"),
        (12, 14, {"limit": 16.0}, "the limit is 16.0 A, the rules say 10.0 A"),
        (15, 15.3, {"offered": 16.5}, "the pilot offers 16.5 A"),
        (
            21,
            31.9,
            {"offered": 10.0, "closed": True},
            "the contactor is closed, and nothing may be drawn",
        ),
        (28.5, 31, {"offered": 10.0}, "the pilot still offers 10.0 A"),
        (40, 49, {"offered": 10.0}, "the limit is 12.0 A for long, and the pilot offers 10.0 A"),
        (8.5, 9.5, {"closed": False}, "the contactor is False"),
        (15, 16, {"transaction": None}, "closed without a transaction"),
        (15, 16, {"transaction": 8}, "the transaction was"),
    ],
)
def test_a_departure_is_found(first_s, last_s, changes, fault):
    found = failures(spoilt(first_s, last_s, **changes), messages())
    assert any(fault in sentence for sentence in found), found


@pytest.mark.parametrize(
    "stop, fault",
    [
        ({"meterStop": 0}, "took 0 Wh"),
        ({"meterStop": 6000}, "took 6000 Wh"),
        ({"transactionId": 9}, "is about transaction 9"),
    ],
)
def test_a_wrong_end_of_the_transaction_is_found(stop, fault):
    assert any(fault in sentence for sentence in failures(charge(), messages(stop)))


def test_a_transaction_that_starts_anew_is_found():
    record = messages()
    record.add(record[0])
    assert any("2 StartTransaction" in sentence for sentence in failures(charge(), record))
