"""The link over real sockets, on both MicroPythons and CPython, against servers that are good, bad and dead."""

import base64
import hashlib
import json
import queue
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

HOST_TESTS = Path(__file__).resolve().parent.parent

# Prints one JSON list for each event; obeys what the server tells it.
PROGRAM = """
import asyncio, json, sys, time
with open(sys.argv[1]) as file:
    paths, options = json.load(file)
sys.path[:0] = paths
from setpoint.clock import Clock, sleep_ms, system_instant
from setpoint.link.session import Session
from setpoint.station.facts import Credentials

cpu_s = getattr(time, "process_time", None) or time.clock  # what this program took of the processor

def say(*event):
    print(json.dumps(event))
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()

class Stream:
    def __init__(self, reader, writer):
        self.read = reader.read
        self.writer = writer
    async def write(self, data):
        self.writer.write(data)
        await self.writer.drain()
    def close(self):
        getattr(self.writer, "s", self.writer).close()  # MicroPython's StreamWriter.close() does nothing

class Network:
    up = True
    async def open(self, host, port):
        return (EagerStream if options.get("eager") else Stream)(*await asyncio.open_connection(host, port))

class EagerStream:
    # reads without giving way when there is something to read, as the network of the simulated board does
    def __init__(self, reader, writer):
        self.stream = reader.s
        self.stream.setblocking(False)
    async def read(self, count):
        while True:
            data = self.stream.read(count)
            if data is not None:
                return data
            await sleep_ms(2)
    async def write(self, data):
        self.stream.write(data)
    def close(self):
        self.stream.close()

class Owner:
    def on_up(self):
        say("up")
    def on_down(self, reason):
        say("down", reason)
    def on_security_event(self, kind, info):
        say("event", kind, info)
    def on_trial(self, passed):
        say("trial", passed)
        credentials.now = credentials.now if passed else credentials.before
        credentials.before = None
    def on_text(self, text):
        text = text if type(text) is str else str(text, "utf-8")
        word, _, rest = text.partition(" ")
        say("text", text[:40], len(text))
        if word == "busy":
            until_s = cpu_s() + 0.005
            while cpu_s() < until_s:
                pass
        if word == "echo":
            session.send(rest)
        elif word == "ping":
            session.set_ping_interval(int(rest))
        elif word == "fail":
            raise KeyError(rest)
        elif word == "exhaust":
            raise MemoryError
        elif word == "fill":
            sent = 0
            while session.send("x" * 4000):
                sent += 1
            say("filled", sent)
        elif word == "cable":
            network.up = False
            session.network_changed()
            asyncio.create_task(self.plug())
    async def plug(self):
        await sleep_ms(500)
        say("plugged")
        network.up = True
        session.network_changed()

clock = Clock(None if options.get("no_time") else system_instant())
if options.get("tls"):
    from setpoint.board.simulated.network import Network
network = Network()
identity = {"csms_url": options["url"], "charge_point_id": options.get("id", "cp001"), "basic_auth": options.get("auth")}
identity["tls"] = options.get("tls")
credentials = Credentials()
if "security" in options:
    credentials.now = tuple(options["security"])
    credentials.before = tuple(options["before"]) if "before" in options else None
reconnect = {"minimum_s": options.get("minimum_s", 0.2), "random_s": 0}
session = Session(network, identity, credentials, reconnect, lambda level, sentence: say("log", level, sentence), clock)
session.set_ping_interval(options.get("ping_s", 0))
session.pong_timeout_s = options.get("pong_s", 20)
session.connect_timeout_s = options.get("connect_s", 30)

async def ticks():
    clock = Clock()
    last, last_cpu_s = clock.ticks_ms(), cpu_s()
    longest = most = 0
    while True:
        await sleep_ms(5)
        waited, worked = clock.ticks_ms() - last, int((cpu_s() - last_cpu_s) * 1000)
        if waited > longest or worked > most:
            longest, most = max(longest, waited), max(most, worked)
            say("stall", longest, most)
        last, last_cpu_s = clock.ticks_ms(), cpu_s()

async def main():
    running = asyncio.create_task(session.run(Owner()))
    ticking = asyncio.create_task(ticks())
    await sleep_ms(options.get("life_ms", 20000))
    running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        say("cancelled", session.send("x"))
    await sleep_ms(3000)

asyncio.run(main())
"""


