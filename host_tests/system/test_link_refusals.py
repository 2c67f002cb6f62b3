"""The link at servers that say no, break the protocol or send too much."""

import queue
import socket
import threading
import time

import pytest
from link_bench import close_code_in, good_server, hold, links, raw_server, waits, yes


@pytest.fixture
def start(micropython, tmp_path):
    with links(micropython, tmp_path) as start:
        yield start


def test_waits_double_until_somebody_listens(start):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    link = start("ws://127.0.0.1:%d/ocpp" % port, minimum_s=0.3)
    times = []
    for _ in range(4):
        assert "ECONNREFUSED" in link.wait_for("log", "warn", "next try")[2]
        times.append(time.monotonic())
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert [0.3 * 2**n - 0.05 < gap < 0.3 * 2**n + 0.6 for n, gap in enumerate(gaps)] == [
        True
    ] * 3, gaps
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
        (
            "HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\n\r\n",
            "the server answered 302 Found to ws://elsewhere/, which is not followed",
            1,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n<html>", "the server answered 200 OK", 1),
        (
            "HTTP/1.1 404 Not Found\r\nRetry-After: 50\r\n\r\n",
            "the server answered 404 Not Found",
            1,
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 17\r\n\r\n",
            "the server answered 503 Service Unavailable",
            17,
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 99999\r\n\r\n",
            "the server answered 429 Too Many Requests",
            3600,
        ),
        ("", "the server hung up during the handshake", 1),
        ("SSH-2.0-x\r\n\r\n", "the server does not speak HTTP/1.1", 1),
        ("X" * 5000, "the server's answer is longer than 4096 bytes", 1),
    ],
)
def test_a_refusal_is_named_and_its_patience_honoured(start, answer, sentence, wait_s):
    with raw_server(lambda connection, request: connection.sendall(answer.encode())) as url:
        assert start(url, minimum_s=1).wait_for("log", "warn")[2] == "%s; next try in %d s" % (
            sentence,
            wait_s,
        )


def test_a_wrong_accept_key_and_a_missing_protocol_are_refused(start):
    for answer, sentence in (
        (lambda request: yes(request, key="another"), "the server's accept key is wrong"),
        (
            lambda request: yes(request, more=""),
            "the server does not speak ocpp1.6, but nothing known",
        ),
        (
            lambda request: yes(request, more="Sec-WebSocket-Protocol: ocpp2.0.1\r\n"),
            "the server does not speak ocpp1.6, but ocpp2.0.1",
        ),
    ):
        with raw_server(
            lambda connection, request, answer=answer: connection.sendall(answer(request))
        ) as url:
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
        for byte in (
            yes(request)
            + b"\x01\x00"
            + b"".join(b"\x00\x01%c" % b for b in b"echo slow")
            + b"\x80\x00"
        ):
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
