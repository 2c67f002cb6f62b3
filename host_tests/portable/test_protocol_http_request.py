"""What an HTTP client may ask, byte by byte."""

from setpoint.protocol.http_request import Request, RequestError

GET = b"GET /api/plan?connector=2&hours=24 HTTP/1.1\r\nHost: setpoint.local\r\n"
POST = (
    b"POST /api/pause HTTP/1.1\r\nhost:127.0.0.1:8080 \r\nAUTHORIZATION: Bearer t1.2\r\n"
    b"Content-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"
)


def read(data, step=1000):
    """(the Request, its body, what comes behind it), fed in steps of so many bytes."""
    request, body, behind = Request(), b"", b""
    begun = False
    for at in range(0, len(data), step):
        piece = data[at : at + step]
        if not begun:
            piece = request.head(piece)
            begun = piece is not None
        if begun:
            taken, rest = request.body(piece)
            body += bytes(taken)
            behind += bytes(rest)
    return (request if begun else None), body, behind


def refusal(data, step=1000):
    """(status, code)."""
    try:
        request, body, _ = read(data, step)
    except RequestError as error:
        assert error.args[2][-1] == "."
        return error.args[:2]
    raise AssertionError("taken: %s %r" % (request and request.path, body))


def test_a_request_is_read_wherever_its_bytes_are_cut():
    for step in (1, 2, 3, 7, 1000):
        request, body, behind = read(POST + b"more", step)
        assert (request.method, request.path, request.query) == ("POST", "/api/pause", "")
        assert (body, behind, request.left, request.minor) == (b"hello", b"more", 0, 1)
        assert request.fields == {
            "host": "127.0.0.1:8080",
            "authorization": "Bearer t1.2",
            "content-type": "application/json",
            "content-length": "5",
        }


def test_an_incomplete_head_is_no_request_yet():
    for end in range(len(POST) - 5):
        assert read(POST[:end])[0] is None, end
    request, body, _ = read(POST[:-1])
    assert request.left == 1 and body == b"hell"


def test_whole_numbers_are_read_from_the_query():
    request = read(GET + b"\r\n")[0]
    assert (request.number("connector", 1), request.number("hours", 1)) == (2, 24)
    assert request.number("other", 7) == 7
    for query in (b"hours=", b"hours=-1", b"hours=1.5", b"hours=1234567890", b"x=1&hours=a"):
        request = read(b"GET /?" + query + b" HTTP/1.1\r\nHost: a\r\n\r\n")[0]
        try:
            request.number("hours", 24)
        except RequestError as error:
            assert error.args[0] == 400
        else:
            raise AssertionError(query)


def test_old_clients_and_empty_lines_before_a_request_are_taken():
    request = read(b"\r\n\n" + GET.replace(b"1.1", b"1.0").replace(b"\r\n", b"\n") + b"\n")[0]
    assert request.minor == 0 and request.fields == {"host": "setpoint.local"}


def test_what_is_no_request_is_refused():
    for first, status in (
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/1.2", 505),
        (b"GET / HTTPS", 400),
        (b"GET /", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"GET http://setpoint.local/ HTTP/1.1", 400),
        (b"GET * HTTP/1.1", 400),
        (b"GET /\xe4 HTTP/1.1", 400),
        (b"GET /\x00 HTTP/1.1", 400),
        (b"get / HTTP/1.1", 501),
        (b"OPTIONS /api/login HTTP/1.1", 501),
        (b"CONNECT a:1 HTTP/1.1", 501),
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"SSH-2.0-OpenSSH_9", 400),
        (b"GET /" + b"x" * 256 + b" HTTP/1.1", 414),
        (b"GET /" + b"x" * 9999 + b" HTTP/1.1", 414),
    ):
        for step in (1, 500):
            assert refusal(first + b"\r\nHost: a\r\n\r\n", step)[0] == status, first[:40]


def test_a_field_that_could_be_read_in_two_ways_is_refused():
    for field, status in (
        (b"Host : a", 400),
        (b" folded", 400),
        (b": a", 400),
        (b"no colon", 400),
        (b"Host: a\r\nHost: a", 400),
        (b"Content-Length: 5\r\nContent-Length: 5", 400),
        (b"Content-Length: +5", 400),
        (b"Content-Length: -5", 400),
        (b"Content-Length: 5, 5", 400),
        (b"Content-Length: 0x5", 400),
        (b"Content-Length:", 400),
        (b"Content-Length: \xb2", 400),
        (b"Content-Length: 123456789", 413),
        (b"Transfer-Encoding: chunked", 501),
        (b"Transfer-Encoding: identity", 501),
        (b"Host: a\rb", 400),
        (b"Host: \xff", 400),
        (b"Authorization: Bearer " + b"x" * 400, 431),
        (b"Cookie: " + b"x" * 9000, 431),
        (b"X: y\r\n" * 2000, 431),
    ):
        for step in (1, 500):
            found = refusal(b"POST / HTTP/1.1\r\n" + field + b"\r\n\r\nhello", step)
            assert found[0] == status, (field[:40], found)


def test_a_long_field_that_nobody_needs_is_passed_over():
    request = read(GET + b"Cookie: " + b"x" * 3000 + b"\r\nExpect: 100-continue\r\n\r\n", 100)[0]
    assert request.fields == {"host": "setpoint.local", "expect": "100-continue"}


def test_a_head_that_does_not_end_is_given_up():
    for first, again in ((GET, b"X: 1\r\n"), (GET, b"x"), (b"", b"\r\n"), (b"", b"x")):
        request = Request()
        assert first == b"" or request.head(first) is None
        try:
            for _ in range(9000):
                assert request.head(again) is None
        except RequestError as error:
            assert error.args[0] in (414, 431)
        else:
            raise AssertionError(again)
