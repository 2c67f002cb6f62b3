"""A central system for the bench: takes any charge point, records the traffic, answers sensibly,
and can be told to misbehave.

    with CentralSystem() as central:
        ... a charge point dials central.url + "/cp001" ...
        central.wait_for("BootNotification")
        central.call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"})
        central.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}

Every method may be called from any thread and blocks until it is done. Payloads are the JSON
objects of the wire, with OCPP's own names. Messages are packed, unpacked and judged by the `ocpp`
package and its official schemas."""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from datetime import datetime, timezone
from typing import Any, Callable
from urllib.parse import unquote

from ocpp.messages import Call
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request
from websockets.sync.server import Server, ServerConnection, serve

from tools.traffic import CALL, ERROR, RESULT, Message, Record

# What an entry of `answers` may be besides a payload or a function from payload to payload.
SILENCE = object()


class Refuse(Exception):
    """Answer with a CALLERROR."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__("%s: %s" % (code, description))
        self.code, self.description = code, description


class Later:
    """Answer after so many seconds."""

    def __init__(self, seconds: float, answer: Any = None) -> None:
        self.seconds, self.answer = seconds, answer


class Text(str):
    """Send this text instead of an answer, as it is; %s in it stands for the call's id."""


class Link(ServerConnection):
    """A charge point's connection."""

    number = 0  # counts the connections

    @property
    def path(self) -> str:
        return self.request.path if self.request else ""

    @property
    def charge_point(self) -> str:
        return unquote(self.path.rsplit("/", 1)[-1])