class Link:
    """The program above as a process, and the events it prints."""

    def __init__(self, command: "list[str]", folder: Path, **options) -> None:
        paths = [str(HOST_TESTS.parent / "firmware")]
        if command[0] == sys.executable:
            paths.append(str(HOST_TESTS / "shims"))
        self.events: list = []
        self._queue: queue.Queue = queue.Queue()
        program = folder / "link.py"
        program.write_text(PROGRAM)
        arguments = folder / ("options-%d.json" % time.monotonic_ns())
        arguments.write_text(json.dumps([paths, options]))
        self._process = subprocess.Popen(
            [*command, str(program), str(arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._queue.put(json.loads(line) if line.startswith("[") else ["noise", line])
        self._queue.put(["end", self._process.wait()])

    def wait_for(self, *wanted: str, timeout: float = 10) -> list:
        """The next event that begins with these words; a word of the log is searched for in the sentence."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                event = self._queue.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError("no %s in\n%s" % (list(wanted), "\n".join(map(str, self.events)))) from None
            self.events.append(event)
            if len(event) >= len(wanted) and all(str(want) in str(got) for want, got in zip(wanted, event, strict=False)):
                return event
            assert event[0] != "end", "\n".join(map(str, self.events))

    def longest_stall_ms(self, work: bool = False) -> int:
        """For how long the program's other task had to wait, at most; `work`: by the processor's time that the program
        took meanwhile, which does not depend on what else the machine has to do."""
        time.sleep(0.2)  # it tells when it runs again
        while not self._queue.empty():
            self.events.append(self._queue.get())
        return max([event[2 if work else 1] for event in self.events if event[0] == "stall"], default=0)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def start(micropython, tmp_path):
    links = []

    def starts(url: str, **options) -> Link:
        links.append(Link(micropython, tmp_path, url=url, **options))
        return links[-1]

    yield starts
    for link in links:
        link.stop()


@contextmanager
def good_server(handler, port: int = 0, name: str = "127.0.0.1", **options):
    """A server of the websockets library; gives its URL."""

    def quiet(connection):
        try:
            handler(connection)
        except ConnectionClosed:
            pass

    with serve(quiet, "127.0.0.1", port, subprotocols=["ocpp1.6"], compression=None, **options) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield "%s://%s:%d/ocpp" % ("wss" if options.get("ssl") else "ws", name, server.socket.getsockname()[1])
        server.shutdown()


@contextmanager
def raw_server(handler):
    """Calls handler(socket, request) for each connection, one after another; gives the URL."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serving():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.settimeout(20)
            try:
                with connection:
                    request = b""
                    while b"\r\n\r\n" not in request:
                        piece = connection.recv(1000)
                        if not piece:
                            break
                        request += piece
                    else:  # who hangs up before that gets no answer
                        handler(connection, request.decode())
            except OSError:
                pass

    threading.Thread(target=serving, daemon=True).start()
    try:
        yield "ws://127.0.0.1:%d" % listening.getsockname()[1]
    finally:
        listening.close()


def yes(request: str, key: str = "", more: str = "Sec-WebSocket-Protocol: ocpp1.6\r\n") -> bytes:
    key = key or re.search("Sec-WebSocket-Key: (.*)\r\n", request)[1]
    accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    return ("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n" % (accept, more)).encode()


def close_code_in(connection: socket.socket) -> "int | None":
    """The code of the close that a client sends next (pings aside); None when it just hangs up."""
    data = b""
    while True:
        while len(data) >= 6 and len(data) >= 6 + (data[1] & 0x7F):
            length = data[1] & 0x7F
            payload = bytes(byte ^ data[2 + i % 4] for i, byte in enumerate(data[6 : 6 + length]))
            if data[0] == 0x88:
                return int.from_bytes(payload[:2], "big") if payload else 1005
            data = data[6 + length :]
        piece = connection.recv(1000)
        if not piece:
            return None
        data += piece


def hold(connection: socket.socket) -> None:
    while connection.recv(1000):
        pass


# -- a server as it should be


def talk(connection) -> None:
    connection.send("echo hello \u00fc\u20ac")
    assert connection.recv(timeout=5) == "hello \u00fc\u20ac"
    assert connection.ping("are you there").wait(5)
    connection.send(["echo ", "in ", "", "frag", "ments ", "x" * 5000])
    assert connection.recv(timeout=5) == "in fragments " + "x" * 5000
    connection.send(b"\x00\xff" * 100)
    connection.send("echo still here")
    assert connection.recv(timeout=5) == "still here"
    connection.send("done")
    connection.close(1001, "going away")


def check_a_talk(link: Link) -> None:
    link.wait_for("up")
    link.wait_for("log", "warn", "ignored a binary message of 200 bytes")
    link.wait_for("text", "done")
    assert link.wait_for("down")[1] == "closed by the server with 1001 going away"


def test_text_fragments_pings_and_binary(start):
    with good_server(talk) as url:
        check_a_talk(start(url))


def test_the_same_on_cpython(tmp_path):
    with good_server(talk) as url:
        link = Link([sys.executable], tmp_path, url=url)
        try:
            check_a_talk(link)
        finally:
            link.stop()


def test_the_request_names_the_station_and_its_password(start):
    seen = queue.Queue()

    def handler(connection):
        seen.put((connection.request.path, connection.request.headers.get("Authorization"), connection.subprotocol))

    for auth, user in (("p\u00e4ss:word", "CP 01/\u00fc"), ({"user": "me", "password": "p"}, "me")):
        with good_server(handler) as url:
            start(url + "/", id="CP 01/\u00fc", auth=auth)
            path, header, protocol = seen.get(timeout=10)
        password = auth if isinstance(auth, str) else auth["password"]
        assert (path, protocol) == ("/ocpp/CP%2001%2F%C3%BC", "ocpp1.6")
        assert base64.b64decode(header.split()[1]).decode() == user + ":" + password


def test_being_cancelled_hangs_up(start):
    ended = threading.Event()

    def handler(connection):
        try:
            connection.recv()
        except ConnectionClosed:
            ended.set()

    with good_server(handler) as url:
        link = start(url, life_ms=700)
        link.wait_for("up")
        assert link.wait_for("cancelled")[1] is False
        assert ended.wait(2)  # while the program goes on


# -- a link that dies


def test_a_silent_server_is_left_after_a_ping(start):
    def handler(connection, request):
        connection.sendall(yes(request))
        hold(connection)

    with raw_server(handler) as url:
        link = start(url, ping_s=1, pong_s=1)
        began = time.monotonic()
        link.wait_for("up")
        assert link.wait_for("down")[1] == "nothing heard within 1 s after a ping"
        assert 1.9 < time.monotonic() - began < 4
        link.wait_for("up")


def test_a_server_that_answers_pings_is_kept(start):
    with good_server(lambda connection: connection.recv()) as url:
        link = start(url, ping_s=1, pong_s=1, life_ms=4000)
        link.wait_for("up")
        link.wait_for("cancelled")
        assert not [event for event in link.events if event[0] == "down"]


def test_the_ping_interval_holds_at_once_when_it_is_changed(start):
    def handler(connection, request):
        connection.sendall(yes(request) + b"\x81\x06ping 1")
        hold(connection)

    with raw_server(handler) as url:
        link = start(url, ping_s=300, pong_s=1)
        link.wait_for("up")
        assert "after a ping" in link.wait_for("down", timeout=5)[1]


def test_a_server_that_does_not_read_stops_nobody(start):
    release = threading.Event()

    def handler(connection, request):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(yes(request))
        for _ in range(400):  # more than any socket buffer takes
            connection.sendall(b"\x81\x06fill x")
            if release.wait(0.01):
                return

    with raw_server(handler) as url:
        link = start(url, ping_s=1, pong_s=2)
        assert link.wait_for("filled")[1] == 32
        assert "after a ping" in link.wait_for("down", timeout=20)[1]
        release.set()
        assert link.longest_stall_ms() < 500


@pytest.mark.parametrize("frames", [b"\x81\x04busy" * 300, b"\x89\x01p" * 30000], ids=["texts", "pings"])
def test_a_flood_of_small_messages_keeps_no_other_task_waiting(start, frames):
    def handler(connection, request):
        connection.sendall(yes(request) + frames + b"\x81\x04last")
        hold(connection)

    with raw_server(handler) as url:
        link = start(url, eager=True)
        link.wait_for("text", "last", timeout=30)
        assert link.longest_stall_ms(work=True) < 250


def test_the_cable_is_pulled_and_put_back(start):
    def handler(connection):
        connection.send("cable")
        connection.recv()

    with good_server(handler) as url:
        link = start(url, minimum_s=60)
        link.wait_for("up")
        assert link.wait_for("down", timeout=2)[1] == "the network is gone"
        link.wait_for("log", "info", "waiting for the network")
        link.wait_for("plugged")
        link.wait_for("up", timeout=5)  # not after 60 s


# -- servers that say no


def waits(link: Link, count: int) -> "list[int]":
    return [int(re.search(r"next try in (\d+) s", link.wait_for("log", "warn", "next try")[2])[1]) for _ in range(count)]


def test_waits_double_until_somebody_listens(start):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    link = start("ws://127.0.0.1:%d/ocpp" % port, minimum_s=0.3)
    times = []
    for _ in range(4):
        assert "ECONNREFUSED" in link.wait_for("log", "warn", "next try")[2]
        times.append(time.monotonic())
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert [0.3 * 2**n - 0.05 < gap < 0.3 * 2**n + 0.6 for n, gap in enumerate(gaps)] == [True] * 3, gaps
    with good_server(lambda connection: connection.recv(), port):
        link.wait_for("up", timeout=10)


def test_a_server_that_closes_at_once_is_not_hammered(start):
    codes = queue.Queue()

    def handler(connection, request):
        connection.sendall(yes(request) + b"\x88\x02\x0f\xa0")
        codes.put(close_code_in(connection))

    with raw_server(handler) as url:
        link = start(url, minimum_s=1)
        assert link.wait_for("down")[1] == "closed by the server with 4000"
        assert waits(link, 2) == [1, 2]
        assert codes.get(timeout=5) == 4000


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
@pytest.mark.parametrize(
    "answer, sentence, wait_s",
    [
        ("HTTP/1.1 401 Unauthorized\r\n\r\n", "the server answered 401 Unauthorized", 1),
        ("HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\n\r\n", "the server answered 302 Found to ws://elsewhere/, which is not followed", 1),
        ("HTTP/1.1 200 OK\r\n\r\n<html>", "the server answered 200 OK", 1),
        ("HTTP/1.1 404 Not Found\r\nRetry-After: 50\r\n\r\n", "the server answered 404 Not Found", 1),
        ("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 17\r\n\r\n", "the server answered 503 Service Unavailable", 17),
        ("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 99999\r\n\r\n", "the server answered 429 Too Many Requests", 3600),
        ("", "the server hung up during the handshake", 1),
        ("SSH-2.0-x\r\n\r\n", "the server does not speak HTTP/1.1", 1),
        ("X" * 5000, "the server's answer is longer than 4096 bytes", 1),
    ],
)
def test_a_refusal_is_named_and_its_patience_honoured(start, answer, sentence, wait_s):
    with raw_server(lambda connection, request: connection.sendall(answer.encode())) as url:
        assert start(url, minimum_s=1).wait_for("log", "warn")[2] == "%s; next try in %d s" % (sentence, wait_s)


def test_a_wrong_accept_key_and_a_missing_protocol_are_refused(start):
    for answer, sentence in (
        (lambda request: yes(request, key="another"), "the server's accept key is wrong"),
        (lambda request: yes(request, more=""), "the server does not speak ocpp1.6, but nothing known"),
        (lambda request: yes(request, more="Sec-WebSocket-Protocol: ocpp2.0.1\r\n"), "the server does not speak ocpp1.6, but ocpp2.0.1"),
    ):
        with raw_server(lambda connection, request, answer=answer: connection.sendall(answer(request))) as url:
            assert sentence in start(url).wait_for("log", "warn")[2]


def test_a_server_that_takes_the_call_and_says_nothing_is_left(start):
    hung_up = threading.Event()

    def handler(connection, request):
        hold(connection)
        hung_up.set()

    with raw_server(handler) as url:
        link = start(url, connect_s=1)
        assert link.wait_for("log", "warn")[2].startswith("no connection within 1 s")
        assert hung_up.wait(2)


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
@pytest.mark.parametrize(
    "url, sentence",
    [
        ("wss://example.com", "TLS needs tls.ca_file"),
        ("http://example.com", "must begin with ws://"),
        ("ws://me:secret@example.com", "use basic_auth"),
        ("ws://", "must name a host"),
        ("ws://host:0/x", "must name a host"),
        ("ws://host:x/x", "must name a host"),
        ("ws://host/x?y=1", "no query"),
        ("ws://ho st/", "no blanks"),
    ],
)
def test_an_url_that_cannot_be_used_is_named(start, url, sentence):
    assert sentence in start(url).wait_for("log", "warn")[2]


# -- servers that break the protocol, and messages that are too much


@pytest.mark.parametrize(
    "frames, code",
    [
        (b"\x81\x7f\x00\x00\x00\x00\x00\x10\x00\x00" + bytes(1 << 20), 1009),
        (b"\x01\x7e\x1f\x40" + b"x" * 8000 + b"\x80\x7e\x1f\x40" + b"x" * 8000, 1009),
        (b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 1002),
        (b"\x83\x00", 1002),
        (b"\x81\x02\xc0\x80", 1007),
    ],
    ids=["a megabyte", "too long in fragments", "masked", "reserved opcode", "no UTF-8"],
)
def test_a_broken_protocol_is_answered_with_its_code_and_a_new_connection(start, frames, code):
    codes = queue.Queue()

    def handler(connection, request):
        connection.sendall(yes(request))
        threading.Thread(target=send_what_goes, args=(connection, frames), daemon=True).start()
        codes.put(close_code_in(connection))

    with raw_server(handler) as url:
        link = start(url)
        assert link.wait_for("down")[1].startswith("closed with %d: " % code)
        assert codes.get(timeout=5) == code
        link.wait_for("up")


def send_what_goes(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        pass


def test_a_slow_server_that_sends_single_bytes_is_understood(start):
    def handler(connection, request):
        for byte in yes(request) + b"\x01\x00" + b"".join(b"\x00\x01%c" % b for b in b"echo slow") + b"\x80\x00":
            connection.sendall(bytes((byte,)))
            time.sleep(0.002)
        hold(connection)

    with raw_server(handler) as url:
        link = start(url)
        assert link.wait_for("text", timeout=20) == ["text", "echo slow", 9]


def test_a_message_for_which_the_memory_does_not_suffice_costs_the_connection_only(start):
    codes = queue.Queue()

    def handler(connection, request):
        connection.sendall(yes(request) + b"\x81\x09exhaust x")
        codes.put(close_code_in(connection))

    with raw_server(handler) as url:
        link = start(url)
        assert link.wait_for("down")[1] == "closed with 1009: out of memory"
        assert codes.get(timeout=5) == 1009
        link.wait_for("up")


def test_a_fault_in_the_agent_costs_the_connection_only(start):
    def handler(connection):
        connection.send("fail here")
        connection.recv()

    with good_server(handler) as url:
        link = start(url)
        link.wait_for("log", "error", "KeyError: here")
        assert link.wait_for("down")[1] == "KeyError: here"
        link.wait_for("up")
