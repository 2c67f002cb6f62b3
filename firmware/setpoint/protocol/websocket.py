"""A client's WebSocket frames (RFC 6455): bytes in, events out; bytes to send are made, not sent.

    frames = FrameReader(max_message, bytearray(2048))
    for event in frames.feed(received): ...

Events: ("text", str) ("binary", memoryview) ("ping", bytes) ("pong", bytes) ("close", code, reason)
and, for a server that breaks the protocol or sends more than memory holds, ("fault", code to close
with, reason). After a close or a fault nothing more comes. A text longer than `LONG` bytes comes as
("text", memoryview of its UTF-8): a str would need the same memory again. A view is valid until the
next event is asked for.

Rule 1: at most one message of `max_message` bytes is stored. Its length is known before its bytes
    are taken.
Rule 2: text is valid UTF-8, which MicroPython's str() does not check. Any other text from the
    server ends the connection. The server would do the same, so text to send is mended first.
Rule 3: the client asks for no extension, so none is in force.
"""

from ..units import const

CONTINUATION = const(0)
TEXT = const(1)
BINARY = const(2)
CLOSE = const(8)
PING = const(9)
PONG = const(10)

NORMAL = const(1000)
GOING_AWAY = const(1001)
PROTOCOL_ERROR = const(1002)
NO_CODE = const(1005)  # never sent: stands for a close without a code
BAD_TEXT = const(1007)
TOO_BIG = const(1009)

_MAX_CONTROL = const(125)
_GRAIN = const(256)  # masking and the check of UTF-8 work in such pieces
# A small heap has holes: in pieces of twice that length, its answers need 2 KB more
_SENT_AT_ONCE = const(512)
LONG = const(800)  # bytes of a text

# What MicroPython's str() lets pass of malformed UTF-8 (RFC 3629, section 4), three bytes each:
# after this one, only those from ... to ... are right.
_SECOND_BYTE = const(
    b"\xc0\x01\x00\xc1\x01\x00\xe0\xa0\xbf\xed\x80\x9f\xf0\x90\xbf\xf4\x80\x8f\xf5\x01\x00\xf6\x01\x00\xf7\x01\x00"
)


