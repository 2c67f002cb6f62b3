"""OCPP-J messages: text in, tuples out, and back (OCPP-J 1.6, section 4).

    (2, id, action, payload)                       CALL
    (3, id, payload)                               CALLRESULT
    (4, id, code, description, details)            CALLERROR

What is wrong, and its code:

    1. no JSON, no list, too many elements         FormationViolation
    2. elements are missing                        ProtocolError
    3. message type other than 2, 3, 4             PropertyConstraintViolation
    4. an id, action or type of another JSON type  TypeConstraintViolation
    5. an id longer than 36 characters             PropertyConstraintViolation
    6. the payload is no object                    FormationViolation
    7. it does not fit the memory                  InternalError

The error carries the id as far as it can be read, else "-1". A broken *answer* is never answered:
with a readable id it comes out as a CALLERROR, so that the call in flight ends; else the error is
not `answerable`.

MicroPython's json.loads takes commas and colons for white space and any closing bracket for any
other, and up to 1.25 it does not mind a missing end. So the structure is checked before; of a long
text only that it has its end. The rest would take as long as the parsing and six times the text's
memory, and no program that writes JSON forgets a comma."""

import json
import re

from ..units import const
from . import errors
from .errors import OcppError

CALL = const(2)
CALLRESULT = const(3)
CALLERROR = const(4)

_MAX_ID = const(36)
_MAX_NESTING = const(16)  # a SetChargingProfile has 6 levels
_FEW_BRACKETS = const(40)  # so few may be nested as they like
_LONG = const(800)
_PIECE = const(1024)
_MAX_DESCRIPTION = const(255)
# An escape that JSON has not got, in a text without escaped backslashes and quotes.
_NO_ESCAPE = const(b"\\\\([^/bfnrtu]|u[0-9A-Fa-f]?[0-9A-Fa-f]?[0-9A-Fa-f]?([^0-9A-Fa-f]|$))")
_NEVER = const(
    (
        b",,",
        b"[,",
        b"{,",
        b",]",
        b",}",
        b":,",
        b":]",
        b":}",
        b"}{",
        b"}[",
        b"]{",
        b"][",
        b'{"}',
        b',"}',
        b'{",',
        b'[":',
    )
)


def parse(text: "str | memoryview") -> tuple:
    """The message in a text, or in a view of the UTF-8 of a long one; OcppError, with the id that
    is known, for everything else. MemoryError if there is not even memory to find the id."""
    try:
        if type(text) is str:
            text = memoryview(text.encode())
        if len(text) <= _LONG or not _is_plain(text):
            text = _checked(text)
        message = _loaded(text)
    # A key that cannot be one; a limit of recursion
    except (ValueError, TypeError, RuntimeError) as error:
        raise _unreadable(text, errors.FORMATION, "this is not JSON: %s" % error)
    except MemoryError:
        raise _unreadable(text, errors.INTERNAL, "there is not enough memory for this message")
    if type(message) is not list or not message:
        raise OcppError(errors.FORMATION, "a message is a list")
    kind = message[0]
    if kind == CALLRESULT or kind == CALLERROR:
        return _answer(message)
    message_id = message[1] if len(message) > 1 and type(message[1]) is str else errors.UNKNOWN_ID
    code, reason = _fault_of_call(message, kind)
    if code:
        raise OcppError(code, reason, message_id)
    return tuple(message)


def call_text(message_id: str, action: str, payload) -> str:
    """The text of a CALL; the payload is a dict, or JSON text already. What a dict becomes is in
    memory once: a long one asks for much of it in one piece."""
    if type(payload) is str:
        return '[2,%s,"%s",%s]' % (json.dumps(message_id), action, payload)
    return json.dumps((CALL, message_id, action, payload), separators=(",", ":"))


def result_text(message_id: str, payload) -> "str | list":
    """The text of a CALLRESULT; the payload is a dict, or JSON text already, or a list of pieces of
    such a text, as websocket.parts_of reads it: then so is the answer. A long text is never in
    memory in one piece."""
    if type(payload) is list:
        payload.insert(0, b"[3,%s," % json.dumps(message_id).encode())
        payload.append(b"]")
        return payload
    return "[3,%s,%s]" % (json.dumps(message_id), _json(payload))


