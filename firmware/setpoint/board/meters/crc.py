"""The check sum of Modbus over serial line (6.2.2) and of P1 telegrams: CRC-16 by the polynomial
x16 + x15 + x2 + 1, lowest bit first."""

from array import array

# For each value of four bits
_OF_NIBBLE = array("H")
for _nibble in range(16):
    for _ in range(4):
        _nibble = (_nibble >> 1) ^ 0xA001 if _nibble & 1 else _nibble >> 1
    _OF_NIBBLE.append(_nibble)


def crc16(data, crc: int = 0xFFFF) -> int:
    """crc: what it begins with, or the check sum of what came before. Modbus begins with 0xFFFF and
    sends the low byte first, P1 with 0."""
    for byte in data:
        crc = (crc >> 4) ^ _OF_NIBBLE[(crc ^ byte) & 15]
        crc = (crc >> 4) ^ _OF_NIBBLE[(crc ^ byte >> 4) & 15]
    return crc
