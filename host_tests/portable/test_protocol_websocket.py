"""WebSocket frames and the opening handshake, byte by byte (RFC 6455)."""

import sys

from setpoint.protocol.handshake import Handshake, HandshakeError
from setpoint.protocol.websocket import (
    BINARY,
    PING,
    PONG,
    TEXT,
    FrameReader,
    close_frame,
    frame,
    pieces,
    text_pieces,
)

MASK = b"\x37\xfa\x21\x3d"  # of the example in RFC 6455, section 5.7


def fixed_random(count):
    return (MASK * count)[:count]


def server_frame(opcode, payload=b"", final=True, reserved=0):
    length = len(payload)
    first = bytes(((0x80 if final else 0) | reserved << 4 | opcode,))
    if length < 126:
        return first + bytes((length,)) + payload
    if length < 0x10000:
        return first + bytes((126, length >> 8, length & 0xFF)) + payload
    return first + b"\x7f" + length.to_bytes(8, "big") + payload


def events_of(data, max_message=10000, chunk=None, buffer=256):
    """What a reader makes of the data, with the views that it lends turned into what they show."""
    reader = FrameReader(max_message, bytearray(buffer))
    events = []
    for at in range(0, len(data), chunk or len(data)):
        for event in reader.feed(data[at : at + (chunk or len(data))]):
            if event[0] == "text" and type(event[1]) is not str:
                event = ("text", str(event[1], "utf-8"))
            elif event[0] == "binary":
                event = ("binary", bytes(event[1]))
            events.append(event)
    return events


def text_frame(text, random):
    return b"".join(text_pieces(text, random))


def unmasked(data):
    """(first byte, payload) of a frame that a client sends."""
    data = bytearray(data)
    assert data[1] & 0x80
    length, at = data[1] & 0x7F, 2
    if length == 126:
        length, at = data[2] << 8 | data[3], 4
    elif length == 127:
        length, at = int.from_bytes(data[2:10], "big"), 10
    assert len(data) == at + 4 + length
    for i in range(length):
        data[at + 4 + i] ^= data[at + i % 4]
    return data[0], bytes(data[at + 4 :])


def test_the_examples_of_the_standard():
    # RFC 6455, section 5.7
    assert events_of(b"\x81\x05Hello") == [("text", "Hello")]
    assert (
        bytes(text_frame("Hello", fixed_random)) == b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    )
    assert events_of(b"\x01\x03Hel\x80\x02lo") == [("text", "Hello")]
    assert events_of(b"\x89\x05Hello") == [("ping", b"Hello")]
    assert (
        bytes(frame(PONG, b"Hello", fixed_random))
        == b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    )
    assert events_of(b"\x82\x7e\x01\x00" + bytes(256)) == [("binary", bytes(256))]
    assert events_of(b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + bytes(65536), 65536) == [
        ("binary", bytes(65536))
    ]


