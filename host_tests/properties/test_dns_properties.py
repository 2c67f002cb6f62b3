"""DNS on the wire against `dnslib`: the same questions, the same answers; and whatever bytes come,
nothing is raised and nothing goes round."""

import random
import sys

import dnslib
from hypothesis import example, given, settings
from hypothesis import strategies as st

from setpoint.protocol import dns

NUMBER = b"\xca\xfe"
labels = st.text("abcxyzABC019-_", min_size=1, max_size=63)
hosts = st.lists(labels, min_size=1, max_size=6).map(".".join).filter(lambda host: len(host) < 254)
addresses = st.tuples(st.integers(1, 223), *[st.integers(0, 255)] * 3).map(
    lambda parts: "%d.%d.%d.%d" % parts
)
HOST = "csms.example"
ASKED = dns.question(HOST, NUMBER)


def written(host, records, seed=0, **flags):
    """The text of an answer by dnslib, which compresses names; records: (owner, type, data), in a
    random order."""
    header = dnslib.DNSHeader(id=0xCAFE, qr=1, ra=1, **flags)
    reply = dnslib.DNSRecord(header, q=dnslib.DNSQuestion(host))
    random.Random(seed).shuffle(records)
    for owner, kind, data in records:
        reply.add_answer(
            dnslib.RR(owner, getattr(dnslib.QTYPE, kind), rdata=getattr(dnslib, kind)(data), ttl=60)
        )
    return reply.pack()


@given(hosts, st.binary(min_size=2, max_size=2))
def test_a_question_says_to_others_what_it_means(host, number):
    parsed = dnslib.DNSRecord.parse(dns.question(host, number))
    assert (
        str(parsed.q.qname) == host + "."
        and parsed.q.qtype == dnslib.QTYPE.A
        and parsed.q.qclass == 1
    )
    assert (
        parsed.header.id == int.from_bytes(number, "big")
        and parsed.header.rd == 1
        and parsed.header.qr == 0
    )
    assert dnslib.DNSRecord.question(host).pack()[2:] == dns.question(host, number)[2:]


@given(st.text(max_size=300))
def test_any_text_is_a_question_or_a_valueerror(host):
    try:
        asked = dns.question(host, NUMBER)
    except ValueError:
        return
    assert len(asked) <= 12 + 255 + 4


others = st.lists(st.tuples(hosts, addresses), max_size=3)


@given(
    hosts,
    st.lists(hosts, max_size=4, unique_by=str.lower),
    st.lists(addresses, max_size=4),
    others,
    st.integers(0, 99),
)
def test_the_addresses_at_the_end_of_the_aliases_are_the_answer(host, aliases, found, others, seed):
    chain = [host, *(alias for alias in aliases if alias.lower() != host.lower())]
    here = {name.lower() for name in chain}
    records = [(chain[i], "CNAME", chain[i + 1]) for i in range(len(chain) - 1)] + [
        (chain[-1], "A", address) for address in found
    ]
    records += [(owner, "A", address) for owner, address in others if owner.lower() not in here]
    text = written(host, records, seed)
    code, answered = dns.answer(dns.question(host, NUMBER), text)
    assert code == 0 and sorted(answered) == sorted(found)
    assert dns.answer(dns.question(host, b"\0\0"), text) is None
    assert dns.answer(dns.question(host + ".x", NUMBER), text) is None


@given(st.integers(0, 15))
def test_a_code_is_told(code):
    assert dns.answer(ASKED, written(HOST, [], rcode=code)) == (code, [])


FULL = written(
    HOST,
    [
        (HOST, "CNAME", "b.example"),
        ("b.example", "CNAME", "c.example"),
        ("c.example", "A", "10.1.2.3"),
        ("c.example", "AAAA", "::1"),
    ],
)


def answered(text):
    """dns.answer, its steps counted: none of its lines runs more often than bytes and records
    allow."""
    steps = 0

    def count(frame, event, argument):
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        found = dns.answer(ASKED, text)
    finally:
        sys.settrace(before)
    assert steps < 20000
    return found


def judge(text):
    found = answered(text)
    if found is None:
        return
    code, addresses = found
    assert text[:2] == NUMBER and text[2] & 0x80 and 0 <= code < 16
    assert all(dns.is_address(address) and not address.startswith("0.") for address in addresses)
    for address in addresses:
        assert bytes(map(int, address.split("."))) in text


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, len(FULL) - 1), st.integers(0, 255)), max_size=6),
    st.integers(0, len(FULL)),
)
def test_a_mutated_answer_raises_nothing_and_ends(changes, length):
    text = bytearray(FULL)
    for at, byte in changes:
        text[at] = byte
    judge(bytes(text))
    judge(bytes(text[:length]))


@settings(max_examples=300)
@given(st.binary(max_size=470), st.binary(min_size=1, max_size=1))
@example(b"\xc0\x0c" * 200, b"\xff")
@example((b"\x3f" + b"a" * 63) * 3 + b"\xc0\x1e" * 100, b"\xff")
def test_any_bytes_behind_the_question_raise_nothing_and_end(bytes_behind, count):
    judge(bytes_behind)
    judge(NUMBER + b"\x81\x80\x00\x01" + count * 2 + b"\0\0\0\0" + ASKED[12:] + bytes_behind)


AN_ADDRESS, AN_ALIAS = (
    b"\0\x01\0\x01\0\0\0\0\0\x04\x0a\0\0\1",
    b"\0\x05\0\x01\0\0\0\0\0\x02\xc0\x1e",
)
parts_of_names = st.sampled_from(
    [
        b"\xc0\x0c",
        b"\xc0\x1e",
        b"\xc0\x20",
        b"\xc0\x30",
        b"\xc1\x00",
        b"\x01a",
        b"\0",
        AN_ADDRESS,
        AN_ALIAS,
    ]
)


@settings(max_examples=200)
@given(st.lists(parts_of_names, max_size=60))
def test_pointers_to_anywhere_end(parts):
    judge(NUMBER + b"\x81\x80\x00\x01\xff\xff\0\0\0\0" + ASKED[12:] + b"".join(parts))
