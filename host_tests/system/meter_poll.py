"""On MicroPython: reads a meter for a while, and prints what it says. KIND and ADDRESS: of a Modbus
meter.

micropython meter_poll.py FIRMWARE outlet PORT KIND ADDRESS POLLS     a connector's, RTU over a socket to its line
micropython meter_poll.py FIRMWARE modbus PORT KIND ADDRESS POLLS     at the grid connection, RTU
micropython meter_poll.py FIRMWARE tcp PORT KIND ADDRESS POLLS        ... Modbus TCP
micropython meter_poll.py FIRMWARE p1 PORT READINGS                   ... a UART, over a socket
"""

import asyncio
import json
import sys

sys.path.insert(0, sys.argv[1])

from setpoint.board.meters.mains import ModbusMains  # noqa: E402
from setpoint.board.meters.modbus import ModbusMeter  # noqa: E402
from setpoint.board.meters.modbus_rtu import Bus  # noqa: E402
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


async def line_at(port):
    return Line(*await asyncio.open_connection("127.0.0.1", int(port)))


def say_outlet(meter):
    said = {"wh": meter.wh, "watts": meter.watts, "dv": meter.voltages_dv}
    print(json.dumps(dict(said, da=meter.currents_da, problem=meter.problem)))


def say_mains(meter):
    said = {"da": meter.currents_da, "readings": meter.readings, "problem": meter.problem}
    print(json.dumps(said))


async def listen(port, readings):
    meter = P1Meter(await line_at(port), 230, WIRING)
    meter.on_reading = lambda: say_mains(meter)
    task = asyncio.create_task(meter.run())
    while meter.readings < int(readings):
        await sleep_ms(20)
    task.cancel()


async def poll(of, port, kind, address, polls):
    if of == "tcp":
        bus = TcpBus(Network(), "127.0.0.1", int(port), Clock())
    else:
        bus = Bus(await line_at(port), 1146)  # 9600 baud
    if of == "outlet":
        meter, say, pause_ms = ModbusMeter(bus, int(address), kind, Clock()), say_outlet, 0
    else:
        meter, say, pause_ms = ModbusMains(bus, int(address), kind, Clock(), WIRING), say_mains, 200
    for _ in range(int(polls)):
        await meter.poll()
        say(meter)
        await sleep_ms(pause_ms)


if sys.argv[2] == "p1":
    asyncio.run(listen(*sys.argv[3:]))
else:
    asyncio.run(poll(*sys.argv[2:]))
