"""Improv and the name server of set-up mode: any bytes in any pieces lead to an event or to none,
and what is kept is bounded."""

import dnslib
from hypothesis import given
from hypothesis import strategies as st

from setpoint.protocol import dns_server, improv

OWN = bytes((192, 168, 4, 1))
rpcs = st.binary(max_size=255)
noise = st.binary(max_size=80).filter(lambda data: b"I" not in data and b"\x03" not in data)


@given(
    st.lists(st.one_of(st.binary(max_size=300), rpcs.map(lambda d: improv.packet(improv.RPC, d))))
)
def test_any_bytes_lead_to_events_and_to_no_more_than_265_bytes(pieces):
    reader = improv.Reader()
    for byte in b"".join(pieces):
        event = reader.take(byte)
        assert event is None or event == improv.INTERRUPT or event[0] in (improv.RPC, 2)
        assert len(reader._body) <= 265
        if event not in (None, improv.INTERRUPT) and event[0] == improv.RPC:
            command = improv.command_of(event[1])
            assert command is None or improv.wifi_of(command[1]) is None or command[1]


@given(st.lists(st.tuples(noise, rpcs), max_size=6))
def test_each_packet_between_noise_is_read_whole(sent):
    reader = improv.Reader()
    line = b"".join(before + improv.packet(improv.RPC, data) for before, data in sent)
    events = [event for event in map(reader.take, line) if event is not None]
    assert events == [(improv.RPC, data) for _, data in sent]


@given(st.text(max_size=80), st.text(max_size=80))
def test_wifi_settings_arrive_as_they_were_typed(ssid, password):
    parts = [text.encode()[:120] for text in (ssid, password)]
    payload = b"".join(bytes((len(part),)) + part for part in parts)
    try:
        wanted = tuple(part.decode() for part in parts)
    except UnicodeDecodeError:
        wanted = None  # cut in the middle of a character
    assert improv.wifi_of(payload) == wanted


@given(st.integers(0, 255), st.lists(st.text(max_size=100), max_size=8))
def test_a_result_always_fits_into_a_packet(command, texts):
    data = improv.result_of(command, tuple(texts))
    assert len(data) <= 255 and data[1] == len(data) - 2
    improv.packet(improv.RPC_RESULT, data)


@given(st.binary(max_size=600))
def test_any_datagram_is_answered_briefly_or_not_at_all(data):
    found = dns_server.reply(data, OWN)
    assert found is None or len(found) <= len(data) + 16 and found[2] & 0x80


hosts = st.lists(st.text("abcxyzABC019-_", min_size=1, max_size=63), min_size=1, max_size=4)


@given(hosts, st.sampled_from(["A", "AAAA", "HTTPS", "TXT", "ANY"]), st.booleans())
def test_dnslib_reads_each_answer(labels, kind, extended):
    question = dnslib.DNSRecord.question(".".join(labels), kind)
    if extended:
        question.add_ar(dnslib.EDNS0(udp_len=4096))
    answer = dnslib.DNSRecord.parse(dns_server.reply(question.pack(), OWN))
    assert answer.header.id == question.header.id and answer.header.rcode == 0
    assert answer.questions == question.questions
    assert [str(one.rdata) for one in answer.rr] == (
        ["192.168.4.1"] if kind in ("A", "ANY") else []
    )
