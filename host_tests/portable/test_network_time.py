"""When a time server is asked, and when its answer counts. What stands on the wire is in
test_time_server.py."""

import asyncio

from setpoint import network_time
from setpoint.clock import Clock

NOON = 202651200  # some day


class AppAround:
    """Stands in for the app, the board and the station, as far as network_time.py looks at them."""

    def __init__(self, servers=("one",), csms_url="", at=None):
        self.identity = {"csms_url": csms_url, "time": servers}
        self.clock = Clock(at, True)
        self.transfers = {}
        self.links = 0
        self.up = True
        self.board = self.network = self.station = self
        self.said = []
        self.passes = 0

    def log(self, level, area, sentence):
        self.said.append(sentence)

    def on_clock(self):
        self.passes += 1

    def dispatch(self, event):
        event()


def told(app, *answers, rounds=8):
    """[(server, clock afterwards) for each question], [seconds waited]. answers: an instant, or why
    there is none; the last one goes on."""
    answers = list(answers)
    asked, waits = [], []

    async def ask(_app, server):
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        asked.append(server)
        if callable(answer):
            answer = answer(app)
        return ((answer, 0), None) if type(answer) is int else (None, answer)

    async def sleep(ms):
        waits.append(ms // 1000)
        if len(waits) >= rounds:
            raise asyncio.CancelledError
        await asyncio.sleep(0)

    before = network_time._ask, network_time.sleep_ms
    network_time._ask, network_time.sleep_ms = ask, sleep

    async def go():
        network_time.begin(app)
        if "time" in app.transfers:
            task = app.transfers["time"]
            network_time.begin(app)
            assert app.transfers["time"] is task, "one at a time"
            try:
                await task
            except asyncio.CancelledError:
                pass
            assert "time" not in app.transfers

    try:
        asyncio.run(go())
    finally:
        network_time._ask, network_time.sleep_ms = before
    return asked, waits


def test_the_clock_is_set_and_the_next_question_comes_half_a_day_later():
    app = AppAround()
    asked, waits = told(app, NOON, rounds=2)
    assert app.clock.now() == NOON and app.passes == 1 and asked == ["one", "one"]
    assert all([43200 <= wait < 43200 * 11 // 10 + 1 for wait in waits])
    assert app.said == ["clock set by the time server one"]


def test_failures_are_told_once_and_tried_less_and_less_often():
    app = AppAround(("one", "two"))
    asked, waits = told(app, "it does not answer", rounds=9)
    assert asked == ["one", "two"] * 9 and app.clock.now() is None
    for wait, least in zip(waits, (60, 120, 240, 480, 960, 1920, 3600, 3600, 3600)):
        assert least <= wait <= least * 11 // 10, waits
    assert app.said == ["one: it does not answer"]


def test_a_server_that_refuses_is_not_asked_again():
    app = AppAround(("one", "two"))
    asked, _ = told(app, "it refuses: RATE", NOON, rounds=3)
    assert asked == ["one", "two", "two", "two"] and app.clock.now() == NOON
    app = AppAround()
    asked, waits = told(app, "it refuses: DENY")
    assert asked == ["one"] and len(waits) == 1, "and then there is nobody left to ask"


def test_a_known_clock_leaps_only_after_a_second_answer_that_agrees():
    app = AppAround(at=NOON)
    app.clock.frozen = False
    told(app, NOON + 5000, NOON + 1, rounds=2)
    assert app.clock.now() < NOON + 60, "one liar"
    told(app, NOON + 5000, NOON - 90000, NOON + 70000, rounds=3)
    assert app.clock.now() < NOON + 60, "liars who do not agree"
    told(app, NOON + 5000, NOON + 5003, rounds=2)
    assert NOON + 5003 <= app.clock.now() < NOON + 5060
    told(app, NOON + 4500, rounds=1)
    assert NOON + 4500 <= app.clock.now() < NOON + 4560, "less than a leap"


def test_a_central_system_wins():
    app = AppAround(csms_url="ws://central")
    assert told(app, NOON) == ([], []), "on the first day nobody else is asked"
    app.clock.advance(86400000)
    asked, _ = told(app, NOON, rounds=1)
    assert asked == ["one"] and app.clock.now() == NOON
    app = AppAround()
    app.links = 1
    assert told(app, NOON) == ([], [])

    def reached_meanwhile(app):
        app.links = 1
        return NOON

    app = AppAround()
    assert told(app, reached_meanwhile) == (["one"], []) and app.clock.now() is None


def test_without_a_network_nobody_is_asked():
    app = AppAround()
    app.up = False
    asked, waits = told(app, NOON, rounds=3)
    assert asked == [] and waits == [1, 1, 1]
