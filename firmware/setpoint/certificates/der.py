"""DER (X.690), as far as certificates, keys and signatures use it.

Whoever reads says which tag must come next. A length in more bytes than it needs, an element that
ends behind what it stands in, and an indefinite length raise ValueError; so does a tag that is not
the one expected.
"""

from micropython import const

BOOLEAN = const(0x01)
INTEGER = const(0x02)
BIT_STRING = const(0x03)
OCTET_STRING = const(0x04)
NULL = const(0x05)
OID = const(0x06)
UTF8_STRING = const(0x0C)
UTC_TIME = const(0x17)
GENERALIZED_TIME = const(0x18)
SEQUENCE = const(0x30)
SET = const(0x31)

_MOST_LENGTH_BYTES = const(2)  # nothing here is longer than 65,535 bytes


class Elements:
    """The elements of data[at:end], one after another."""

    def __init__(self, data: bytes, at: int = 0, end: "int | None" = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def peek(self) -> "int | None":
        """The next element's tag; None: there is no more."""
        return self.data[self.at] if self.at < self.end else None

    def next(self, tag: int) -> "tuple[int, int]":
        """Steps over the next element, and answers where its value starts and ends."""
        data, at, end = self.data, self.at, self.end
        if end - at < 2 or data[at] != tag:
            raise ValueError("a DER element is missing or of another kind")
        length = data[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= _MOST_LENGTH_BYTES or end - at < count:
                raise ValueError("a DER length is out of range")
            length = int.from_bytes(data[at : at + count], "big")
            at += count
            if length < 0x80 or (count == 2 and length < 0x100):
                raise ValueError("a DER length is longer than it needs to be")
        if length > end - at:
            raise ValueError("a DER element is longer than its place")
        self.at = at + length
        return at, self.at

    def value(self, tag: int) -> bytes:
        start, end = self.next(tag)
        return bytes(self.data[start:end])

    def whole(self, tag: int) -> bytes:
        """The next element with its tag and length."""
        start = self.at
        self.next(tag)
        return bytes(self.data[start : self.at])

    def inside(self, tag: int) -> "Elements":
        """The elements of the next one."""
        start, end = self.next(tag)
        return Elements(self.data, start, end)

    def natural(self) -> int:
        """The next element: an INTEGER that is not negative."""
        value = self.value(INTEGER)
        if not value or value[0] & 0x80 or (len(value) > 1 and not value[0] and value[1] < 0x80):
            raise ValueError("an INTEGER is negative, or not in its shortest form")
        return int.from_bytes(value, "big")

    def bits(self) -> bytes:
        """The next element: a BIT STRING of whole bytes."""
        value = self.value(BIT_STRING)
        if not value or value[0]:
            raise ValueError("a BIT STRING is not of whole bytes")
        return value[1:]

    def finish(self) -> None:
        """ValueError where more follows."""
        if self.at != self.end:
            raise ValueError("there is more in a DER element than there should be")


def element(tag: int, value: bytes) -> bytes:
    length = len(value)
    if length < 0x80:
        return bytes((tag, length)) + value
    if length < 0x100:
        return bytes((tag, 0x81, length)) + value
    return bytes((tag, 0x82, length >> 8, length & 0xFF)) + value


def sequence(*elements: bytes) -> bytes:
    return element(SEQUENCE, b"".join(elements))


def integer(number: int) -> bytes:
    """number: not negative."""
    value = number.to_bytes(length_of(number), "big")
    return element(INTEGER, b"\x00" + value if value[0] & 0x80 else value)


def bit_string(value: bytes) -> bytes:
    return element(BIT_STRING, b"\x00" + value)


def length_of(number: int) -> int:
    """How many bytes a number takes, at least 1. MicroPython has no bit_length."""
    length = 1
    while number >> (length * 8):
        length += 1
    return length
