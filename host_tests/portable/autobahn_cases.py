"""The client cases of the Autobahn test suite, sections 1 to 7 and 10: what the server sends, and
what must come of it.

Numbers, payloads and outcomes as the suite has them (repository crossbario/autobahn-testsuite,
autobahntestsuite/case; read on 2026-11-22). `every()` yields (number, frames, events, chop):

    frames   (opcode, payload) or (opcode, payload, final, reserved bits) or with its length where
             the payload is cut short here
    events   what a FrameReader makes of them: ("text", str) ..., and a fault as the code to close
             with
    chop     how the suite cuts the bytes: 0 all at once, n in pieces of n bytes, FRAMES frame by
             frame

Where the suite lets several outcomes pass, the one that stands here is ours: 6.4.x fails at the end
of the message (the suite: non-strict), 7.13.x and 7.1.6 are informational there."""

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FRAMES = -1
# Of the reader under test; a station takes 8 KB, and closes with 1009 what is longer
MAX_MESSAGE = 70000

# How many cases the suite has in each group.
COUNTS = {
    "1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20, "6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11,
    "6.7": 4, "6.8": 2, "6.9": 4, "6.10": 3, "6.11": 5, "6.12": 8, "6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3, "6.17": 5, "6.18": 5,
    "6.19": 5, "6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7, "7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2, "10.1": 1,
}  # fmt: skip

HELLO = b"Hello, world!"
BYTES = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
UMLAUTS = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"
KOSME = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
SURROGATE = KOSME + b"\xed\xa0\x80edited"
BEYOND = KOSME + b"\xf4\x90\x80\x80edited"  # a code point too high: wrong from byte 12 on
NORMAL = b"\x03\xe8"
HEARD = ("text", "Hello, world!")
PARTS = (b"fragment1", b"fragment2", b"fragment3", b"fragment4", b"fragment5")
BOTH = ("text", "fragment1fragment2")
ORPHAN = b"non-continuation payload"


def bytewise(opcode, payload):
    """Fragments of one byte."""
    last = len(payload) - 1
    return [
        (opcode if at == 0 else 0, payload[at : at + 1], at == last) for at in range(len(payload))
    ]


def five_fragments():
    frames = [
        (TEXT, PARTS[0], False),
        (0, PARTS[1], False),
        (PING, b"pongme 1!"),
        (0, PARTS[2], False),
        (0, PARTS[3], False),
    ]
    frames += [(PING, b"pongme 2!"), (0, PARTS[4])]
    return frames, [
        ("ping", b"pongme 1!"),
        ("ping", b"pongme 2!"),
        ("text", "fragment1fragment2fragment3fragment4fragment5"),
    ]


PINGS = [b"payload-%d" % i for i in range(10)]
TEN = [(PING, one) for one in PINGS], [("ping", one) for one in PINGS]
TWO = [(TEXT, PARTS[0], False), (0, PARTS[1])]
WITH_PING = (
    [(TEXT, PARTS[0], False), (PING, b"ping payload"), (0, PARTS[1])],
    [("ping", b"ping payload"), BOTH],
)
ORPHANED = [(0, ORPHAN), (TEXT, HELLO)]
ORPHANED_OPEN = [(0, ORPHAN, False), (TEXT, HELLO)]
BYE = ("close", 1000, "")

