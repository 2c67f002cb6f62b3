"""Improv Wi-Fi over a serial line, version 1: packets in and out (improv-wifi.com/serial)."""

from setpoint.protocol import improv
from setpoint.protocol.improv import ERROR_STATE, INTERRUPT, INVALID, RPC, Reader

# Worked out by hand: the sum of "IMPROV", 1, 3, 2, 2, 0 is 0x1e5
GET_STATE = b"IMPROV\x01\x03\x02\x02\x00\xe5"


def taken(data, reader=None):
    reader = reader or Reader()
    return [event for event in [reader.take(byte) for byte in data] if event is not None]


def rpc(data):
    return improv.packet(RPC, data)


def test_a_packet_is_the_one_of_the_standard():
    assert rpc(b"\x02\x00") == b"\n" + GET_STATE + b"\n"
    assert improv.packet(improv.CURRENT_STATE, b"\x02") == b"\nIMPROV\x01\x01\x01\x02\xe2\n"


def test_a_packet_is_read_in_whatever_else_is_on_the_line():
    assert taken(GET_STATE) == [(RPC, b"\x02\x00")]
    assert (
        taken(b"boot: hello\r\nIMPIMPROVIMPROV" + GET_STATE + b"\r\n" + GET_STATE)
        == [(RPC, b"\x02\x00")] * 2
    )
    wifi = rpc(b"\x01\x0a\x04Home\x04" + b"\x03\x03\x03\x03")
    assert taken(wifi) == [(RPC, b"\x01\x0a\x04Home\x04\x03\x03\x03\x03")]
    assert taken(rpc(b"")) == [(RPC, b"")]
    assert taken(rpc(bytes(255))) == [(RPC, bytes(255))]


def test_a_packet_that_is_damaged_or_no_command_is_an_error_and_the_next_one_is_read():
    assert taken(GET_STATE[:-1] + b"\x00" + GET_STATE) == [
        (ERROR_STATE, INVALID),
        (RPC, b"\x02\x00"),
    ]
    assert taken(improv.packet(improv.CURRENT_STATE, b"\x02")) == [(ERROR_STATE, INVALID)]


def test_ctrl_c_outside_of_a_packet_is_an_interrupt_and_inside_it_is_none():
    assert taken(b"\r\x03") == [INTERRUPT]
    assert taken(b"IMPR\x03") == [INTERRUPT]
    assert taken(b"\x03" + GET_STATE + b"\x03") == [INTERRUPT, (RPC, b"\x02\x00"), INTERRUPT]
    reader = Reader()
    assert taken(b"IMPROV\x01\x03\xff\x03\x03", reader) == [] and reader.in_packet()
    reader.forget()  # the line was silent
    assert taken(b"\x03", reader) == [INTERRUPT] and not reader.in_packet()


def test_a_command_has_the_length_that_it_says():
    assert improv.command_of(b"\x02\x00") == (2, b"")
    assert improv.command_of(b"\x01\x02ab") == (1, b"ab")
    for data in (b"", b"\x02", b"\x02\x01", b"\x02\x00a"):
        assert improv.command_of(data) is None, data


def test_wifi_is_two_texts():
    assert improv.wifi_of(b"\x04Home\x0alongenough") == ("Home", "longenough")
    assert improv.wifi_of(b"\x05K\xc3\xb6ln\x00") == ("K\u00f6ln", "")
    for payload in (b"", b"\x04", b"\x04Home", b"\x04Home\x02a", b"\x00\x00a", b"\x01\xff\x00"):
        assert improv.wifi_of(payload) is None, payload


def test_a_result_holds_what_fits():
    assert improv.result_of(3, ("a", "")) == b"\x03\x03\x01a\x00"
    assert improv.result_of(4, ()) == b"\x04\x00"
    assert improv.result_of(1, ("a" * 250, "b")) == b"\x01\xfd\xfa" + b"a" * 250 + b"\x01b"
    assert improv.result_of(1, ("a" * 250, "bb")) == b"\x01\xfb\xfa" + b"a" * 250
    assert improv.result_of(1, ("a" * 256,)) == b"\x01\x00"
