"""Meters without hardware: frames, conversion, and what becomes of a register when power, line or
pulses fail."""

import asyncio
import struct

from setpoint.board.meters import frames, modbus, modbus_rtu
from setpoint.board.meters.estimate import Estimate
from setpoint.board.meters.modbus import ModbusError, ModbusMeter
from setpoint.board.meters.pulse import LOOK_MS, PulseMeter


class Clock:
    def __init__(self):
        self.ms = 0

    def ticks_ms(self):
        return self.ms


def bits_of(value):
    return struct.unpack(">I", struct.pack(">f", value))[0]


def refused(answer, *asked):
    try:
        modbus_rtu.registers(answer, *asked)
    except ModbusError as error:
        return str(error)
    return None


def with_check_sum(frame):
    return frame + struct.pack("<H", frames.crc16(frame))


def test_the_check_sum_of_the_standards_example():
    # Modbus over serial line V1.02, 6.2.2: the frame 02 07 has the check sum 41 12
    assert with_check_sum(b"\x02\x07") == b"\x02\x07\x41\x12"


def test_a_request_asks_for_registers():
    assert modbus_rtu.request(1, 4, 0x0048, 2) == with_check_sum(b"\x01\x04\x00\x48\x00\x02")


def test_an_answer_must_be_whole_right_and_to_the_question():
    good = with_check_sum(b"\x01\x04\x04\x43\x66\x33\x34")
    assert modbus_rtu.registers(good, 1, 4, 2) == b"\x43\x66\x33\x34"
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
        assert frames.scaled_float(bits_of(value), multiply, divide) == expected, value


def test_what_is_no_number_is_no_reading():
    assert frames.scaled_float(0x7FC00000, 1, 1) is None
    assert frames.scaled_float(0x7F800000, 1, 1) is None
    assert frames.scaled_float(0xFF800000, 1, 1) is None
    assert frames.scaled_float(bits_of(1e20), 1, 1) is None


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
    line, clock = Line(), Clock()
    meter = ModbusMeter(line, 1, kind, clock)
    assert meter.wh is None, "before the first reading nobody knows it"
    line.data = data
    asyncio.run(meter.poll())
    return meter, line, clock


def test_an_eastron_meter_tells_phases_power_and_energy():
    meter, _, _ = polled("eastron_3p", eastron())
    assert meter.voltages_dv == [2301, 2299, 2310]
    assert meter.currents_da == [100, 100, 100]
    assert (meter.watts, meter.wh, meter.lost) == (6900, 1234567, False)


def test_a_one_phase_meter_leaves_the_others_alone():
    data = bytearray(2 * 0x4A)
    for register, value in ((0, 231.4), (6, 5.07), (0x0C, 1170.0), (0x48, 20.001)):
        struct.pack_into(">f", data, 2 * register, value)
    meter, _, _ = polled("eastron_1p", bytes(data))
    assert meter.voltages_dv == [2314, None, None]
    assert meter.currents_da == [51, 0, 0]
    assert (meter.watts, meter.wh) == (1170, 20001)


def test_a_pzem_sends_the_low_word_first():
    # 230.5 V, 70000 mA, 16135.0 W, 123456 Wh
    data = struct.pack(
        ">HHHHHHHHHH",
        2305,
        70000 & 0xFFFF,
        70000 >> 16,
        161350 & 0xFFFF,
        161350 >> 16,
        123456 & 0xFFFF,
        1,
        500,
        100,
        0,
    )
    meter, _, _ = polled("pzem004t", data)
    assert meter.voltages_dv == [2305, None, None]
    assert meter.currents_da == [700, 0, 0]
    assert (meter.watts, meter.wh) == (16135, 123456)


class Over(Exception):
    """The test has seen enough."""