CASES = (
    # 2: pings and pongs
    ("2.1", [(PING, b"")], [("ping", b"")], 0),
    ("2.2", [(PING, HELLO)], [("ping", HELLO)], 0),
    ("2.3", [(PING, BYTES)], [("ping", BYTES)], 0),
    ("2.4", [(PING, b"\xfe" * 125)], [("ping", b"\xfe" * 125)], 0),
    ("2.5", [(PING, b"\xfe" * 126)], [1002], 0),
    ("2.6", [(PING, b"\xfe" * 125)], [("ping", b"\xfe" * 125)], 1),
    ("2.7", [(PONG, b"")], [("pong", b"")], 0),
    ("2.8", [(PONG, b"unsolicited pong payload")], [("pong", b"unsolicited pong payload")], 0),
    (
        "2.9",
        [(PONG, b"unsolicited pong payload"), (PING, b"ping payload")],
        [("pong", b"unsolicited pong payload"), ("ping", b"ping payload")],
        0,
    ),
    ("2.10", TEN[0], TEN[1], 0),
    ("2.11", TEN[0], TEN[1], 1),
    # 3: reserved bits
    ("3.1", [(TEXT, HELLO, True, 1)], [1002], 0),
    ("3.2", [(TEXT, HELLO), (TEXT, HELLO, True, 2), (PING, b"")], [HEARD, 1002], 0),
    ("3.3", [(TEXT, HELLO), (TEXT, HELLO, True, 3), (PING, b"")], [HEARD, 1002], FRAMES),
    ("3.4", [(TEXT, HELLO), (TEXT, HELLO, True, 4), (PING, b"")], [HEARD, 1002], 1),
    ("3.5", [(BINARY, BYTES, True, 5)], [1002], 0),
    # Described as a ping; what the suite sends is this
    ("3.6", [(BINARY, HELLO, True, 6)], [1002], 0),
    ("3.7", [(CLOSE, b"", True, 7)], [1002], 0),
    # 4: reserved opcodes
    ("4.1.1", [(3, b"")], [1002], 0),
    ("4.1.2", [(4, b"reserved opcode payload")], [1002], 0),
    ("4.1.3", [(TEXT, HELLO), (5, b""), (PING, b"")], [HEARD, 1002], 0),
    ("4.1.4", [(TEXT, HELLO), (6, HELLO), (PING, b"")], [HEARD, 1002], 0),
    ("4.1.5", [(TEXT, HELLO), (7, HELLO), (PING, b"")], [HEARD, 1002], 1),
    ("4.2.1", [(11, b"")], [1002], 0),
    ("4.2.2", [(12, b"reserved opcode payload")], [1002], 0),
    ("4.2.3", [(TEXT, HELLO), (13, b""), (PING, b"")], [HEARD, 1002], 0),
    ("4.2.4", [(TEXT, HELLO), (14, HELLO), (PING, b"")], [HEARD, 1002], 0),
    ("4.2.5", [(TEXT, HELLO), (15, HELLO), (PING, b"")], [HEARD, 1002], 1),
    # 5: fragments
    ("5.1", [(PING, PARTS[0], False), (0, PARTS[1])], [1002], 0),
    ("5.2", [(PONG, PARTS[0], False), (0, PARTS[1])], [1002], 0),
    ("5.3", TWO, [BOTH], 0),
    ("5.4", TWO, [BOTH], FRAMES),
    ("5.5", TWO, [BOTH], 1),
    ("5.6", WITH_PING[0], WITH_PING[1], 0),
    ("5.7", WITH_PING[0], WITH_PING[1], FRAMES),
    ("5.8", WITH_PING[0], WITH_PING[1], 1),
    ("5.9", ORPHANED, [1002], 0),
    ("5.10", ORPHANED, [1002], FRAMES),
    ("5.11", ORPHANED, [1002], 1),
    ("5.12", ORPHANED_OPEN, [1002], 0),
    ("5.13", ORPHANED_OPEN, [1002], FRAMES),
    ("5.14", ORPHANED_OPEN, [1002], 1),
    ("5.15", TWO + [(0, PARTS[2], False), (TEXT, PARTS[3])], [BOTH, 1002], 0),
    ("5.16", [(0, PARTS[0], False), (TEXT, PARTS[1], False), (0, PARTS[2])] * 2, [1002], 0),
    ("5.17", [(0, PARTS[0]), (TEXT, PARTS[1], False), (0, PARTS[2])] * 2, [1002], 0),
    ("5.18", [(TEXT, PARTS[0], False), (TEXT, PARTS[1])], [1002], 0),
    ("5.19", five_fragments()[0], five_fragments()[1], 0),
    ("5.20", five_fragments()[0], five_fragments()[1], FRAMES),
    # 6: UTF-8; its single sequences are below
    ("6.1.1", [(TEXT, b"")], [("text", "")], 0),
    ("6.1.2", [(TEXT, b"", False), (0, b"", False), (0, b"")], [("text", "")], 0),
    (
        "6.1.3",
        [(TEXT, b"", False), (0, b"middle frame payload", False), (0, b"")],
        [("text", "middle frame payload")],
        0,
    ),
    ("6.2.1", [(TEXT, UMLAUTS.encode())], [("text", UMLAUTS)], 0),
    (
        "6.2.2",
        [(TEXT, UMLAUTS[:11].encode(), False), (0, UMLAUTS[11:].encode())],
        [("text", UMLAUTS)],
        0,
    ),
    ("6.2.3", bytewise(TEXT, UMLAUTS.encode()), [("text", UMLAUTS)], 0),
    ("6.2.4", bytewise(TEXT, KOSME), [("text", KOSME.decode())], 0),
    ("6.3.1", [(TEXT, SURROGATE)], [1007], 0),
    ("6.3.2", bytewise(TEXT, SURROGATE), [1007], 0),
    (
        "6.4.1",
        [(TEXT, BEYOND[:11], False), (0, BEYOND[11:15], False), (0, BEYOND[15:])],
        [1007],
        FRAMES,
    ),
    (
        "6.4.2",
        [(TEXT, BEYOND[:12], False), (0, BEYOND[12:13], False), (0, BEYOND[13:])],
        [1007],
        FRAMES,
    ),
    ("6.4.3", [(TEXT, BEYOND)], [1007], 13),  # two bytes of a header, and the first 11 of the text
    ("6.4.4", [(TEXT, BEYOND)], [1007], 14),
    # 7: closing
    ("7.1.1", [(TEXT, b"Hello World!"), (CLOSE, NORMAL)], [("text", "Hello World!"), BYE], 0),
    ("7.1.2", [(CLOSE, NORMAL), (CLOSE, b"")], [BYE], 0),
    ("7.1.3", [(CLOSE, NORMAL), (PING, b"")], [BYE], 0),
    ("7.1.4", [(CLOSE, NORMAL), (TEXT, b"Hello World!")], [BYE], 0),
    ("7.1.5", [(TEXT, PARTS[0], False), (CLOSE, NORMAL), (0, PARTS[1])], [BYE], 0),
    (
        "7.1.6",
        [
            (TEXT, b"BAsd7&jh23" * 100, True, 0, 262144),
            (TEXT, b"Hello World!"),
            (CLOSE, NORMAL),
            (PING, b""),
        ],
        [1009],
        0,
    ),
    ("7.3.1", [(CLOSE, b"")], [("close", 1005, "")], 0),
    ("7.3.2", [(CLOSE, b"a")], [1002], 0),
    ("7.3.3", [(CLOSE, NORMAL)], [BYE], 0),
    ("7.3.4", [(CLOSE, NORMAL + b"Hello World!")], [("close", 1000, "Hello World!")], 0),
    ("7.3.5", [(CLOSE, NORMAL + b"*" * 123)], [("close", 1000, "*" * 123)], 0),
    ("7.3.6", [(CLOSE, NORMAL + b"*" * 124)], [1002], 0),
    ("7.5.1", [(CLOSE, NORMAL + SURROGATE)], [1007], 0),
    # 10: a long message in fragments
    (
        "10.1.1",
        [
            (0 if at else TEXT, b"*" * min(1300, 65536 - at), at + 1300 >= 65536)
            for at in range(0, 65536, 1300)
        ],
        [("text", "*" * 65536)],
        0,
    ),
)

