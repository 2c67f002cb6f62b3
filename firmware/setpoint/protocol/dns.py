"""Writes DNS questions for the IPv4 addresses of a host and reads the answers (RFC 1035). Loaded
for one look-up.

Rule 1: an answer counts only if it answers this very question: the same id, the flags of an answer,
    the question repeated.
Rule 2: in a compressed name every pointer must lead to a place before all that was read for that
    name. So no answer makes its reader loop. An answer that cannot be read is none.
Rule 3: an alias is followed inside the answer, never by another question: the question asked the
    server to do that.
"""

from ..units import const

NO_SUCH_NAME = const(3)  # response codes
_SERVER_FAILURE = const(2)
_HEADER = const(12)
_CUT_OFF = const(2)  # a flag, as the next two
_FLAGS, _IS_ANSWER = const(0xF8), const(0x80)  # answer or question; kind of question: the usual one
_LONGEST_NAME = const(255)
_POINTER = const(0xC0)
_ADDRESS = b"\x00\x01\x00\x01"  # type A of class IN
_ALIAS = b"\x00\x05\x00\x01"  # CNAME


def is_address(host: str) -> bool:
    """Is a host an IPv4 address in four decimal numbers?"""
    parts = host.split(".")
    return len(parts) == 4 and all(
        [part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts]
    )


def question(host: str, number: bytes) -> bytes:
    """The question for the IPv4 addresses of a host; it asks the server to ask others. number: 2
    random bytes. ValueError if no host can have that name."""
    name = b""
    for label in (host[:-1] if host[-1:] == "." else host).split("."):
        label = label.encode()
        if not 0 < len(label) < 64:
            raise ValueError
        name += bytes((len(label),)) + label
    if len(name) >= _LONGEST_NAME:
        raise ValueError
    return number + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + name + b"\x00" + _ADDRESS


def answer(asked: bytes, data: bytes) -> "tuple[int, list[str]] | None":
    """(response code, addresses) that `data` answers. None: it is no answer to what was asked, or
    cannot be read.

    Of an answer that was cut off the addresses in it count. Without any its code is 2.
    """
    at = len(asked)
    if data[:2] != asked[:2] or data[_HEADER:at].lower() != asked[_HEADER:].lower():
        return None
    if data[2] & _FLAGS != _IS_ANSWER or data[4:6] != b"\x00\x01":
        return None
    code = data[3] & 15
    addresses = []  # (name, address)
    aliases = {}
    try:
        for _ in range(data[6] << 8 | data[7]):
            owner, at = _name(data, at)
            kind = data[at : at + 4]
            start = at + 10
            at = start + (data[at + 8] << 8 | data[at + 9])
            if at > len(data):
                raise ValueError
            if kind == _ADDRESS and at == start + 4 and 0 < data[start] < 224:  # not 0.x, no group
                addresses.append((owner, "%d.%d.%d.%d" % tuple(data[start:at])))
            elif kind == _ALIAS:
                aliases[owner] = _name(data, start)[0]
    except (IndexError, ValueError):
        if not data[2] & _CUT_OFF:
            return None
    name = asked[_HEADER:-4].lower()
    for _ in range(len(aliases)):  # aliases that refer to one another end here, too
        name = aliases.get(name, name)
    found = [address for owner, address in addresses if owner == name]
    if data[2] & _CUT_OFF and not found:
        code = _SERVER_FAILURE
    return code, found


def _name(data: bytes, at: int) -> "tuple[bytes, int]":
    """The name at a place, in lower case, and the place behind it. IndexError, ValueError."""
    name = b""
    end = None
    before = at
    while True:
        length = data[at]
        if length >= _POINTER:
            end = end or at + 2
            at = (length & 63) << 8 | data[at + 1]
            if at >= before:
                raise ValueError
            before = at
        elif length > 63 or len(name) + length >= _LONGEST_NAME:
            raise ValueError
        else:
            at += 1
            name += data[at - 1 : at + length]
            at += length
            if not length:
                return name.lower(), end or at
