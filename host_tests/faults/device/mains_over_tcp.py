"""Runs on MicroPython: the station as main.py runs it, with a meter at the grid connection that it asks
over Modbus TCP, as a board does.

`micropython -m mains_over_tcp PORT START.json`, with the firmware in its path. Five times a second
it prints what is so: {"ms": 61000, "limit_da": 320, "draws_da": 320, "closed": true, "readings":
58, "problem": null}."""

import asyncio
import json
import sys

from setpoint import board as boards
from setpoint.board.meters.mains import ModbusMains
from setpoint.board.meters.modbus_tcp import TcpBus


async def tell(app):
    while True:
        evse = app.control.evses[1]
        said = {"ms": board.clock.uptime_ms(), "limit_da": evse.limit_da}
        said["draws_da"] = evse.outlet.meter_da()
        said["closed"] = evse.outlet.contactor_closed()
        said["readings"], said["problem"] = board.mains.readings, board.mains.problem
        print(json.dumps(said))
        await asyncio.sleep(0.2)


def attach(app):
    return _attach(app) + [("mains meter", board.mains.run()), ("teller", tell(app))]


board = boards.this()
board.make_safe()
bus = TcpBus(board.network, "127.0.0.1", int(sys.argv[-2]), board.clock)
wiring = {"fuse_amps": 35, "rise_after_s": 2}
board.mains = ModbusMains(bus, 1, "eastron_3p", board.clock, wiring)
_attach = board.attach
board.attach = attach
boards.this = lambda: board
import main  # noqa: E402, F401
