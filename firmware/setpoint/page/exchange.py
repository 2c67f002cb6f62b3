"""One request and its answer over a stream of the board: the head is read, then the body if somebody
wants it, and the answer leaves in pieces. Each connection serves one request.

`task`, `moved_ms` and `ends_ms` are listening.py's: the task that serves it, when something moved
last, and when it ends whatever happens."""

import json

from micropython import const

from ..protocol.http_request import Request, RequestError, too_much

_READ = const(512)
_PIECE = const(512)  # bytes of an answer that leave together
_HEAD_MS = const(10000)
_ALL_MS = const(60000)
_DRAINED = const(65536)  # bytes of a body that nobody wants, read so that the answer arrives
JSON = const("application/json")

_REASONS = (
    "200 OK 304 Not_Modified 302 Found 400 Bad_Request 401 Unauthorized 403 Forbidden 404 Not_Found "
    "405 Method_Not_Allowed 409 Conflict 411 Length_Required 413 Content_Too_Large 414 URI_Too_Long "
    "415 Unsupported_Media_Type 421 Misdirected_Request 422 Unprocessable_Content "
    "429 Too_Many_Requests 431 Request_Header_Fields_Too_Large 500 Internal_Server_Error "
    "501 Not_Implemented 503 Service_Unavailable 505 HTTP_Version_Not_Supported "
)
_ALWAYS = (
    "Connection: close\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
)


class Exchange:
    """request: protocol/http_request.py's, of use once `head` has returned."""

    def __init__(self, stream, clock) -> None:
        self.request = Request()
        self.task = None
        self.moved_ms = clock.ticks_ms()
        self.ends_ms = self.moved_ms + _HEAD_MS
        self.begun = False  # the answer
        self.logged_in = False  # this and the next three are serving.py's
        self.needs_password = True
        self.path = None
        self.serves = None  # what makes the answers at that path
        self.drained = _DRAINED
        self._stream = stream
        self._clock = clock
        self._rest = None  # bytes behind the head that nobody has taken
        self._out = bytearray()
        self._chunked = False
        self._silent = False  # a HEAD: no body

    def lasts(self, ms: int) -> None:
        """From now on it may take so long."""
        self.ends_ms = self._clock.ticks_ms() + ms

    def close(self) -> None:
        self._stream.close()

    # -- the request

    async def head(self) -> bool:
        """False: the client is gone. Raises RequestError, OSError."""
        while self._rest is None:
            data = await self._read()
            if not data:
                return False
            rest = self.request.head(data)
            # A view would keep all that was read
            self._rest = b"" if rest is not None and not len(rest) else rest
        self._silent = self.request.method == "HEAD"
        self.lasts(_ALL_MS)
        return True

    async def _read(self) -> bytes:
        data = await self._stream.read(_READ)
        self.moved_ms = self._clock.ticks_ms()
        return data

    async def piece(self) -> "memoryview | None":
        """The next piece of the body; None: it is whole. Raises OSError."""
        request = self.request
        if not request.left:
            return None
        if not self._rest:
            if request.fields.pop("expect", "").lower() == "100-continue":
                await self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._rest = await self._read()
            if not self._rest:
                raise OSError("the client is gone")
        piece, self._rest = request.body(self._rest)
        return piece

    async def text(self, kinds: tuple, most: int) -> str:
        """The body, of one of these media types. Raises RequestError, OSError."""
        kind = self.request.fields.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in kinds:
            raise RequestError(415, "media_type", "The body must be %s." % " or ".join(kinds))
        if self.request.left > most:
            raise too_much()
        body = bytearray()
        while True:
            piece = await self.piece()
            if piece is None:
                break
            body.extend(piece)
        try:
            return str(body, "utf-8")
        except (UnicodeError, ValueError):
            raise RequestError(400, "bad_request", "The body is no UTF-8.")

    async def fields(self, most: int = 512) -> dict:
        """The JSON object in the body. Raises RequestError, OSError."""
        text = await self.text((JSON,), most)
        found = None
        try:
            if text.strip()[-1:] == "}":  # an old MicroPython takes what breaks off
                found = json.loads(text)
        except ValueError:
            pass
        if type(found) is not dict:
            raise RequestError(400, "bad_request", "The body must be a JSON object.")
        return found

    # -- the answer

    async def begin(
        self, status: int, kind: "str | None", fields: str = "", length: "int | None" = None
    ) -> None:
        """The head. kind: the media type; fields: more lines, each with its end; length: of the
        body, where it is known. Without, HTTP/1.1 gets it in chunks."""
        self.begun = True
        at = _REASONS.find("%d " % status) + 4
        reason = _REASONS[at : _REASONS.find(" ", at)].replace("_", " ")
        self._add("HTTP/1.1 %d %s\r\n" % (status, reason))
        if "Cache-Control" not in fields:
            self._add("Cache-Control: no-store\r\n")
        self._add(_ALWAYS)
        self._add(fields)
        if kind is not None:
            self._add("Content-Type: %s\r\n" % kind)
        if length is not None:
            self._add("Content-Length: %d\r\n" % length)
        elif self.request.minor and status != 304:
            self._add("Transfer-Encoding: chunked\r\n")
            self._chunked = not self._silent
        self._add("\r\n")
        head, self._out = self._out, bytearray()
        await self._send(head)

    def _add(self, text: str) -> None:
        self._out.extend(text.encode())

    async def write(self, text: "str | bytes") -> None:
        """A piece of the body. Small ones are gathered."""
        if self._silent:
            return
        data = text.encode() if type(text) is str else text
        if len(self._out) + len(data) > _PIECE and self._out:
            await self._flush()
        if len(data) > _PIECE:
            await self._send_piece(data)
        else:
            self._out.extend(data)

    async def _flush(self) -> None:
        out, self._out = self._out, bytearray()
        await self._send_piece(out)

    async def _send_piece(self, data) -> None:
        if self._chunked:
            await self._send(b"%x\r\n" % len(data))
            await self._send(data)
            await self._send(b"\r\n")
        else:
            await self._send(data)

    async def _send(self, data) -> None:
        await self._stream.write(data)
        self.moved_ms = self._clock.ticks_ms()

    async def end(self) -> None:
        """The answer is whole. What the client still sends is read, up to a bound: a connection that
        is closed over unread bytes takes the answer with it."""
        if self._out:
            await self._flush()
        if self._chunked:
            await self._send(b"0\r\n\r\n")
        left = min(self.request.left, self.drained)
        while left > 0:
            data = await self._read()
            if not data:
                return
            left -= len(data)

    async def answer(self, text: str, fields: str = "") -> None:
        """A short JSON text, whole."""
        data = text.encode()
        await self.begin(200, JSON, fields, len(data))
        await self.write(data)
        await self.end()

    async def refuse(self, status: int, code: str, sentence: str, fields: str = "") -> None:
        """An error: nothing was changed. code: a word for programs; sentence: says what to do."""
        data = json.dumps({"error": sentence, "code": code}).encode()
        await self.begin(status, JSON, fields, len(data))
        await self.write(data)
        await self.end()