def run(meter, line, clock, answers):
    """The task, once for each of these; what it tells, as (poll, problem). Between polls time
    passes as it sleeps."""
    told, polls = [], []
    slept = modbus.sleep_ms

    async def sleep_ms(ms):
        clock.ms += ms
        polls.append(ms)
        if len(polls) == len(answers):
            raise Over
        line.data = answers[len(polls)]

    modbus.sleep_ms = sleep_ms
    line.data = answers[0]
    try:
        asyncio.run(meter.run(lambda problem: told.append((len(polls), problem))))
    except Over:
        return told
    finally:
        modbus.sleep_ms = slept


def test_a_silent_meter_is_stale_after_three_misses_and_lost_after_eleven_seconds():
    meter, line, clock = polled("eastron_3p", eastron())
    line.data = None
    for miss in range(1, 4):
        clock.ms = miss * 1000
        asyncio.run(meter.poll())
        assert meter.watts == (6900 if miss < 3 else 0), miss
        assert meter.currents_da == ([100, 100, 100] if miss < 3 else [0, 0, 0])
    clock.ms = 0
    assert run(meter, line, clock, [None] * 14 + [eastron(kwh=1234.600)] * 2) == [
        (11, "no answer"),
        (14, None),
    ]
    assert meter.wh == 1234600


def test_one_miss_now_and_then_is_nothing_to_tell():
    meter, line, clock = polled("eastron_3p", eastron())
    assert run(meter, line, clock, [None, eastron()] * 10) == []


def test_a_meter_that_was_never_there_is_lost_at_once():
    line, clock = Line(), Clock()
    meter = ModbusMeter(line, 1, "eastron_3p", clock)
    assert run(meter, line, clock, [None, None, eastron()]) == [(0, "no answer"), (2, None)]
    assert meter.wh == 1234567


class Slow:
    """A stream on which an answer comes byte by byte, after `late_ms`."""

    def __init__(self, answer, late_ms, byte_ms):
        self._answer = answer
        self._waits_ms = [late_ms] + [byte_ms] * len(answer)
        self._asked = False

    async def write(self, data):
        self._asked = True

    async def read(self, count):
        if not self._asked or not self._answer:
            await asyncio.sleep(1)
        await asyncio.sleep(self._waits_ms.pop(0) / 1000)
        data, self._answer = self._answer[:1], self._answer[1:]
        return data


def test_a_slow_line_is_given_the_time_that_an_answer_takes_on_it():
    answer = with_check_sum(b"\x01\x04\x04\x43\x66\x33\x34")
    before = modbus_rtu.ANSWER_MS
    modbus_rtu.ANSWER_MS = 20
    try:
        assert (
            asyncio.run(modbus_rtu.Bus(Slow(answer, 5, 8), 90000).read(1, 4, 0, 2)) == answer[3:-2]
        )
        try:
            asyncio.run(modbus_rtu.Bus(Slow(answer, 5, 8), 100).read(1, 4, 0, 2))
            raise AssertionError("that took too long")
        except ModbusError as error:
            assert "bytes instead" in str(error) or "check sum" in str(error)
    finally:
        modbus_rtu.ANSWER_MS = before


def test_a_modbus_register_never_goes_back_and_nonsense_is_a_miss():
    meter, line, _ = polled("eastron_3p", eastron())
    for data in (
        eastron(kwh=3.0),
        eastron(kwh=float("nan")),
        eastron(kwh=-1.0),
        eastron(volts=(230.0, float("inf"), 230.0)),
    ):
        line.data = data
        asyncio.run(meter.poll())
        assert meter.wh == 1234567


class Pulsing:
    """A pulse meter behind which a vehicle draws; time passes in looks that are not quite
    regular."""

    def __init__(self, per_kwh=1000, phases=3):
        self.clock = Clock()
        self._watt_ms = 0
        self._of_a_pulse = 3600000000 // per_kwh
        self.meter = PulseMeter(
            lambda: self._watt_ms // self._of_a_pulse, per_kwh, 230, phases, self.clock
        )

    def draw(self, watts, ms):
        """-> the lowest and the highest power that was told."""
        told = []
        until_ms = self.clock.ms + ms
        while self.clock.ms < until_ms:
            late_ms = LOOK_MS + self.clock.ms * 7 % 11
            self.clock.ms += late_ms
            self._watt_ms += watts * late_ms
            self.meter.look()
            told.append(self.meter.watts)
        return min(told), max(told)


