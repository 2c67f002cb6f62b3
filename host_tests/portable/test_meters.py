"""Meters without hardware: frames, conversion, and what becomes of a register when power, line or pulses fail."""

import asyncio
import struct

from setpoint.board.meters import modbus
from setpoint.board.meters.estimate import Estimate
from setpoint.board.meters.modbus import ModbusError, ModbusMeter
from setpoint.board.meters.pulse import PulseMeter
from setpoint.board.meters.register import Register


class Clock:
    def __init__(self):
        self.ms = 0

    def ticks_ms(self):
        return self.ms


class Kept:
    """A register's memory, with what was written to it."""

    def __init__(self, wh=0):
        self.wh = wh
        self.writes = 0

    def read(self):
        return self.wh

    def write(self, wh):
        self.wh = wh
        self.writes += 1


def bits_of(value):
    return struct.unpack(">I", struct.pack(">f", value))[0]


def refused(answer, *asked):
    try:
        modbus.registers(answer, *asked)
    except ModbusError as error:
        return str(error)
    return None


def with_check_sum(frame):
    return frame + struct.pack("<H", modbus.crc16(frame))


def test_the_check_sum_of_the_standards_example():
    # Modbus over serial line V1.02, 6.2.2: the frame 02 07 has the check sum 41 12
    assert with_check_sum(b"\x02\x07") == b"\x02\x07\x41\x12"


def test_a_request_asks_for_registers():
    assert modbus.request(1, 4, 0x0048, 2) == with_check_sum(b"\x01\x04\x00\x48\x00\x02")


def test_an_answer_must_be_whole_right_and_to_the_question():
    good = with_check_sum(b"\x01\x04\x04\x43\x66\x33\x34")
    assert modbus.registers(good, 1, 4, 2) == b"\x43\x66\x33\x34"
    assert refused(b"", 1, 4, 2) == "no answer"
    assert refused(good[:4], 1, 4, 2) == "4 bytes instead of an answer"
    assert refused(good[:-1] + b"\x00", 1, 4, 2) == "an answer with a wrong check sum"
    assert refused(good, 2, 4, 2) == "an answer of address 1"
    assert refused(good, 1, 3, 2) == "an answer to something else"
    assert refused(good, 1, 4, 3) == "an answer to something else"
    assert refused(with_check_sum(b"\x01\x84\x02"), 1, 4, 2) == "exception code 2"


def test_floats_become_integers_without_losing_a_watt_hour():
    for value, multiply, divide, expected in (
        (230.2, 10, 1, 2302),
        (16.04, 10, 1, 160),
        (16.06, 10, 1, 161),
        (0.0, 10, 1, 0),
        (-3.26, 10, 1, -33),
        (12345.679, 1000, 1, 12345679),  # kWh: the float next to it, in Wh
        (131072.5, 1000, 1, 131072500),
        (1e-40, 1000, 1, 0),  # smaller than normal
        (2.5, 1, 1, 3),
        (7.0, 1, 2, 4),
    ):
        assert modbus.scaled_float(bits_of(value), multiply, divide) == expected, value


def test_what_is_no_number_is_no_reading():
    assert modbus.scaled_float(0x7FC00000, 1, 1) is None
    assert modbus.scaled_float(0x7F800000, 1, 1) is None
    assert modbus.scaled_float(0xFF800000, 1, 1) is None
    assert modbus.scaled_float(bits_of(1e20), 1, 1) is None


class Line:
    """In place of a Bus: answers with the given registers, or does not."""

    def __init__(self):
        self.data = None

    async def read(self, address, function, first, count):
        if self.data is None:
            raise ModbusError("no answer")
        return self.data


def eastron(volts=(230.1, 229.9, 231.0), amperes=(10.0, 9.96, 10.04), watts=6900.4, kwh=1234.567):
    data = bytearray(2 * 0x4A)
    for phase in range(3):
        struct.pack_into(">f", data, 4 * phase, volts[phase])
        struct.pack_into(">f", data, 12 + 4 * phase, amperes[phase])
    struct.pack_into(">f", data, 2 * 0x34, watts)
    struct.pack_into(">f", data, 2 * 0x48, kwh)
    return bytes(data)


def polled(kind, data):
    line, clock, lost = Line(), Clock(), []
    meter = ModbusMeter(line, 1, kind, clock, lost.append)
    line.data = data
    asyncio.run(meter.poll())
    return meter, line, clock, lost


def test_an_eastron_meter_tells_phases_power_and_energy():
    meter, _, _, _ = polled("eastron_3p", eastron())
    assert meter.voltages_dv == [2301, 2299, 2310]
    assert meter.currents_da == [100, 100, 100]
    assert (meter.watts, meter.wh, meter.lost) == (6900, 1234567, False)


