"""What an HTTP server says, in pieces of any size: read as Python's own http.client reads it, and
never more than HttpError, whatever it is."""

import http.client
import io

from hypothesis import given
from hypothesis import strategies as st

from setpoint.protocol.http import Answer, HttpError
from setpoint.protocol.urls import BadUrl, joined, parts_of

_MOST_HELD = 4096 + 256  # a line, and what says more about the answer


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_):
        return io.BytesIO(self._data)


def theirs(data: bytes):
    """(status, body) as http.client reads it, None where something is missing."""
    response = http.client.HTTPResponse(_Socket(data), method="GET")
    try:
        response.begin()
        return response.status, response.read()
    except (http.client.HTTPException, ValueError):
        return None


def ours(data: bytes, cuts: "list[int]"):
    """The same, the bytes cut there."""
    answer, body, rest = Answer("GET"), b"", None
    ends = [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    at = 0
    try:
        for end in ends:
            piece, at = data[at:end], end
            if rest is None:
                rest = piece = answer.head(piece)
            if rest is not None and not answer.over:
                for part in answer.body(piece):
                    body += bytes(part)
            assert len(answer._line) <= _MOST_HELD, "memory is bounded"
        if not answer.over:
            answer.hung_up()
    except HttpError as error:
        sentence, status = error.args
        assert type(sentence) is str and status in (0, None)
        return None
    return answer.status, body


BODIES = st.binary(max_size=300)
CUTS = st.lists(st.integers(0, 10**6), max_size=8)


@st.composite
def good_answers(draw) -> bytes:
    body = draw(BODIES)
    status = draw(st.sampled_from((200, 201, 206, 301, 404, 503)))
    eol = draw(st.sampled_from((b"\r\n", b"\r\n", b"\n")))
    lines = [b"HTTP/1.1 %d %s" % (status, draw(st.sampled_from((b"OK", b"Not so good", b""))))]
    names = st.sampled_from((b"X-Other", b"Server", b"ETag", b"Date"))
    words = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
    for name, value in draw(st.dictionaries(names, words, max_size=3)).items():
        lines.append(name + b":" + draw(st.sampled_from((b"", b" ", b"\t"))) + value.encode())
    kind = draw(st.sampled_from(("length", "chunks", "end")))
    if kind == "length":
        lines.append(b"Content-LENGTH: %d" % len(body))
    elif kind == "chunks":
        lines.append(b"Transfer-Encoding: chunked")
        size = draw(st.integers(1, 100))
        chunks = [body[at : at + size] for at in range(0, len(body), size)]
        extension = draw(st.sampled_from((b"", b";a=b", b" ; a")))
        body = b"".join(b"%x%s\r\n%s\r\n" % (len(c), extension, c) for c in chunks)
        body += b"0\r\n" + draw(st.sampled_from((b"", b"T: 1\r\n"))) + b"\r\n"
    return eol.join([*lines, b"", b""]) + body


@given(good_answers(), CUTS)
def test_what_is_right_is_read_as_by_pythons_own_client(data, cuts):
    assert ours(data, cuts) == theirs(data) is not None


@given(good_answers(), st.integers(0, 10**6), CUTS)
def test_what_ends_early_is_never_taken_for_whole(data, end, cuts):
    """Unless it is a body that only the end of the connection ends."""
    data = data[: end % len(data)]
    is_open = b"ontent-LENGTH" not in data and b"ransfer-Encoding" not in data
    assert is_open or ours(data, cuts) is None or ours(data, cuts) == theirs(data)


@given(good_answers(), st.data(), CUTS)
def test_what_is_spoilt_raises_nothing_else_and_reads_alike_however_it_is_cut(data, chance, cuts):
    spoilt = bytearray(data)
    for _ in range(chance.draw(st.integers(1, 5))):
        at = chance.draw(st.integers(0, len(spoilt) - 1))
        spoilt[at : at + chance.draw(st.integers(0, 3))] = chance.draw(st.binary(max_size=4))
        if not spoilt:
            return
    assert ours(bytes(spoilt), cuts) == ours(bytes(spoilt), [])


@given(st.binary(max_size=400), CUTS)
def test_bytes_of_any_kind_raise_nothing_else(data, cuts):
    for before in (
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ):
        ours(before + data, cuts)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_url_of_any_kind_has_parts_or_is_refused(url, reference):
    for one in (url, "http://" + url, joined("https://u:p@h/a?b", reference)):
        try:
            secure, field, host, port, target, login = parts_of(one)
        except BadUrl:
            continue
        assert host and 0 < port < 65536 and target[0] == "/"
        assert "\r" not in field + target and "\n" not in field + target and " " not in target
        assert login is None or type(login[0]) is bytes is type(login[1])
