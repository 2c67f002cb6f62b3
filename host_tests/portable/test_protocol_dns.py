"""DNS on the wire: what is asked, and which answers count (RFC 1035)."""

from setpoint.protocol import dns

ASKED = dns.question("csms.Example", b"\x12\x34")
HERE = b"\xc0\x0c"  # a pointer to the name in the question


def record(name, kind, data, group=1):
    """A resource record that holds for a minute."""
    return name + bytes((0, kind, 0, group, 0, 0, 0, 60, len(data) >> 8, len(data) & 255)) + data


def reply(*records, number=b"\x12\x34", flags=b"\x81\x80", questions=1, asked=ASKED, count=None):
    counts = bytes((0, questions, 0, len(records) if count is None else count, 0, 0, 0, 0))
    return number + flags + counts + asked[12:] + b"".join(records)


def name(text):
    return b"".join([bytes((len(label),)) + label.encode() for label in text.split(".")]) + b"\0"


ONE = record(HERE, 1, b"\x0a\x01\x02\x03")


def said(*records, **others):
    return dns.answer(ASKED, reply(*records, **others))


def test_the_question_is_the_one_of_the_standard():
    assert (
        ASKED
        == b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04csms\x07Example\x00\x00\x01\x00\x01"
    )
    assert dns.question("csms.Example.", b"\x12\x34") == ASKED


def test_a_text_that_is_no_host_name_is_not_asked_for():
    for host in ("", ".", "a..b", ".a", "a" * 64, "a." * 127 + "aa"):
        try:
            dns.question(host, b"12")
        except ValueError:
            continue
        raise AssertionError(host)
    assert len(dns.question("a." * 126 + "a", b"12")) == 12 + 255 + 4


def test_an_address_is_four_numbers_and_nothing_else():
    for host in ("1.2.3.4", "0.0.0.0", "255.255.255.255"):
        assert dns.is_address(host), host
    for host in (
        "",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.",
        "a.b.c.d",
        "0x1.2.3.4",
        "1.2.3.0004",
        "::1",
        "1.2.3.4 ",
        "-1.2.3.4",
    ):
        assert not dns.is_address(host), host


def test_each_address_of_an_answer_counts():
    assert said(ONE) == (0, ["10.1.2.3"])
    assert said(ONE, record(HERE, 1, b"\x0a\x01\x02\x04")) == (0, ["10.1.2.3", "10.1.2.4"])
    assert said() == (0, [])


def test_what_is_no_address_of_this_host_is_left_out():
    six = record(HERE, 28, bytes(16))
    other = record(name("other.example"), 1, b"\x0a\x09\x09\x09")
    chaos = record(HERE, 1, b"\x0a\x08\x08\x08", group=3)
    long = record(HERE, 1, b"\x0a\x07\x07\x07\x07")
    for address in (b"\0\0\0\0", b"\0\1\2\3", b"\xe0\0\0\xfb", b"\xff\xff\xff\xff"):
        assert said(six, other, chaos, long, record(HERE, 1, address)) == (0, []), address
    assert said(six, other, chaos, long, ONE) == (0, ["10.1.2.3"])


def test_an_alias_is_followed_inside_the_answer_in_any_order_of_its_records():
    first = record(HERE, 5, name("front.cdn.example"))
    second = record(name("FRONT.cdn.example"), 5, name("a.cdn.example"))
    last = record(name("a.cdn.example"), 1, b"\x0a\x05\x05\x05")
    assert said(first, second, last) == said(last, second, first) == (0, ["10.5.5.5"])
    assert said(first, last) == (0, []), "a link of the chain is missing"


def test_aliases_that_go_round_end():
    first = record(HERE, 5, name("b.example"))
    back = record(name("b.example"), 5, name("csms.example"))
    itself = record(HERE, 5, HERE)
    assert said(first, back) == said(itself) == (0, [])


def test_a_refusal_is_told_by_its_code():
    for code in (1, 2, 3, 4, 5):
        assert said(flags=bytes((0x81, 0x80 | code))) == (code, [])


def test_only_the_answer_to_this_question_counts():
    assert said(ONE, number=b"\x12\x35") is None
    assert said(ONE, flags=b"\x01\x80") is None, "a question"
    assert said(ONE, flags=b"\xa1\x80") is None, "another kind of question"
    assert said(ONE, questions=0) is None and said(ONE, questions=2) is None
    assert said(ONE, asked=dns.question("csms.example2", b"\x12\x34")) is None
    assert said(ONE, asked=ASKED[:-1] + b"\x03") is None, "of another class"
    assert said(ONE, asked=ASKED[:13] + b"CSMS" + ASKED[17:]) == (0, ["10.1.2.3"]), (
        "letters may change their case"
    )
    for length in range(len(ASKED)):
        assert dns.answer(ASKED, reply(ONE)[:length]) is None


def test_what_cannot_be_read_is_no_answer():
    whole = reply(ONE)
    for length in range(len(ASKED), len(whole)):
        assert dns.answer(ASKED, whole[:length]) is None, length
    assert said(ONE, count=2) is None
    assert said(record(b"\x80", 1, b"1234")) is None, "a kind of label that nobody has"
    assert said(record(b"\x40", 1, b"1234")) is None


def test_of_an_answer_that_was_cut_off_what_is_there_counts():
    assert said(ONE, ONE[:9], flags=b"\x83\x80") == (0, ["10.1.2.3"])
    assert said(flags=b"\x83\x80") == said(ONE[:-1], flags=b"\x83\x80") == (2, [])


def test_no_pointer_leads_the_reader_round():
    at = len(ASKED)  # where the first record begins
    itself = bytes((0xC0, at))
    forward = bytes((0xC0, at + 40)) + bytes(60)
    to_each_other = bytes((0xC0, at + 2, 0xC0, at))
    into_itself = b"\x01a" + bytes((0xC0, at))
    for names in (itself, forward, to_each_other, into_itself):
        assert said(names + bytes(20), count=1) is None, names
    # Of the first record: pointers to one another, before the second one that leads there
    data = at + 12
    unknown = record(HERE, 99, bytes((0xC0, data + 2, 0xC0, data)))
    assert said(unknown, bytes((0xC0, data)) + bytes(20), count=2) is None
    assert said(unknown, bytes((0xC0, data + 2)) + bytes(20), count=2) is None


def test_no_name_is_longer_than_255_bytes():
    label = b"\x3f" + b"a" * 63
    most = label * 3 + b"\x3d" + b"a" * 61 + b"\0"
    assert len(most) == 255
    assert said(record(most, 1, b"\x0a\x09\x09\x09"), ONE) == (0, ["10.1.2.3"])
    assert (
        said(record(label * 3 + b"\x3e" + b"a" * 62 + b"\0", 1, b"\x0a\x09\x09\x09"), ONE) is None
    )
