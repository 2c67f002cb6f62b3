"""What an HTTP server answers (RFC 9112, from the client's side): bytes in, a head and pieces of a
body out.

    answer = Answer("GET")
    rest = answer.head(received)         # None: more is needed
    for piece in answer.body(rest): ...  # and again with what is received next
    answer.over                          # the body is whole
    answer.hung_up()                     # HttpError if it is not

Memory is bounded, whatever the server sends: of a head only the lines below are kept, and a body is
never put together. What is no HTTP/1.x raises HttpError."""

from ..units import const

_LONGEST_LINE = const(2048)  # of a field that is kept; longer ones, and others, are skipped
_LONGEST_HEAD = const(32768)  # a page of policies has 5000
_LONGEST_CHUNK_LINE = const(256)
_KEPT = (
    b"content-encoding",
    b"content-length",
    b"content-range",
    b"etag",
    b"last-modified",
    b"location",
    b"transfer-encoding",
)


class HttpError(Exception):
    """Arguments: a sentence, and the server's status: 0 where it does not speak HTTP as it should,
    None where it was not reached."""


class Answer:
    """`status`, `reason`; `fields`: those that are kept, by name in small letters, as texts;
    `length`: bytes of the body, None: not told."""

    def __init__(self, method: str) -> None:
        self.over = False
        self._start()
        self._seen = 0  # bytes of heads
        self._method = method
        self._left = 0  # bytes of the body, or of its chunk; None: until the server hangs up
        self._state = "size"  # of a chunked body: size, data, end, trailer

    def _start(self) -> None:
        self.status = None
        self.reason = ""
        self.fields = {}
        self.length = None
        self._chunked = False
        self._line = bytearray()

    def head(self, data: bytes) -> "memoryview | None":
        """None while the head is incomplete, then the bytes behind it. Interim answers (1xx) are
        passed over."""
        view = memoryview(data)
        at = 0
        while True:
            end = data.find(b"\n", at)
            piece = view[at : end if end >= 0 else len(data)]
            self._seen += len(piece) + 1
            if self._seen > _LONGEST_HEAD:
                raise HttpError("the file server's answer has a head that does not end", 0)
            room = _LONGEST_LINE - len(self._line)
            if room > 0:  # of a longer line the beginning is enough to pass it over
                self._line.extend(piece[:room])
            if end < 0:
                return None
            at = end + 1
            if self._ends_head():
                if self.status < 200 and self.status != 101:
                    self._start()
                    continue
                self._frame()
                return view[at:]

    def _ends_head(self) -> bool:
        """Takes one line in. True for the empty one at the end."""
        line = bytes(self._line)
        self._line = bytearray()
        if line[-1:] == b"\r":
            line = line[:-1]
        if self.status is None:
            words = line.split(None, 2)
            if len(words) < 2 or line[:7] != b"HTTP/1." or len(words[1]) != 3:
                raise HttpError("the server of the file does not speak HTTP/1.1", 0)
            try:
                self.status = int(words[1])
            except ValueError:
                raise HttpError("the server of the file does not speak HTTP/1.1", 0)
            self.reason = _plain(words[2][:40]) if len(words) > 2 else ""
            return False
        name, colon, value = line.partition(b":")
        name = name.lower()
        if name in _KEPT:
            if len(line) >= _LONGEST_LINE:
                raise HttpError("the file server's field %s is too long" % _plain(name), 0)
            name, value = _plain(name), _plain(value.strip())
            if self.fields.get(name, value) != value:
                raise HttpError("the file server sends two different fields " + name, 0)
            self.fields[name] = value
        return not line

    def _frame(self) -> None:
        """How long the body is (RFC 9112, section 6.3)."""
        fields = self.fields
        coding = fields.get("transfer-encoding", "").lower()
        length = fields.get("content-length")
        if self._method == "HEAD" or self.status in (204, 304) or self.status == 101:
            self.length = self._left = 0
        elif coding:
            if coding != "chunked":
                raise HttpError("the file server's transfer encoding %s is unknown" % coding, 0)
            self._chunked = True
            return
        elif length is not None:
            if not (length.isdigit() and len(length) < 10):
                raise HttpError("the file server's Content-Length is no length", 0)
            self.length = self._left = int(length)
        else:
            self._left = None
        self.over = self._left == 0

    def body(self, data):
        """Yields the pieces of the body in `data` (bytes or a view of them), as views."""
        view = memoryview(data)
        while len(view) and not self.over:
            if self._chunked and self._state != "data":
                view = view[self._chunk_line(view) :]
                continue
            taken = len(view) if self._left is None else min(self._left, len(view))
            yield view[:taken]
            view = view[taken:]
            if self._left is not None:
                self._left -= taken
                if not self._left:
                    self._state = "end"
                    self.over = not self._chunked

    def _chunk_line(self, view) -> int:
        """Takes in a line between chunks, or a part of it. Answers how many bytes."""
        line = self._line
        taken = 0
        for byte in view:
            taken += 1
            if byte == 0x0A:
                self._on_chunk_line(bytes(line).strip())
                self._line = bytearray()
                break
            line.append(byte)
            if len(line) > _LONGEST_CHUNK_LINE:
                raise HttpError("the file server's chunks are broken", 0)
        return taken

    def _on_chunk_line(self, line: bytes) -> None:
        if self._state == "size":
            digits = line.split(b";")[0].strip()
            try:
                if not 0 < len(digits) < 8 or any([b not in _HEX for b in digits]):
                    raise ValueError
                self._left = int(digits, 16)
            except ValueError:
                raise HttpError("the file server's chunks are broken", 0)
            self._state = "data" if self._left else "trailer"
        elif self._state == "end":
            if line:
                raise HttpError("the file server's chunks are broken", 0)
            self._state = "size"
        elif not line:
            self.over = True

    def hung_up(self) -> None:
        """The server has ended the connection. Raises HttpError where something is missing."""
        if not self.over and self._left is not None:
            raise HttpError("the file server hung up in mid-answer", None)
        self.over = True


_HEX = b"0123456789abcdefABCDEF"


def _plain(data: bytes) -> str:
    """ASCII, for sentences and comparisons."""
    return "".join([chr(b) if 0x20 <= b <= 0x7E else "?" for b in data])


def first_of_range(content_range: "str | None") -> "tuple[int, int | None] | None":
    """(first byte, bytes of the whole file or None) of "bytes 500-999/1000" (RFC 9110, 14.4); None
    where it is something else."""
    unit, _, rest = (content_range or "").partition(" ")
    span, _, total = rest.partition("/")
    first, dash, last = span.partition("-")
    if unit.lower() != "bytes" or not dash or not (first.isdigit() and last.isdigit()):
        return None
    if len(first) > 9 or len(total) > 9 or not (total == "*" or total.isdigit()):
        return None
    return int(first), None if total == "*" else int(total)
