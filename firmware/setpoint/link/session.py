"""Keeps the station connected, whatever the network, the server and the cable do.

    owner.on_up()            there is a connection
    owner.on_text(text)      a message: a str, or a long one's UTF-8 as a view; true: the link works
    owner.on_down(reason)    the connection is lost; messages that were not sent are forgotten
    owner.on_trial(passed)   a change of credentials (Rule 5) is over
    owner.on_security_event(kind, info)   a try failed for a reason that OCPP 1.6's security
                                          whitepaper names

Rule 1: `run` ends only when it is cancelled. A lost connection, nonsense from the server, a lack of
    memory and an error in the owner's callbacks all drop the connection, are logged, and are
    retried.
Rule 2: a link lives if something is heard. After each ping bytes must arrive within pong_timeout_s,
    else the link is dropped: a half-open TCP connection raises no error by itself.
Rule 3: waits double, each with a random part (as in OCPP 2.0.1), so that a hundred stations do not
    call in step after a power cut. They start anew after a good connection and with the network.
Rule 4: no store is without bound: while too many answers wait to be sent, nothing more is read.
Rule 5: while credentials.before holds those from before a change, every fourth try uses
    those. The first ones that connect are kept: no mistake locks the station out.

A view is valid during the call only. Binary messages are logged and ignored: OCPP has none.
"""

import asyncio
import gc
import os

from micropython import const

from ..clock import sleep_ms
from ..protocol.websocket import GOING_AWAY, TOO_BIG
from .websocket import MAX_MESSAGE, reply_code

_CONNECT_TIMEOUT_S = const(30)  # name, TCP, TLS and handshake
_PONG_TIMEOUT_S = const(20)
_LONGEST_WAIT_S = const(300)  # a depot must be back within minutes of its central system
_MOST_DOUBLINGS = const(5)
_GOOD_S = const(30)  # a connection that lived so long was a good one
_LONGEST_RETRY_AFTER_S = const(3600)
_MOST_QUEUED = const(32)  # messages to send
_READ_AGAIN = const(16)  # the queue must be as short as this before another message is read
_BEFORE_AGAIN = const(4)