def test_every_length_is_sent_whole_and_masked():
    for length in (0, 1, 3, 4, 5, 125, 126, 127, 255, 256, 257, 511, 512, 1000, 2047, 65535, 65536):
        payload = (bytes(range(251)) * (length // 251 + 1))[:length]
        assert unmasked(frame(BINARY, payload, fixed_random)) == (0x82, payload), length
    assert unmasked(text_frame("\u00fc\u20ac", fixed_random)) == (0x81, b"\xc3\xbc\xe2\x82\xac")


def test_a_message_that_comes_in_pieces_of_any_length_is_one_frame():
    parts = [
        bytes([65 + count % 26]) * count for count in (0, 1, 2, 3, 255, 256, 257, 5, 600, 0, 7, 1)
    ]
    assert unmasked(text_frame(parts, fixed_random)) == (0x81, b"".join(parts))
    assert unmasked(text_frame([], fixed_random)) == (0x81, b"")


def test_a_message_may_be_made_while_it_is_sent():
    for count in (0, 1, 7, 200, 1000):
        parts = [b"[", lambda: iter([b"%d," % number for number in range(count)]), b"0]"]
        made = b"[" + b"".join([b"%d," % number for number in range(count)]) + b"0]"
        assert unmasked(text_frame(parts, fixed_random)) == (0x81, made)


def test_a_message_that_changes_while_it_is_sent_is_given_up():
    for before, after in ((b"null", b"1234567"), (b"1234567", b"null"), (b"x" * 900, b"x" * 901)):
        versions = [before, after]
        frames = text_pieces([b"[", lambda: iter([versions.pop(0)]), b"]"], fixed_random)
        try:
            list(frames)
            raise AssertionError("a frame of another length than it says")
        except OSError:
            pass


def test_a_long_message_is_sent_in_pieces_and_a_short_one_in_one():
    text = "\u00fc" * 3000
    sent = list(text_pieces(text, fixed_random))
    assert len(sent) == 12 and max([len(piece) for piece in sent]) <= 780
    assert unmasked(b"".join(sent)) == (0x81, text.encode())
    assert len(list(pieces(TEXT, b"x" * 500, fixed_random))) == 1


def test_a_long_text_is_lent_where_it_was_put_together():
    buffer = bytearray(2000)
    reader = FrameReader(2000, buffer)
    for size, lent in ((800, False), (801, True)):
        for event in reader.feed(server_frame(TEXT, b"x" * size)):
            assert (type(event[1]) is not str) == lent and len(event[1]) == size
    buffer[0] = 65
    assert event[1][0] == 65  # no copy
    seen = []
    for event in reader.feed(server_frame(TEXT, b"a" * 900) + server_frame(TEXT, b"b" * 900)):
        # Before the next event is asked for, which may take its place
        seen.append(bytes(event[1])[:2])
    assert seen == [b"aa", b"bb"]


def test_bad_utf8_is_found_wherever_it_stands_in_a_long_text():
    good = b"\xe2\x82\xac\xc3\xbcx" * 150
    assert events_of(server_frame(TEXT, good))[0][1] == str(good, "utf-8")
    for at in (0, 254, 255, 256, 257, 511, 512, 700, len(good)):
        for bad in (
            b"\xc0\x80",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xff",
            b"\x80",
            b"\xf0\x80\x80\x80",
            b"\xc3",
        ):
            for filler in (b"x", b"\xc2\xa2"):
                data = (filler * 900)[: at // len(filler) * len(filler)] + bad + filler * (900 - at)
                assert events_of(server_frame(TEXT, data))[0][:2] == ("fault", 1007), (at, bad)


def test_each_frame_has_its_own_mask():
    masks = [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x01\x02\x03\x04"]
    for mask in masks:
        sent = frame(PING, b"abcdef", lambda count, mask=mask: mask[:count])
        assert bytes(sent[2:6]) == mask and unmasked(sent) == (0x89, b"abcdef")


def test_every_length_is_received_in_any_pieces():
    for length in (0, 1, 125, 126, 127, 255, 256, 257, 600, 1000):
        text = "x" * length
        data = (
            server_frame(TEXT, text.encode())
            + server_frame(PING, b"p")
            + server_frame(TEXT, b"end")
        )
        for chunk in (None, 1, 2, 3, 7, 126, 1000):
            assert events_of(data, chunk=chunk) == [
                ("text", text),
                ("ping", b"p"),
                ("text", "end"),
            ], (length, chunk)


def test_control_frames_may_stand_between_fragments():
    data = (
        server_frame(TEXT, b"a\xc3", False)
        + server_frame(PING, b"1")
        + server_frame(0, b"", False)
        + server_frame(PONG, b"2")
        + server_frame(0, b"\xbcz")
        + server_frame(BINARY, b"b")
    )
    for chunk in (None, 1, 5):
        assert events_of(data, chunk=chunk) == [
            ("ping", b"1"),
            ("pong", b"2"),
            ("text", "a\u00fcz"),
            ("binary", b"b"),
        ]


def test_a_later_shorter_message_does_not_show_the_earlier_one():
    assert events_of(
        server_frame(TEXT, b"x" * 1000) + server_frame(TEXT, b"ab") + server_frame(TEXT, b"")
    ) == [
        ("text", "x" * 1000),
        ("text", "ab"),
        ("text", ""),
    ]


def test_a_message_may_be_as_long_as_allowed_and_not_a_byte_longer():
    assert events_of(server_frame(TEXT, b"x" * 500), 500) == [("text", "x" * 500)]
    assert events_of(server_frame(TEXT, b"x" * 501), 500)[0][:2] == ("fault", 1009)
    halves = server_frame(TEXT, b"x" * 250, False)
    assert events_of(halves + server_frame(0, b"x" * 250), 500) == [("text", "x" * 500)]
    assert events_of(halves + server_frame(0, b"x" * 251), 500)[0][:2] == ("fault", 1009)


def test_a_long_message_is_refused_by_its_header_alone():
    assert events_of(b"\x81\x7f\x00\x00\x00\x00\x00\x10\x00\x00", 8192)[0][:2] == ("fault", 1009)
    assert events_of(b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 8192)[0][:2] == ("fault", 1009)
    assert events_of(b"\x81\x7e\x20\x01", 8192)[0][:2] == ("fault", 1009)


def test_a_message_that_the_memory_cannot_hold_is_refused_by_its_header():
    length = 1 << (46 if sys.maxsize > 1 << 40 else 29)
    events = list(FrameReader(length, bytearray(100)).feed(b"\x81\x7f" + length.to_bytes(8, "big")))
    assert len(events) == 1 and events[0][:2] == ("fault", 1009) and "no memory" in events[0][2]


def test_after_a_fault_or_a_close_nothing_comes():
    for ending in (b"\x81\x80\x00", b"\x88\x00", b"\x88\x02\x03\xe8"):
        reader = FrameReader(1000, bytearray(100))
        assert len(list(reader.feed(b"\x81\x01a" + ending + b"\x81\x01b"))) == 2
        assert list(reader.feed(b"\x81\x01c")) == []


def test_a_close_we_send():
    assert unmasked(close_frame(1000, "", fixed_random)) == (0x88, b"\x03\xe8")
    assert unmasked(close_frame(1009, "too big", fixed_random)) == (0x88, b"\x03\xf1too big")
    assert unmasked(close_frame(None, "", fixed_random)) == (0x88, b"")
    assert unmasked(close_frame(1005, "x", fixed_random)) == (0x88, b"")
    payload = unmasked(close_frame(1002, "\u20ac" * 100, fixed_random))[1]
    assert len(payload) <= 125 and str(payload[2:], "utf-8") == "\u20ac" * 41


# -- the handshake

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455, section 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def handshake():
    return Handshake(
        "host:9000",
        "/ocpp/cp001",
        "ocpp1.6",
        lambda count: b"the sample nonce"[:count],
        ("Authorization: Basic eDp5",),
    )


def answer(status="HTTP/1.1 101 Switching Protocols", drop=None, **changed):
    fields = [
        ("Upgrade", changed.get("upgrade", "websocket")),
        ("Connection", changed.get("connection", "Upgrade")),
        ("Sec-WebSocket-Accept", changed.get("accept", ACCEPT)),
        ("Sec-WebSocket-Protocol", changed.get("protocol", "ocpp1.6")),
    ]
    lines = (
        [status]
        + ["%s: %s" % field for field in fields if field[0] != drop]
        + changed.get("more", [])
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def refusal(data):
    try:
        rest = handshake().feed(data)
    except HandshakeError as error:
        return error
    raise AssertionError("%r was accepted, rest %r" % (data, rest))


def test_the_request():
    lines = handshake().request().decode().split("\r\n")
    assert lines[0] == "GET /ocpp/cp001 HTTP/1.1"
    assert lines[-2:] == ["", ""]
    assert sorted(lines[1:-2]) == sorted(
        [
            "Host: host:9000",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: " + KEY,
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: ocpp1.6",
            "Authorization: Basic eDp5",
        ]
    )


def test_a_yes_in_any_pieces_and_what_follows_it_belongs_to_the_frames():
    data = answer() + b"\x81\x02hi"
    for chunk in (1, 2, 50, 1000):
        opening = handshake()
        rest = b""
        done = False
        for at in range(0, len(data), chunk):
            piece = data[at : at + chunk]
            if done:
                rest += piece
                continue
            got = opening.feed(piece)
            if got is not None:
                done = True
                rest = got
        assert done and rest == b"\x81\x02hi", chunk


def test_header_fields_are_read_as_http_has_them():
    for data in (
        answer(upgrade="WebSocket", connection="keep-alive, upgrade"),
        answer(connection="UPGRADE"),
        answer(connection="keep-alive,Upgrade"),
        answer(drop="Connection", more=["connection: keep-alive", "CONNECTION:Upgrade"]),
        answer(drop="Upgrade", more=["UPGRADE:\twebsocket  "]),
        answer(more=["Server: x: y", "X-Empty:", "Set-Cookie: \u00fc=1"]),
        answer(status="HTTP/1.1 101"),
        answer(status="HTTP/1.1 101 Whatever it says"),
    ):
        assert handshake().feed(data) == b"", data


def test_a_no_carries_status_and_patience():
    for status in (
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "500 Oh",
        "301 Moved",
        "200 OK",
        "100 Continue",
    ):
        error = refusal(("HTTP/1.1 %s\r\n\r\n" % status).encode())
        assert (
            error.status == int(status[:3])
            and status in error.reason
            and error.retry_after_s is None
        )
    for value, seconds in (
        ("120", 120),
        ("0", 0),
        ("Fri, 31 Dec 2027 23:59:59 GMT", None),
        ("-5", None),
        ("", None),
        ("9999999", None),
    ):
        error = refusal(
            ("HTTP/1.1 503 Service Unavailable\r\nRetry-After: %s\r\n\r\n" % value).encode()
        )
        assert (error.status, error.retry_after_s) == (503, seconds), value


# What is no UTF-8, and what becomes of it. MicroPython's str() lets the first six through.
NO_UTF8 = (
    (b"a\xed\xa0\x80b", b"a?b"),
    (b"\xed\xbf\xbf", b"?"),
    (b"\xc0\xaf", b"?"),
    (b"\xe0\x80\xaf!", b"?!"),
    (b"\xf0\x80\x80\xaf", b"?"),
    (b"\xf4\x90\x80\x80", b"?"),
    (b"gesperrt f\xfcr heute", b"gesperrt f?r heute"),
    (b"5\xb0 C \xa7\xa7", b"5? C ?"),
    (b"\xfc\xfc", b"??"),
    (b"\xe2\x82", b"?"),
    (b"\xe2\x82\xac\xe2\x82", b"\xe2\x82\xac?"),
)


def test_a_byte_of_latin_1_in_a_header_hides_neither_status_nor_patience():
    for text, mended in NO_UTF8:
        for head in (b"HTTP/1.1 503 %s\r\nServer: x\r\n", b"HTTP/1.1 503 Busy\r\nX-Reason: %s\r\n"):
            error = refusal(head % text + b"Retry-After: 120\r\n\r\n")
            assert (error.status, error.retry_after_s) == (503, 120), text
        error = refusal(b"HTTP/1.1 401 " + text + b"\r\n\r\n")
        assert (
            error.status == 401 and error.reason.encode() == b"the server answered 401 " + mended
        ), error.reason
        assert handshake().feed(answer()[:-2] + b"Server: " + text + b"\r\n\r\n") == b"", text


def test_the_reason_of_a_refusal_is_no_longer_than_a_security_event_can_tell():
    for data in (
        b"HTTP/1.1 401 " + b"x" * 3000 + b"\r\n\r\n",
        b"HTTP/1.1 301 " + b"x" * 1500 + b"\r\nLocation: ws://" + b"y" * 1500 + b"\r\n\r\n",
        answer(protocol="z" * 3000),
    ):
        assert len(refusal(data).reason) <= 255


def test_what_is_sent_is_utf8_whatever_it_was_made_of():
    for text, mended in NO_UTF8:
        for before in (b"", b"x" * 255, b"x" * 1000, b"\xe2\x82\xac" * 100):
            assert (
                unmasked(b"".join(text_pieces([b"[", before + text, b"]"], fixed_random)))[1]
                == b"[" + before + mended + b"]"
            ), text
            try:
                lax = str(before + text, "utf-8")
            except UnicodeError:
                continue  # no text can hold it
            assert unmasked(text_frame(lax, fixed_random))[1] == before + mended, text


def test_a_yes_that_is_none():
    for data, word in (
        (answer(accept="x" + ACCEPT[1:]), "accept key"),
        (answer(accept=ACCEPT.lower()), "accept key"),
        (answer(drop="Sec-WebSocket-Accept"), "accept key"),
        (answer(more=["Sec-WebSocket-Accept: " + ACCEPT]), "accept key"),
        (answer(drop="Upgrade"), "upgrade"),
        (answer(upgrade="h2c"), "upgrade"),
        (answer(drop="Connection"), "upgrade"),
        (answer(connection="close"), "upgrade"),
        (answer(drop="Sec-WebSocket-Protocol"), "ocpp1.6"),
        (answer(protocol="ocpp2.0.1"), "ocpp2.0.1"),
        (answer(protocol="ocpp1.6, ocpp2.0.1"), "ocpp1.6"),
        (answer(more=["Sec-WebSocket-Extensions: permessage-deflate"]), "extension"),
        (b"ICY 200 OK\r\n\r\n", "HTTP"),
        (b"HTTP/2 101 x\r\n\r\n", "HTTP"),
        (b"\r\n\r\n", "HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "HTTP"),
        (b"HTTP/1.1 101 \xff\xfe\r\n\r\n", "upgrade"),
        (b"HTTP/1.1 4\xb2\xb3 x\r\n\r\n", "HTTP"),
    ):
        error = refusal(data)
        assert error.status is None and word in error.reason, (data, error.reason)


def test_an_endless_header_is_refused_in_time():
    opening = handshake()
    try:
        for _ in range(100):
            opening.feed(
                b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
            )
    except HandshakeError as error:
        assert "longer" in error.reason
        return
    raise AssertionError("it was read on and on")


def test_after_a_text_that_is_none_nothing_comes_either():
    for chunk in (1, None):
        events = events_of(b"\x81\x01\xff" + server_frame(TEXT, b"more"), chunk=chunk)
        assert [event[:2] for event in events] == [("fault", 1007)], chunk


def test_the_room_of_a_long_message_is_kept_for_the_next_one():
    reader = FrameReader(10000, bytearray(64))
    list(reader.feed(server_frame(BINARY, bytes(64))))
    assert len(reader.buffer) == 64
    list(reader.feed(server_frame(BINARY, bytes(5000))))
    grown = reader.buffer
    assert 5000 <= len(grown) < 5600
    for payload in (b"short", b"x" * 5000):
        assert [bytes(event[1]) for event in reader.feed(server_frame(BINARY, payload))] == [
            payload
        ]
    assert reader.buffer is grown


def test_each_length_is_sent_in_its_shortest_form():
    for length, head in ((125, 6), (126, 8), (127, 8), (40000, 8), (65535, 8), (65536, 14)):
        assert len(frame(BINARY, bytes(length), fixed_random)) == length + head, length
