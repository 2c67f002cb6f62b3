"""Stays connected to the central system, whatever the network, the server and the cable do.

    owner.on_up()            a connection stands; what is sent goes out
    owner.on_text(text)      a message came
    owner.on_down(reason)    it stands no more; what was not sent is forgotten

Rule 1: `run` ends only by being cancelled. A lost connection, a server that says nonsense, a lack of memory and a
    fault in the owner's callbacks all end in one place: the connection is dropped, the reason logged, the next try timed.
Rule 2: alive means heard. After each ping something must arrive within `PONG_TIMEOUT_S`, else the link is dead:
    a half-open TCP connection raises no error by itself.
Rule 3: waits double, each with its own random part (as OCPP 2.0.1 has it: RetryBackOffWaitMinimum, ...RandomRange,
    ...RepeatTimes), so that a hundred stations after a power cut do not call in step. They start anew after a
    connection that held, and when the network has come back.
Rule 4: nothing is stored without bound: while too many answers wait to be sent, nothing more is read.

Binary messages are ignored, with a line in the log: OCPP has none, and a closed connection would help nobody.
"""

import asyncio
import gc
import os

from micropython import const

from ..clock import sleep_ms
from ..protocol.handshake import HandshakeError
from ..protocol.websocket import GOING_AWAY
from .websocket import MAX_MESSAGE, BadUrl, authorization, connect, reply_code

PROTOCOL = "ocpp1.6"
CONNECT_TIMEOUT_S = const(30)  # name, TCP and handshake
PONG_TIMEOUT_S = const(20)
LONGEST_WAIT_S = const(300)  # a depot must be back within minutes after its central system is
MOST_DOUBLINGS = const(5)
HELD_S = const(30)  # a connection that lived so long was a good one
LONGEST_RETRY_AFTER_S = const(3600)
MOST_QUEUED = const(32)  # messages to send
_READ_AGAIN = const(16)  # the queue must be as short as this before another message is read


