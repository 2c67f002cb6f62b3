"""Answers of which a part cannot be read: what can be read in them counts.

A driver is refused in the answer to StartTransaction, whatever stands beside the refusal: the
charge ends, and the central system is told why. A driver who is accepted charges, whatever stands
beside that.
"""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from faults.bench import Bench
from tools.central_system import Text

pytestmark = pytest.mark.row("an answer half readable")
REFUSALS = (
    {"status": "Blocked"},
    {"status": "Invalid", "expiryDate": ""},
    {"status": "Expired", "parentIdTag": "x" * 40},
    {"status": "ConcurrentTx", "expiryDate": 7, "parentIdTag": None},
)
IDS = ({}, *({"transactionId": number} for number in (None, "4711", True, 1.5, 2**40, [], 4711)))
ACCEPTANCES = (
    {"status": "Accepted", "expiryDate": ""},
    {"status": "Accepted", "expiryDate": "2026-06-15"},
    {"status": "Accepted", "expiryDate": "9999-12-31T23:59:59Z"},
    {"status": "Accepted", "parentIdTag": "x" * 40},
    {"status": "Accepted", "parentIdTag": 5},
)


@pytest.fixture(scope="module")
def bench(interpreter, tmp_path_factory):
    with closing(Bench(tmp_path_factory.mktemp("answers"), interpreter)) as bench:
        bench.start()
        yield bench


class Visit:
    """A driver who comes while `action` is answered so, and goes."""

    number = 0  # of the visits: a card that was refused once is known for it

    def __init__(self, bench: Bench, action: str, answer: dict) -> None:
        self.bench = bench
        self._action = action
        bench.central.answers[action] = Text('[3,"%%s",%s]' % json.dumps(answer))
        Visit.number += 1

    def __enter__(self) -> Visit:
        station = self.bench.station
        self.since = len(self.bench.central.messages)
        station.cmd("plug_in", connector=1, amps=32, phases=3)
        station.cmd("swipe", tag="CARD%d" % Visit.number)
        return self

    def __exit__(self, *exception: object) -> None:
        station = self.bench.station
        del self.bench.central.answers[self._action]
        station.cmd("plug_out", connector=1)
        station.wait_until(lambda state: state["connectors"][0]["status"] == "Available")
        self.bench.check_answers()

    def charges(self) -> bool:
        here = self.bench.station.connector()
        return here["contactor"]["closed"] and here["transaction"] is not None


def test_a_refusal_in_the_answer_to_a_start(bench, scale, subtests):
    for info in REFUSALS:
        for number in scale.pick(IDS[::4], IDS, IDS):
            answer = {"idTagInfo": info, **number}
            with subtests.test(str(answer)), Visit(bench, "StartTransaction", answer) as visit:
                stop = bench.central.wait_for("StopTransaction", since=visit.since).payload
                readable = 4711 if number.get("transactionId") == 4711 else -1
                assert (stop["reason"], stop["transactionId"]) == ("DeAuthorized", readable), stop
                bench.station.wait_until(
                    lambda state: not state["connectors"][0]["contactor"]["closed"]
                )
                assert not visit.charges()


def test_an_acceptance_in_the_answer_to_a_card(bench, scale, subtests):
    for info in scale.pick(ACCEPTANCES[:2], ACCEPTANCES, ACCEPTANCES):
        with subtests.test(str(info)), Visit(bench, "Authorize", {"idTagInfo": info}) as visit:
            bench.central.wait_for("StartTransaction", since=visit.since)
            bench.wait_charging(32)
