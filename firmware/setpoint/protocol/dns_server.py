"""Answers every DNS question with one address (RFC 1035), as the name server of a captive portal does.

Rule: the answer repeats the header and the one question, and nothing else of what was asked: an
answer is never longer than its question by more than 16 bytes, so nobody can be flooded with it.
"""

from ..units import const

_HEADER = const(12)
_LONGEST = const(512)  # bytes of a question over UDP (RFC 1035, 2.3.4)
_LONGEST_NAME = const(255)
_KIND = const(0x78)  # in the flags: which kind of question; 0: the usual one
_RECURSION_DESIRED = const(1)
_IS_ANSWER, _AUTHORITATIVE = const(0x80), const(0x04)
_RECURSION_AVAILABLE = const(0x80)
_NOT_IMPLEMENTED = const(4)
_A, _ANY, _IN = const(1), const(255), const(1)
_LIVES_S = const(1)  # no phone shall remember this once it is back in its own network


def reply(asked: bytes, address: bytes) -> "bytes | None":
    """The answer to a question for any host's address; address: its four bytes. None: this is no
    question that can be read.

    To who asks for something else than an IPv4 address, the answer is that there is none of it: a
    phone then takes the IPv4 address, and does not wait."""
    if not _HEADER < len(asked) <= _LONGEST or asked[2] & _IS_ANSWER or asked[4:6] != b"\0\1":
        return None
    end = _end_of_name(asked)
    if end is None or end + 4 > len(asked):
        return None
    kind = asked[end] << 8 | asked[end + 1]
    in_class = asked[end + 2] << 8 | asked[end + 3]
    usual = not asked[2] & _KIND
    answers = usual and in_class == _IN and kind in (_A, _ANY)
    flags = bytes(
        (
            _IS_ANSWER | _AUTHORITATIVE | asked[2] & (_KIND | _RECURSION_DESIRED),
            _RECURSION_AVAILABLE if usual else _RECURSION_AVAILABLE | _NOT_IMPLEMENTED,
        )
    )
    found = asked[:2] + flags + b"\0\1\0" + (b"\1" if answers else b"\0") + bytes(4)
    found += asked[_HEADER : end + 4]
    if answers:  # its name is a pointer to that of the question
        found += b"\xc0\x0c\0\1\0\1" + bytes((0, 0, 0, _LIVES_S)) + b"\0\4" + address
    return found


def _end_of_name(asked: bytes) -> "int | None":
    """The place behind the question's name; a question has no pointers."""
    at = _HEADER
    while at < len(asked):
        length = asked[at]
        if length > 63 or at - _HEADER + length >= _LONGEST_NAME:
            return None
        at += 1 + length
        if not length:
            return at
    return None
