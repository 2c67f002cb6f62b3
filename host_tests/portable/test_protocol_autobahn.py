"""The client cases of the Autobahn test suite, sections 1 to 7 and 10, as far as they concern what a server may send.

Rebuilt from the public description of the cases (crossbario.github.io/autobahn-testsuite). Each: its number, the frames that the
server sends as (opcode, payload) or (opcode, payload, final, reserved bits), and the events that must come out; a fault
stands with its code alone. Each case runs in one piece, and byte by byte: so the cases that are the same but for chops
(1.1.8, 1.2.8, 2.6, 2.11, 5.4, 5.5, 5.7, 5.8, 5.10, 5.11, 5.13, 5.14, 5.20, 6.4.2 to 6.4.4) are part of those that stand here. 7.1.6 sends
more than this station takes in one message. Sections 9 and 12 to 13 are about speed and compression.
"""

from setpoint.protocol.websocket import FrameReader

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MAX_MESSAGE = 70000
HELLO = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"
KOSME = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"


def echo(number, opcode, length):
    payload = b"*" * length if opcode == TEXT else b"\xfe" * length
    return number, [(opcode, payload)], [("text", payload.decode()) if opcode == TEXT else ("binary", payload)]


CASES = [
    # 1: framing
    echo("1.1.1", TEXT, 0),
    echo("1.1.2", TEXT, 125),
    echo("1.1.3", TEXT, 126),
    echo("1.1.4", TEXT, 127),
    echo("1.1.5", TEXT, 128),
    echo("1.1.6", TEXT, 65535),
    echo("1.1.7", TEXT, 65536),
    echo("1.2.1", BINARY, 0),
    echo("1.2.2", BINARY, 125),
    echo("1.2.3", BINARY, 126),
    echo("1.2.4", BINARY, 127),
    echo("1.2.5", BINARY, 128),
    echo("1.2.6", BINARY, 65535),
    echo("1.2.7", BINARY, 65536),
    # 2: pings and pongs
    ("2.1", [(PING, b"")], [("ping", b"")]),
    ("2.2", [(PING, b"Hello, world!")], [("ping", b"Hello, world!")]),
    ("2.3", [(PING, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")], [("ping", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")]),
    ("2.4", [(PING, b"\xfe" * 125)], [("ping", b"\xfe" * 125)]),
    ("2.5", [(PING, b"\xfe" * 126)], [1002]),
    ("2.7", [(PONG, b"")], [("pong", b"")]),
    ("2.8", [(PONG, b"unsolicited")], [("pong", b"unsolicited")]),
    ("2.9", [(PONG, b"x"), (PING, b"y")], [("pong", b"x"), ("ping", b"y")]),
    ("2.10", [(PING, b"%d" % i) for i in range(10)], [("ping", b"%d" % i) for i in range(10)]),
    # 3: reserved bits
    ("3.1", [(TEXT, b"x", True, 1)], [1002]),
    ("3.2", [(TEXT, b"a"), (TEXT, b"b", True, 2), (PING, b"")], [("text", "a"), 1002]),
    ("3.3", [(TEXT, b"a"), (TEXT, b"b", True, 3), (PING, b"")], [("text", "a"), 1002]),
    ("3.4", [(TEXT, b"a"), (TEXT, b"b", True, 4), (PING, b"")], [("text", "a"), 1002]),
    ("3.5", [(BINARY, b"x", True, 5)], [1002]),
    ("3.6", [(PING, b"x", True, 6)], [1002]),
    ("3.7", [(CLOSE, b"", True, 7)], [1002]),
    # 4: reserved opcodes
    ("4.1.1", [(3, b"")], [1002]),
    ("4.1.2", [(4, b"reserved")], [1002]),
    ("4.1.3", [(TEXT, b"a"), (5, b""), (PING, b"")], [("text", "a"), 1002]),
    ("4.1.4", [(TEXT, b"a"), (6, b"x"), (PING, b"")], [("text", "a"), 1002]),
    ("4.1.5", [(TEXT, b"a"), (7, b"x"), (PING, b"")], [("text", "a"), 1002]),
    ("4.2.1", [(11, b"")], [1002]),
    ("4.2.2", [(12, b"reserved")], [1002]),
    ("4.2.3", [(TEXT, b"a"), (13, b"")], [("text", "a"), 1002]),
    ("4.2.4", [(TEXT, b"a"), (14, b"x")], [("text", "a"), 1002]),
    ("4.2.5", [(TEXT, b"a"), (15, b"x")], [("text", "a"), 1002]),
    # 5: fragments
    ("5.1", [(PING, b"a", False), (0, b"b")], [1002]),
    ("5.2", [(PONG, b"a", False), (0, b"b")], [1002]),
    ("5.3", [(TEXT, b"a", False), (0, b"b")], [("text", "ab")]),
    ("5.6", [(TEXT, b"a", False), (PING, b"p"), (0, b"b")], [("ping", b"p"), ("text", "ab")]),
    ("5.9", [(0, b"x"), (TEXT, b"a")], [1002]),
    ("5.12", [(0, b"x", False), (TEXT, b"a")], [1002]),
    ("5.15", [(TEXT, b"a", False), (0, b"b"), (0, b"c", False), (TEXT, b"d")], [("text", "ab"), 1002]),
    ("5.16", [(0, b"x", False), (TEXT, b"a", False), (0, b"b")], [1002]),
    ("5.17", [(0, b"x"), (TEXT, b"a", False), (0, b"b")], [1002]),
    ("5.18", [(TEXT, b"a", False), (TEXT, b"b")], [1002]),
    (
        "5.19",
        [(TEXT, b"1", False), (0, b"2", False), (PING, b"x"), (0, b"3", False), (0, b"4", False), (PING, b"y"), (0, b"5")],
        [("ping", b"x"), ("ping", b"y"), ("text", "12345")],
    ),
    # 6: UTF-8
    ("6.1.1", [(TEXT, b"")], [("text", "")]),
    ("6.1.2", [(TEXT, b"", False), (0, b"", False), (0, b"")], [("text", "")]),
    ("6.1.3", [(TEXT, b"", False), (0, b"mid", False), (0, b"")], [("text", "mid")]),
    ("6.2.1", [(TEXT, HELLO.encode())], [("text", HELLO)]),
    ("6.2.2", [(TEXT, HELLO.encode()[:12], False), (0, HELLO.encode()[12:])], [("text", HELLO)]),
    ("6.2.3", [(TEXT, b"", False)] + [(0, bytes((b,)), False) for b in HELLO.encode()] + [(0, b"")], [("text", HELLO)]),
    ("6.2.4", [(TEXT, b"", False)] + [(0, bytes((b,)), False) for b in KOSME] + [(0, b"")], [("text", KOSME.decode())]),
    ("6.3.1", [(TEXT, KOSME + b"\xed\xa0\x80edited")], [1007]),
    ("6.3.2", [(TEXT, KOSME, False), (0, b"\xed", False), (0, b"\xa0\x80", False), (0, b"edited")], [1007]),
    ("6.4.1", [(TEXT, KOSME, False), (0, b"\xf4\x90\x80\x80", False), (0, b"edited")], [1007]),
    ("6.5.1", [(TEXT, KOSME)], [("text", KOSME.decode())]),
    # 7: closing
    ("7.1.1", [(TEXT, b"a"), (CLOSE, b"\x03\xe8")], [("text", "a"), ("close", 1000, "")]),
    ("7.1.2", [(CLOSE, b"\x03\xe8"), (CLOSE, b"\x03\xe8")], [("close", 1000, "")]),
    ("7.1.3", [(CLOSE, b"\x03\xe8"), (PING, b"")], [("close", 1000, "")]),
    ("7.1.4", [(CLOSE, b"\x03\xe8"), (TEXT, b"a")], [("close", 1000, "")]),
    ("7.1.5", [(TEXT, b"a", False), (CLOSE, b"\x03\xe8"), (0, b"b")], [("close", 1000, "")]),
    ("7.3.1", [(CLOSE, b"")], [("close", 1005, "")]),
    ("7.3.2", [(CLOSE, b"a")], [1002]),
    ("7.3.3", [(CLOSE, b"\x03\xe8")], [("close", 1000, "")]),
    ("7.3.4", [(CLOSE, b"\x03\xe8" + HELLO.encode())], [("close", 1000, HELLO)]),
    ("7.3.5", [(CLOSE, b"\x03\xe8" + b"*" * 123)], [("close", 1000, "*" * 123)]),
    ("7.3.6", [(CLOSE, b"\x03\xe8" + b"*" * 124)], [1002]),
    ("7.5.1", [(CLOSE, b"\x03\xe8" + KOSME + b"\xed\xa0\x80edited")], [1007]),
    # 10: a long message in fragments of 1300
    ("10.1.1", [(TEXT if at == 0 else 0, b"*" * min(1300, 65536 - at), at + 1300 >= 65536) for at in range(0, 65536, 1300)], [("text", "*" * 65536)]),
]

