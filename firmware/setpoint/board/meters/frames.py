"""What the protocols of several meters have in common: the check sum of Modbus over serial line
(6.2.2) and of P1 telegrams, which is CRC-16 by the polynomial x16 + x15 + x2 + 1, lowest bit first;
numbers in registers; and how Modbus fails."""

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


class ModbusError(Exception):
    """No answer, a broken one, or an exception code of the meter; the text is a sentence for the
    log."""


def scaled_float(bits: int, multiply: int, divide: int) -> "int | None":
    """An IEEE 754 single times multiply / divide, rounded to nearest by integers: on a chip a float
    loses Wh from 16.8 MWh on.

    None: not a number, or too large to be a reading."""
    exponent = (bits >> 23) & 0xFF
    if exponent > 127 + 40:
        return None
    mantissa = bits & 0x7FFFFF
    mantissa = mantissa << 1 if exponent == 0 else mantissa | 0x800000
    numerator = mantissa * multiply
    shift = 150 - exponent
    if shift < 0:
        numerator <<= -shift
        shift = 0
    denominator = divide << shift
    value = (2 * numerator + denominator) // (2 * denominator)
    return -value if bits >> 31 else value
