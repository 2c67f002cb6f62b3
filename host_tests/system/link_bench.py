"""The link of the firmware as a process of its own, and servers that it dials."""

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
    credentials.now = tuple(options["security"]) + (0,)
    credentials.before = tuple(options["before"]) + (0,) if "before" in options else None
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
            [*command, str(program), str(arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._queue.put(json.loads(line) if line.startswith("[") else ["noise", line])
        self._queue.put(["end", self._process.wait()])

    def wait_for(self, *wanted: str, timeout: float = 10) -> list:
        """The next event that begins with these words; a word of the log is searched for in the
        sentence."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                event = self._queue.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError(
                    "no %s in\n%s" % (list(wanted), "\n".join(map(str, self.events)))
                ) from None
            self.events.append(event)
            if len(event) >= len(wanted) and all(
                str(want) in str(got) for want, got in zip(wanted, event, strict=False)
            ):
                return event
            assert event[0] != "end", "\n".join(map(str, self.events))

    def longest_stall_ms(self, work: bool = False) -> int:
        """For how long the program's other task had to wait, at most; `work`: by the processor's
        time that the program took meanwhile, which does not depend on what else the machine has to
        do."""
        time.sleep(0.2)  # it tells when it runs again
        while not self._queue.empty():
            self.events.append(self._queue.get())
        return max(
            [event[2 if work else 1] for event in self.events if event[0] == "stall"], default=0
        )

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def links(micropython, folder):
    """A function that starts a Link to a URL; they all end with the context."""
    started = []

    def start(url: str, **options) -> Link:
        started.append(Link(micropython, folder, url=url, **options))
        return started[-1]

    yield start
    for link in started:
        link.stop()


@contextmanager
def good_server(handler, port: int = 0, name: str = "127.0.0.1", **options):
    """A server of the websockets library; gives its URL."""

    def quiet(connection):
        try:
            handler(connection)
        except ConnectionClosed:
            pass

    with serve(
        quiet, "127.0.0.1", port, subprotocols=["ocpp1.6"], compression=None, **options
    ) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield "%s://%s:%d/ocpp" % (
            "wss" if options.get("ssl") else "ws",
            name,
            server.socket.getsockname()[1],
        )
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
    accept = base64.b64encode(
        hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    ).decode()
    return (
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n"
        % (accept, more)
    ).encode()


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


def waits(link: Link, count: int) -> "list[int]":
    return [
        int(re.search(r"next try in (\d+) s", link.wait_for("log", "warn", "next try")[2])[1])
        for _ in range(count)
    ]