# 6.6 to 6.14: one sequence each, and whether it is UTF-8
SEQUENCES = (
    (b"\xce\xba", True),
    (b"\xce", False),
    (KOSME[:4], False),
    (KOSME[:5], True),
    (b"\x00", True),
    (b"\xc2\x80", True),
    (b"\xe0\xa0\x80", True),
    (b"\xf0\x90\x80\x80", True),
    (b"\x7f", True),
    (b"\xdf\xbf", True),
    (b"\xef\xbf\xbf", True),
    (b"\xf4\x8f\xbf\xbf", True),
    (b"\xf8\x88\x80\x80\x80", False),
    (b"\xfc\x84\x80\x80\x80\x80", False),
    (b"\xf5\x80\x80\x80", False),
    (b"\xf6\x80\x80\x80", False),
    (b"\xf7\xbf\xbf\xbf", False),
    (b"\xfb\xbf\xbf\xbf\xbf", False),
    (b"\xfd\xbf\xbf\xbf\xbf\xbf", False),
    (b"\xed\x9f\xbf", True),
    (b"\xee\x80\x80", True),
    (b"\xef\xbf\xbd", True),
    (b"\xf4\x90\x80\x80", False),
    (b"\x80", False),
    (b"\xbf", False),
    (b"\x80\xbf\x80\xbf", False),
    (b"\xc0 \xc1 ", False),
    (b"\xe0 \xe1 ", False),
    (b"\xf0 \xf1 ", False),
    (b"\xf8 \xf9 ", False),
    (b"\xfc \xfd ", False),
    (b"\xc0", False),
    (b"\xe0\x80", False),
    (b"\xf0\x80\x80", False),
    (b"\xdf", False),
    (b"\xef\xbf", False),
    (b"\xf7\xbf\xbf", False),
    (b"\xfe", False),
    (b"\xff", False),
    (b"\xfe\xfe\xff\xff", False),
    (b"\xc0\xaf", False),
    (b"\xe0\x80\xaf", False),
    (b"\xf0\x80\x80\xaf", False),
    (b"\xf8\x80\x80\x80\xaf", False),
    (b"\xc1\xbf", False),
    (b"\xe0\x9f\xbf", False),
    (b"\xf0\x8f\xbf\xbf", False),
    (b"\xc0\x80", False),
    (b"\xe0\x80\x80", False),
    (b"\xed\xa0\x80", False),
    (b"\xed\xad\xbf", False),
    (b"\xed\xae\x80", False),
    (b"\xed\xaf\xbf", False),
    (b"\xed\xb0\x80", False),
    (b"\xed\xbe\x80", False),
    (b"\xed\xbf\xbf", False),
    (b"\xed\xa0\x80\xed\xb0\x80", False),
    (b"\xef\xbf\xbe", True),
)

