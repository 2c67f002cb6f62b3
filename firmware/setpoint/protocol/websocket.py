"""WebSocket frames from the client's side (RFC 6455): bytes in, events out; bytes to send are made, never sent.

    frames = FrameReader(max_message)
    for event in frames.feed(received): ...

Events: ("text", str) ("binary", bytes) ("ping", bytes) ("pong", bytes) ("close", code, reason), and for a server that
breaks the protocol ("fault", code to close with, reason). After a close or a fault nothing more comes.

Rule 1: what is not read yet is not stored, but for one message of at most `max_message` bytes: its length is known
    before its bytes are taken.
Rule 2: text is UTF-8 without exception, which MicroPython's str() does not see to.
Rule 3: no extensions are asked for, so none is in force.
"""

from micropython import const

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
_GRAIN = const(256)  # the buffer grows in such steps; masking works in such pieces

# What MicroPython's str() lets pass of malformed UTF-8 (RFC 3629, section 4): after this byte, only these are right.
_SECOND_BYTE = (
    (b"\xc0", 1, 0),
    (b"\xc1", 1, 0),
    (b"\xe0", 0xA0, 0xBF),
    (b"\xed", 0x80, 0x9F),
    (b"\xf0", 0x90, 0xBF),
    (b"\xf4", 0x80, 0x8F),
    (b"\xf5", 1, 0),
    (b"\xf6", 1, 0),
    (b"\xf7", 1, 0),
)


class FrameReader:
    """Cuts what the server sends into messages (RFC 6455, section 5)."""

    def __init__(self, max_message: int, buffer: "bytearray | None" = None) -> None:
        """buffer: where messages are put together that fit; longer ones get room of their own for as long as it takes."""
        self._max_message = max_message
        self._over = False  # after a close or a fault
        self._header = bytearray(10)
        self._header_has = 0
        self._left = -1  # bytes of the payload to come; -1: in the header
        self._opcode = 0
        self._final = False
        self._kind = 0  # TEXT or BINARY while a message is being put together
        self._buffer = bytearray(_GRAIN) if buffer is None else buffer
        self._message = self._buffer
        self._message_has = 0
        self._control = bytearray(_MAX_CONTROL)
        self._control_has = 0

    def feed(self, data: bytes) -> list:
        """The events that these bytes complete."""
        events = []
        data = memoryview(data)
        at = 0
        while not self._over and (at < len(data) or self._left == 0):
            if self._left < 0:
                self._header[self._header_has] = data[at]
                self._header_has += 1
                at += 1
                fault = self._take_header()
                if fault:
                    self._end(events, ("fault", fault[0], fault[1]))
            else:
                taken = min(self._left, len(data) - at)
                self._store(data[at : at + taken])
                at += taken
                self._left -= taken
                if self._left == 0:
                    self._left = -1
                    self._header_has = 0
                    self._finish_frame(events)
        return events

    def _take_header(self) -> "tuple | None":
        """Reads the header if it is complete. The fault in it, if any: (code, reason)."""
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
        self._left = length
        return None

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
        if has + self._left > len(self._message):
            grown = bytearray((has + self._left + _GRAIN - 1) // _GRAIN * _GRAIN)
            grown[:has] = memoryview(self._message)[:has]
            self._message = grown
        self._message[has : has + len(piece)] = piece
        self._message_has = has + len(piece)

    def _finish_frame(self, events: list) -> None:
        if self._opcode >= CLOSE:
            payload = bytes(self._control[: self._control_has])
            self._control_has = 0
            if self._opcode == CLOSE:
                self._end(events, _close_event(payload))
            else:
                events.append(("ping" if self._opcode == PING else "pong", payload))
        elif self._final:
            kind, has = self._kind, self._message_has
            self._kind = self._message_has = 0
            if kind == BINARY:
                events.append(("binary", bytes(memoryview(self._message)[:has])))
                return
            text = _text(self._message, has)
            self._message = self._buffer
            if text is None:
                self._end(events, ("fault", BAD_TEXT, "a text is not UTF-8"))
            else:
                events.append(("text", text))

    def _end(self, events: list, event: tuple) -> None:
        self._over = True
        events.append(event)


def frame(opcode: int, payload: bytes, random) -> bytearray:
    """One whole frame, masked with four random bytes (RFC 6455, section 5.3)."""
    length = len(payload)
    if length < 126:
        header = bytes((0x80 | opcode, 0x80 | length))
    elif length < 0x10000:
        header = bytes((0x80 | opcode, 0x80 | 126, length >> 8, length & 0xFF))
    else:
        header = bytes((0x80 | opcode, 0x80 | 127)) + length.to_bytes(8, "big")
    mask = random(4)
    start = len(header) + 4
    whole = bytearray(start + length)
    whole[: start - 4] = header
    whole[start - 4 : start] = mask
    # Long integers do the XOR natively, piece by piece so that the memory needed beside the frame stays small.
    key_bytes = mask * (_GRAIN // 4)
    key = int.from_bytes(key_bytes, "little")
    for at in range(0, length, _GRAIN):
        piece = payload[at : at + _GRAIN]
        if len(piece) < _GRAIN:
            key = int.from_bytes(key_bytes[: len(piece)], "little")
        masked = int.from_bytes(piece, "little") ^ key
        whole[start + at : start + at + len(piece)] = masked.to_bytes(len(piece), "little")
    return whole


def text_frame(text: str, random) -> bytearray:
    return frame(TEXT, text.encode(), random)


def close_frame(code: "int | None", reason: str, random) -> bytearray:
    """A close; code None: one without a code. The reason is cut to fit a control frame."""
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
    reason = _text(payload[2:], len(payload) - 2)
    if reason is None:
        return ("fault", BAD_TEXT, "the reason of a close is not UTF-8")
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        return ("fault", PROTOCOL_ERROR, "a close has the code %d" % code)
    return ("close", code, reason)


def _text(buffer, length: int) -> "str | None":
    """The first bytes of a buffer as text; None if they are not UTF-8."""
    try:
        text = str(memoryview(buffer)[:length], "utf-8")
    except UnicodeError:
        return None
    if len(text) == length:
        return text  # all ASCII
    for lead, least, most in _SECOND_BYTE:
        at = buffer.find(lead, 0, length)
        while at >= 0:
            if not least <= buffer[at + 1] <= most:
                return None
            at = buffer.find(lead, at + 1, length)
    return text
