"""The meters that board.json names, on the model of the chip: pulses on a pin, Modbus on RS-485,
none."""

import asyncio
import struct

from esp32_bench import CHIP, Task, boot, description, pass_time, virtual_time
from noting_app import NotingApp

from setpoint.board.esp32 import rs485
from setpoint.board.meters import frames, mains, modbus
from setpoint.board.meters.frames import crc16

PULSE = {"kind": "pulse", "pin": 21, "chip_pull": "up", "pulses_per_kwh": 1000}
MODBUS = {"kind": "modbus", "model": "eastron_3p", "address": 7, "baud": 9600}


class Eastron:
    """A meter on the line. It answers what is asked of its address, at its speed, if the request is
    whole."""

    def __init__(self, address=7, baud=9600, parity=None):
        self._address, self._baud, self._parity = address, baud, parity
        self.registers = bytearray(2 * 0x4A)
        self.silent = self.broken = False
        self.asked = 0

    def measures(self, volts, amperes, watts, kwh):
        for first, floats in ((0x00, volts), (0x06, amperes), (0x34, (watts,)), (0x48, (kwh,))):
            struct.pack_into(">%df" % len(floats), self.registers, 2 * first, *floats)

    def __call__(self, request, uart):
        if (uart.baudrate, uart.parity) != (self._baud, self._parity) or self.silent:
            return b""
        address, function, first, count, check_sum = struct.unpack(">BBHH2s", request)
        if address != self._address or check_sum != struct.pack("<H", frames.crc16(request[:-2])):
            return b""
        self.asked += 1
        answer = bytes([address, function | 0x80, 4])
        if not self.broken:
            answer = (
                bytes([address, function, 2 * count])
                + self.registers[2 * first : 2 * (first + count)]
            )
        return answer + struct.pack("<H", frames.crc16(answer))


def booted(meter, has_counter=True, **changes):
    CHIP.start()
    CHIP.has_counter = has_counter
    CHIP.direction_pin = 33
    CHIP.serial = Eastron()
    CHIP.serial.measures((230.0, 229.5, 231.0), (16.0, 15.9, 0.1), 7340.0, 1234.567)
    return boot(description(connector_meter=meter, **changes))[0]


class Over(Exception):
    pass


def polls(board, app, count, before_poll=lambda poll: None):
    """The task of meter 1 in real time, but for the pauses between its polls."""
    done = []
    slept = modbus.sleep_ms

    async def sleep_ms(ms):
        done.append(ms)
        CHIP.now_us += 1000 * ms
        if len(done) == count:
            raise Over
        before_poll(len(done))

    modbus.sleep_ms = sleep_ms
    end = virtual_time()
    tasks = dict(board.attach(app))
    before_poll(0)
    try:
        asyncio.run(tasks.pop("meter 1"))
    except Over:
        pass
    finally:
        modbus.sleep_ms = slept
        end()
        for name in tasks:
            tasks[name].close()


# modbus


def test_a_modbus_meter_is_read_over_rs485():
    outlet = booted(MODBUS).outlets[0]
    assert outlet.meter_wh() is None and not outlet.meter_estimated
    assert (CHIP.uart.number, CHIP.uart.rx, CHIP.uart.tx) == (1, 32, 25)
    assert CHIP.outputs[33] == 0, "nobody sends yet"
    asyncio.run(outlet.meter.poll())
    assert outlet.meter_wh() == 1234567 and outlet.meter_w() == 7340 and outlet.meter_da() == 160
    assert outlet.meter_currents_da() == [160, 159, 1] and outlet.meter_voltages_dv() == [
        2300,
        2295,
        2310,
    ]
    assert CHIP.history[-2:] == [(33, 1), (33, 0)], "the line is free again"


def test_the_contactor_is_driven_open_before_the_line_is():
    booted(MODBUS)
    assert CHIP.history[0] == (26, 0)


def test_a_transceiver_that_hears_itself_or_has_no_direction_pin_does_no_harm():
    booted(MODBUS)
    for direction_pin, echoes in ((33, True), (None, False), (None, True)):
        rs485_wiring = {"uart": 2, "rx_pin": 32, "tx_pin": 25, "direction_pin": direction_pin}
        board = booted(MODBUS, rs485=rs485_wiring)
        CHIP.direction_pin = direction_pin
        CHIP.echoes = echoes
        asyncio.run(board.outlets[0].meter.poll())
        assert board.outlets[0].meter_wh() == 1234567, (direction_pin, echoes)


