"""What an HTTP client asks (RFC 9112, from the server's side): bytes in, a head and pieces of a body
out.

    request = Request()
    rest = request.head(received)          # None: more is needed
    request.method, request.path, ...
    piece, rest = request.body(rest)       # and again with what is received next
    request.left == 0                      # the body is whole

Memory is bounded, whatever a client sends: of a head only the fields below are kept, each as long
as a line may be, and a body is never put together. What is wrong, or more than a small server
takes, raises RequestError, and nothing else; after that the request is not to be used."""

from ..units import const

_LONGEST_TARGET = const(256)  # bytes of path and query
_LONGEST_LINE = const(400)  # of a field that is kept; of others the beginning is enough
_LONGEST_HEAD = const(8192)  # browsers send a kilobyte, and cookies of others on the same address
_LONGEST_LENGTH = const(8)  # digits: no firmware has 100 MB
_METHODS = const((b"GET", b"HEAD", b"POST", b"PUT", b"DELETE"))
_KEPT = const(
    (
        b"host",
        b"authorization",
        b"content-type",
        b"content-length",
        b"transfer-encoding",
        b"if-none-match",
        b"expect",
    )
)
# RFC 9110, 5.6.2: of a method or a field's name
_TOKEN = const(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class RequestError(Exception):
    """Arguments: the status of the answer, a word for programs, a sentence for people."""


class Request:
    """`method`, `path` (as it came: percent-encoded), `query`, `minor` (of the version: 0 or 1);
    `fields`: those that are kept, by name in small letters; `left`: bytes of the body that have not
    come yet. All of it is ASCII."""

    def __init__(self) -> None:
        self.method = ""
        self.path = ""
        self.query = ""
        self.minor = 1
        self.fields = {}
        self.left = 0
        self._seen = 0  # bytes of the head
        self._line = bytearray()
        self._long = False  # the line is longer than what is kept of it

    def head(self, data: "bytes | memoryview") -> "memoryview | None":
        """None while the head is incomplete, then the bytes behind it."""
        data = bytes(data)
        view = memoryview(data)
        at = 0
        while True:
            end = data.find(b"\n", at)
            piece = view[at : end if end >= 0 else len(data)]
            self._seen += len(piece) + 1
            if self._seen > _LONGEST_HEAD:
                raise RequestError(431, "too_long", "The head of the request is too long.")
            room = _LONGEST_LINE - len(self._line)
            if room < len(piece):
                self._long = True
                if not self.method:
                    raise RequestError(414, "too_long", "The address is too long.")
            if room > 0:
                self._line.extend(piece[:room])
            if end < 0:
                return None
            at = end + 1
            if self._ends_head():
                self._frame()
                return view[at:]

    def _ends_head(self) -> bool:
        """Takes one line in. True for the empty one at the end."""
        line = bytes(self._line)
        too_long = self._long
        self._line = bytearray()
        self._long = False
        if line[-1:] == b"\r":
            line = line[:-1]
        if not self.method:
            if line:  # RFC 9112, 2.2: empty lines before a request are passed over
                self._first_line(line)
            return False
        if not line:
            return True
        name, colon, value = line.partition(b":")
        # No blanks before the colon, no line that goes on (RFC 9112, 5.1 and 5.2)
        if not colon or not _is_token(name):
            raise _bad("The request has a line that is no field.")
        name = name.lower()
        if name not in _KEPT:
            return False
        if too_long:
            raise RequestError(431, "too_long", "A field of the request is too long.")
        value = value.strip(b" \t")
        if not _is_plain(value, 0x20):
            raise _bad("A field of the request is no plain ASCII.")
        name, value = name.decode(), value.decode()
        if name in self.fields:
            raise _bad("The request has the field %s twice." % name)
        self.fields[name] = value
        return False

    def _first_line(self, line: bytes) -> None:
        words = line.split(b" ")
        if len(words) != 3 or words[2][:5] != b"HTTP/":
            raise _bad("This is no request of HTTP/1.1.")
        method, target, version = words
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise RequestError(505, "version", "Only HTTP/1.1 is spoken here.")
        if method not in _METHODS:
            raise RequestError(501, "method", "GET, HEAD, POST, PUT and DELETE are known here.")
        if len(target) > _LONGEST_TARGET:
            raise RequestError(414, "too_long", "The address is too long.")
        if target[:1] != b"/" or not _is_plain(target, 0x21):
            raise _bad("The address of the request must begin with /.")
        self.minor = version[-1] - 48
        path, _, query = target.decode().partition("?")
        self.path, self.query, self.method = path, query, method.decode()

    def _frame(self) -> None:
        """How long the body is (RFC 9112, section 6.3)."""
        if "transfer-encoding" in self.fields:
            raise RequestError(501, "length", "A body needs a Content-Length.")
        text = self.fields.get("content-length")
        if text is None:
            return
        if not _is_number(text):
            raise _bad("The Content-Length is no length.")
        if len(text) > _LONGEST_LENGTH:
            raise too_much()
        self.left = int(text)

    def body(self, data: "bytes | memoryview") -> "tuple[memoryview, memoryview]":
        """(what of these bytes belongs to the body, what comes behind it)."""
        view = memoryview(data)
        count = min(self.left, len(view))
        self.left -= count
        return view[:count], view[count:]

    def number(self, name: str, default: int) -> int:
        """A whole number of the query, of up to nine digits. Raises RequestError."""
        for part in self.query.split("&"):
            key, _, value = part.partition("=")
            if key == name:
                if len(value) > 9 or not _is_number(value):
                    raise _bad("%s must be a whole number." % name)
                return int(value)
        return default


def too_much() -> RequestError:
    return RequestError(413, "too_long", "The body of the request is too long.")


def _is_token(data: bytes) -> bool:
    for byte in data:
        if byte not in _TOKEN:
            return False
    return len(data) > 0


def _is_plain(data: bytes, lowest: int) -> bool:
    """Printable ASCII, from that byte on."""
    for byte in data:
        if not lowest <= byte < 0x7F:
            return False
    return True


def _is_number(text: str) -> bool:
    for char in text:
        if not "0" <= char <= "9":
            return False
    return text != ""


def _bad(sentence: str) -> RequestError:
    return RequestError(400, "bad_request", sentence)
