"""What a station's seldom used functions take of its heap: while they work, while what they leave
is there, and afterwards.

Each has a station of its own, at rest, which has answered a request before. Its heap is weighed
after a collection. The peak is the most in use between two turns of the station's loop, each after
a collection: what lives within a turn alone is not in it."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Iterator

from tools import benchmark_peer
from tools.benchmark_agent import Agent, Failed
from tools.central_system import CallRefused, CentralSystem
from tools.page_client import Page

HEAP_KIB = 1024
_PATIENCE_S = 60  # a signature takes a while
_CARDS = 500
_ROOT = "CentralSystemRootCertificate"
_PASSWORD = "0123456789"
_PLAN = "zone CET-1CEST,M3.5.0,M10.5.0/3\nMon-Fri 17:00-21:00 6\n22:00-06:00 32\notherwise 16"


class Bench:
    """A station at rest, and its central system."""

    def __init__(self, central: CentralSystem, agent: Agent) -> None:
        self.central = central
        self.agent = agent

    def in_use(self) -> int:
        """Bytes, after the same short request each time: the last one stays until the next."""
        self.key("HeartbeatInterval")
        return self.agent.least()

    def ask(self, action: str, status: str | None = "Accepted", **payload: object) -> dict:
        """The answer. Raises Failed where it has another status."""
        answer = self.central.call(action, payload, _PATIENCE_S)
        if answer.get("status") != status:
            raise Failed("%s: %s" % (action, answer))
        return answer

    def told(self, action: str, status: str) -> None:
        self.central.wait_for(action, lambda told: told["status"] == status, timeout=_PATIENCE_S)

    def key(self, name: str) -> str:
        return self.ask("GetConfiguration", None, key=[name])["configurationKey"][0]["value"]


def _instant(in_s: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=in_s)).isoformat()


def _send_list(bench: Bench, at_once: int) -> None:
    for version, first in enumerate(range(0, _CARDS, at_once), 1):
        cards = [_card(number) for number in range(first, min(first + at_once, _CARDS))]
        kind = "Differential" if first else "Full"
        bench.ask(
            "SendLocalList", listVersion=version, updateType=kind, localAuthorizationList=cards
        )


def _card(number: int) -> dict:
    """One whose text is as long as it gets."""
    info = {
        "status": "Accepted",
        "expiryDate": "2030-01-01T00:00:00.000+00:00",
        "parentIdTag": "GROUP%015d" % number,
    }
    return {"idTag": "CARD%016d" % number, "idTagInfo": info}


def _send_list_in_long_messages(bench: Bench) -> None:
    _send_list(bench, int(bench.key("SendLocalListMaxLength")))


def _clear_list(bench: Bench) -> None:
    bench.ask("SendLocalList", listVersion=_CARDS, updateType="Full", localAuthorizationList=[])


def _reserve(bench: Bench) -> None:
    bench.ask("ReserveNow", connectorId=1, expiryDate=_instant(3600), idTag="CARD", reservationId=1)


def _cancel(bench: Bench) -> None:
    bench.ask("CancelReservation", reservationId=1)


def _update(bench: Bench, name: str, in_s: int) -> None:
    location = "http://127.0.0.1:1/" + name  # nobody is there
    bench.ask("UpdateFirmware", None, location=location, retrieveDate=_instant(in_s), retries=0)


def _have_it_fail(bench: Bench) -> None:
    _update(bench, "other.fw", 0)
    bench.told("FirmwareStatusNotification", "DownloadFailed")


def _upload(bench: Bench) -> None:
    with _taking_files() as url:
        bench.ask("GetDiagnostics", None, location=url + "/diagnostics.log", retries=0)
        bench.told("DiagnosticsStatusNotification", "Uploaded")


def _install_root(bench: Bench) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pem = benchmark_peer.certificate(Path(folder))[0].read_text()
    bench.ask("InstallCertificate", certificateType=_ROOT, certificate=pem)


def _delete_root(bench: Bench) -> None:
    found = bench.ask("GetInstalledCertificateIds", certificateType=_ROOT)
    bench.ask("DeleteCertificate", certificateHashData=found["certificateHashData"][0])


def _set_plan(bench: Bench, *lines: str) -> None:
    data = {"data": "\n".join(lines)} if lines else {}
    bench.ask("DataTransfer", vendorId="Setpoint", messageId="SetPlan", **data)


def _look_at_page(bench: Bench) -> None:
    """As a browser does: every path that reads, two at once, and an action."""
    line = next(line for line in bench.agent.log if "http://" in line and " page " in line)
    page = Page(line.split()[-1], _PASSWORD)
    for path in ("state", "plan?hours=48", "sessions", "log", "weekly-plan", "cards"):
        with ThreadPoolExecutor(2) as browser:
            for answer in browser.map(page.get, (path, "state")):
                assert answer is not None
    page.action("POST", "pause", {"connector": 1})
    page.action("POST", "resume", {"connector": 1})


@dataclass
class Use:
    """`begin` and `end`: what a central system does. `end` is None where nothing is left to be
    ended. `start`: what the board's owner configured in place of that, as fields of a start file;
    `logged`, what the log says once it works; `look`: what the owner does then."""

    name: str
    begin: Callable[[Bench], None] | None = None
    end: Callable[[Bench], None] | None = None
    start: dict = field(default_factory=dict)
    logged: str = ""
    look: Callable[[Bench], None] | None = None


USES = (
    Use("%d cards, 8 a message" % _CARDS, lambda bench: _send_list(bench, 8), _clear_list),
    Use("%d cards, most a message" % _CARDS, _send_list_in_long_messages, _clear_list),
    Use("reservation", _reserve, _cancel),
    Use("update that waits", lambda bench: _update(bench, "setpoint.fw", 86400), _have_it_fail),
    Use("upload of diagnostics", _upload),
    Use("root certificate", _install_root, _delete_root),
    Use("weekly plan", lambda bench: _set_plan(bench, *_PLAN.splitlines()), _set_plan),
    Use("dim input", start={"device": {"dim": {}}}),
    Use(
        "house meter",
        start={"device": {"mains": {"fuse_amps": 25, "rise_after_s": 0}}},
        logged="house, L",
    ),
    Use("page", start={"page": {"password": _PASSWORD}}, logged="http://", look=_look_at_page),
)


def weigh(use: Use, interpreter: list[str], built: Path, form: str) -> Iterator[tuple[str, int]]:
    """(name of a figure, bytes). Raises Failed."""

    def figure(what: str, more: int) -> tuple[str, int]:
        return "heap, %s: %s" % (use.name, what), max(more, 0)

    with _station(interpreter, built, form, {}) as bench:
        before = bench.in_use()
        if use.begin is not None:
            watched = bench.agent.weigh(watch=True)["used"]
            use.begin(bench)
            yield figure("peak", bench.agent.weigh()["most"] - watched)
            if use.end is not None:
                yield figure("kept", bench.in_use() - before)
                use.end(bench)
            yield figure("left", bench.in_use() - before)
    if use.start:
        with _station(interpreter, built, form, use.start) as bench:
            bench.agent.wait_for_log(use.logged)
            configured = bench.in_use()
            yield figure("configured", configured - before)
            if use.look is not None:
                watched = bench.agent.weigh(watch=True)["used"]
                use.look(bench)
                yield figure("open", bench.agent.weigh()["most"] - watched)
                yield figure("left", bench.in_use() - configured)


@contextlib.contextmanager
def _station(interpreter: list[str], built: Path, form: str, more: dict) -> Iterator[Bench]:
    with CentralSystem() as central:
        start = {"connectors": [{"id": 1}, {"id": 2}], **more}
        agent = Agent(interpreter, built, form, HEAP_KIB, central.url + "/cp001", start)
        try:
            central.wait_for("StatusNotification", lambda told: told["connectorId"] == 2)
            yield Bench(central, agent)
        except (CallRefused, TimeoutError, ConnectionError) as error:
            raise Failed("%s; %s" % (str(error).splitlines()[0], agent.log[-1:])) from None
        finally:
            agent.close()


class _Takes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """The benchmark says what it does itself."""


@contextlib.contextmanager
def _taking_files() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Takes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield "http://127.0.0.1:%d" % server.server_address[1]
        finally:
            server.shutdown()