class Session:
    """identity: as connecting.attempt takes it. credentials: facts.py's; root is written here, the
    others are read. reconnect: {"minimum_s", "random_s"}. log(level, sentence)."""

    def __init__(
        self,
        network,
        identity: dict,
        credentials,
        reconnect: dict,
        log,
        clock,
        max_message: int = MAX_MESSAGE,
    ) -> None:
        self.connect_timeout_s = _CONNECT_TIMEOUT_S
        self.pong_timeout_s = _PONG_TIMEOUT_S
        self._network = network
        self._identity = identity
        self._credentials = credentials
        self._minimum_ms = int(reconnect["minimum_s"] * 1000)
        self._random_ms = int(reconnect["random_s"] * 1000)
        self._log = log
        self._clock = clock
        self._max_message = max_message
        self._ping_interval_s = 0
        self._failures = 0  # in a row
        self._tries = 0  # since the credentials were changed
        self._reported = None  # the security event that was reported last
        self._retry_after_s = 0
        self._connection = None
        self._queue = []
        self._ping_due = self._renewing = False
        self._to_send, self._sent = asyncio.Event(), asyncio.Event()
        self._news = asyncio.Event()  # for the loop that waits or watches: look again
        self._lost = None  # why the connection is to be dropped, in a sentence
        self._rests = False

    def set_ping_interval(self, interval_s: int) -> None:
        """0 turns pings off. It takes effect at once."""
        self._ping_interval_s = interval_s
        self._news.set()

    def send(self, text: "str | list") -> bool:
        """Queues a message. False: no connection, or no room in the queue; it is not sent."""
        if self._connection is None or len(self._queue) >= _MOST_QUEUED:
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
        """Ends the connection, if there is one. The next try follows as after any loss."""
        if self._connection is not None:
            self._lost = self._lost or reason
            self._news.set()

    def renew(self) -> None:
        """The credentials have changed: connects anew, once the queue is sent."""
        self._tries = self._failures = 0
        self._renewing = True
        self._to_send.set()

    async def rest(self, reason: str) -> None:
        """Closes the connection, and opens none until `resume`. Returns when it is closed."""
        self._rests = True
        if self._connection is not None:
            await self._connection.say_goodbye(GOING_AWAY, reason)
            self.drop(reason)
        while self._connection is not None:
            await sleep_ms(20)

    def resume(self) -> None:
        self._rests = False
        self._news.set()

    async def say_goodbye(self) -> None:
        """Tells the server that the station restarts, if that goes quickly."""
        if self._connection is not None:
            await self._connection.close(GOING_AWAY, "restarting")

    async def run(self, owner) -> None:
        if not self._identity.get("csms_url"):
            self._log("info", "no central system is named: the station lives by itself")
            while True:
                await self._until_news(None)
        while True:
            if not self._network.up:
                self._log("info", "waiting for the network")
                while not self._network.up:
                    await self._until_news(None)
                self._failures = 0
                await self._pause(_random_below(self._random_ms + 1))
            if self._rests:
                await self._until_news(None)
                continue
            reason = await self._connect(owner)
            if reason is None and self._rests:
                self._connection.abort()
                self._connection = None
                continue
            if reason is None:
                reason = await self._serve(owner)
            gc.collect()  # the buffers of a dead connection, before the next one asks for its own
            if self._network.up:
                await self._wait(reason)
            else:
                self._log("warn", reason)

    async def _wait(self, reason: str) -> None:
        """Waits for the next try, or until the network goes away."""
        wait_ms = min(
            self._minimum_ms << min(self._failures, _MOST_DOUBLINGS), _LONGEST_WAIT_S * 1000
        )
        wait_ms = max(wait_ms, self._retry_after_s * 1000) + _random_below(self._random_ms + 1)
        self._failures += 1
        self._log("warn", "%s; next try in %d s" % (reason, (wait_ms + 999) // 1000))
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
        try:
            await asyncio.wait_for(
                self._news.wait(), None if at_most_ms is None else at_most_ms / 1000
            )
        except asyncio.TimeoutError:
            pass
        self._news.clear()

    async def _connect(self, owner) -> "str | None":
        """Tries once. Returns None with a connection, else the reason."""
        credentials = self._credentials
        shown = credentials.now
        if credentials.before and self._tries % _BEFORE_AGAIN == _BEFORE_AGAIN - 1:
            shown = credentials.before
        self._tries += 1
        self._retry_after_s = 0
        event = None
        try:
            from .connecting import attempt

            attempt = attempt(
                self._network,
                self._identity,
                shown,
                self._clock,
                self._max_message,
                credentials.documents,
            )
            self._connection, reason, event, wait_s = await asyncio.wait_for(
                attempt, self.connect_timeout_s
            )
            self._retry_after_s = min(wait_s, _LONGEST_RETRY_AFTER_S)
        except asyncio.TimeoutError:
            url = "%s/%s" % (self._identity["csms_url"], self._identity["charge_point_id"])
            reason = "no connection within %d s to %s" % (self.connect_timeout_s, url)
        except Exception as error:
            reason = "no connection: " + self._reason_of(error)
        if self._connection is not None:
            self._reported = None
            credentials.root = self._connection.root
            if credentials.before:
                self._inform(owner.on_trial, shown == credentials.now)
            return None
        if event is not None and reason != self._reported:  # once, not at every try
            self._reported = reason
            self._inform(owner.on_security_event, event, reason)
        return reason

    def _inform(self, event, *arguments) -> None:
        try:
            event(*arguments)
        except Exception as error:
            self._reason_of(error)

    async def _serve(self, owner) -> str:
        """Serves the connection until it is lost. Returns the reason."""
        connection = self._connection
        began_ms = self._clock.ticks_ms()
        self._lost = None
        self._queue = []
        self._ping_due = self._renewing = False
        self._log("info", "connected to " + self._identity["csms_url"])
        tasks = []
        try:
            for coroutine in (self._read(connection, owner), self._write(connection)):
                tasks.append(asyncio.create_task(self._guarded(coroutine)))
            owner.on_up()
            await self._watch(connection)
        except Exception as error:  # of this file or the owner: logged, and the station goes on
            self.drop(self._reason_of(error))
        finally:
            self._connection = None
            self._queue = []
            for task in tasks:
                task.cancel()
            connection.abort()
        self._inform(owner.on_down, self._lost)
        if self._clock.ticks_ms() - began_ms >= _GOOD_S * 1000:
            self._failures = 0
        return self._lost

    def _reason_of(self, error: Exception) -> str:
        """An exception in a sentence. What no network can cause is a fault of the program."""
        if isinstance(error, OSError):
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
                if type(event[1]) is not str:
                    gc.collect()  # its parts will need room
                try:
                    if owner.on_text(event[1]):
                        self._failures = 0
                except MemoryError:
                    event = ("fault", TOO_BIG, "out of memory")
                    break
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
                break
        if self._lost is None:
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
            if self._renewing:
                await connection.say_goodbye()
                self.drop("new credentials")
            self._to_send.clear()
            if not self._ping_due:
                await self._to_send.wait()

    async def _watch(self, connection) -> None:
        """Sends pings and looks for signs of life, until the connection is lost."""
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
