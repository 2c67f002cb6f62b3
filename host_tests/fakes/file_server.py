"""An HTTP server of files with real sockets, in threads: what it holds can be fetched (whole or
from a byte on), what is uploaded stays in `uploads`. How it behaves can be set for each request."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from threaded_server import ThreadedServer


class Request(NamedTuple):
    method: str
    target: str  # path and query
    fields: "dict[str, str]"  # names in small letters
    body: bytes


class Connection:
    """One connection, at the server's end, and the request that came over it."""

    def __init__(self, server: "FileServer", peer: socket.socket) -> None:
        self.server = server
        self._peer = peer
        self._file = peer.makefile("rb")
        line = self._file.readline(65536).decode("latin-1").split()
        self.fields: "dict[str, str]" = {}
        while line and (field := self._file.readline(65536).decode("latin-1").strip()):
            name, _, value = field.partition(":")
            self.fields[name.lower()] = value.strip()
        self.method, self.target = (line[0], line[1]) if len(line) == 3 else ("", "")

    def body(self) -> bytes:
        """What the client uploads."""
        return self._file.read(int(self.fields.get("content-length", "0")))

    def say(self, data: bytes) -> None:
        self._peer.sendall(data)

    def answer(
        self, status: str, body: bytes = b"", *lines: str, length: "int | None" = None
    ) -> None:
        """length: what the head says, if it lies."""
        head = [
            "HTTP/1.1 " + status,
            "Content-Length: %d" % (len(body) if length is None else length),
        ]
        self.say("\r\n".join(head + list(lines)).encode() + b"\r\n\r\n" + body)

    def wait(self) -> None:
        """Until the client hangs up, or the server is closed."""
        while not self.server.closed and self._file.read(1):
            pass

    def close(self, abrupt: bool = False) -> None:
        if abrupt:
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            self._peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._file.close()
        self._peer.close()


Behaviour = Callable[[Connection], Any]


class FileServer(ThreadedServer):
    """`files`: path -> content. `behaviours`: one for each of the next requests; then it serves.
    `asked`: (method, target, fields) of each request."""

    def __init__(self, tls: "ssl.SSLContext | None" = None, host: str = "127.0.0.1") -> None:
        self.files: "dict[str, bytes]" = {}
        self.uploads: "list[Request]" = []
        self.asked: "list[tuple[str, str, dict[str, str]]]" = []
        self.behaviours: "list[Behaviour]" = []
        self.default: Behaviour = serves
        self._tls = tls
        super().__init__(host)
        self.url = "http%s://%s:%d" % ("s" if tls else "", host, self.port)

    def _serve(self, peer: socket.socket) -> None:
        try:
            if self._tls:
                peer = self._tls.wrap_socket(peer, server_side=True)
            elif peer.recv(1, socket.MSG_PEEK) == b"\x16":  # a client that begins with TLS
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                raise ValueError
            connection = Connection(self, peer)
        except (OSError, ValueError):
            peer.close()
            return
        self.asked.append((connection.method, connection.target, connection.fields))
        behaviour = self.behaviours.pop(0) if self.behaviours else self.default
        try:
            behaviour(connection)
        except (OSError, ValueError):
            pass  # the client went away
        finally:
            connection.close()


# ---- behaviours ----


def serves(connection: Connection) -> None:
    server, path = connection.server, connection.target.partition("?")[0]
    if connection.method in ("PUT", "POST"):
        request = Request(
            connection.method, connection.target, connection.fields, connection.body()
        )
        server.uploads.append(request)
        connection.answer("201 Created")
    elif path not in server.files:
        connection.answer("404 Not Found")
    else:
        content = server.files[path]
        etag = '"%x"' % (hash(content) & 0xFFFFFFFF)
        first = connection.fields.get("range", "bytes=0-")[6:-1]
        if connection.fields.get("if-range", etag) != etag or first == "0":
            connection.answer("200 OK", content, "ETag: " + etag)
        elif int(first) >= len(content):
            connection.answer("416 Range Not Satisfiable")
        else:
            span = "Content-Range: bytes %s-%d/%d" % (first, len(content) - 1, len(content))
            connection.answer("206 Partial Content", content[int(first) :], "ETag: " + etag, span)