def test_speed_and_parity_are_the_meters():
    for word, parity in (("even", 0), ("odd", 1), ("none", None)):
        board = booted(dict(MODBUS, baud=2400, parity=word))
        CHIP.serial = Eastron(baud=2400, parity=parity)
        asyncio.run(board.outlets[0].meter.poll())
        assert board.outlets[0].meter_wh() == 0, word


def test_the_line_is_let_go_when_the_uart_fails():
    outlet = booted(MODBUS).outlets[0]

    def broken(data, uart):
        raise OSError(116)

    CHIP.serial = broken
    asyncio.run(outlet.meter.poll())
    assert CHIP.outputs[33] == 0 and outlet.meter.problem.startswith("the line fails")


def test_a_long_request_is_slept_and_only_its_end_waited_for():
    slept = []
    before = rs485.sleep_ms

    async def sleep_ms(ms):
        slept.append((ms, CHIP.outputs[33]))

    rs485.sleep_ms = sleep_ms
    try:
        for baud in (9600, 1200):
            booted(MODBUS)
            line = rs485.Line(description()["rs485"], baud, "none")
            CHIP.serial = lambda data, uart: b""
            asyncio.run(line.write(bytes(8)))
    finally:
        rs485.sleep_ms = before
    assert slept == [(0, 1), (63, 1)]  # 8 bytes of 11 bits take 9.2 and 73.3 ms


def test_two_meters_share_a_line():
    wiring = description(connector_meter=MODBUS)
    second = dict(
        wiring["connectors"][0],
        contactor={"pin": 21, "on": 1, "pull": "down"},
        meter=dict(MODBUS, address=8),
    )
    second["pilot"] = dict(second["pilot"], pwm_pin=19, adc_pin=34)
    for name in ("residual_current", "feedback", "cable"):
        second.pop(name)
    for name in ("open", "loop_back_pin"):
        second["pilot"].pop(name)
    wiring["connectors"].append(second)
    CHIP.start()
    CHIP.direction_pin = 33
    meters = {7: Eastron(7), 8: Eastron(8)}
    for address in meters:
        meters[address].measures((230.0, 0, 0), (1.0, 0, 0), 230.0, float(address))
    CHIP.serial = lambda request, uart: meters[request[0]](request, uart)
    outlets = boot(wiring)[0].outlets

    async def both():
        await asyncio.gather(*[outlet.meter.poll() for outlet in outlets])

    asyncio.run(both())
    assert [outlet.meter_wh() for outlet in outlets] == [7000, 8000]


def test_a_lost_meter_is_a_fault_until_it_answers_again():
    board, app = booted(MODBUS), NotingApp()

    def before_poll(poll):
        CHIP.serial.broken = 1 <= poll < 14

    polls(board, app, 16, before_poll)
    assert app.told == [
        ("error", "meter", "connector 1: exception code 4"),
        (1, "PowerMeterFailure", "meter", "exception code 4: check the meter", True),
        ("info", "meter", "connector 1: it answers"),
        (1, "PowerMeterFailure", "meter", None, False),
    ]
    assert CHIP.serial.asked == 16


def test_a_meter_that_is_not_there_at_power_up_is_a_fault_at_once():
    board, app = booted(MODBUS), NotingApp()
    CHIP.serial.broken = True
    polls(board, app, 1)
    assert app.told[1:] == [
        (1, "PowerMeterFailure", "meter", "exception code 4: check the meter", True)
    ]
    assert all(len(entry[3] or "") <= 50 for entry in app.told if entry[0] == 1)


# the meter at the grid connection


MAINS = {"fuse_amps": 35, "meter": dict(MODBUS, address=2)}


def grid(amperes, watts):
    """An SDM630 at address 2."""
    meter = Eastron(2)
    meter.measures((230.0, 230.0, 230.0), amperes, 0.0, 0.0)
    struct.pack_into(">3f", meter.registers, 2 * 0x0C, *watts)
    return meter


def test_the_mains_meter_shares_the_line_with_a_connector_s_or_has_it_alone():
    for own in (MODBUS, {"kind": "none"}):
        board = booted(own, mains=MAINS)
        meters = {7: Eastron(), 2: grid((10.0, 3.0, 0.0), (2300.0, -690.0, 0.0))}
        meters[7].measures((230.0, 0, 0), (4.0, 0, 0), 920.0, 7.0)
        CHIP.serial = lambda request, uart: meters[request[0]](request, uart)

        async def both(board=board):
            await asyncio.gather(board.mains.poll(), board.outlets[0].meter.poll())

        asyncio.run(both() if own is MODBUS else board.mains.poll())
        assert board.mains.currents_da == [100, -30, 0] and board.mains.lag == 1
        assert (board.mains.fuse_amps, board.mains.safe_amps) == (35, 6)
        assert own is not MODBUS or board.outlets[0].meter_da() == 40


