"""The client cases of the Autobahn test suite, on the reader of frames and on the whole client;
autobahn_cases.py has them.

Not here: sections 9 (speed), 12 and 13 (compression, which this client does not offer); section 8
has no cases."""

import asyncio

from autobahn_cases import (
    CLOSE,
    COUNTS,
    FRAMES,
    MAX_MESSAGE,
    PONG,
    SEQUENCES,
    TEXT,
    every,
    pieces_of,
)
from websocket_server import WebSocketServer

from setpoint.clock import Clock
from setpoint.link.session import Session
from setpoint.link.websocket import MAX_MESSAGE as LONGEST
from setpoint.protocol.websocket import FrameReader
from setpoint.station.facts import Credentials


def outcome(frames, chop):
    """The events, a fault as its code."""
    reader = FrameReader(MAX_MESSAGE, bytearray(512))
    events = []
    for piece in pieces_of(frames, chop):
        for event in reader.feed(piece):
            if event[0] == "text" and type(event[1]) is not str:
                event = ("text", str(event[1], "utf-8"))
            elif event[0] == "binary":
                event = ("binary", bytes(event[1]))
            events.append(event[1] if event[0] == "fault" else event)
    return events


def test_every_case_of_the_suite_is_here():
    numbers = set()
    for case in every():
        assert case[0] not in numbers, case[0]
        numbers.add(case[0])
    wanted = {"%s.%d" % (group, i + 1) for group in COUNTS for i in range(COUNTS[group])}
    assert numbers == wanted, (numbers - wanted, wanted - numbers)
    assert len(wanted) == 247


def test_each_case_as_the_suite_cuts_it_and_in_other_pieces():
    for number, frames, want, chop in every():
        long = len(frames[0][1]) > 1000
        for cut in {chop, 0, FRAMES, 997 if long else 1}:
            got = outcome(frames, cut)
            assert got == want, (number, cut, got if len(str(got)) < 200 else "...")


# -- the whole client: what it says to the server


class Echo:
    """What a client under test does in the suite: it sends back each text."""

    def __init__(self, server):
        identity = {"csms_url": "ws://127.0.0.1:9", "charge_point_id": "cp001"}
        self.session = Session(
            server, identity, Credentials(), {"minimum_s": 60, "random_s": 0}, self.log, Clock()
        )
        self.over = asyncio.Event()
        self.faults = []

    def log(self, level, sentence):
        if level == "error":
            self.faults.append(sentence)

    def on_up(self):
        pass

    def on_text(self, text):
        assert self.session.send(text if type(text) is str else str(text, "utf-8"))

    def on_down(self, reason):
        self.over.set()


async def said(pieces):
    """[(opcode, payload)] that the client sent, faults of the agent after them."""
    server = WebSocketServer(pieces)
    echo = Echo(server)
    task = asyncio.create_task(echo.session.run(echo))
    await asyncio.wait_for(echo.over.wait(), 20)
    task.cancel()
    found, data = [], server.heard
    while data:
        assert data[1] & 0x80, "masked"
        length, at = data[1] & 0x7F, 2
        if length > 125:
            at = 4 if length == 126 else 10
            length = int.from_bytes(data[2:at], "big")
        mask, payload = data[at : at + 4], data[at + 4 : at + 4 + length]
        key = int.from_bytes((mask * (length // 4 + 1))[:length], "big") if length else 0
        found.append(
            (
                data[0] & 0x0F,
                (int.from_bytes(payload, "big") ^ key).to_bytes(length, "big") if length else b"",
            )
        )
        data = data[at + 4 + length :]
    return found + echo.faults


def reply_to(event):
    """What the suite wants to hear, as (opcode, payload), of a close its code; None: nothing."""
    if type(event) is int:
        return CLOSE, event.to_bytes(2, "big")
    if event[0] == "close":
        return CLOSE, (1000 if event[1] == 1005 else event[1]).to_bytes(2, "big")
    if event[0] == "text":
        return TEXT, event[1].encode()
    # Binary messages are not OCPP's: ignored
    return (PONG, event[1]) if event[0] == "ping" else None


async def play_all():
    for number, frames, want, chop in every():
        if sum([len(frame[1]) for frame in frames]) > LONGEST:
            want = [1009]  # the one difference on purpose: a station has not the memory
        wanted = [reply for reply in [reply_to(event) for event in want] if reply is not None]
        got = [
            (opcode, payload[:2]) if opcode == CLOSE else (opcode, payload)
            for opcode, payload in await said(pieces_of(frames, chop or FRAMES))
        ]
        assert got == wanted, (number, [(opcode, payload[:40]) for opcode, payload in got])


def test_the_whole_client_answers_as_the_suite_wants_it():
    asyncio.run(play_all())


# -- and beyond the suite


def test_utf8_is_taken_in_any_surroundings_and_nothing_else_is():
    for _, good, sequences in SEQUENCES:
        for sequence in sequences:
            for before, after in (
                (b"abc", b""),
                (b"\xc3\xbc", b"\xe2\x82\xac"),
                (b"x" * 300, b"y" * 300),
            ):
                payload = before + sequence + after
                want = [("text", str(payload, "utf-8"))] if good else [1007]
                assert outcome([(TEXT, payload)], 0) == want, payload
                half = len(payload) // 2
                assert outcome([(TEXT, payload[:half], False), (0, payload[half:])], 1) == want, (
                    payload
                )


def test_codes_of_a_close_that_were_registered_later():
    for code in (1012, 1013, 1014):
        assert outcome([(CLOSE, bytes((code >> 8, code & 255)) + b"why")], 1) == [
            ("close", code, "why")
        ], code
    assert outcome([(CLOSE, b"\x03\xf7why")], 1) == [1002], "1015 is never sent"


def test_a_masked_frame_of_a_server_is_a_fault():
    assert next(
        FrameReader(1000, bytearray(9)).feed(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
    )[:2] == ("fault", 1002)


def test_a_length_must_be_written_in_its_shortest_form():
    for data in (
        b"\x81\x7e\x00\x7d",
        b"\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
        b"\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00",
    ):
        assert next(FrameReader(100000, bytearray(9)).feed(data))[:2] == ("fault", 1002), data