class FrameReader:
    """Puts the messages together from what the server sends (RFC 6455, section 5)."""

    def __init__(self, max_message: int, buffer: bytearray) -> None:
        """buffer: where messages are put together. A longer message makes it longer, for good."""
        self._max_message = max_message
        self._over = False  # after a close or a fault
        self._header = bytearray(10)
        self._header_has = 0
        self._left = -1  # bytes of the payload to come; -1: in the header
        self._opcode = 0
        self._final = False
        self._kind = 0  # TEXT or BINARY while a message is being put together
        self.buffer = buffer
        self._message_has = 0
        self._control = bytearray(_MAX_CONTROL)
        self._control_has = 0

    def feed(self, data: bytes):
        """Yields the events that these bytes complete."""
        data = memoryview(data)
        at = 0
        while not self._over and (at < len(data) or self._left == 0):
            if self._left < 0:
                self._header[self._header_has] = data[at]
                self._header_has += 1
                at += 1
                fault = self._take_header()
                if fault:
                    self._over = True
                    yield ("fault", fault[0], fault[1])
            else:
                taken = min(self._left, len(data) - at)
                self._store(data[at : at + taken])
                at += taken
                self._left -= taken
                if self._left == 0:
                    self._left = -1
                    self._header_has = 0
                    event = self._finish_frame()
                    if event is not None:
                        self._over = event[0] == "close" or event[0] == "fault"
                        yield event

    def _take_header(self) -> "tuple | None":
        """Reads the header if it is complete. Returns the fault in it, (code, reason), or None."""
        header = self._header
        has = self._header_has
        if has == 1:
            return self._fault_in_first_byte(header[0])
        length = header[1] & 0x7F
        if has == 2:
            if header[1] & 0x80:
                return PROTOCOL_ERROR, "a frame is masked"
            if self._opcode >= CLOSE and length > _MAX_CONTROL:
                return PROTOCOL_ERROR, "a control frame is too long"
        if length == 126:
            if has < 4:
                return None
            length = header[2] << 8 | header[3]
            if length < 126:
                return PROTOCOL_ERROR, "a length is not written in its shortest form"
        elif length == 127:
            if has < 10:
                return None
            if header[2] & 0x80:
                return PROTOCOL_ERROR, "a length has 64 bits"
            length = int.from_bytes(header[2:10], "big")
            if length < 0x10000:
                return PROTOCOL_ERROR, "a length is not written in its shortest form"
        if self._opcode < CLOSE and self._message_has + length > self._max_message:
            return TOO_BIG, "a message is longer than %d bytes" % self._max_message
        if self._opcode < CLOSE and not self._make_room(self._message_has + length):
            return TOO_BIG, "there is no memory for a message of %d bytes" % (
                self._message_has + length
            )
        self._left = length
        return None

    def _make_room(self, length: int) -> bool:
        if length > len(self.buffer):
            try:
                grown = bytearray((length + _GRAIN - 1) // _GRAIN * _GRAIN)
            except MemoryError:
                return False
            grown[: self._message_has] = memoryview(self.buffer)[: self._message_has]
            self.buffer = grown
        return True

    def _fault_in_first_byte(self, byte: int) -> "tuple | None":
        opcode = byte & 0x0F
        self._final = byte & 0x80 != 0
        self._opcode = opcode
        if byte & 0x70:
            return PROTOCOL_ERROR, "a reserved bit is set"
        if BINARY < opcode < CLOSE or opcode > PONG:
            return PROTOCOL_ERROR, "a frame has the unknown opcode %d" % opcode
        if opcode >= CLOSE:
            return None if self._final else (PROTOCOL_ERROR, "a control frame is in fragments")
        if opcode == CONTINUATION:
            return None if self._kind else (PROTOCOL_ERROR, "there is no message to continue")
        if self._kind:
            return PROTOCOL_ERROR, "a message begins inside another"
        self._kind = opcode
        return None

    def _store(self, piece) -> None:
        if self._opcode >= CLOSE:
            has = self._control_has
            self._control[has : has + len(piece)] = piece
            self._control_has = has + len(piece)
            return
        has = self._message_has
        self.buffer[has : has + len(piece)] = piece
        self._message_has = has + len(piece)

    def _finish_frame(self) -> "tuple | None":
        if self._opcode >= CLOSE:
            payload = bytes(self._control[: self._control_has])
            self._control_has = 0
            if self._opcode == CLOSE:
                return _close_event(payload)
            return ("ping" if self._opcode == PING else "pong", payload)
        if not self._final:
            return None
        kind, has = self._kind, self._message_has
        self._kind = self._message_has = 0
        view = memoryview(self.buffer)[:has]
        if kind == BINARY:
            return ("binary", view)
        if not _is_utf8(view):
            return ("fault", BAD_TEXT, "a text is not UTF-8")
        return ("text", view if has > LONG else str(view, "utf-8"))


def pieces(opcode: int, payload, random):
    """Yields one frame, masked with four random bytes (RFC 6455, section 5.3), in pieces of at most
    780 bytes: a long message needs no second buffer. payload: bytes, a view, or a list that
    `parts_of` reads. Raises OSError where that is no longer what it was when it was counted: the
    frame cannot be ended."""
    length = 0
    for part in parts_of(payload):
        length += len(part)
    if length < 126:
        piece = bytearray((0x80 | opcode, 0x80 | length))
    elif length < 0x10000:
        piece = bytearray((0x80 | opcode, 0x80 | 126, length >> 8, length & 0xFF))
    else:
        piece = bytearray((0x80 | opcode, 0x80 | 127)) + length.to_bytes(8, "big")
    mask = random(4)
    piece.extend(mask)
    # Long integers do the XOR natively.
    key_bytes = mask * (_GRAIN // 4 + 1)
    shift = 0  # where in the mask a part begins
    for part in parts_of(payload):
        length -= len(part)
        if length < 0:
            break
        at = 0
        while at < len(part):
            plain = part[at : at + _GRAIN]
            key = int.from_bytes(key_bytes[shift : shift + len(plain)], "little")
            piece.extend((int.from_bytes(plain, "little") ^ key).to_bytes(len(plain), "little"))
            at += len(plain)
            if len(piece) >= _SENT_AT_ONCE:
                yield piece
                piece = bytearray()
        shift = (shift + at) & 3
    if length:
        raise OSError("the message changed while it was sent")
    if piece:
        yield piece


def frame(opcode: int, payload, random) -> bytes:
    """A frame in one piece."""
    return b"".join(pieces(opcode, payload, random))


def parts_of(payload):
    """Yields the bytes or views of a payload. Of a list an item is valid UTF-8 that ends between two
    characters, or a function: each call returns an iterator over the same such items. What it makes
    is then in memory item by item, once for the length and once for the frame."""
    if type(payload) is not list:
        yield payload
        return
    for part in payload:
        for item in (part,) if type(part) is bytes else part():
            yield mended(item)


def text_pieces(text: "str | list", random):
    """Yields the frame of a text in pieces. A list: its UTF-8, as `parts_of` reads it."""
    if type(text) is list:
        return pieces(TEXT, text, random)
    try:
        payload = memoryview(text)  # of its UTF-8, where it lies
    except TypeError:  # CPython has none of a str
        payload = memoryview(text.encode())
    return pieces(TEXT, mended(payload), random)


def mended(data):
    """Makes bytes valid UTF-8: a Latin-1 byte, a surrogate and an overlong form become a "?"."""
    if _is_utf8(data):
        return data
    good = bytearray()
    at = 0
    while at < len(data):
        end = at + 1
        while data[at] > 0x7F and end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1
        good.extend(data[at:end] if _is_utf8(data[at:end]) else b"?")
        at = end
    return bytes(good)


def close_frame(code: "int | None", reason: str, random) -> bytes:
    """A close frame. code None: one without a code. The reason is cut to fit a control frame."""
    if code is None or code == NO_CODE:
        return frame(CLOSE, b"", random)
    return frame(CLOSE, bytes((code >> 8, code & 0xFF)) + _cut(reason, _MAX_CONTROL - 2), random)


def _cut(text: str, most: int) -> bytes:
    while len(text.encode()) > most:
        text = text[:-1]
    return text.encode()


def _close_event(payload: bytes) -> tuple:
    if not payload:
        return ("close", NO_CODE, "")
    if len(payload) == 1:
        return ("fault", PROTOCOL_ERROR, "a close has half a code")
    code = payload[0] << 8 | payload[1]
    reason = payload[2:]
    if not _is_utf8(reason):
        return ("fault", BAD_TEXT, "the reason of a close is not UTF-8")
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        return ("fault", PROTOCOL_ERROR, "a close has the code %d" % code)
    return ("close", code, reason.decode())


def _is_utf8(data) -> bool:
    """Checks piece by piece; each piece ends between two characters."""
    view = memoryview(data)
    length = len(view)
    at = 0
    while at < length:
        end = min(at + _GRAIN, length)
        while at < end < length and view[end] & 0xC0 == 0x80:
            end -= 1
        try:
            ascii_only = len(str(view[at:end], "utf-8")) == end - at
        except UnicodeError:
            return False
        if end == at or not (ascii_only or _second_bytes_are_right(bytes(view[at:end]))):
            return False
        at = end
    return True


def _second_bytes_are_right(piece: bytes) -> bool:
    for i in range(0, len(_SECOND_BYTE), 3):
        lead = _SECOND_BYTE[i : i + 1]
        at = piece.find(lead)
        while at >= 0:
            if not _SECOND_BYTE[i + 1] <= piece[at + 1] <= _SECOND_BYTE[i + 2]:
                return False
            at = piece.find(lead, at + 1)
    return True