def test_pulses_are_energy_and_their_distance_is_power():
    for per_kwh in (500, 1000, 2000, 100000):
        for watts in (1400, 7360, 22080):
            bench = Pulsing(per_kwh)
            bench.draw(watts, 20000)
            low, high = bench.draw(watts, 60000)
            assert watts * 96 <= low * 100 and high * 100 <= watts * 104, (
                per_kwh,
                watts,
                low,
                high,
            )
            wh = watts * bench.clock.ms // 3600000
            assert wh - 2 <= bench.meter.wh <= wh
    assert [abs(da - 320) <= 12 for da in bench.meter.currents_da] == [True] * 3


def test_that_less_is_drawn_is_seen_before_it_counts_as_too_much():
    # pilot/protection.py: one and a half times what was allowed for 1 s, from 2 s on after the
    # vehicle's 5; a tenth more for 7 s
    for late_ms in range(0, 2000, 130):
        bench = Pulsing()
        bench.draw(22080, 20000 + late_ms)
        bench.draw(11040, 2500)
        assert bench.draw(11040, 2000)[1] * 100 <= 11040 * 145, late_ms
        assert bench.draw(11040, 20000)[1] * 100 <= 11040 * 107, late_ms


def test_without_pulses_the_power_falls_to_nothing():
    bench = Pulsing(phases=1)
    bench.draw(3600, 20000)
    bench.draw(0, 2000)
    assert 1500 <= bench.meter.watts <= 1900, "one pulse at most in two seconds"
    bench.draw(0, 1500)
    assert (bench.meter.watts, bench.meter.currents_da) == (0, [0, 0, 0])
    bench.draw(3600, 20000)
    assert 3450 <= bench.meter.watts <= 3750, "and the pause counts for nothing"


def test_the_power_after_a_pause_is_told_within_five_seconds():
    bench = Pulsing()
    for pause_ms in (50, 5000, 600000):
        bench.draw(0, pause_ms)
        assert pause_ms == 50 or bench.meter.watts <= 600, pause_ms
        assert bench.draw(22080, 4500)[1] * 100 <= 22080 * 104, pause_ms
        assert bench.meter.watts * 100 >= 22080 * 96, pause_ms


def test_slow_pulses_are_power_until_three_of_them_are_missing():
    bench = Pulsing()
    bench.draw(3600, 60000)
    bench.draw(1200, 60000)
    assert min(bench.draw(1200, 60000)) >= 1100
    bench.draw(0, 8000)
    assert bench.meter.watts > 0
    bench.draw(0, 3000)
    assert bench.meter.watts == 0


def test_one_pulse_is_no_power():
    bench = Pulsing()
    assert bench.draw(20, 3600000)[1] <= 25


def test_pulses_are_whole_watt_hours_when_they_are_complete():
    count = [0]
    meter = PulseMeter(lambda: count[0], 800, 230, 1, Clock())
    for count[0], wh in ((1, 1), (7, 8), (8, 10), (8000000, 10000000)):
        assert meter.wh == wh


def test_without_a_meter_the_offer_counts_as_drawn():
    clock, offer = Clock(), [(160, 3)]
    meter = Estimate(lambda: offer[0], 230, clock)
    meter.look()
    for second in range(1, 1801):
        clock.ms = second * 1000
        meter.look()
    assert meter.estimated
    assert meter.watts == 11040
    assert meter.wh == 5520
    offer[0] = (0, 0)
    clock.ms += 1000
    meter.look()
    assert (meter.watts, meter.currents_da) == (0, [0, 0, 0])
