"""Browsers and worse at the station's own page while a vehicle charges.

After each attack: the same process runs, the transaction goes on, contactor and limit are as before,
the control loop has stepped all the while, and the next good request for the page is answered, as is
the central system's."""

from __future__ import annotations

import json
import random
import select
import socket
import time
from collections.abc import Callable
from contextlib import closing, contextmanager, suppress

import pytest

from faults.bench import Bench, in_short
from tools.page_client import Page, Refused

HEAP = "100K"
_PASSWORD = "0123456789"
_PATIENCE_S = 60
_WAITED_S = 12  # a head must be there within 10
_MANY = 50
_GOOD = b"GET /api/state HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
_SLOW = (
    "headers that come a byte at a time",
    "answers that nobody reads",
    "half-open connections",
    "bodies that never end",
)


class _Hostile:
    """Connections to the page of a bench."""

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self.page = page_of(bench)
        self.page.log_in()
        self.token = str(self.page.token).encode()
        self.chance = chance
        host, _, port = self.page.address.rpartition(":")
        self._address = (host, int(port))

    @contextmanager
    def connected(self, count: int = 1):
        opened = [socket.create_connection(self._address, _PATIENCE_S) for _ in range(count)]
        try:
            yield opened
        finally:
            for one in opened:
                one.close()

    def send(self, *messages: bytes) -> None:
        """Each on a connection of its own, whose end is waited for where there is one soon."""
        for message in messages:
            with self.connected() as (one,):
                with suppress(OSError):  # it may be refused in the middle of it
                    one.sendall(message)
                    one.shutdown(socket.SHUT_WR)
                read_to_end(one)


def read_to_end(one: socket.socket) -> bytes:
    answer = b""
    with suppress(OSError):
        while piece := one.recv(4096):
            answer += piece
    return answer


def page_of(bench: Bench) -> Page:
    return Page(bench.station.state()["page"], _PASSWORD, _PATIENCE_S)


def _garbage(them: _Hostile) -> None:
    head = _GOOD % them.token
    them.send(
        *(them.chance.randbytes(length) for length in (1, 100, 512, 4096, 65536)),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"\x00" * 10000,
        b"\r\n" * 10000,
        b"GET " * 5000,
        b"GET / HTTP/1.1\r\n" * 2000,
        head + b"X: \xff\xfe\r\n\r\n",
        head[:-2] + b"\n\n",
    )


def _mutated(them: _Hostile) -> None:
    """Requests with bytes that were changed, doubled or lost."""
    body = b'{"connector":1}'
    for _ in range(40):
        data = bytearray(_GOOD % them.token)
        data[:14] = them.chance.choice([b"GET /api/state", b"GET /api/plan?", b"PUT /api/state"])
        data += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        for _ in range(them.chance.randrange(1, 8)):
            at = them.chance.randrange(len(data))
            if at < 30 and data[at : at + 1].isalpha():
                data[at] = them.chance.randrange(256)
            else:
                data[at : at + them.chance.randrange(3)] = them.chance.randbytes(
                    them.chance.randrange(3)
                )
        if b"/api/pause" not in data:
            them.send(bytes(data))


def _endless_headers(them: _Hostile) -> None:
    head = _GOOD % them.token
    them.send(head + b"X: " + b"x" * 1000000, head + b"X: y\r\n" * 100000, b"G" * 1000000)


def _slow_headers(them: _Hostile) -> None:
    head = _GOOD % them.token + b"\r\n"
    with them.connected(4) as opened:
        end = time.monotonic() + _WAITED_S
        for byte in range(len(head) - 2):
            for one in opened:
                with suppress(OSError):
                    one.send(head[byte : byte + 1])
            if time.monotonic() > end:
                break
            time.sleep(0.25)


def _huge_bodies(them: _Hostile) -> None:
    for path in (b"pause", b"weekly-plan", b"login", b"update"):
        for length in (5000, 1000000, 99999999, 10**30):
            them.send(
                b"POST /api/%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (path, them.token, length)
                + b"[" * min(length, 200000)
            )


def _endless_bodies(them: _Hostile) -> None:
    """Of the length that was promised, a piece now and then."""
    with them.connected(3) as opened:
        for one in opened:
            one.sendall(
                b"PUT /api/weekly-plan HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                b"Content-Type: text/plain\r\nContent-Length: 4000\r\n\r\n" % them.token
            )
        end = time.monotonic() + _WAITED_S
        while time.monotonic() < end:
            for one in opened:
                with suppress(OSError):
                    one.send(b"#")
            time.sleep(0.5)


