"""What is measured on the board with the contactor open: the pilot as it is sent and read, the
cable, the thermometer."""

import time

import machine

from setpoint.pilot.duty import duty_u16_for
from setpoint.pilot.level import class_of
from setpoint.pilot.protection import cable_da_for

HIGH = 65535


def median(values):
    return sorted(values)[len(values) // 2]


class AtRest:
    """A BoardUnderTest has board, outlet, wiring and tasks (on_board.py)."""

    def offer(self, limit_da):
        self.outlet.set_duty_u16(duty_u16_for(limit_da, self.outlet.pilot_bits))
        time.sleep_ms(20)

    def pulses(self, count=50):
        """(high us, low us) over the loop-back, medians; negative: no pulse."""
        pin = machine.Pin(self.wiring["pilot"]["loop_back_pin"], machine.Pin.IN)
        found = [
            [machine.time_pulse_us(pin, level, 10016) for _ in range(count)] for level in (1, 0)
        ]
        return median(found[0]), median(found[1])

    def duties(self, limits_da):
        """[(limit_da, high us, low us)]"""
        found = []
        for limit_da in limits_da:
            self.offer(limit_da)
            found.append((limit_da,) + self.pulses(15))
        self.outlet.set_duty_u16(HIGH)
        return found

    def bursts(self, count=20):
        """(least, mean, most) of the upper level and of the lower one, in mV, and in how many
        bursts the pilot was not ok."""
        outlet = self.outlet
        highs = []
        lows = []
        bad = 0
        for _ in range(count):
            outlet.read_pilot()
            highs.append(outlet.high_mv)
            lows.append(outlet.low_mv)
            bad += not outlet.pilot_ok()
        return (
            (min(highs), sum(highs) // count, max(highs)),
            (min(lows), sum(lows) // count, max(lows)),
            bad,
        )

    def steady(self, duty_u16):
        """A steady pilot: (bursts, whether the loop-back has seen an edge in ten periods)."""
        self.outlet.set_duty_u16(duty_u16)
        time.sleep_ms(20)
        edge = None
        if self.wiring["pilot"].get("loop_back_pin") is not None:
            edge = max(self.pulses(1)) >= 0
        found = self.bursts()
        self.outlet.set_duty_u16(HIGH)
        return found, edge

    def levels(self, limits_da):
        """[bursts] with these offers."""
        found = []
        for limit_da in limits_da:
            self.offer(limit_da)
            found.append(self.bursts())
        self.outlet.set_duty_u16(HIGH)
        return found

    def noise(self, count, wanted):
        """(least, most) of the upper level in so many bursts of 6 A, and how many were not of the
        class `wanted`."""
        self.offer(60)
        outlet = self.outlet
        least, most, wrong = 99000, -99000, 0
        for _ in range(count):
            outlet.read_pilot()
            least = min(least, outlet.high_mv)
            most = max(most, outlet.high_mv)
            wrong += class_of(outlet.high_mv, outlet.low_mv, True, None) != wanted
            self._food()
        outlet.set_duty_u16(HIGH)
        return least, most, wrong

    def cable(self):
        ohm = self.outlet.cable_ohm()
        return ohm, cable_da_for(ohm)

    def celsius(self):
        """What the thermometer says; None: nothing within 7 s."""
        self.tasks = [[self.board._thermometer.run(), time.ticks_ms()]]
        for _ in range(70):
            time.sleep_ms(100)
            self._food()
            self._run_tasks()
            if self.board.temperature_c() is not None:
                break
        self.tasks = []
        return self.board.temperature_c()
