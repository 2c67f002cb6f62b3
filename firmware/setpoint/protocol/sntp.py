"""Asks a time server and reads its answer: SNTP, what a client needs of NTP version 4 (RFC 4330; RFC
5905, 7.3). Loaded for one question.

Rule 1: an answer counts only if it repeats the 64 random bits of this very question, where a client
    may put its own time: they are hard to guess, and tell nobody what our clock says.
Rule 2: a server that does not know the time itself is not believed: its clock is not set, or may be
    wrong by 16 s.
Rule 3: the seconds of NTP begin anew in February 2036. They are read as an instant from 2020 to
    2053; others are refused."""

from ..units import const

_LENGTH = const(48)
_VERSION_4_CLIENT = const(0x23)
_SERVER = const(4)
_ALARM = const(3)
_LAST_STRATUM = const(15)
_ORIGINATE, _TRANSMIT = const(24), const(40)  # where these time stamps begin
_2020_FROM_1900 = 3786825600
_LAST = const((1 << 30) - 1)  # in 2054, a small int
_MOST_MS = const(16000)  # MAXDISP


def question(random: bytes) -> bytes:
    """random: 8 bytes."""
    return bytes((_VERSION_4_CLIENT,)) + bytes(_TRANSMIT - 1) + random


def answer(asked: bytes, data: bytes, way_ms: int) -> "tuple[int, int] | str | None":
    """(instant, milliseconds into its second) that a server says, half of its way here added; or
    why it is not believed. None: it is no answer to what was asked. way_ms: since we asked."""
    if len(data) < _LENGTH or data[0] & 7 != _SERVER or data[0] >> 3 & 7 not in (3, 4):
        return None
    if data[_ORIGINATE : _ORIGINATE + 8] != asked[_TRANSMIT:]:
        return None
    if data[1] == 0:  # a kiss of death: why, in four letters
        return "it refuses: %s" % "".join([chr(c) for c in data[12:16] if 0x20 < c < 0x7F])
    if data[0] >> 6 == _ALARM or data[1] > _LAST_STRATUM:
        return "its own clock is not set"
    if ((_number(data, 4) >> 1) + _number(data, 8)) * 1000 >> 16 >= _MOST_MS:
        return "its own clock may be wrong by 16 s"
    if data[_TRANSMIT : _TRANSMIT + 8] == bytes(8):
        return "it says no time"
    instant = (_number(data, _TRANSMIT) - _2020_FROM_1900) & 0xFFFFFFFF
    ms = (_number(data, _TRANSMIT + 4) * 1000 >> 32) + way_ms // 2
    instant += ms // 1000
    if instant > _LAST:
        return "it says a time before 2020 or after 2053"
    return instant, ms % 1000


def _number(data: bytes, at: int) -> int:
    """32 bits without a sign."""
    return int.from_bytes(data[at : at + 4], "big")