def answers(status: str, *lines: str) -> Behaviour:
    def behaviour(connection: Connection) -> None:
        connection.body()
        connection.answer(status, b"", *lines)

    return behaviour


def redirects(to: str, status: str = "302 Found") -> Behaviour:
    return answers(status, "Location: " + to)


def wants(login: str) -> Behaviour:
    """Serves whoever sends this Authorization field."""

    def behaviour(connection: Connection) -> None:
        if connection.fields.get("authorization") == login:
            serves(connection)
        else:
            answers("401 Unauthorized")(connection)

    return behaviour


def refuses_early(connection: Connection) -> None:
    """Answers before the upload is there, and hangs up."""
    connection.answer("413 Content Too Large")
    connection.close()


def breaks_off(after: int, abrupt: bool = False) -> Behaviour:
    """The file's length is told, and this much of it sent."""

    def behaviour(connection: Connection) -> None:
        content = connection.server.files.get(connection.target, b"x" * 10000)
        connection.answer("200 OK", content[:after], length=len(content))
        connection.close(abrupt)

    return behaviour


def stalls(after: int) -> Behaviour:
    """The same, and nothing more comes."""

    def behaviour(connection: Connection) -> None:
        content = connection.server.files.get(connection.target, b"x" * 10000)
        connection.answer("200 OK", content[:after], length=len(content))
        connection.wait()

    return behaviour


def says_nothing(connection: Connection) -> None:
    connection.wait()


def hangs_up(connection: Connection) -> None:
    connection.close()


def says(data: bytes) -> Behaviour:
    """Whatever it is, and hangs up."""

    def behaviour(connection: Connection) -> None:
        connection.body()
        connection.say(data)

    return behaviour


def lies_about_length(by: int) -> Behaviour:
    """Content-Length is wrong by so many bytes."""

    def behaviour(connection: Connection) -> None:
        content = connection.server.files[connection.target]
        connection.answer("200 OK", content, length=len(content) + by)

    return behaviour


def in_chunks(size: int) -> Behaviour:
    def behaviour(connection: Connection) -> None:
        content = connection.server.files[connection.target]
        connection.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(content), size):
            piece = content[at : at + size]
            connection.say(b"%x;a=b\r\n%s\r\n" % (len(piece), piece))
        connection.say(b"0\r\nTrailer: 1\r\n\r\n")

    return behaviour


def resets(connection: Connection) -> None:
    connection.close(abrupt=True)


def floods(data: bytes, head: bytes = b"") -> Behaviour:
    """Says the same until the client goes away."""

    def behaviour(connection: Connection) -> None:
        connection.body()
        connection.say(head)
        while not connection.server.closed:
            connection.say(data)

    return behaviour


endless_head = floods(b"X-More: " + b"x" * 4000 + b"\r\n", b"HTTP/1.1 200 OK\r\n")


def drips_a_head(pause_s: float) -> Behaviour:
    """A head that does not end, a byte at a time."""

    def behaviour(connection: Connection) -> None:
        connection.body()
        for byte in b"HTTP/1.1 500 Oops\r\n" + b"X: y\r\n" * 200 + b"\r\n":
            connection.say(bytes([byte]))
            time.sleep(pause_s)

    return behaviour


def drips(pause_s: float) -> Behaviour:
    """A byte of the file at a time."""

    def behaviour(connection: Connection) -> None:
        content = connection.server.files[connection.target]
        connection.answer("200 OK", b"", length=len(content))
        for at in range(len(content)):
            connection.say(content[at : at + 1])
            time.sleep(pause_s)

    return behaviour