def test_a_one_phase_meter_leaves_the_others_alone():
    data = bytearray(2 * 0x4A)
    for register, value in ((0, 231.4), (6, 5.07), (0x0C, 1170.0), (0x48, 20.001)):
        struct.pack_into(">f", data, 2 * register, value)
    meter, _, _, _ = polled("eastron_1p", bytes(data))
    assert meter.voltages_dv == [2314, None, None]
    assert meter.currents_da == [51, 0, 0]
    assert (meter.watts, meter.wh) == (1170, 20001)


def test_a_pzem_sends_the_low_word_first():
    # 230.5 V, 70000 mA, 16135.0 W, 123456 Wh
    data = struct.pack(">HHHHHHHHHH", 2305, 70000 & 0xFFFF, 70000 >> 16, 161350 & 0xFFFF, 161350 >> 16, 123456 & 0xFFFF, 1, 500, 100, 0)
    meter, _, _, _ = polled("pzem004t", data)
    assert meter.voltages_dv == [2305, None, None]
    assert meter.currents_da == [700, 0, 0]
    assert (meter.watts, meter.wh) == (16135, 123456)


def test_a_silent_meter_is_stale_after_three_misses_and_lost_after_eleven_seconds():
    meter, line, clock, lost = polled("eastron_3p", eastron())
    line.data = None
    for poll in range(1, 12):
        clock.ms = poll * 1000
        asyncio.run(meter.poll())
        assert meter.watts == (6900 if poll < 3 else 0), poll
        assert lost == ([True] if poll >= 11 else []), poll
    assert meter.wh == 1234567
    assert meter.problem == "no answer"
    line.data = eastron(kwh=1234.600)
    asyncio.run(meter.poll())
    assert lost == [True, False]
    assert meter.wh == 1234600


def test_a_meter_that_was_never_there_is_lost_too():
    line, clock, lost = Line(), Clock(), []
    meter = ModbusMeter(line, 1, "eastron_3p", clock, lost.append)
    clock.ms = 11000
    asyncio.run(meter.poll())
    assert lost == [True]


def test_a_modbus_register_never_goes_back_and_nonsense_is_a_miss():
    meter, line, _, _ = polled("eastron_3p", eastron())
    for data in (eastron(kwh=3.0), eastron(kwh=float("nan")), eastron(kwh=-1.0), eastron(volts=(230.0, float("inf"), 230.0))):
        line.data = data
        asyncio.run(meter.poll())
        assert meter.wh == 1234567


def test_pulses_are_energy_and_their_distance_is_power():
    clock, kept, count = Clock(), Kept(5000), [0]
    meter = PulseMeter(lambda: count[0], 1000, Register(kept), 230, 3, clock)
    for second in range(1, 61):
        clock.ms = second * 1000
        count[0] += 2
        meter.look()
    assert meter.wh == 5120
    assert meter.watts == 7200
    assert meter.currents_da == [104, 104, 104]


def test_without_pulses_the_power_falls_to_nothing():
    clock, count = Clock(), [0]
    meter = PulseMeter(lambda: count[0], 1000, Register(Kept()), 230, 1, clock)
    clock.ms, count[0] = 1000, 1
    meter.look()
    assert meter.watts == 3600
    clock.ms = 3900
    meter.look()
    assert meter.watts == 3600
    clock.ms = 4200
    meter.look()
    assert meter.watts == 0


def test_a_pulse_meter_that_told_a_register_knows_it_after_a_power_cut():
    kept, count = Kept(), [0]
    meter = PulseMeter(lambda: count[0], 800, Register(kept), 230, 1, Clock())
    count[0] = 8
    assert meter.wh == 10
    assert meter.wh == 10
    assert (kept.wh, kept.writes) == (10, 1)
    count[0] = 9  # lost with the power: nobody has been told
    assert PulseMeter(lambda: 0, 800, Register(kept), 230, 1, Clock()).wh == 10


def test_a_register_that_nobody_reads_is_kept_every_hundred_watt_hours():
    kept, count, clock = Kept(), [0], Clock()
    meter = PulseMeter(lambda: count[0], 1000, Register(kept), 230, 1, clock)
    for _ in range(250):
        clock.ms += 1000
        count[0] += 1
        meter.look()
    assert (kept.wh, kept.writes) == (200, 2)


def test_without_a_meter_the_offer_counts_as_drawn():
    clock, kept, offer = Clock(), Kept(70), [(160, 3)]
    meter = Estimate(lambda: offer[0], Register(kept), 230, clock)
    meter.look()
    for second in range(1, 1801):
        clock.ms = second * 1000
        meter.look()
    assert meter.estimated
    assert meter.watts == 11040
    assert meter.wh == 70 + 5520
    assert kept.wh == meter.wh
    offer[0] = (0, 0)
    clock.ms += 1000
    meter.look()
    assert (meter.watts, meter.currents_da) == (0, [0, 0, 0])
