"""The PN532 on I2C (NXP UM0701-02: frames 6.2.1, I2C 6.2.4, commands 7.2 and 7.3)."""

from ...clock import sleep_ms
from . import ReaderError

ADDRESS = 0x24
_ACK = b"\x00\x00\xff\x00\xff\x00"
_WAIT_MS = 5
_ANSWER_MS = 150
_LONGEST = 40  # bytes of an answer: one target with a UID of 10 bytes and its ATS


def frame_of(data: bytes) -> bytes:
    """A normal information frame from the host; data: the command code and its parameters."""
    body = b"\xd4" + data
    return (
        b"\x00\x00\xff"
        + bytes((len(body), -len(body) & 0xFF))
        + body
        + bytes((-sum(body) & 0xFF, 0))
    )


def data_of(answer: bytes, command: int) -> bytes:
    """The data of an answer's frame behind its command code. Raises ReaderError."""
    start = answer.find(b"\x00\xff")
    if start < 0 or start + 4 > len(answer):
        raise ReaderError("PN532: no frame in its answer")
    length = answer[start + 2]
    body = answer[start + 4 : start + 4 + length]
    check_sum_at = start + 4 + length
    if (
        (length + answer[start + 3]) & 0xFF
        or check_sum_at >= len(answer)
        or (sum(body) + answer[check_sum_at]) & 0xFF
    ):
        raise ReaderError("PN532: a frame with a wrong check sum")
    if length < 2 or body[0] != 0xD5 or body[1] != command + 1:
        raise ReaderError("PN532: an answer to something else")
    return body[2:]


class Pn532:
    """i2c: with `writeto(address, data)` and `readfrom(address, count)` (machine.I2C)."""

    def __init__(self, i2c) -> None:
        self._i2c = i2c

    async def start(self) -> None:
        await self._ask(b"\x02")  # GetFirmwareVersion: is it there?
        await self._ask(b"\x14\x01\x14\x01")  # SAMConfiguration: normal mode
        # RFConfiguration: look for a card twice, then answer
        await self._ask(b"\x32\x05\xff\x01\x01")

    async def uid(self) -> "bytes | None":
        # InListPassiveTarget: one card, 106 kbit/s type A
        answer = await self._ask(b"\x4a\x01\x00")
        if not answer or answer[0] == 0:
            return None
        if len(answer) < 6 or len(answer) < 6 + answer[5] or answer[5] not in (4, 7, 10):
            raise ReaderError("PN532: a card without a UID")
        return answer[6 : 6 + answer[5]]

    async def _ask(self, data: bytes) -> bytes:
        self._i2c.writeto(ADDRESS, frame_of(data))
        if await self._read(len(_ACK)) != _ACK:
            raise ReaderError("PN532: command not acknowledged")
        return data_of(await self._read(_LONGEST), data[0])

    async def _read(self, count: int) -> bytes:
        """What it has to say, once its status byte says ready."""
        for _ in range(_ANSWER_MS // _WAIT_MS):
            if self._i2c.readfrom(ADDRESS, 1)[0] & 1:
                return self._i2c.readfrom(ADDRESS, count + 1)[1:]
            await sleep_ms(_WAIT_MS)
        raise ReaderError("PN532: no answer")
