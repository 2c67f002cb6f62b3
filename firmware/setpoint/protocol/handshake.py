"""Opens a WebSocket from the client's side (RFC 6455, section 4): bytes in, bytes out.

    handshake = Handshake("host:9000", "/ocpp/cp001", "ocpp1.6", random)
    send(handshake.request())
    rest = handshake.feed(received)  # None: more is needed; bytes: open, and these belong to the
                                     first frames

`random(n)` returns n bytes from a strong source. Any answer but an exact yes raises HandshakeError
with the reason.
"""

import binascii
import hashlib

from ..units import const
from .websocket import mended

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_MAX_HEADER = const(4096)  # of the server's answer
# Characters of a field that a reason cites: it may go to the central system
_MAX_QUOTED = const(100)


class HandshakeError(Exception):
    """The server did not open a WebSocket. `status`: its HTTP status, None if something else was
    the reason."""

    def __init__(
        self, reason: str, status: "int | None" = None, retry_after_s: "int | None" = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after_s = retry_after_s


class Handshake:
    """The opening handshake (RFC 6455, section 4.1). `headers`: further lines, such as
    "Authorization: Basic ..."."""

    def __init__(self, host: str, path: str, protocol: str, random, headers: tuple = ()) -> None:
        self._host = host
        self._path = path
        self._protocol = protocol
        self._headers = headers
        self._key = binascii.b2a_base64(random(16)).strip()
        self._received = b""

    def request(self) -> bytes:
        lines = [
            "GET %s HTTP/1.1" % self._path,
            "Host: " + self._host,
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: " + self._key.decode(),
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: " + self._protocol,
        ]
        lines.extend(self._headers)
        lines.append("\r\n")
        return "\r\n".join(lines).encode()

    def feed(self, data: bytes) -> "bytes | None":
        """None while the answer is incomplete, then the bytes behind it. HandshakeError if it is no
        yes."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._received)) > _MAX_HEADER:
            raise HandshakeError("the server's answer is longer than %d bytes" % _MAX_HEADER)
        if end < 0:
            return None
        rest = self._received[end + 4 :]
        status_line, fields = _header(self._received[:end])
        self._received = b""
        self._check(status_line, fields)
        return rest

    def _check(self, status_line: str, fields: dict) -> None:
        words = status_line.split(None, 2)
        if (
            len(words) < 2
            or not words[0].startswith("HTTP/1.")
            or len(words[1]) != 3
            or not words[1].isdigit()
        ):
            raise HandshakeError("the server does not speak HTTP/1.1")
        status = int(words[1])
        if status != 101:
            wait = fields.get("retry-after", "")
            wait_s = int(wait) if wait.isdigit() and len(wait) < 7 else None
            reason = ("the server answered " + " ".join(words[1:]))[:_MAX_QUOTED]
            if "location" in fields and 300 < status < 400:
                reason += " to %s, which is not followed" % fields["location"][:_MAX_QUOTED]
            raise HandshakeError(reason, status, wait_s)
        if fields.get("upgrade", "").lower() != "websocket" or "upgrade" not in _tokens(
            fields.get("connection", "")
        ):
            raise HandshakeError("the server did not upgrade to WebSocket")
        if fields.get("sec-websocket-accept") != _accept(self._key):
            raise HandshakeError("the server's accept key is wrong")
        if "sec-websocket-extensions" in fields:
            raise HandshakeError("the server wants an extension that was not asked for")
        protocol = fields.get("sec-websocket-protocol")
        if protocol != self._protocol:
            raise HandshakeError(
                "the server does not speak %s, but %s"
                % (self._protocol, (protocol or "nothing known")[:_MAX_QUOTED])
            )


def _accept(key: bytes) -> str:
    return binascii.b2a_base64(hashlib.sha1(key + _GUID).digest()).strip().decode()


def _header(data: bytes) -> "tuple[str, dict]":
    """The status line, and the fields by name in lower case. A field that comes twice is joined by
    a comma. HTTP allows bytes of Latin-1: such a byte does not spoil the fields beside it."""
    lines = str(mended(data), "utf-8").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        value = value.strip()
        fields[name] = fields[name] + ", " + value if name in fields else value
    return lines[0], fields


def _tokens(value: str) -> list:
    return [token.strip().lower() for token in value.split(",")]
