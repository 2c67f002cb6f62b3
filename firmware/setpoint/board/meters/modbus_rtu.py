"""Modbus RTU (Modbus over serial line V1.02): one line, on which several meters take turns.

An answer has to begin within 300 ms."""

import asyncio
import struct

from .frames import ModbusError, crc16

ANSWER_MS = 300


def request(address: int, function: int, first: int, count: int) -> bytes:
    """The frame that asks for `count` registers from `first` on."""
    frame = struct.pack(">BBHH", address, function, first, count)
    return frame + struct.pack("<H", crc16(frame))


def registers(answer: bytes, address: int, function: int, count: int) -> bytes:
    """The registers of an answer, two bytes each, high byte first. Raises ModbusError."""
    if len(answer) < 5:
        raise ModbusError("%d bytes instead of an answer" % len(answer) if answer else "no answer")
    if crc16(answer[:-2]) != struct.unpack("<H", answer[-2:])[0]:
        raise ModbusError("an answer with a wrong check sum")
    if answer[0] != address:
        raise ModbusError("an answer of address %d" % answer[0])
    if answer[1] == function | 0x80:
        raise ModbusError("exception code %d" % answer[2])
    if answer[1] != function or answer[2] != 2 * count or len(answer) != 5 + 2 * count:
        raise ModbusError("an answer to something else")
    return answer[3:-2]


class Bus:
    """One RS-485 line, on which the meters take turns. stream: with the coroutines `read(count)`
    and `write(bytes)` (contract.pyi's Stream). byte_us: how long a byte takes on the line."""

    def __init__(self, stream, byte_us: int) -> None:
        self._stream = stream
        self._byte_us = byte_us
        self._turn = asyncio.Lock()

    async def read(self, address: int, function: int, first: int, count: int) -> bytes:
        """`count` registers. Raises ModbusError."""
        async with self._turn:
            await self._drop_old_input()
            answer = bytearray()
            length = 5 + 2 * count
            try:
                await self._stream.write(request(address, function, first, count))
                await asyncio.wait_for(
                    self._receive(answer, length),
                    (ANSWER_MS + length * self._byte_us // 1000) / 1000,
                )
            except asyncio.TimeoutError:
                pass  # what came is judged below
            except OSError as error:
                raise ModbusError("the line fails: %s" % error)
            return registers(bytes(answer), address, function, count)

    async def _receive(self, answer: bytearray, length: int) -> None:
        while len(answer) < length:
            data = await self._stream.read(length - len(answer))
            if not data:
                raise OSError("closed")
            answer.extend(data)
            if len(answer) >= 2 and answer[1] & 0x80:
                length = 5

    async def _drop_old_input(self) -> None:
        """Drops what is left of a late answer: it must not pass for the next one."""
        try:
            while await asyncio.wait_for(self._stream.read(64), 0.005):
                pass
        except (asyncio.TimeoutError, OSError):
            pass
