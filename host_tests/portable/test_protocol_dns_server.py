"""The name server of set-up mode: every name is the station's own address (RFC 1035)."""

from setpoint.protocol import dns, dns_server

OWN = bytes((192, 168, 4, 1))
ASKED = dns.question("captive.apple.com", b"\x12\x34")


def with_kind(kind, group=1, asked=ASKED):
    return asked[:-4] + bytes((kind >> 8, kind & 255, group >> 8, group & 255))


def test_every_host_is_at_the_stations_address():
    for host in ("captive.apple.com", "a", "connectivitycheck.gstatic.com", "a." * 126 + "a"):
        asked = dns.question(host, b"\xca\xfe")
        found = dns_server.reply(asked, OWN)
        assert dns.answer(asked, found) == (0, ["192.168.4.1"]), host
        assert len(found) == len(asked) + 16


def test_the_answer_is_the_one_of_the_standard():
    assert dns_server.reply(ASKED, OWN) == (
        b"\x12\x34\x85\x80\0\1\0\1\0\0\0\0\x07captive\x05apple\x03com\0\0\1\0\1"
        b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\xa8\x04\x01"
    )


def test_what_is_no_ipv4_address_is_answered_as_not_there_so_that_nobody_waits():
    for kind in (28, 65, 16, 12):  # AAAA, HTTPS, TXT, PTR
        found = dns_server.reply(with_kind(kind), OWN)
        assert found[:8] == b"\x12\x34\x85\x80\0\1\0\0" and found[12:] == with_kind(kind)[12:]
    assert dns_server.reply(with_kind(1, 3), OWN)[6:8] == b"\0\0"
    assert dns_server.reply(with_kind(255), OWN)[6:8] == b"\0\1"


def test_another_kind_of_question_is_not_implemented():
    found = dns_server.reply(ASKED[:2] + b"\x11" + ASKED[3:], OWN)
    assert found[2:4] == b"\x95\x84" and found[6:8] == b"\0\0"


def test_an_extension_behind_the_question_is_left_out_of_the_answer():
    extended = ASKED[:11] + b"\1" + ASKED[12:] + b"\0\0\x29\x10\0\0\0\0\0\0\0"
    assert dns_server.reply(extended, OWN) == dns_server.reply(ASKED, OWN)


def test_what_is_no_question_is_not_answered():
    for data in (
        b"",
        ASKED[:12],
        ASKED[:-1],
        ASKED[:2] + b"\x81" + ASKED[3:],  # an answer: two stations would talk for ever
        ASKED[:4] + b"\0\2" + ASKED[6:],
        ASKED[:4] + b"\0\0" + ASKED[6:],
        ASKED[:12] + b"\xc0\x0c\0\1\0\1",  # a pointer
        ASKED[:12] + b"\x40" + bytes(70) + b"\0\0\1\0\1",
        ASKED[:12] + b"\x3f" + bytes(20),
        ASKED[:12] + (b"\x01a" * 128) + b"\0\0\1\0\1",
        ASKED + bytes(500),
    ):
        assert dns_server.reply(data, OWN) is None, data
