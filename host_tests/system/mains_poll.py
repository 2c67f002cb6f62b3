"""On MicroPython: reads a meter at the grid connection for a while, and prints what it says.

micropython mains_poll.py FIRMWARE modbus PORT KIND ADDRESS POLLS      RTU, over a socket to its line
micropython mains_poll.py FIRMWARE tcp PORT KIND ADDRESS POLLS         Modbus TCP
micropython mains_poll.py FIRMWARE p1 PORT READINGS                    a UART, over a socket
"""

import asyncio
import json
import sys

sys.path.insert(0, sys.argv[1])

from setpoint.board.meters.mains import ModbusMains  # noqa: E402
from setpoint.board.meters.modbus import Bus  # noqa: E402
from setpoint.board.meters.modbus_tcp import TcpBus  # noqa: E402
from setpoint.board.meters.p1 import P1Meter  # noqa: E402
from setpoint.board.simulated.network import Network  # noqa: E402
from setpoint.clock import Clock, sleep_ms  # noqa: E402

WIRING = {"fuse_amps": 25}


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


def say(meter):
    said = {"da": meter.currents_da, "readings": meter.readings, "problem": meter.problem}
    print(json.dumps(said))


async def main(kind, arguments):
    if kind == "p1":
        line = Line(*await asyncio.open_connection("127.0.0.1", int(arguments[0])))
        meter = P1Meter(line, 230, WIRING)
        meter.on_reading = lambda: say(meter)
        task = asyncio.create_task(meter.run())
        while meter.readings < int(arguments[1]):
            await sleep_ms(20)
        task.cancel()
        return
    port, model, address, polls = arguments
    if kind == "tcp":
        bus = TcpBus(Network(), "127.0.0.1", int(port), Clock())
    else:
        bus = Bus(Line(*await asyncio.open_connection("127.0.0.1", int(port))), 1146)
    meter = ModbusMains(bus, int(address), model, Clock(), WIRING)
    for _ in range(int(polls)):
        await meter.poll()
        say(meter)
        await sleep_ms(200)


asyncio.run(main(sys.argv[2], sys.argv[3:]))
