"""The MFRC522 on SPI (NXP data sheet rev. 3.9: SPI 8.1.2, registers 9, commands 10) and cards of
ISO/IEC 14443-3 type A."""

from ...clock import sleep_ms
from . import ReaderError

_COMMAND, _IRQ, _ERROR, _FIFO, _LEVEL, _FRAMING, _COLLISION = (
    0x01,
    0x04,
    0x06,
    0x09,
    0x0A,
    0x0D,
    0x0E,
)
_MODE, _TX_CONTROL, _TX_ASK = 0x11, 0x14, 0x15
_TIMER_MODE, _PRESCALER, _RELOAD_HIGH, _RELOAD_LOW, _VERSION = 0x2A, 0x2B, 0x2C, 0x2D, 0x37
_IDLE, _TRANSCEIVE, _SOFT_RESET = 0x00, 0x0C, 0x0F
_RECEIVED, _FAILED, _TIMED_OUT = 0x20, 0x02, 0x01  # bits of _IRQ

_WAKE_UP = b"\x52"
_HALT = b"\x50\x00"
_CASCADE_TAG = 0x88
_LEVELS = (0x93, 0x95, 0x97)
_POLLS = 20  # of a millisecond and more; the chip's own timer ends a silence after 15 ms


def crc_a(data: bytes) -> bytes:
    """The check sum of ISO/IEC 14443-3, annex B, type A; low byte first."""
    crc = 0x6363
    for byte in data:
        byte ^= crc & 0xFF
        byte ^= (byte << 4) & 0xFF
        crc = (crc >> 8) ^ (byte << 8) ^ (byte << 3) ^ (byte >> 4)
    return bytes((crc & 0xFF, (crc >> 8) & 0xFF))


class Mfrc522:
    """spi: with `write(data)` and `write_readinto(out, into)` (machine.SPI, mode 0, up to 10 MHz);
    select(0 or 1) drives its NSS."""

    def __init__(self, spi, select) -> None:
        self._spi = spi
        self._select = select
        self._out = bytearray(2)
        self._into = bytearray(2)
        select(1)

    async def start(self) -> None:
        self._set(_COMMAND, _SOFT_RESET)
        await sleep_ms(50)
        if self._get(_VERSION) in (0x00, 0xFF):
            raise ReaderError("MFRC522: no answer")
        self._set(_TIMER_MODE, 0x80)  # starts by itself when a transmission ends
        self._set(_PRESCALER, 0xA9)  # 40 kHz
        self._set(_RELOAD_HIGH, 0x02)  # 600 steps: 15 ms
        self._set(_RELOAD_LOW, 0x58)
        self._set(_TX_ASK, 0x40)
        self._set(_MODE, 0x3D)
        self._set(_TX_CONTROL, self._get(_TX_CONTROL) | 0x03)  # antenna on

    async def uid(self) -> "bytes | None":
        if await self._exchange(_WAKE_UP, 7) is None:
            return None
        uid = b""
        for level in _LEVELS:
            part = await self._exchange(bytes((level, 0x20)))
            if part is None or len(part) != 5 or part[0] ^ part[1] ^ part[2] ^ part[3] != part[4]:
                return None  # two cards at once, or one that just leaves: look again
            select = bytes((level, 0x70)) + part
            acknowledged = await self._exchange(select + crc_a(select))
            if (
                acknowledged is None
                or len(acknowledged) != 3
                or crc_a(acknowledged[:1]) != acknowledged[1:]
            ):
                return None
            if not acknowledged[0] & 0x04:
                await self._exchange(_HALT + crc_a(_HALT))  # is answered by silence
                return uid + part[:4]
            if part[0] != _CASCADE_TAG:
                return None
            uid += part[1:4]
        return None

    async def _exchange(self, data: bytes, last_bits: int = 0) -> "bytes | None":
        """Sends to the card; its answer, None when there is none or a broken one. last_bits: of the
        last byte, 0: all."""
        self._set(_COMMAND, _IDLE)
        self._set(_IRQ, 0x7F)
        self._set(_LEVEL, 0x80)  # empties the buffer
        self._set(_COLLISION, 0x80)
        for byte in data:
            self._set(_FIFO, byte)
        self._set(_FRAMING, last_bits)
        self._set(_COMMAND, _TRANSCEIVE)
        self._set(_FRAMING, 0x80 | last_bits)  # go
        for _ in range(_POLLS):
            irq = self._get(_IRQ)
            if irq & (_RECEIVED | _FAILED | _TIMED_OUT):
                break
            await sleep_ms(1)
        else:
            raise ReaderError("MFRC522: a command does not end")
        self._set(_FRAMING, 0)
        if not irq & _RECEIVED or self._get(_ERROR) & 0x1B:  # overflow, collision, parity, protocol
            return None
        return bytes([self._get(_FIFO) for _ in range(self._get(_LEVEL))])

    def _set(self, register: int, value: int) -> None:
        self._out[0] = register << 1
        self._out[1] = value
        self._select(0)
        self._spi.write(self._out)
        self._select(1)

    def _get(self, register: int) -> int:
        self._out[0] = 0x80 | register << 1
        self._out[1] = 0
        self._select(0)
        self._spi.write_readinto(self._out, self._into)
        self._select(1)
        return self._into[1]