def error_text(message_id: str, code: str, description: str) -> str:
    """The text of a CALLERROR. The description is cut to what the standard allows."""
    return '[4,%s,"%s",%s,{}]' % (
        json.dumps(message_id),
        code,
        json.dumps(description[:_MAX_DESCRIPTION]),
    )


def no_memory_text(message_id: str) -> str:
    """A CALLERROR for a request that the memory did not suffice for."""
    return error_text(
        message_id, "InternalError", "not enough memory for this request; send it in smaller parts"
    )


def _json(payload) -> str:
    return payload if type(payload) is str else json.dumps(payload)


def _fault_of_call(message: list, kind) -> "tuple[str | None, str]":
    """The code and the reason why this is no CALL; (None, "") if it is one."""
    if type(kind) is not int:
        return errors.TYPE, "the message type must be an integer"
    if kind != CALL:
        return errors.PROPERTY, "the message type must be 2, 3 or 4"
    if len(message) < 4:
        return errors.PROTOCOL, "a CALL has four elements"
    if len(message) > 4:
        return errors.FORMATION, "a CALL has four elements"
    if type(message[1]) is not str:
        return errors.TYPE, "the message id must be a string"
    if len(message[1]) > _MAX_ID:
        return errors.PROPERTY, "the message id must not be longer than %d characters" % _MAX_ID
    if type(message[2]) is not str:
        return errors.TYPE, "the action must be a string"
    if type(message[3]) is not dict:
        return errors.FORMATION, "the payload must be an object"
    return None, ""


def _answer(message: list) -> tuple:
    """A CALLRESULT or CALLERROR. Details, description and a null payload are no reason to lose an
    answer."""
    kind = message[0]
    if len(message) < 2 or type(message[1]) is not str:
        raise OcppError(errors.FORMATION, "an answer without an id", answerable=False)
    message_id = message[1]
    if kind == CALLRESULT:
        if len(message) == 3 and message[2] is None:
            return (CALLRESULT, message_id, {})
        if len(message) == 3 and type(message[2]) is dict:
            return (CALLRESULT, message_id, message[2])
        return (CALLERROR, message_id, errors.FORMATION, "the answer is not [3, id, object]", {})
    code = message[2] if len(message) > 2 and type(message[2]) is str else errors.GENERIC
    description = message[3] if len(message) > 3 and type(message[3]) is str else ""
    details = message[4] if len(message) > 4 and type(message[4]) is dict else {}
    return (CALLERROR, message_id, code, description, details)


def _unreadable(text, code: str, reason: str) -> OcppError:
    """The error for a text that is no JSON, with the id if the beginning gives it away."""
    start = text[:200]
    parts = (start.encode() if type(start) is str else bytes(start)).split(b'"', 2)
    start = b"".join(parts[0].split())
    message_id = errors.UNKNOWN_ID
    if start == b"[2," and len(parts) == 3 and len(parts[1]) <= _MAX_ID and b"\\" not in parts[1]:
        message_id = parts[1].decode()
    elif code == errors.INTERNAL:
        raise MemoryError
    return OcppError(
        code, reason, message_id, not (start.startswith(b"[3") or start.startswith(b"[4"))
    )


def _is_plain(text: memoryview) -> bool:
    """Whether a long text has its end, no escapes, and few lists. That, and no more, is looked at
    where the whole check would cost kilobytes."""
    lists = ends = curly = 0
    for at in range(0, len(text), _PIECE):
        piece = bytes(text[at : at + _PIECE])
        count = piece.count
        lists += count(b"[")
        ends += count(b"]")
        curly += count(b"{") - count(b"}")
        if b"\\" in piece:
            return False
    return lists == ends < _FEW_BRACKETS and curly == 0


def _loaded(text: memoryview):
    try:
        return json.loads(text)
    except TypeError:  # CPython's takes no view, and of bytes also other codes than UTF-8
        return json.loads(str(text, "utf-8"))


