"""What an HTTP client says, in pieces of any size: read as the standard library's own server reads it,
and never more than RequestError, whatever it is; never more than its bounds is held."""

import http.server
import io

from hypothesis import example, given
from hypothesis import strategies as st

from setpoint.protocol.http_request import Request, RequestError

_MOST_HELD = 400
_MOST_KEPT = 7 * 400
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"]


def ours(data: bytes, cuts: "list[int]"):
    """(Request, body, what comes behind it), the bytes cut there; None where the head does not end,
    or RequestError."""
    request, body, behind, rest = Request(), b"", b"", None
    ends = [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    at = 0
    try:
        for end in ends:
            piece, at = data[at:end], end
            if rest is None:
                rest = piece = request.head(piece)
            if rest is not None:
                taken, after = request.body(piece)
                body += bytes(taken)
                behind += bytes(after)
            assert len(request._line) <= _MOST_HELD, "memory is bounded"
            assert sum(len(k) + len(v) for k, v in request.fields.items()) <= _MOST_KEPT
    except RequestError as error:
        status, code, sentence = error.args
        assert 400 <= status <= 505 and type(code) is str and sentence.endswith(".")
        return error
    return None if rest is None else (request, body, behind)


class _Theirs(http.server.BaseHTTPRequestHandler):
    def __init__(self, data: bytes) -> None:
        self.rfile = io.BytesIO(data)
        self.wfile = io.BytesIO()
        self.raw_requestline = self.rfile.readline(65537)
        self.client_address = ("", 0)
        self.request_version = ""
        self.is_one = self.parse_request()

    def log_message(self, *arguments: object) -> None:
        """Nobody wants to know."""


TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABC-_0123456789", min_size=1, max_size=20)
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)
PATHS = st.text("abc/%20.=&-_~", max_size=60).map(lambda text: "/x" + text)
CUTS = st.lists(st.integers(0, 10**6), max_size=8)
_OWN = {"host", "content-length", "transfer-encoding", "authorization", "expect"}
OTHERS = st.dictionaries(
    TOKENS.filter(lambda name: name.lower() not in _OWN), VALUES, max_size=5
).filter(lambda fields: len({name.lower() for name in fields}) == len(fields))


@given(st.sampled_from(_METHODS), PATHS, OTHERS, st.binary(max_size=300), CUTS)
def test_a_right_request_is_read_as_the_standard_library_reads_it(method, path, others, body, cuts):
    fields = {"Host": "setpoint.local", **others, "Content-Length": str(len(body))}
    head = "%s %s HTTP/1.1\r\n" % (method, path)
    head += "".join("%s: %s\r\n" % field for field in fields.items()) + "\r\n"
    request, read, behind = ours(head.encode() + body + b"behind", cuts)
    theirs = _Theirs(head.encode())
    assert theirs.is_one and (request.method, theirs.command) == (method, method)
    assert request.path + ("?" + request.query if "?" in path else "") == theirs.path == path
    assert request.fields["host"] == theirs.headers["Host"]
    for name in request.fields:
        assert request.fields[name] == theirs.headers[name].strip()
    assert (read, behind, request.left) == (body, b"behind", 0)


@given(st.binary(max_size=600), CUTS)
@example(b"GET / HTTP/1.1\r\n\r\n", [3])
def test_any_bytes_lead_to_a_request_or_to_its_own_error(data, cuts):
    ours(data, cuts)


LINES = st.sampled_from(
    [
        *(
            b"GET / HTTP/1.1",
            b"POST /a?b=1 HTTP/1.0",
            b"Host: a",
            b"Host:",
            b"",
            b" x",
            b"\t",
            b":",
        ),
        *(b"Content-Length: 7", b"Content-Length: -1", b"Transfer-Encoding: chunked", b"X: \x00"),
        *(b"Cookie: " + b"c" * 3000, b"Authorization: " + b"a" * 500, b"\xff\xfe", b"GET / HTTP/9"),
    ]
)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\r\n"])


@given(st.lists(st.tuples(LINES, ENDS), max_size=12), st.binary(max_size=50), CUTS)
def test_lines_in_any_order_lead_to_a_request_or_to_its_own_error(lines, rest, cuts):
    data = b"".join(line + end for line, end in lines) + rest
    whole = ours(data, [])
    parts = ours(data, cuts)
    if isinstance(whole, RequestError):
        assert isinstance(parts, RequestError) and parts.args == whole.args
    elif whole is None:
        assert parts is None
    else:
        assert parts[1:] == whole[1:] and parts[0].fields == whole[0].fields


@given(st.lists(st.binary(min_size=1, max_size=2000), min_size=40, max_size=60))
def test_what_never_ends_is_given_up(pieces):
    request = Request()
    try:
        for piece in pieces * 5:
            if (
                request.head(piece.replace(b"\n", b"n").replace(b"\r", b"r") + b"xxxxxxxxxxxxxxx")
                is None
            ):
                assert len(request._line) <= _MOST_HELD
    except RequestError:
        return
    raise AssertionError("a line of %d bytes" % sum(map(len, pieces)))
