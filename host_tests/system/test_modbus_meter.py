"""The Modbus meter on MicroPython against a real Modbus RTU server (`pymodbus`) on a
pseudo-terminal."""

import asyncio
import json
import os
import pty
import select
import socket
import subprocess
import threading
import tty

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tools.station_process import ROOT


def eastron(volts, amperes, watts, kwh) -> "list[float]":
    """The input registers of a three-phase Eastron meter as floats, the ones between them zero."""
    floats = [0.0] * 0x28
    floats[0x00:0x03] = volts
    floats[0x03:0x06] = amperes
    floats[0x34 // 2] = watts
    floats[0x48 // 2] = kwh
    return floats


class Wire:
    """Carries bytes between the pseudo-terminal of the meter and a socket for the station; it can
    be cut or disturbed."""

    def __init__(self):
        self._master, slave = pty.openpty()
        tty.setraw(self._master)
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.from_meter = lambda data: data
        self._over = False
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self):
        station, _ = self._listener.accept()
        while not self._over:
            ready, _, _ = select.select([self._master, station], [], [], 0.1)
            if station in ready:
                data = station.recv(256)
                if not data:
                    return
                os.write(self._master, data)
            if self._master in ready:
                station.sendall(self.from_meter(os.read(self._master, 256)))

    def close(self):
        self._over = True
        self._thread.join(5)


@pytest.fixture
def wire():
    wire = Wire()
    yield wire
    wire.close()


@pytest.fixture
def meter(wire):
    """A running server at address 7; gives the function that starts it with registers."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    servers = []

    def start(floats):
        device = SimDevice(7, simdata=SimData(0, values=floats, datatype=DataType.FLOAT32))

        async def serve():
            server = ModbusSerialServer(
                device, framer=FramerType.RTU, port=wire.path, baudrate=9600, timeout=0.1
            )
            servers.append(server)
            await server.serve_forever(background=True)

        asyncio.run_coroutine_threadsafe(serve(), loop).result(5)

    yield start
    for server in servers:
        asyncio.run_coroutine_threadsafe(server.shutdown(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def said(micropython, *arguments) -> "list[dict]":
    """What a meter says: meter_poll.py."""
    script = str(ROOT / "host_tests" / "system" / "meter_poll.py")
    command = [*micropython, script, str(ROOT / "firmware"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def poll(micropython, wire, kind, polls) -> "list[dict]":
    return said(micropython, "outlet", wire.port, kind, 7, polls)


def test_a_three_phase_meter_is_read_over_its_serial_line(micropython, wire, meter):
    meter(eastron((230.4, 229.8, 231.2), (16.02, 15.9, 0.0), 7351.0, 20123.456))
    said = poll(micropython, wire, "eastron_3p", 3)
    # 20123.456 kWh is 20123.455 as the float that the meter sends
    wanted = {
        "wh": 20123455,
        "watts": 7351,
        "da": [160, 159, 0],
        "dv": [2304, 2298, 2312],
        "problem": None,
    }
    assert said == [wanted] * 3


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_meter_without_the_registers_says_so(micropython, wire, meter):
    meter([230.0])
    assert poll(micropython, wire, "eastron_3p", 1)[0]["problem"] == "exception code 2"


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_cut_wire_is_no_answer(micropython, wire, meter):
    meter(eastron((230.0, 230.0, 230.0), (1.0, 1.0, 1.0), 690.0, 1.0))
    wire.from_meter = lambda data: b""
    assert poll(micropython, wire, "eastron_3p", 1)[0]["problem"] == "no answer"


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_disturbed_answer_costs_one_poll_and_no_wrong_reading(micropython, wire, meter):
    meter(eastron((230.0, 230.0, 230.0), (10.0, 10.0, 10.0), 6900.0, 1.0))
    seen = []

    def disturb(data):
        seen.append(data)
        return bytes([data[0] ^ 0x10]) + data[1:] if len(seen) == 1 else data

    wire.from_meter = disturb
    first, second = poll(micropython, wire, "eastron_3p", 2)
    assert first["watts"] == 0 and first["problem"] == "an answer with a wrong check sum"
    assert second["watts"] == 6900 and second["problem"] is None
