"""The link closes where memory is needed for something else, and is opened again."""

import asyncio

from websocket_server import WebSocketServer

from setpoint.clock import Clock, sleep_ms
from setpoint.link.session import Session
from setpoint.station.facts import Credentials

REASON = "memory is needed"


class Network:
    """Each connection leads to a server of its own; while `gate` is cleared none comes about."""

    up = True

    def __init__(self):
        self.gate = asyncio.Event()
        self.gate.set()
        self.opened = self.waiting = 0

    async def open(self, host, port):
        self.waiting += 1
        await self.gate.wait()
        self.opened += 1
        return Quiet([])


class Quiet(WebSocketServer):
    """Says nothing after the handshake."""

    async def read(self, count):
        while not self._pieces:
            if self._pieces is None:
                return b""
            await sleep_ms(1)
        return await WebSocketServer.read(self, count)


class Owner:
    def __init__(self):
        self.seen = []
        self.network = Network()
        identity = {"csms_url": "ws://127.0.0.1:9", "charge_point_id": "cp001"}
        wait = {"minimum_s": 0, "random_s": 0}
        self.session = Session(self.network, identity, Credentials(), wait, self.log, Clock())
        self.task = asyncio.create_task(self.session.run(self))

    def log(self, level, sentence):
        assert level != "error", sentence

    def on_up(self):
        self.seen.append("up")

    def on_down(self, reason):
        self.seen.append(reason)

    async def until(self, condition):
        for _ in range(10000):
            if condition():
                return
            await sleep_ms(1)
        raise AssertionError(self.seen)


async def rests_and_resumes():
    owner = Owner()
    await owner.until(lambda: owner.seen == ["up"])
    await owner.session.rest(REASON)
    assert owner.seen == ["up", REASON] and owner.network.opened == 1
    await sleep_ms(100)
    assert owner.network.waiting == 1, "no try meanwhile"
    owner.session.resume()
    await owner.until(lambda: owner.seen == ["up", REASON, "up"])
    owner.task.cancel()


async def rests_while_it_connects():
    owner = Owner()
    owner.network.gate.clear()
    await owner.until(lambda: owner.network.waiting == 1)
    await owner.session.rest(REASON)
    owner.network.gate.set()
    await owner.until(lambda: owner.network.opened == 1)
    await sleep_ms(200)
    assert owner.network.waiting == 1 and owner.seen == []
    owner.session.resume()
    await owner.until(lambda: owner.seen == ["up"])
    owner.task.cancel()


def test_the_link_rests_and_comes_back():
    asyncio.run(rests_and_resumes())


def test_a_connection_that_comes_about_while_the_link_rests_is_closed():
    asyncio.run(rests_while_it_connects())