class Session:
    """identity: "csms_url", "charge_point_id", "basic_auth" (a password, {"user", "password"}, or None).
    reconnect: {"minimum_s", "random_s"}. log(level, sentence)."""

    def __init__(self, network, identity: dict, reconnect: dict, log, clock, max_message: int = MAX_MESSAGE) -> None:
        self.connect_timeout_s = CONNECT_TIMEOUT_S
        self.pong_timeout_s = PONG_TIMEOUT_S
        self.status = "not started"
        self._network = network
        self._identity = identity
        self._minimum_ms = int(reconnect["minimum_s"] * 1000)
        self._random_ms = int(reconnect["random_s"] * 1000)
        self._log = log
        self._clock = clock
        self._max_message = max_message
        self._ping_interval_s = 0
        self._failures = 0  # in a row
        self._retry_after_s = 0
        self._connection = None
        self._queue = []
        self._ping_due = False
        self._to_send = asyncio.Event()
        self._sent = asyncio.Event()
        self._news = asyncio.Event()  # for the loop that waits or watches: look again
        self._lost = None  # why the connection is to be dropped, in a sentence

    @property
    def up(self) -> bool:
        return self._connection is not None

    @property
    def ping_interval_s(self) -> int:
        return self._ping_interval_s

    @ping_interval_s.setter
    def ping_interval_s(self, interval_s: int) -> None:
        """0 turns pings off. Holds at once."""
        self._ping_interval_s = interval_s
        self._news.set()

    def send(self, text: str) -> bool:
        """Queues a message. False if there is no connection, or the queue is full: then it is not sent."""
        if self._connection is None or len(self._queue) >= MOST_QUEUED:
            return False
        self._queue.append(text)
        self._to_send.set()
        return True

    def network_changed(self) -> None:
        """The board's network went away or came back."""
        if not self._network.up:
            self.drop("the network is gone")
        self._news.set()

    def drop(self, reason: str) -> None:
        """Ends the connection, if there is one; the next try follows as after any loss."""
        if self._connection is not None:
            self._lost = self._lost or reason
            self._news.set()

    async def say_goodbye(self) -> None:
        """Tells the server that we restart, if that goes quickly."""
        if self._connection is not None:
            await self._connection.close(GOING_AWAY, "restarting")

    async def run(self, owner) -> None:
        while True:
            if not self._network.up:
                await self._until_the_network_is_up()
            reason = await self._connect()
            if reason is None:
                reason = await self._hold(owner)
            gc.collect()  # the buffers of a dead connection, before the next one asks for its own
            if self._network.up:
                await self._wait(reason)
            else:
                self._log("warn", reason)

    async def _until_the_network_is_up(self) -> None:
        self.status = "waiting for the network"
        self._log("info", self.status)
        while not self._network.up:
            await self._until_news(None)
        self._failures = 0
        await self._pause(_random_below(self._random_ms + 1))

    async def _wait(self, reason: str) -> None:
        """Lets time pass before the next try; cut short when the network goes away."""
        wait_ms = min(self._minimum_ms << min(self._failures, MOST_DOUBLINGS), LONGEST_WAIT_S * 1000)
        wait_ms = max(wait_ms, self._retry_after_s * 1000) + _random_below(self._random_ms + 1)
        self._failures += 1
        self.status = "%s; next try in %d s" % (reason, (wait_ms + 999) // 1000)
        self._log("warn", self.status)
        await self._pause(wait_ms)

    async def _pause(self, duration_ms: int) -> None:
        until_ms = self._clock.ticks_ms() + duration_ms
        while self._network.up:
            left_ms = until_ms - self._clock.ticks_ms()
            if left_ms <= 0:
                return
            await self._until_news(left_ms)

    async def _until_news(self, at_most_ms: "int | None") -> None:
        """Returns when something may have changed, or the time is over."""
        if at_most_ms is None:
            await self._news.wait()
        else:
            try:
                await asyncio.wait_for(self._news.wait(), at_most_ms / 1000)
            except asyncio.TimeoutError:
                pass
        self._news.clear()

    async def _connect(self) -> "str | None":
        """Tries once. None: there is a connection; else why not."""
        identity = self._identity
        url = identity["csms_url"]
        self.status = "connecting to " + url
        self._retry_after_s = 0
        try:
            opening = connect(self._network, url, identity["charge_point_id"], PROTOCOL, self._headers(), self._max_message)
            self._connection = await asyncio.wait_for(opening, self.connect_timeout_s)
            return None
        except HandshakeError as error:
            if error.status in (429, 503):
                self._retry_after_s = min(error.retry_after_s or 0, LONGEST_RETRY_AFTER_S)
            return error.reason
        except asyncio.TimeoutError:
            return "no connection within %d s" % self.connect_timeout_s
        except Exception as error:
            return "no connection: " + self._reason_of(error)

    def _headers(self) -> tuple:
        auth = self._identity.get("basic_auth")
        if not auth:
            return ()
        if type(auth) is str:
            auth = {"password": auth}
        return (authorization(auth.get("user") or self._identity["charge_point_id"], auth["password"]),)

    async def _hold(self, owner) -> str:
        """Serves the connection until it is lost; the reason."""
        connection = self._connection
        began_ms = self._clock.ticks_ms()
        self._lost = None
        self._queue = []
        self._ping_due = False
        self.status = "connected to " + self._identity["csms_url"]
        self._log("info", self.status)
        told = False
        tasks = []
        try:
            tasks.append(asyncio.create_task(self._guarded(self._read(connection, owner))))
            tasks.append(asyncio.create_task(self._guarded(self._write(connection))))
            told = True
            owner.on_up()
            await self._watch(connection)
        except Exception as error:  # ours or the owner's fault: noted, and the station goes on
            self.drop(self._reason_of(error))
        finally:
            self._connection = None
            self._queue = []
            for task in tasks:
                task.cancel()
            connection.abort()
        if told:
            try:
                owner.on_down(self._lost)
            except Exception as error:
                self._reason_of(error)
        if self._clock.ticks_ms() - began_ms >= HELD_S * 1000:
            self._failures = 0
        return self._lost

    def _reason_of(self, error: Exception) -> str:
        """An exception in a sentence. What no network can cause is our own fault, and stands out in the log."""
        if isinstance(error, (OSError, BadUrl)):
            return str(error)
        if isinstance(error, MemoryError):
            return "out of memory"
        reason = "%s: %s" % (type(error).__name__, error)
        self._log("error", "fault in the agent: " + reason)
        return reason

    async def _guarded(self, coroutine) -> None:
        """A reader or writer that ends takes the connection with it."""
        try:
            await coroutine
        except Exception as error:  # asyncio.CancelledError is none
            self.drop(self._reason_of(error))
        self._news.set()

    async def _read(self, connection, owner) -> None:
        while self._lost is None:
            event = await connection.receive()
            kind = event[0]
            if kind == "text":
                owner.on_text(event[1])
                await sleep_ms(0)  # a flood must not keep the control loop waiting
                while len(self._queue) > _READ_AGAIN:
                    self._sent.clear()
                    await self._sent.wait()
            elif kind == "binary":
                self._log("warn", "ignored a binary message of %d bytes" % len(event[1]))
            elif kind == "close":
                await connection.say_goodbye(reply_code(event[1]))
                self.drop(("closed by the server with %d %s" % (event[1], event[2])).strip())
            elif kind == "fault":
                await connection.say_goodbye(event[1], event[2])
                self.drop("closed with %d: %s" % (event[1], event[2]))

    async def _write(self, connection) -> None:
        while self._lost is None:
            if self._ping_due:
                self._ping_due = False
                await connection.ping()
            while self._queue:
                await connection.send(self._queue[0])
                self._queue.pop(0)
                self._sent.set()
            self._to_send.clear()
            if not self._ping_due:
                await self._to_send.wait()

    async def _watch(self, connection) -> None:
        """Has pings sent and looks for signs of life, until the connection is lost."""
        pinged_ms = self._clock.ticks_ms()
        waiting = False  # for a sign of life after a ping
        heard = 0  # bytes, at the ping
        while self._lost is None:
            now_ms = self._clock.ticks_ms()
            waiting = waiting and connection.heard == heard
            ping_ms = pinged_ms + self._ping_interval_s * 1000
            if waiting:
                due_ms = pinged_ms + self.pong_timeout_s * 1000
                if now_ms >= due_ms:
                    self._lost = "nothing heard within %d s after a ping" % self.pong_timeout_s
                    return
                if now_ms < ping_ms < due_ms:
                    due_ms = ping_ms
            elif self._ping_interval_s <= 0:
                due_ms = None
            elif now_ms < ping_ms:
                due_ms = ping_ms
            else:
                pinged_ms = now_ms
                heard = connection.heard
                waiting = self._ping_due = True
                self._to_send.set()
                continue
            await self._until_news(None if due_ms is None else due_ms - now_ms)


def _random_below(limit: int) -> int:
    return int.from_bytes(os.urandom(4), "big") % limit
