"""The station's upload over FTP on both MicroPythons, at a server that Python's own ftplib can
use, too."""

import ftplib
import io
import json
import subprocess
from contextlib import closing

import pytest
from ftp_server import FtpServer
from link_bench import HOST_TESTS

# argv: a JSON file with paths, patience_s and URLs. Prints the result of each as a line of JSON.
PROGRAM = """
import asyncio, json, sys
with open(sys.argv[1]) as file:
    given = json.load(file)
sys.path[:0] = given["paths"]
from setpoint.board.simulated.network import Network
from setpoint.link.ftp import Client

class File:
    name = "x.log"
    length = 5000
    def pieces(self):
        for line in range(100):
            yield b"line %04d of a log that is long enough for it\\n" % line

async def main():
    for url in given["urls"]:
        print(json.dumps(await Client(Network(), given["patience_s"]).send(url, File())))

asyncio.run(main())
"""


@pytest.fixture
def server():
    with closing(FtpServer(("me", "a@b"))) as server:
        yield server


@pytest.fixture
def upload(micropython, tmp_path):
    def uploads(*urls, patience_s=10):
        given = {"paths": [str(HOST_TESTS.parent / "firmware")], "urls": urls}
        (tmp_path / "given.json").write_text(json.dumps(dict(given, patience_s=patience_s)))
        (tmp_path / "program.py").write_text(PROGRAM)
        command = [*micropython, str(tmp_path / "program.py"), str(tmp_path / "given.json")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return uploads


def url_of(server, path, login="me:a%40b@"):
    return server.url.replace("://", "://" + login) + path


def test_the_server_is_one_that_pythons_own_client_uses(server):
    with ftplib.FTP() as client:
        client.connect("127.0.0.1", server.port)
        client.login("me", "a@b")
        client.trust_server_pasv_ipv4_address = False
        client.storbinary("STOR x", io.BytesIO(b"content"))
    assert server.uploads == {"x": b"content"}


def test_a_file_arrives_at_the_host_in_the_url_whatever_address_the_server_names(upload, server):
    assert upload(url_of(server, "/in/x%20y.log")) == [None]
    ((name, content),) = server.uploads.items()
    assert name == "in/x y.log" and len(content) == 5000 and content.endswith(b"\n\n")
    assert server.said[:2] == ["USER me", "PASS a@b"]


def test_without_a_login_it_is_anonymous(upload):
    with closing(FtpServer()) as server:
        assert upload(server.url + "/x") == [None]
        assert server.said[0] == "USER anonymous"


@pytest.mark.parametrize(
    "command, answer, sentence, status",
    [
        ("PASS", "530 Not you", "the file server answered 530 Not you", 401),
        ("STOR", "550 No such folder", "the file server answered 550 No such folder", 403),
        ("STOR", "452 Full", "the file server answered 452 Full", None),
        ("end", "426 Broke off", "the file server answered 426 Broke off", None),
        ("PASV", "502 No", "the file server answered 502 No", 501),
        ("PASV", "227 Here", "the server of the file does not speak FTP", 0),
        ("PASV", "227 (1,2,3,4,x,y)", "the server of the file does not speak FTP", 0),
        ("PASV", "227 (1,2,3,4,0,1)", "nobody listens at 127.0.0.1 port 1 (ECONNREFUSED)", None),
        ("", "HTTP/1.1 400 Bad Request", "the file server answered HTTP/1.1 400", 0),
        ("", "220-x\r\n" * 200, "the server of the file does not speak FTP", 0),
        ("", "x" * 5000, "the server of the file does not speak FTP", 0),
        ("", "", "the file server did nothing for 1 s", None),
        ("end", "", "the file server did nothing for 1 s", None),
    ],
)
def test_a_server_that_fails_is_told_in_a_sentence(
    upload, server, command, answer, sentence, status
):
    server.answers[command] = answer
    (problem,) = upload(url_of(server, "/x"), patience_s=1)
    assert problem[0].startswith(sentence) and problem[1] == status, problem


def test_a_url_that_would_end_a_command_is_refused(upload, server):
    for path, login in (("/x%0d%0aDELE%20y", "me:a%40b@"), ("/x", "me:a%0aDELE@"), ("/x%00", "")):
        (problem,) = upload(url_of(server, path, login))
        assert "control characters" in problem[0]
    assert server.said == []