GOOD_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
BAD_CODES = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)


def wire(opcode, payload, final=True, reserved=0):
    length = len(payload)
    first = bytes(((0x80 if final else 0) | reserved << 4 | opcode,))
    if length < 126:
        return first + bytes((length,)) + payload
    if length < 0x10000:
        return first + bytes((126, length >> 8, length & 0xFF)) + payload
    return first + b"\x7f" + length.to_bytes(8, "big") + payload


def outcome(frames, chunk):
    """The events, a fault as its code."""
    data = b"".join([wire(*one) for one in frames])
    reader = FrameReader(MAX_MESSAGE, bytearray(512))
    events = []
    for at in range(0, len(data), chunk):
        for event in reader.feed(data[at : at + chunk]):
            if event[0] == "text" and type(event[1]) is not str:
                event = ("text", str(event[1], "utf-8"))
            elif event[0] == "binary":
                event = ("binary", bytes(event[1]))
            events.append(event[1] if event[0] == "fault" else event)
    return events


def test_the_cases_in_one_piece_and_in_small_ones():
    for number, frames, want in CASES:
        for chunk in (1000000, 997, 1):
            if chunk == 1 and len(frames[0][1]) > 1000:
                continue
            got = outcome(frames, chunk)
            assert got == want, (number, chunk, got if len(str(got)) < 200 else "...")


def test_utf8_is_taken_and_nothing_else():
    for sequence, good in SEQUENCES:
        for before, after in ((b"", b""), (b"abc", b""), (b"", b"abc"), (b"\xc3\xbc", b"\xe2\x82\xac"), (b"x" * 300, b"y" * 300)):
            payload = before + sequence + after
            want = [("text", str(payload, "utf-8"))] if good else [1007]
            assert outcome([(TEXT, payload)], 1000000) == want, payload
            half = len(payload) // 2
            assert outcome([(TEXT, payload[:half], False), (0, payload[half:])], 1) == want, payload


def test_codes_of_a_close():
    for code in GOOD_CODES:
        assert outcome([(CLOSE, bytes((code >> 8, code & 255)) + b"why")], 1) == [("close", code, "why")], code
    for code in BAD_CODES:
        assert outcome([(CLOSE, bytes((code >> 8, code & 255)) + b"why")], 1) == [1002], code


def test_a_masked_frame_of_a_server_is_a_fault():
    assert next(FrameReader(1000, bytearray(9)).feed(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"))[:2] == ("fault", 1002)


def test_a_length_must_be_written_in_its_shortest_form():
    for data in (b"\x81\x7e\x00\x7d", b"\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", b"\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00"):
        assert next(FrameReader(100000, bytearray(9)).feed(data))[:2] == ("fault", 1002), data