# 1.1.1 to 1.1.8, and 1.2; the eighth in pieces of 997
LENGTHS = (0, 125, 126, 127, 128, 65535, 65536, 65536)
# 7.7.1 ...
GOOD_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
BAD_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)  # 7.9.1 ...
UNDEFINED_CODES = (5000, 65535)  # 7.13.1, 7.13.2: whatever happens is right; we take them for wrong

# 6.5 ...: (group, is it UTF-8?, sequences); the numbers in a group go on from row to row.
CUT = (b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80")
CUT += (b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf")
LONELY = ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))
HIGH, LOW = (
    (b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf"),
    (b"\xed\xb0\x80", b"\xed\xbf\xbf"),
)
PLANE_ENDS = [
    bytes((0xF0 + plane // 4, 0x8F + plane % 4 * 16, 0xBF, end))
    for plane in range(1, 17)
    for end in (0xBE, 0xBF)
]
SEQUENCES = (
    (
        5,
        True,
        (
            b"hello$world",
            b"hello\xc2\xa2world",
            b"hello\xe2\x82\xacworld",
            b"hello\xf0\xa4\xad\xa2world",
            KOSME,
        ),
    ),
    (7, True, (b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80")),
    (8, False, (b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80")),
    (9, True, (b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf")),
    (10, False, (b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf")),
    (11, True, (b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf")),
    (11, False, (b"\xf4\x90\x80\x80",)),
    (
        12,
        False,
        (b"\x80", b"\xbf")
        + tuple([(b"\x80\xbf" * 3)[:length] for length in range(2, 7)])
        + (bytes(range(0x80, 0xBF)),),
    ),
    (
        13,
        False,
        [b"".join([bytes((lead, 32)) for lead in range(first, last)]) for first, last in LONELY],
    ),
    (14, False, CUT),
    (15, False, (b"".join(CUT),)),
    (16, False, (b"\xfe", b"\xff", b"\xfe\xfe\xff\xff")),
    (
        17,
        False,
        (
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xf0\x80\x80\xaf",
            b"\xf8\x80\x80\x80\xaf",
            b"\xfc\x80\x80\x80\x80\xaf",
        ),
    ),
    (
        18,
        False,
        (
            b"\xc1\xbf",
            b"\xe0\x9f\xbf",
            b"\xf0\x8f\xbf\xbf",
            b"\xf8\x87\xbf\xbf\xbf",
            b"\xfc\x83\xbf\xbf\xbf\xbf",
        ),
    ),
    (
        19,
        False,
        (
            b"\xc0\x80",
            b"\xe0\x80\x80",
            b"\xf0\x80\x80\x80",
            b"\xf8\x80\x80\x80\x80",
            b"\xfc\x80\x80\x80\x80\x80",
        ),
    ),
    (20, False, HIGH + (b"\xed\xb0\x80", b"\xed\xbe\x80", b"\xed\xbf\xbf")),
    (21, False, [high + low for high in HIGH for low in LOW]),
    (22, True, [b"\xef\xbf\xbe", b"\xef\xbf\xbf"] + PLANE_ENDS),
    (23, True, [b"\xef\xbf" + bytes((last,)) for last in range(0xB9, 0xC0)]),
)


def every():
    for group, opcode, name in (("1.1", TEXT, "text"), ("1.2", BINARY, "binary")):
        for i in range(len(LENGTHS)):
            payload = (b"*" if opcode == TEXT else b"\xfe") * LENGTHS[i]
            event = (name, payload.decode() if opcode == TEXT else payload)
            yield "%s.%d" % (group, i + 1), [(opcode, payload)], [event], 997 if i == 7 else 0
    for case in CASES:
        yield case
    for length in range(1, len(KOSME) + 1):  # 6.6: what a text of five letters begins with
        whole = length in (2, 5, 7, 9, 11)
        yield (
            "6.6.%d" % length,
            [(TEXT, KOSME[:length])],
            [("text", KOSME[:length].decode())] if whole else [1007],
            0,
        )
    before = number = 0
    for group, good, sequences in SEQUENCES:
        number = number if group == before else 0
        before = group
        for sequence in sequences:
            number += 1
            yield (
                "6.%d.%d" % (group, number),
                [(TEXT, sequence)],
                [("text", sequence.decode())] if good else [1007],
                0,
            )
    for group, codes in (("7.7", GOOD_CODES), ("7.9", BAD_CODES), ("7.13", UNDEFINED_CODES)):
        for i in range(len(codes)):
            event = ("close", codes[i], "") if group == "7.7" else 1002
            yield (
                "%s.%d" % (group, i + 1),
                [(CLOSE, bytes((codes[i] >> 8, codes[i] & 255)))],
                [event],
                0,
            )


def wire(opcode, payload, final=True, reserved=0, promised=None):
    """A frame as a server sends it."""
    length = len(payload) if promised is None else promised
    first = bytes(((0x80 if final else 0) | reserved << 4 | opcode,))
    if length < 126:
        return first + bytes((length,)) + payload
    if length < 0x10000:
        return first + bytes((126, length >> 8, length & 0xFF)) + payload
    return first + b"\x7f" + length.to_bytes(8, "big") + payload


def pieces_of(frames, chop):
    """What arrives, read by read."""
    sent = [wire(*one) for one in frames]
    if chop != FRAMES:
        data = b"".join(sent)
        sent = [data[at : at + chop] for at in range(0, len(data), chop)] if chop else [data]
    return sent