def _half_open(them: _Hostile) -> None:
    """Nothing comes, or half a request, and then nothing."""
    with them.connected(6) as opened:
        opened[1].sendall(b"GET /api/st")
        opened[2].sendall(_GOOD % them.token)
        opened[3].sendall(
            b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\n"
        )
        time.sleep(_WAITED_S)


def _many(them: _Hostile) -> None:
    """As many as the system takes, at once; each asks."""
    opened = []
    try:
        for _ in range(_MANY):
            one = socket.socket()
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(them._address)
            opened.append(one)
        asked = set()
        end = time.monotonic() + _WAITED_S
        while time.monotonic() < end and len(asked) < _MANY:
            for one in select.select([], [o for o in opened if o not in asked], [], 0.2)[1]:
                with suppress(OSError):
                    one.send(_GOOD % them.token + b"\r\n")
                asked.add(one)
            for one in select.select([o for o in opened if o in asked], [], [], 0)[0]:
                with suppress(OSError):
                    one.recv(4096)
    finally:
        for one in opened:
            one.close()


def _unread(them: _Hostile) -> None:
    """Long answers to whoever does not read them."""
    with them.connected(4) as opened:
        for one in opened:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 512)
            with suppress(OSError):
                for _ in range(3):
                    one.sendall((_GOOD % them.token).replace(b"state", b"log") + b"\r\n")
        time.sleep(_WAITED_S)


def _cut_off(them: _Hostile) -> None:
    """Connections that are reset in the middle of an answer."""
    for _ in range(30):
        with them.connected() as (one,):
            one.sendall(_GOOD % them.token + b"\r\n")
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if them.chance.random() < 0.5:
                one.recv(them.chance.randrange(1, 300))


def _strange_actions(them: _Hostile) -> None:
    """What an owner's browser would never send, with the owner's token: all of it is refused."""
    values = (None, True, -1, 0, 10**30, 1e300, "x" * 300, [], {}, [[[[]]]], "\u0000", "\ud800")
    for path in ("pause", "resume", "limit", "start", "stop", "free-vend", "cards", "nothing"):
        for value in values:
            body = {"connector": value, "a": "no", "active": "no", "id_tag": value}
            with suppress(Refused):
                them.page.action("POST", path, body)
                raise AssertionError("%s took %s" % (path, body))


def _wrong_passwords(them: _Hostile) -> None:
    for number in range(30):
        body = json.dumps({"password": "wrong %d" % number}).encode()
        status = them.page.ask("POST", "/api/login", body, {"Content-Type": "application/json"})[0]
        assert status == (401 if number < 9 else 429)


def _read_all_at_once(them: _Hostile) -> None:
    for path in ("state", "plan?hours=48", "sessions", "sessions.csv", "log", "cards") * 5:
        with them.connected(3) as opened:
            for one in opened:
                one.sendall((_GOOD % them.token).replace(b"state", path.encode()) + b"\r\n")
            for one in opened:
                assert read_to_end(one).startswith(b"HTTP/1.1 200")


ATTACKS: dict[str, Callable[[_Hostile], None]] = {
    "garbage": _garbage,
    "requests with bytes changed": _mutated,
    "headers without end": _endless_headers,
    "headers that come a byte at a time": _slow_headers,
    "huge bodies": _huge_bodies,
    "bodies that never end": _endless_bodies,
    "half-open connections": _half_open,
    "fifty connections at once": _many,
    "answers that nobody reads": _unread,
    "connections reset in mid-answer": _cut_off,
    "strange actions": _strange_actions,
    "everything read three times at once": _read_all_at_once,
    "wrong passwords": _wrong_passwords,
}


@pytest.fixture(scope="module")
def bench(interpreter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browsed")
    page = {"password": _PASSWORD}
    keys = {"WebSocketPingInterval": "2"}
    with closing(Bench(folder, interpreter, page=page, keys=keys)) as bench:
        bench.plugged(16)
        bench.start_charging()
        yield bench


@pytest.mark.row("a hostile browser")
@pytest.mark.parametrize("attack", in_short(ATTACKS, *(n for n in ATTACKS if n not in _SLOW)))
def test_a_hostile_browser_changes_nothing(attack, bench, scale, looks):
    them = _Hostile(bench, random.Random(scale.seed))
    ATTACKS[attack](them)
    state = them.page.get("state")
    assert state["connectors"][0]["status"] == "Charging"
    assert not state["connectors"][0]["paused"] and state["station"]["owner_a"] is None
    looks(*bench.check_unmoved())
    died = [line for line in bench.station.log if "fault" in line or "died" in line]
    assert not died, died
