"""A small model of a vehicle, its cable and the pilot circuit around the state machine of a
connector."""

from setpoint.pilot.duty import N12_U16, X1_U16
from setpoint.pilot.sequence import Sequence


class Plant:
    """A vehicle, its cable and the pilot circuit; `run` lets time pass and notes every change."""

    def __init__(self, ventilation=False, bits=16, pilot_switch=False):
        self.sequence = Sequence(ventilation, bits, pilot_switch)
        self.high_mv = 12000
        self.diode = True
        self.shorted = False
        self.limit_da = 160
        self.permitted = True
        self.fault = 0
        self.now_ms = 0
        self.states = []  # (time, state), at every change
        self.contactor = []  # (time, closed), at every change
        self.duties = []  # (time, duty_u16), at every change

    def unplug(self):
        self.high_mv = 12000

    def plug_in(self):
        self.high_mv = 9000

    def ask_for_current(self):
        self.high_mv = 6000

    def ask_for_ventilation(self):
        self.high_mv = 3000

    def run(self, duration_ms, step_ms=20):
        end_ms = self.now_ms + duration_ms
        while self.now_ms < end_ms:
            self.now_ms += step_ms
            self.step(step_ms)
        return self

    def step(self, elapsed_ms):
        sequence = self.sequence
        before = (sequence.state, sequence.contactor, sequence.duty_u16)
        duty_u16 = sequence.duty_u16
        high_mv = 0 if self.shorted else self.high_mv
        if sequence.pilot_open:
            high_mv = low_mv = 12000  # the wire's end hangs in the air: what is read means nothing
        elif duty_u16 == X1_U16:
            low_mv = high_mv
        elif duty_u16 == N12_U16:
            high_mv = low_mv = 0 if self.shorted else -12000
        else:
            low_mv = -12000 if self.diode and not self.shorted else -high_mv
        sequence.step(
            elapsed_ms, high_mv, low_mv, self.limit_da if self.permitted else 0, self.fault
        )
        if sequence.state != before[0]:
            self.states.append((self.now_ms, sequence.state))
        if sequence.contactor != before[1]:
            self.contactor.append((self.now_ms, sequence.contactor))
        if sequence.duty_u16 != before[2]:
            self.duties.append((self.now_ms, sequence.duty_u16))

    def charging(self):
        """As far as C2, and long enough in it for a change of duty to be free."""
        self.plug_in()
        self.run(1000)
        self.ask_for_current()
        self.run(6000)
        assert self.sequence.state == "C2", self.states
        self.states.clear()
        self.contactor.clear()
        self.duties.clear()
        return self
