"""A connector's hardware, at the control loop's end."""

_HIGH_MV = {"A": 12000, "B": 9000, "C": 6000}  # IEC 61851-1


class Outlet:
    """Stands in for a connector's hardware and notes what is done to it; the vehicle is a pair of
    voltages. A sensor that is None is not there."""

    has_lock = False
    has_rcm_test = False
    has_pilot_switch = False
    ventilation = False
    pilot_bits = 16
    n12_mv = -12000  # what is left of the negative half-wave

    def __init__(self, number=1):
        self.id = number
        self.high_mv = 12000
        self.low_mv = 12000
        self.phases = 3
        self.duty_u16 = 65535
        self.closed = False
        self.done = None  # a list, when somebody wants to know
        self.ok = True
        self.feedback = None  # "follows" its coil, or what it says
        self.locked = None
        self.tripped = None
        self.earth = None
        self.ohm = None
        self.da = 0

    def show(self, state):
        """The vehicle: away (A), plugged (B), or asking for current (C)."""
        self.high_mv = _HIGH_MV[state]

    def read_pilot(self):
        self.low_mv = self.high_mv if self.duty_u16 == 65535 else self.n12_mv

    def pilot_ok(self):
        return self.ok

    def contactor_closed(self):
        return self.closed if self.feedback == "follows" else self.feedback

    def lock_closed(self):
        return self.locked

    def rcm_tripped(self):
        return self.tripped

    def earthed(self):
        return self.earth

    def cable_ohm(self):
        return self.ohm

    def meter_da(self):
        return self.da

    def _note(self, what):
        if self.done is not None:
            self.done.append(what)

    def set_duty_u16(self, duty):
        self.duty_u16 = duty
        self._note("duty")

    def set_contactor(self, closed):
        self.closed = closed
        self._note("close" if closed else "open")

    def set_phases(self, phases):
        assert not self.closed, "phases are switched under load"
        self.phases = phases
        self._note("phases %d" % phases)

    def set_lock(self, locked):
        self.lock = locked

    def set_rcm_test(self, on):
        self.tripped = on

    def set_pilot_open(self, is_open):
        self._note("pilot open" if is_open else "pilot back")


class Board:
    """Stands in for the board around the outlets."""

    has_thermometer = False

    def __init__(self, outlets):
        self.outlets = outlets
        self.celsius = 25

    def temperature_c(self):
        return self.celsius