class CallRefused(Exception):
    """The charge point answered a call with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__("%s: %s" % (code, description))
        self.code, self.description = code, description


class CentralSystem:
    """Listens as soon as it is started; `start` after `stop` listens on the same port again.

    messages   every message of every connection, in order
    answers    what to answer by action; takes the place of the default
    refuse     an HTTP status to refuse connections with, a function from the request to one, or
               None
    silent     True: takes everything in and says nothing
    tls        an ssl.SSLContext, for wss:// from the next start on
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        on_message: Callable[[Message], None] | None = None,
    ) -> None:
        self.host, self.port = host, port
        self.on_message = on_message or (lambda message: None)
        self.on_connection: Callable[[str, bool], None] = lambda charge_point, up: None
        self.subprotocols: list[Any] = ["ocpp1.6"]
        self.messages = Record()
        self.answers: dict[str, Any] = {}
        self.refuse: int | Callable[[Request], int | None] | None = None
        self.tls: ssl.SSLContext | None = None
        self.silent = False
        self.heartbeat_s = 300
        self.clock_offset_s = 0.0  # how wrong its clock is
        self.tells_ms = False  # True: its time has milliseconds, as many central systems send it
        self.transactions: dict[tuple, int] = {}
        self.next_transaction_id = 1
        self.paths: list[str] = []  # what each connection asked for
        self._changed = threading.Condition()
        self._links: list[Link] = []
        self._connections = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        return "%s://%s:%d" % ("wss" if self.tls else "ws", self.host, self.port)

    def __enter__(self) -> CentralSystem:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        self._server = serve(
            self._serve,
            self.host,
            self.port,
            subprotocols=self.subprotocols,
            compression=None,
            create_connection=Link,
            ping_interval=None,
            close_timeout=1,
            max_size=None,
            process_request=self._answer_request,
            ssl=self.tls,
        )
        self.port = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer_request(self, link: Any, request: Request) -> Any:
        status = self.refuse(request) if callable(self.refuse) else self.refuse
        return None if status is None else link.respond(status, "refused\n")

    def stop(self) -> None:
        """Closes every connection and stops listening."""
        if self._server is not None:
            self._server.shutdown()
            self.drop()
            self._server = None

    # ---- connections ----

    @property
    def connected(self) -> bool:
        return bool(self._links)

    def wait_connected(self, timeout: float = 10) -> None:
        self._wait(lambda: self.connected, timeout, "no charge point connected")

    def wait_disconnected(self, timeout: float = 10) -> None:
        self._wait(lambda: not self.connected, timeout, "the charge point is still connected")

    def drop(self, code: int = 1001, abrupt: bool = False, charge_point: str | None = None) -> None:
        """Ends every connection, or one charge point's: with a close frame, or abruptly."""
        for link in [link for link in self._links if charge_point in (None, link.charge_point)]:
            if abrupt:
                link.close_socket()
            else:
                link.close(code)

    def _link(self, charge_point: str | None) -> Link:
        for link in reversed(self._links):
            if charge_point in (None, link.charge_point):
                return link
        raise ConnectionError(
            "no charge point is connected"
            if charge_point is None
            else "%s is not connected" % charge_point
        )

    def _serve(self, link: Any) -> None:
        with self._changed:
            self._connections += 1
            link.number = self._connections
            self.paths.append(link.path)
            self._links.append(link)
            self._changed.notify_all()
        self.on_connection(link.charge_point, True)
        try:
            for text in link:
                message = self._record(
                    link, text if isinstance(text, str) else text.decode("utf-8", "replace"), False
                )
                if message.kind == CALL and not self.silent:
                    self._answer(
                        link, message, self.answers.get(message.action or "", self.default_answer)
                    )
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self._links.remove(link)
                self._changed.notify_all()
            self.on_connection(link.charge_point, False)

    # ---- messages ----

    def _record(self, link: Link, text: str, to_station: bool, deliberate: bool = False) -> Message:
        with self._changed:
            message = Message(
                text, to_station, link.number, deliberate, charge_point=link.charge_point
            )
            self.messages.add(message)
            self.on_message(message)  # in the order of the record
            self._changed.notify_all()
            return message

    def _send(self, link: Link, text: str, deliberate: bool = False) -> None:
        self._record(link, text, True, deliberate)
        link.send(text)

    def _answer(self, link: Link, call: Message, answer: Any) -> None:
        if isinstance(answer, Later):
            later = self.default_answer if answer.answer is None else answer.answer
            timer = threading.Timer(answer.seconds, self._answer, (link, call, later))
            timer.daemon = True
            timer.start()
            return
        try:
            if answer == self.default_answer:
                answer = answer(call)
            elif callable(answer):
                answer = answer(call.payload)
            if isinstance(answer, Refuse):
                raise answer
            if isinstance(answer, Text):
                self._send(link, answer.replace("%s", call.id or ""), deliberate=True)
            elif answer is not SILENCE:
                self._send(
                    link,
                    Call(call.id, call.action, call.payload).create_call_result(answer).to_json(),
                )
        except Refuse as refusal:
            self._send(link, json.dumps([ERROR, call.id, refusal.code, refusal.description, {}]))
        except ConnectionClosed:
            pass  # it went away before it had its answer

    def call(
        self,
        action: str,
        payload: dict | None = None,
        timeout: float = 10,
        charge_point: str | None = None,
        deliberate: bool = False,
    ) -> dict:
        """The payload of the charge point's answer. Raises CallRefused, TimeoutError, or
        ConnectionError. `deliberate`: the payload is wrong on purpose."""
        link = self._link(charge_point)
        text = Call(uuid.uuid4().hex, action, payload or {}).to_json()
        call_id = json.loads(text)[1]
        start = len(self.messages)
        try:
            self._send(link, text, deliberate)
        except ConnectionClosed as closed:
            raise ConnectionError("the charge point has gone: %s" % closed) from closed

        def answer() -> Message | None:
            return next(
                (
                    m
                    for m in self.messages[start:]
                    if not m.to_station and m.id == call_id and m.kind in (RESULT, ERROR)
                ),
                None,
            )

        self._wait(
            lambda: answer() is not None, timeout, "no answer to %s within %s s" % (action, timeout)
        )
        message = answer()
        assert message is not None
        if message.kind == ERROR:
            raise CallRefused(message.code or "", message.description or "")
        return message.payload

    def inject(self, data: str | bytes | list, charge_point: str | None = None) -> None:
        """Sends this as it is: text, a binary frame (bytes), or a list of fragments. It is not
        judged."""
        link = self._link(charge_point)
        text = (
            "".join(data)
            if isinstance(data, list)
            else data
            if isinstance(data, str)
            else data.decode("utf-8", "replace")
        )
        self._record(link, text, True, deliberate=True)
        link.send(data)

    def seen(
        self, action: str, where: Callable[[Any], Any] = bool, since: int = 0
    ) -> list[Message]:
        """The charge point's calls of an action whose payload fits, from a place in `messages`
        on."""
        calls = [
            m
            for m in self.messages[since:]
            if m.kind == CALL and not m.to_station and m.action == action
        ]
        return [m for m in calls if where is bool or where(m.payload)]

    def wait_for(
        self, action: str, where: Callable[[Any], Any] = bool, since: int = 0, timeout: float = 10
    ) -> Message:
        """The first such call, once it is there. `since` is a place in `messages`: take
        len(central.messages) beforehand."""
        self._wait(
            lambda: self.seen(action, where, since),
            timeout,
            "no %s within %s s" % (action, timeout),
        )
        return self.seen(action, where, since)[0]

    def _wait(self, condition: Callable[[], Any], timeout: float, complaint: str) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise TimeoutError(complaint)

    # ---- what it answers by itself ----

    def now(self) -> str:
        instant = datetime.fromtimestamp(time.time() + self.clock_offset_s, timezone.utc)
        timespec = "milliseconds" if self.tells_ms else "seconds"
        return instant.isoformat(timespec=timespec).replace("+00:00", "Z")

    def default_answer(self, call: Message) -> dict:
        accepted = {"idTagInfo": {"status": "Accepted"}}
        if call.action == "BootNotification":
            return {"status": "Accepted", "currentTime": self.now(), "interval": self.heartbeat_s}
        if call.action == "Heartbeat":
            return {"currentTime": self.now()}
        if call.action in ("Authorize", "StopTransaction"):
            return accepted
        if call.action == "StartTransaction":
            return {"transactionId": self._transaction_id(call.payload), **accepted}
        if call.action == "DataTransfer":
            return {"status": "UnknownVendorId"}
        if call.action == "SignCertificate":
            return {"status": "Accepted"}
        if call.action in (
            "MeterValues",
            "StatusNotification",
            "FirmwareStatusNotification",
            "DiagnosticsStatusNotification",
            "LogStatusNotification",
            "SecurityEventNotification",
            "SignedFirmwareStatusNotification",
        ):
            return {}
        raise Refuse("NotImplemented", "the bench knows no %s" % call.action)

    def _transaction_id(self, payload: dict) -> int:
        """A new id, but the same one for a StartTransaction that is sent again because its answer
        was lost."""
        key = tuple(
            str(payload.get(name)) for name in ("connectorId", "idTag", "meterStart", "timestamp")
        )
        if key not in self.transactions:
            self.transactions[key] = self.next_transaction_id
            self.next_transaction_id += 1
        return self.transactions[key]
