"""What an HTTP server may answer, byte by byte, and URLs of files."""

from setpoint.protocol.http import Answer, HttpError, first_of_range
from setpoint.protocol.urls import BadUrl, joined, parts_of, percent_decoded


def read(data, step=1, method="GET"):
    """(the Answer, its body), fed in steps of so many bytes, and then the end."""
    answer = Answer(method)
    rest, body = None, b""
    for at in range(0, len(data), step):
        piece = data[at : at + step]
        if rest is None:
            rest = answer.head(piece)
            piece = rest
        if rest is not None and not answer.over:
            for part in answer.body(piece):
                body += bytes(part)
    if not answer.over:
        answer.hung_up()
    return answer, body


def failure(data, step=1000):
    try:
        answer, body = read(data, step)
    except HttpError as error:
        return error.args
    raise AssertionError("taken: %d %r" % (answer.status, body))


LENGTH = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "7"\r\n\r\nhello'
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"3\r\nhel\r\n0002 ; x=y\r\nlo\r\n0\r\nX: 1\r\n\r\n"
)
UNTIL_END = b"HTTP/1.0 200 OK\r\n\r\nhello"


def test_a_body_ends_by_its_length_its_chunks_or_the_connection_wherever_the_bytes_are_cut():
    for data in (LENGTH, CHUNKED, UNTIL_END, b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH):
        for step in (1, 2, 3, 7, 1000):
            answer, body = read(data, step)
            assert (answer.status, body) == (200, b"hello"), (data, step)
    assert read(LENGTH)[0].length == 5 and read(LENGTH)[0].fields["etag"] == '"7"'
    assert read(CHUNKED)[0].length is None


def test_an_answer_without_a_body_is_over_at_its_head():
    for head in (b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9"):
        answer, body = read(head + b"\r\n\r\n")
        assert answer.over and body == b"", head
    assert read(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")[0].over
    assert read(b"HTTP/1.1 404\n\n")[0].reason == ""


def test_a_connection_that_ends_early_is_told():
    for data in (LENGTH, CHUNKED):
        for end in range(len(data)):
            assert failure(data[:end]) == ("the file server hung up in mid-answer", None), end


def test_what_is_no_http_is_refused():
    ok = b"HTTP/1.1 200 OK\r\n"
    for data in (
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2 200\r\n",
        b"HTTP/1.1 2x0 OK\r\n",
        b"HTTP/1.1 2000 OK\r\n",
        b"\r\n\r\n",
        ok + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        ok + b"Content-Length: -5\r\n\r\nhello",
        ok + b"Content-Length: 5000000000\r\n\r\nhello",
        ok + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        ok + b"Transfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n",
        ok + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
        ok + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n",
        ok + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        ok + b"Transfer-Encoding: chunked\r\n\r\n1" + b" " * 300 + b"\r\n",
        ok + b"Location: /" + b"x" * 3000 + b"\r\n\r\n",
    ):
        for step in (1, 500):
            assert failure(data, step)[1] == 0, data[:60]


def test_a_head_that_does_not_end_is_given_up():
    for first, again in (
        (b"HTTP/1.1 200 OK\r\n", b"X: 12345678901234567890123456789012\r\n" * 10),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 500),
        (b"", b"x" * 500),
    ):
        answer = Answer("GET")
        assert first == b"" or answer.head(first) is None
        try:
            for _ in range(200):
                assert answer.head(again) is None
        except HttpError as error:
            assert error.args[1] == 0
        else:
            raise AssertionError(again[:9])


def test_a_long_field_that_nobody_needs_is_passed_over():
    data = b"HTTP/1.1 302 Found\r\nContent-Security-Policy: %s\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    assert read(data % (b"x" * 9000), 512)[0].fields["location"] == "/b"


def test_bytes_that_are_no_ascii_stand_as_question_marks():
    answer, _ = read(b"HTTP/1.1 404 Gibt\xe4s\x1b nicht\r\nLocation: /\xff\r\n\r\n")
    assert (answer.reason, answer.fields["location"]) == ("Gibt?s? nicht", "/?")


def test_a_range_names_its_first_byte_and_the_length_of_the_file():
    for text, found in (
        ("bytes 500-999/1000", (500, 1000)),
        ("Bytes 0-0/*", (0, None)),
        ("bytes */1000", None),
        ("bytes 5-/1000", None),
        ("lines 1-2/3", None),
        ("bytes 1-2/x", None),
        ("bytes 1000000000-2/3", None),
        ("", None),
        (None, None),
    ):
        assert first_of_range(text) == found, text


def test_a_url_has_these_parts():
    for url, parts in (
        ("http://host", (False, "host", "host", 80, "/", None)),
        ("HTTPS://host:8443/a/b?c=d/e#f", (True, "host:8443", "host", 8443, "/a/b?c=d/e", None)),
        ("https://host?sig=a@b:c", (True, "host", "host", 443, "/?sig=a@b:c", None)),
        ("http://[fe80::1]:81/x", (False, "[fe80::1]:81", "fe80::1", 81, "/x", None)),
        ("http://me:a%40b:c@h/", (False, "h", "h", 80, "/", (b"me", b"a@b:c"))),
        ("http://me@h/@x", (False, "h", "h", 80, "/@x", (b"me", b""))),
    ):
        assert parts_of(url) == parts, url


def test_a_url_that_cannot_be_used_says_why_and_never_its_password():
    for url in (
        "ftp://u:secret@h/",
        "file:///secret",
        "http:/u:secret@h/",
        "http://u:secret@/x",
        "http://u:secret@h:0/",
        "http://u:secret@h:99999/",
        "http://u:secret@h:http/",
        "http://u:secret@h/\r\nX: y",
        "http://u:secret@h/a b",
        "http://u:secret@h/\xe4",
        "http://u:secret@h/" + "x" * 2048,
        "secret",
        "",
    ):
        try:
            parts_of(url)
        except BadUrl as error:
            assert str(error).startswith("the URL of a file ") and "secret" not in str(error), url
        else:
            raise AssertionError(url)


def test_a_redirect_leads_from_where_it_was_found():
    base = "http://u:p@h:1/a/b?c#d"
    for reference, url in (
        ("https://other/x", "https://other/x"),
        ("//other/x", "http://other/x"),
        ("/x?y", "http://u:p@h:1/x?y"),
        ("x", "http://u:p@h:1/a/x"),
        ("?y=://", "http://u:p@h:1/a/b?y=://"),
    ):
        assert joined(base, reference) == url, reference
    assert joined("http://h", "x") == "http://h/x"


def test_percent_signs_are_decoded_where_they_mean_something():
    assert percent_decoded("a%20b%C3%BCc%zz%4") == b"a b\xc3\xbcc%zz%4"
