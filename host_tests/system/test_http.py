"""The station's HTTP client on both MicroPythons, at a real server, with TLS and without."""

from __future__ import annotations

import base64
import json
import subprocess
from contextlib import closing

import file_server
import pytest
from certificates import Authority, server_context
from file_server import FileServer
from link_bench import HOST_TESTS

FILE = bytes(range(256)) * 40

# argv: a JSON file with paths, ca, and one list of arguments for each transfer. Prints the result
# of each as a line of JSON.
PROGRAM = """
import asyncio, json, sys
with open(sys.argv[1]) as file:
    given = json.load(file)
sys.path[:0] = given["paths"]
from setpoint.board.simulated.network import Network
from setpoint.clock import Clock, system_instant
from setpoint.link.http import Client

class Sink:
    def __init__(self):
        self.told = None
        self.got = b""
        self.longest = 0
    def begin(self, *told):
        assert self.told is None
        self.told = told
        if told[1] and told[1] > 1000000:
            raise ValueError("no room for so much")
    async def write(self, view):
        self.longest = max(self.longest, len(view))
        self.got += bytes(view)

class File:
    name = "x.log"
    length = 5000
    def pieces(self):
        for line in range(given.get("lines", 100)):
            yield b"line %04d of a log that is long enough for it\\n" % line

async def main():
    client = Client(Network(), Clock(system_instant()), given.get("ca"), given.get("patience_s", 10))
    for what in given["transfers"]:
        if what[0] == "GET":
            sink = Sink()
            problem = await client.get(what[1], sink, *what[2:])
            print(json.dumps([problem, sink.told, sink.longest, sink.got.hex()]))
        else:
            print(json.dumps([await client.send(what[1], File(), what[0])]))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ca")


@pytest.fixture
def server():
    with closing(FileServer()) as server:
        server.files["/fw"] = FILE
        yield server


@pytest.fixture
def secure(authority):
    context = server_context(authority.sign("files", names=["127.0.0.1"]))
    with closing(FileServer(context)) as server:
        server.files["/fw"] = FILE
        yield server


@pytest.fixture
def run(micropython, tmp_path, authority):
    def runs(*transfers, ca=authority.cert, **given):
        firmware = HOST_TESTS.parent / "firmware"
        given.update(paths=[str(firmware)], ca=str(ca) if ca else None, transfers=transfers)
        (tmp_path / "given.json").write_text(json.dumps(given))
        (tmp_path / "program.py").write_text(PROGRAM)
        done = subprocess.run(
            [*micropython, str(tmp_path / "program.py"), str(tmp_path / "given.json")],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return found if len(transfers) > 1 else found[0]

    return runs


def test_a_file_is_fetched_in_slices_with_tls_and_without(run, server, secure):
    for one in (server, secure):
        problem, told, longest, got = run(["GET", one.url + "/fw"])
        assert problem is None and bytes.fromhex(got) == FILE
        assert told[:2] == [0, len(FILE)] and told[2][0] == '"'
        assert longest <= 1024


def test_a_file_in_chunks_is_fetched(run, server):
    server.behaviours = [file_server.in_chunks(700)]
    problem, told, _, got = run(["GET", server.url + "/fw"])
    assert problem is None and bytes.fromhex(got) == FILE and told[1] is None


def test_a_transfer_that_broke_off_goes_on_where_it_was(run, server):
    server.behaviours = [file_server.breaks_off(3000)]
    problem, told, _, got = run(["GET", server.url + "/fw"])
    assert problem == ["the file server hung up in mid-answer", None]
    assert bytes.fromhex(got) == FILE[:3000]
    _, (_, _, validator), _, _ = run(["GET", server.url + "/fw"])
    problem, told, _, got = run(["GET", server.url + "/fw", 3000, validator])
    assert problem is None and told[:2] == [3000, len(FILE)]
    assert bytes.fromhex(got) == FILE[3000:]
    problem, told, _, got = run(["GET", server.url + "/fw", 3000, '"another file"'])
    assert problem is None and told[0] == 0, "the file is another one: from its beginning"
    assert run(["GET", server.url + "/fw", 99999])[0][1] == 416


def test_a_part_that_was_not_asked_for_is_refused(run, server):
    part = file_server.answers("206 Partial Content", "Content-Range: bytes 5-9/10")
    server.behaviours = [part, part]
    for problem, told, _, _ in run(["GET", server.url + "/fw", 6], ["GET", server.url + "/fw"]):
        assert problem[0] == "the file server sends another part than was asked for" and not told


def test_redirects_are_followed_three_times_and_never_out_of_tls(run, server, secure):
    hop = file_server.redirects("/fw", "301 Moved")
    secure.behaviours = [file_server.redirects(secure.url + "/x?y"), hop, hop]
    problem, _, _, got = run(["GET", secure.url + "/a"])
    assert problem is None and bytes.fromhex(got) == FILE
    assert [target for _, target, _ in secure.asked] == ["/a", "/x?y", "/fw", "/fw"]
    secure.behaviours = [hop] * 4
    assert run(["GET", secure.url + "/a"])[0][0] == "more than 3 redirects"
    server.behaviours = [file_server.redirects(secure.url + "/fw")]
    assert run(["GET", server.url + "/a"])[0] is None, "into TLS it may lead"
    secure.behaviours = [file_server.redirects(server.url + "/fw")]
    asked = len(server.asked)
    problem = run(["GET", secure.url + "/a"])[0]
    assert problem[0] == "the server redirects from https:// to http://, refused"
    assert len(server.asked) == asked


def test_a_password_goes_to_the_host_in_the_url_only(run, server, secure):
    login = "Basic " + base64.b64encode(b"me:s@cret").decode()
    url = server.url.replace("://", "://me:s%40cret@")
    server.behaviours = [file_server.wants(login), file_server.redirects("/fw")]
    assert all(result[0] is None for result in run(["GET", url + "/fw"], ["GET", url + "/x"]))
    assert server.asked[-1][2]["authorization"] == login, "the same host after a redirect"
    server.behaviours = [file_server.redirects(secure.url + "/fw")]
    assert run(["GET", url + "/fw"])[0] is None
    assert "authorization" not in secure.asked[-1][2]
    server.behaviours = [file_server.wants(login)]
    problem = run(["GET", server.url + "/fw"])[0]
    assert problem[1] == 401 and "user:password@" in problem[0]


@pytest.mark.parametrize(
    "behaviour, sentence, status",
    [
        (file_server.answers("404 Not Found"), "answered 404 Not Found: look at the path", 404),
        (file_server.answers("500 Oops"), "the file server answered 500 Oops", 500),
        (file_server.answers("204 No Content"), "answered 204 without a file", 204),
        (file_server.answers("200 OK", "Content-Encoding: gzip"), "packs the file", 200),
        (file_server.says(b"SSH-2.0\r\n"), "does not speak HTTP/1.1", 0),
        (file_server.says(b""), "hung up in mid-answer", None),
        (file_server.hangs_up, "hung up in mid-answer", None),
        (file_server.endless_head, "a head that does not end", 0),
        (file_server.says_nothing, "did nothing for 1 s", None),
        (file_server.stalls(100), "did nothing for 1 s", None),
        (file_server.breaks_off(100, abrupt=True), "connection was lost", None),
        (file_server.lies_about_length(5), "hung up in mid-answer", None),
        (file_server.answers("200 OK", "Content-Length: 2000000"), "two different", 0),
    ],
)
def test_a_server_that_fails_is_told_in_a_sentence(run, server, behaviour, sentence, status):
    server.behaviours = [behaviour]
    problem = run(["GET", server.url + "/fw"], patience_s=1)[0]
    assert problem is not None and sentence in problem[0] and problem[1] == status


def test_a_sink_that_refuses_ends_the_transfer(run, server):
    server.files["/fw"] = b"x" * 1000001
    problem, told, _, got = run(["GET", server.url + "/fw"])
    assert problem == ["no room for so much", None] and not got


def test_a_host_that_is_not_there_is_named(run, server):
    server.close()
    problem = run(["GET", server.url + "/fw"])[0]
    assert "127.0.0.1 port %d" % server.port in problem[0]


def test_no_certificate_check_is_skipped(run, secure, authority, tmp_path):
    (tmp_path / "theirs").mkdir()
    stranger = Authority(tmp_path / "theirs", "ca")
    for context, why in (
        (stranger.sign("files", ["127.0.0.1"]), "is not signed by an authority"),
        (authority.sign("files", ["other.test"]), "is not for the name 127.0.0.1"),
        (authority.sign("files", ["127.0.0.1"], days=(-9, -1)), "has expired"),
        (authority.sign("files", ["127.0.0.1"], days=(1, 9)), "is not valid yet"),
    ):
        with closing(FileServer(server_context(context))) as server:
            problem = run(["GET", server.url + "/fw"])[0]
            assert "certificate of the file server" in problem[0] and why in problem[0]
            assert not server.asked
    problem = run(["GET", secure.url + "/fw"], ca=None)[0]
    assert "tls.ca_file" in problem[0]


def test_plain_http_where_tls_was_asked_for_is_told(run, server):
    problem = run(["GET", server.url.replace("http", "https") + "/fw"])[0]
    assert problem[0] == "the file server does not answer in TLS"


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_file_is_uploaded_with_the_length_that_was_promised(run, server, secure, method):
    for one in (server, secure):
        for lines in (100, 200):  # too little, and too much
            assert run([method, one.url + "/up/x?sig=1"], lines=lines) == [None]
            upload = one.uploads[-1]
            assert (upload.method, upload.target) == (method, "/up/x?sig=1")
            assert len(upload.body) == 5000 and upload.body.startswith(b"line 0000 of")
            assert upload.fields["content-disposition"] == 'attachment; filename="x.log"'


def test_an_upload_follows_only_redirects_that_keep_its_method(run, server):
    server.behaviours = [file_server.redirects("/y", "307 Temporary Redirect")]
    assert run(["PUT", server.url + "/x"]) == [None]
    assert server.uploads[-1].target == "/y" and len(server.uploads[-1].body) == 5000
    server.behaviours = [file_server.redirects("/y", "302 Found")]
    problem = run(["PUT", server.url + "/x"])[0]
    assert problem[1] == 302 and "give the URL that it leads to" in problem[0]


def test_a_server_that_refuses_before_the_upload_is_there_is_understood(run, server):
    server.behaviours = [file_server.refuses_early]
    problem = run(["PUT", server.url + "/x"])[0]
    assert problem[1] in (413, None), problem  # where the reset overtakes the answer, it is lost