def _checked(text: memoryview) -> memoryview:
    """The text, with surrogates mended. ValueError unless its structure and its escapes are
    sound."""
    plain = bytes(text)
    if b"\\" not in plain:
        _check_structure(plain)
        return text
    plain = plain.replace(b"\\\\", b"__")  # first: what follows an escaped backslash is no escape
    plain = plain.replace(b'\\"', b"__")  # as long as before, so that places stay
    _check_structure(plain)
    if b"\\" not in plain:
        return text
    if re.search(_NO_ESCAPE, plain):
        raise ValueError("an escape of an unknown sort")
    return _without_surrogates(text, plain.lower())


def _check_structure(text: bytes) -> None:
    """ValueError unless strings end, brackets match, commas stand between two elements, and the
    depth is sane.

    The text holds no escaped quotes. Each string becomes one `"`, white space goes; what remains of
    a profile of 24 periods is about 500 bytes, in which `count` finds the rest. (bytes: their split
    is four times as fast as that of str.)"""
    pieces = text.split(b'"')
    strings = len(pieces) // 2
    bare = b"".join(b'"'.join(pieces[::2]).split())
    count = bare.count
    if len(pieces) != strings * 2 + 1:
        raise ValueError("a string does not end")
    brackets = count(b"{") + count(b"[")
    if count(b"{") != count(b"}") or count(b"[") != count(b"]"):
        raise ValueError("a bracket is missing")
    if brackets > _FEW_BRACKETS and _depth(bare) > _MAX_NESTING:
        raise ValueError("it is nested too deeply")
    if count(b"{") != count(b'{"') + count(b"{}") or count(b":") != count(b'":'):
        raise ValueError("the key of an object must be a string")
    for pair in _NEVER:
        if pair in bare:
            raise ValueError("a comma or colon stands where none may")
    before = count(b'["') + count(b'{"') + count(b',"') + count(b':"')
    after = count(b'":') + count(b'",') + count(b'"]') + count(b'"}')
    if bare != b'"' and not before == after == strings:
        raise ValueError("a comma or colon is missing beside a string")


def _depth(bare: bytes) -> int:
    """How deeply brackets are nested."""
    depth = deepest = 0
    for byte in bare:
        if byte == 0x7B or byte == 0x5B:
            depth += 1
            if depth > deepest:
                deepest = depth
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
    return deepest


def _without_surrogates(text: memoryview, lower: bytes) -> memoryview:
    """The text with one character in the place of two \\u escapes like \\ud83d\\ude00, and U+FFFD
    in that of a lone half.

    `lower` is the text in lower case, of which every \\u is an escape with four digits.
    MicroPython's json would make two code points of a pair, and of a lone half one that cannot be
    sent as UTF-8, which could return to the peer inside an id. One buffer takes all that is
    written, and numbers are read digit by digit: on a chip, garbage costs more time than steps."""
    at = lower.find(b"\\ud")
    if at < 0:
        return text
    mended = bytearray(len(text))
    end = taken = 0
    while at >= 0:
        digit = lower[at + 3]
        after = at + 6
        if digit >= 0x38:  # "8": it is a half
            if taken < at:
                mended[end : end + at - taken] = text[taken:at]
                end += at - taken
            character = 0xFFFD
            # "c": from there on a second half
            if digit < 0x63 and lower.startswith(b"\\ud", after) and lower[after + 3] >= 0x63:
                character = 0x10000 + (
                    (_code_unit(lower, at) & 0x3FF) << 10 | _code_unit(lower, after) & 0x3FF
                )
                after += 6
            if character > 0xFFFF:
                mended[end] = 0xF0 | character >> 18
                mended[end + 1] = 0x80 | character >> 12 & 0x3F
                end += 2
            else:
                mended[end] = 0xE0 | character >> 12
                end += 1
            mended[end] = 0x80 | character >> 6 & 0x3F
            mended[end + 1] = 0x80 | character & 0x3F
            end += 2
            taken = after
        at = lower.find(b"\\ud", after)
    rest = len(text) - taken
    mended[end : end + rest] = text[taken:]
    return memoryview(mended)[: end + rest]


def _code_unit(lower: bytes, at: int) -> int:
    """The number of the escape \\uXXXX that begins there."""
    value = 0
    for place in range(at + 2, at + 6):
        digit = lower[place]
        value = value << 4 | (digit - 48 if digit < 58 else digit - 87)
    return value