def test_the_mains_meter_s_task_reads_it_each_second():
    board = booted({"kind": "none"}, mains=MAINS)
    CHIP.serial = grid((10.0, 3.0, 0.0), (2300.0, 690.0, 0.0))
    tasks = dict(board.attach(NotingApp()))
    slept = mains.sleep_ms
    pauses = []

    async def sleep_ms(ms):
        pauses.append(ms)
        if len(pauses) == 3:
            raise Over

    mains.sleep_ms = sleep_ms
    try:
        asyncio.run(tasks.pop("mains meter"))
    except Over:
        pass
    finally:
        mains.sleep_ms = slept
        for name in tasks:
            tasks[name].close()
    assert board.mains.readings == 3 and all([500 < ms <= 1000 for ms in pauses])


def test_a_mains_meter_on_the_network_and_late_pulses():
    wiring = {"kind": "modbus_tcp", "model": "abb", "host": "10.0.0.7"}
    board = booted(PULSE, mains={"fuse_amps": 25, "safe_amps": 8, "meter": wiring})
    assert board.mains.lag == 5 and board.mains.safe_amps == 8
    asyncio.run(board.mains.poll())
    assert board.mains.problem.startswith("the network fails")


def test_a_p1_port_is_a_line_of_its_own():
    for invert, bits in ((True, 32), (False, 0)):
        wiring = {"kind": "p1", "uart": 2, "rx_pin": 35, "tx_pin": 19, "invert": invert}
        board = booted({"kind": "none"}, mains={"fuse_amps": 25, "meter": wiring})
        uart = CHIP.uart
        assert (uart.number, uart.rx, uart.baudrate, uart.parity) == (2, 35, 115200, None)
        assert (uart.invert, uart.rxbuf) == (bits, 2048)
        text = b"/X\r\n0-0:1.0.0(261130235959W)\r\n1-0:31.7.0(007*A)\r\n!"
        uart._in = text + b"%04X\r\n" % crc16(text, 0)

        async def reads(meter=board.mains):
            meter.feed(await meter._stream.read(500))

        asyncio.run(reads())
        assert board.mains.currents_da == [79, None, None]


# pulses


def pulse(pin, count, idle=1):
    for _ in range(count):
        CHIP.drive(pin, 1 - idle)
        CHIP.drive(pin, idle)


def test_pulses_are_counted_by_the_chip_or_by_interrupt():
    for has_counter in (True, False):  # a C3 has none, and MicroPython before 1.26 drives none
        outlet = booted(PULSE, has_counter).outlets[0]
        assert outlet.meter_wh() == 0 and not outlet.meter_estimated
        pulse(21, 250)
        assert outlet.meter_wh() == 250, has_counter
        assert (21 in CHIP.counters) == has_counter and (21 in CHIP.irqs) != has_counter
        CHIP.drive(21, 0)
        assert outlet.meter_wh() == 251, "it counts where the pulse begins"
        pulled_down = dict(PULSE, chip_pull="down")
        outlet = booted(pulled_down, has_counter).outlets[0]
        assert CHIP.pulls[21] == 1, "down, as the wiring says"
        CHIP.drive(21, 1)
        assert outlet.meter_wh() == 1
        CHIP.drive(21, 0)
        assert outlet.meter_wh() == 1


def test_the_time_between_pulses_is_power():
    end = virtual_time()
    try:
        board = booted(PULSE)
        outlet = board.outlets[0]
        tasks = dict(board.attach(NotingApp()))
        task = Task(tasks.pop("meter 1"))
        for name in tasks:
            tasks[name].close()
        for _ in range(60):
            pulse(21, 1)
            pass_time(500, [task])
        assert 6900 <= outlet.meter_w() <= 7500 and 100 <= outlet.meter_da() <= 109
        pass_time(10000, [task])
        assert outlet.meter_w() == 0
    finally:
        end()


# none


def test_without_a_meter_what_is_said_is_estimated():
    CHIP.start()
    for meter in ({"kind": "none"}, None):
        board = booted(meter)
        outlet = board.outlets[0]
        assert (
            outlet.meter_estimated and outlet.meter_wh() == 0 and outlet.meter_voltages_dv() == []
        )
        assert CHIP.uart is None and CHIP.counters == {}
