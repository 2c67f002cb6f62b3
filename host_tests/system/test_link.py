"""The link over real sockets, on both MicroPythons and CPython: a server as it should be, and a
link that dies."""

import base64
import queue
import socket
import sys
import threading
import time

import pytest
from link_bench import Link, good_server, hold, links, raw_server, yes
from websockets.exceptions import ConnectionClosed


@pytest.fixture
def start(micropython, tmp_path):
    with links(micropython, tmp_path) as start:
        yield start


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
        seen.put(
            (
                connection.request.path,
                connection.request.headers.get("Authorization"),
                connection.subprotocol,
            )
        )

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


@pytest.mark.parametrize(
    "frames", [b"\x81\x04busy" * 300, b"\x89\x01p" * 30000], ids=["texts", "pings"]
)
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
