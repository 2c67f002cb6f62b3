"""On MicroPython: polls a Modbus meter over a socket that leads to its serial line; prints what the
meter says.

micropython modbus_poll.py FIRMWARE PORT KIND ADDRESS POLLS
"""

import asyncio
import json
import sys

sys.path.insert(0, sys.argv[1])

from setpoint.board.meters.modbus import Bus, ModbusMeter  # noqa: E402
from setpoint.clock import Clock  # noqa: E402


class Line:
    """A stream as a board opens one for its UART."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def read(self, count):
        return await self._reader.read(count)

    async def write(self, data):
        self._writer.write(data)
        await self._writer.drain()


async def main(port, kind, address, polls):
    line = Line(*await asyncio.open_connection("127.0.0.1", port))
    meter = ModbusMeter(Bus(line, 1146), address, kind, Clock())  # 9600 baud
    for _ in range(polls):
        await meter.poll()
        said = {
            "wh": meter.wh,
            "watts": meter.watts,
            "da": meter.currents_da,
            "dv": meter.voltages_dv,
        }
        print(json.dumps(dict(said, problem=meter.problem)))


asyncio.run(main(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
