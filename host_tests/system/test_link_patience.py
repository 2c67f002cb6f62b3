"""A day of refused connections for the link, on CPython in a loop whose time is made: no second of
it is waited for."""

import asyncio
import errno
import selectors

from setpoint.link.session import Session
from setpoint.station.facts import Credentials

DAY_S = 86400


class MadeTime(selectors.SelectSelector):
    """Whoever would wait has waited."""

    now = 0.0

    def select(self, timeout=None):
        self.now += max(timeout or 0, 0)
        return []


class Refusing:
    """A network on which nobody listens; `tries`: when somebody was called."""

    up = True

    def __init__(self, clock):
        self.clock = clock
        self.tries = []

    async def open(self, host, port):
        self.tries.append(self.clock.now)
        raise OSError(errno.ECONNREFUSED)


class Clock:
    def __init__(self, made):
        self.made = made

    def ticks_ms(self):
        return int(self.made.now * 1000)


def tries_of_a_day(minimum_s, random_s):
    made = MadeTime()
    loop = asyncio.SelectorEventLoop(made)
    loop.time = lambda: made.now
    network = Refusing(made)
    identity = {"csms_url": "ws://127.0.0.1:9", "charge_point_id": "cp001"}
    session = Session(
        network,
        identity,
        Credentials(),
        {"minimum_s": minimum_s, "random_s": random_s},
        lambda level, sentence: None,
        Clock(made),
    )

    async def day():
        running = asyncio.ensure_future(session.run(None))
        await asyncio.sleep(DAY_S)
        running.cancel()

    try:
        loop.run_until_complete(day())
    finally:
        loop.close()
    return network.tries


def test_a_day_of_refusals_has_a_try_every_five_minutes_after_waits_that_double():
    tries = tries_of_a_day(10, 0)
    gaps = [round(b - a) for a, b in zip(tries, tries[1:], strict=False)]
    assert gaps[:5] == [10, 20, 40, 80, 160]
    assert set(gaps[5:]) == {300} and len(tries) == 6 + (DAY_S - 310) // 300


def test_each_wait_has_its_own_random_part():
    tries = tries_of_a_day(60, 60)
    gaps = [b - a for a, b in zip(tries, tries[1:], strict=False)]
    assert (
        all(300 <= gap <= 361 for gap in gaps[3:]) and len({round(gap, 1) for gap in gaps[3:]}) > 50
    )
