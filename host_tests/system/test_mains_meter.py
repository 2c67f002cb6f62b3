"""Meters at the grid connection on MicroPython: Modbus RTU and TCP against real servers (`pymodbus`),
P1 telegrams on a pseudo-terminal."""

import asyncio
import threading

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from test_modbus_meter import meter, said, wire  # noqa: F401  # fixtures


def house(amperes, watts) -> "list[float]":
    """The first registers of an Eastron SDM630: volts, amperes and watts of each phase."""
    return [230.0] * 3 + list(amperes) + list(watts) + [0.0] * 10


def test_the_house_meter_is_read_over_its_serial_line(micropython, wire, meter):  # noqa: F811
    meter(house((16.0, 5.0, 0.3), (3680.0, -1150.0, 60.0)))
    found = said(micropython, "modbus", wire.port, "eastron_3p", 7, 2)
    assert [(each["da"], each["problem"]) for each in found] == [([160, -50, 3], None)] * 2


class TcpServer:
    """A Modbus TCP server at address 1 that can be stopped and started again at its port."""

    def __init__(self, floats):
        self.port = 0
        self._floats = floats
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = None

    def start(self):
        device = SimDevice(1, simdata=SimData(0, values=self._floats, datatype=DataType.FLOAT32))

        async def serve():
            self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
            await self._server.serve_forever(background=True)
            self.port = self._server.transport.sockets[0].getsockname()[1]

        asyncio.run_coroutine_threadsafe(serve(), self._loop).result(10)

    def stop(self):
        if self._server is not None:
            asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(10)
            self._server = None

    def close(self):
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@pytest.fixture
def server():
    server = TcpServer(house((12.0, 6.0, 1.0), (2700.0, 1300.0, -230.0)))
    server.start()
    yield server
    server.close()


def test_the_house_meter_is_read_over_tcp(micropython, server):
    found = said(micropython, "tcp", server.port, "eastron_3p", 1, 3)
    assert [each["da"] for each in found] == [[120, 60, -10]] * 3
    assert found[-1] == {"da": [120, 60, -10], "readings": 3, "problem": None}


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_server_that_goes_and_comes_back_is_read_again(micropython, server):
    timer = threading.Timer(1.5, server.stop)
    again = threading.Timer(4, server.start)
    timer.start()
    again.start()
    found = said(micropython, "tcp", server.port, "eastron_3p", 1, 60)
    timer.join()
    again.join()
    problems = [each["problem"] for each in found]
    assert problems[0] is None and problems[-1] is None, problems
    assert [each for each in problems if each], "it was away"


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_registers_that_a_server_has_not_got_are_a_problem_that_it_names(micropython, server):
    found = said(micropython, "tcp", server.port, "abb", 1, 1)
    assert found[0]["readings"] == 0 and found[0]["problem"] == "exception code 2"


def crc(data: bytes) -> int:
    """CRC-16/ARC, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def telegram(second: int, amperes: int) -> bytes:
    """As long as a real one, with the lines that a meter of DSMR 5.0 sends besides."""
    lines = [
        "/ISK5\\2M550T-1012",
        "",
        "1-3:0.2.8(50)",
        "0-0:1.0.0(2612010000%02dW)" % second,
        "0-0:96.1.1(4B384547303034303436333935353037)",
        "1-0:1.8.1(000671.578*kWh)",
        "0-0:96.13.0()",
        "1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)",
        *["1-0:%d.7.0(230.0*V)" % place for place in (32, 52, 72)],
        *["1-0:%d.7.0(%03d*A)" % (place, amperes) for place in (31, 51, 71)],
        *["1-0:%d.7.0(%06.3f*kW)" % (place, amperes * 0.23) for place in (21, 41, 61)],
        *["1-0:%d.7.0(00.000*kW)" % place for place in (22, 42, 62)],
        "0-1:24.2.1(101209112500W)(12785.123*m3)",
    ]
    text = "\r\n".join(lines).encode() + b"\r\n!"
    return text + b"%04X\r\n" % crc(text)


def test_telegrams_on_a_pseudo_terminal(micropython, wire):  # noqa: F811
    """Whole, cut, garbled and repeated ones, in pieces as a UART has them."""
    good = [telegram(second, second) for second in range(10)]
    garbled = bytearray(good[3])
    garbled[200] ^= 1
    over = threading.Event()

    def send():
        with open(wire.path, "wb", 0) as line:
            for data in (good[1], good[2], good[2], garbled, good[4][:300], good[5], good[6]):
                for at in range(0, len(data), 50):
                    line.write(data[at : at + 50])
                over.wait(0.1)
            over.wait(60)  # what was not read yet goes with the last one who has it open

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    found = said(micropython, "p1", wire.port, 4)
    over.set()
    sender.join()
    # 3 was garbled, 4 cut, and 2 came twice
    assert [each["da"] for each in found] == [[10 * second] * 3 for second in (1, 2, 5, 6)]
