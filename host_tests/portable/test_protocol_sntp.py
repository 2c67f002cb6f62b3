"""What a time server says, and when it is not believed."""

from setpoint.protocol import sntp
from setpoint.protocol.iso8601 import instant_from

NONCE = b"\x11\x22\x33\x44\x55\x66\x77\x88"
ASKED = sntp.question(NONCE)
_1900 = 3786825600  # seconds from 1900 to 2020


def reply(text="2026-06-01T12:00:00Z", head=b"\x24\x02\x06\xec", more=b"", **at):
    """An answer. text: its time; head: its first four bytes; at: a4=b"..." is what stands at byte 4."""
    seconds = (instant_from(text) + _1900) & 0xFFFFFFFF
    data = bytearray(48)
    data[:4] = head
    data[24:32] = NONCE
    data[32:36] = data[40:44] = seconds.to_bytes(4, "big")
    for name in at:
        place = int(name[1:])
        data[place : place + len(at[name])] = at[name]
    return bytes(data) + more


def said(data, way_ms=0):
    return sntp.answer(ASKED, data, way_ms)


def test_a_question_is_version_4_of_a_client_and_tells_no_time_of_ours():
    assert len(ASKED) == 48 and ASKED[0] == 4 << 3 | 3
    assert ASKED[1:40] == bytes(39) and ASKED[40:] == NONCE


def test_an_answer_is_the_time_with_half_of_its_way():
    noon = instant_from("2026-06-01T12:00:00Z")
    assert said(reply()) == (noon, 0)
    assert said(reply(a44=b"\x80\x00\x00\x00"), 200) == (noon, 600)
    assert said(reply(a44=b"\xff\x00\x00\x00"), 40) == (noon + 1, 16)
    assert said(reply(head=b"\x1c\x0f\x00\x00", more=bytes(20))) == (noon, 0), (
        "version 3, and a MAC"
    )


def test_the_seconds_that_begin_anew_in_2036_go_on():
    for text in (
        "2020-01-01T00:00:00Z",
        "2036-02-07T06:28:15Z",  # all ones
        "2036-02-07T06:28:16Z",  # 0
        "2036-02-07T06:28:17Z",
        "2053-12-31T23:59:59Z",
    ):
        assert said(reply(text, a44=b"\x01\x00\x00\x00"))[0] == instant_from(text), text
    for text in ("2019-12-31T23:59:59Z", "1999-01-01T00:00:00Z", "2054-06-01T00:00:00Z"):
        assert said(reply(text)) == "it says a time before 2020 or after 2053", text


def test_what_answers_another_question_or_is_no_answer_is_none():
    for data in (
        b"",
        reply()[:47],
        bytes(48),
        b"\xff" * 48,
        ASKED,
        reply(a24=b"\x12"),  # another question's
        reply(a31=b"\x00"),
        reply(head=b"\x23\x02\x06\xec"),  # a client
        reply(head=b"\x25\x02\x06\xec"),  # a broadcast
        reply(head=b"\x14\x02\x06\xec"),  # version 2
    ):
        assert said(data) is None, data


def test_a_server_that_does_not_know_the_time_is_not_believed():
    not_set = "its own clock is not set"
    wrong = "its own clock may be wrong by 16 s"
    for data, why in (
        (reply(head=b"\xe4\x02\x06\xec"), not_set),
        (reply(head=b"\x24\x10\x06\xec"), not_set),
        (reply(head=b"\x24\xff\x06\xec"), not_set),
        (reply(a8=b"\x00\x10\x00\x00"), wrong),  # 16 s of dispersion
        (reply(a4=b"\x00\x20\x00\x00"), wrong),  # 32 s of delay
        (reply(a4=b"\xff\xff\xff\xff"), wrong),
        (reply(a40=bytes(8)), "it says no time"),
        (reply(head=b"\x24\x00\x06\xec", a12=b"RATE"), "it refuses: RATE"),
        (reply(head=b"\xe4\x00\x06\xec", a12=b"D\x00\xff\n"), "it refuses: D"),
    ):
        assert said(data) == why, why
    assert type(said(reply(a8=b"\x00\x0f\xff\x00"))) is tuple


def test_no_bytes_break_it():
    for place in range(48):
        for value in (0, 1, 0x7F, 0x80, 0xFF):
            data = bytearray(reply())
            data[place] = value
            found = said(bytes(data))
            assert found is None or type(found) in (str, tuple), (place, value)
