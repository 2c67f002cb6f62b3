"""Modbus over TCP (Modbus messaging on TCP/IP v1.0b): a `Bus` like that of modbus_rtu.py, on one
connection that stays.

A meter that cannot be reached is dialled again after 1 s, and after twice that each time, up to 30 s.
"""

import asyncio
import struct

from .frames import ModbusError

ANSWER_MS = 800  # within the second of a poll
_LONGEST_PAUSE_MS = 30000
_MISSES = 3  # answers that did not come; then another connection


class TcpBus:
    """network: the board's (contract.pyi). host: an IPv4 address, since looking up names would
    cost the central system's its place."""

    def __init__(self, network, host: str, port: int, clock) -> None:
        self._network = network
        self._host = host
        self._port = port
        self._clock = clock
        self._stream = None
        self._number = 0  # of the last request
        self._misses = 0
        self._pause_ms = 1000
        self._dial_at_ms = 0

    async def read(self, address: int, function: int, first: int, count: int) -> bytes:
        """`count` registers. Raises ModbusError."""
        try:
            return await asyncio.wait_for(
                self._ask(address, function, first, count), ANSWER_MS / 1000
            )
        except asyncio.TimeoutError:
            self._misses += 1
            if self._stream is None:
                self._waits()
            elif self._misses >= _MISSES:
                self._hang_up()
            raise ModbusError("no answer")
        except OSError as error:
            self._hang_up()
            raise ModbusError("the network fails: %s" % error)

    async def _ask(self, address: int, function: int, first: int, count: int) -> bytes:
        if self._stream is None:
            if self._clock.ticks_ms() < self._dial_at_ms:
                raise ModbusError("%s cannot be reached" % self._host)
            self._stream = await self._network.open(self._host, self._port)
        self._number = self._number + 1 & 0xFFFF
        number = self._number
        await self._stream.write(  # type: ignore[attr-defined]  # _ask has dialled
            struct.pack(">HHHBBHH", number, 0, 6, address, function, first, count)
        )
        while True:
            header = await self._exactly(7)
            came, protocol, length, _ = struct.unpack(">HHHB", header)
            if protocol != 0 or not 3 <= length <= 254:
                self._hang_up()
                raise ModbusError("an answer that is no Modbus")
            body = await self._exactly(length - 1)
            if came == number:  # else a late answer to an earlier request
                self._misses = 0
                self._pause_ms = 1000
                return _registers(body, function, count)

    async def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            more = await self._stream.read(count - len(data))  # type: ignore[attr-defined]
            if not more:
                raise OSError("closed")
            data.extend(more)
        return bytes(data)

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._waits()

    def _waits(self) -> None:
        self._misses = 0
        self._dial_at_ms = self._clock.ticks_ms() + self._pause_ms
        self._pause_ms = min(2 * self._pause_ms, _LONGEST_PAUSE_MS)


def _registers(body: bytes, function: int, count: int) -> bytes:
    if body[0] == function | 0x80:
        raise ModbusError("exception code %d" % body[1])
    if body[0] != function or body[1] != 2 * count or len(body) != 2 + 2 * count:
        raise ModbusError("an answer to something else")
    return body[2:]
