"""One connector of an ESP32 board: pilot, contactor, feedback, residual current, cable, lock and
meter, as board.json has them.

Rule: what the control step calls allocates nothing and never raises.
"""

from machine import Pin
from micropython import const

from ...pilot.duty import offered_da_for
from .pilot import STEADY_HIGH, Pilot
from .pins import input_pin, microvolts, output, sensor, switch

_OPEN_OHM = const(1000000)
_READINGS = const(8)
_APART = const(60)  # turns of an empty loop: about 50 us


class Outlet:
    def __init__(self, number: int, wiring: dict, supply: dict, bits: int) -> None:
        """`wiring`: a connector of board.json; `supply`: its supply; `bits`: resolution of the
        PWM."""
        self._contactor = output(wiring["contactor"])
        self._phases_2_3 = switch(wiring.get("phases_2_3"))
        self._pilot = Pilot(wiring["pilot"])
        self.id = number
        self.pilot_bits = bits
        self.pilot_problem = self._pilot.problem
        self.burst_us = self._pilot.burst_us  # 0: it is not read
        self.has_pilot_switch = bool(wiring["pilot"].get("open"))
        self.duty_u16 = STEADY_HIGH
        self.high_mv = 0
        self.low_mv = 0
        self.ventilation = wiring.get("ventilation", False)
        self.phases = supply["phases"]
        self._supply_phases = supply["phases"]
        self.closed = False  # the coil, as last driven
        self._feedback = sensor(wiring.get("feedback"))
        self._earth = sensor(wiring.get("ground"))
        self._wire_residual_current(wiring.get("residual_current") or {})
        self._wire_cable(wiring.get("cable"))
        self.lock = None
        if wiring.get("lock"):
            from .lock import Lock  # few boards have one

            self.lock = Lock(wiring["lock"])
        self.has_lock = self.lock is not None

    # pilot

    def leave_out(self, problem: str) -> None:
        """This connector's pilot is never read, so it never charges."""
        self.pilot_problem = problem
        self.burst_us = 0

    def read_pilot(self) -> None:
        if self.burst_us == 0:
            return
        pilot = self._pilot
        pilot.read()
        self.high_mv = pilot.high_mv
        self.low_mv = pilot.low_mv

    def pilot_ok(self) -> bool:
        return self._pilot.ok and self.pilot_problem is None

    def set_duty_u16(self, duty_u16: int) -> None:
        self.duty_u16 = duty_u16
        self._pilot.set_duty_u16(duty_u16)

    def set_pilot_open(self, open: bool) -> None:
        self._pilot.set_open(open)

    # contactor

    def set_contactor(self, closed: bool) -> None:
        self.closed = closed
        self._contactor.value(closed)
        if self._phases_2_3 is not None:
            self._phases_2_3.value(closed and self.phases == 3)

    def contactor_closed(self) -> "bool | None":
        return None if self._feedback is None else self._feedback.value() == 1

    def set_phases(self, phases: int) -> None:
        self.phases = min(phases, self._supply_phases)

    # lock

    def set_lock(self, locked: bool) -> None:
        if self.lock is not None:
            self.lock.set(locked)

    def lock_closed(self) -> "bool | None":
        return None if self.lock is None else self.lock.closed()

    # residual current and earth

    def _wire_residual_current(self, wiring: dict) -> None:
        tripped = wiring.get("tripped")
        self._rcm = sensor(tripped)
        self._rcm_test = switch(wiring.get("test"))
        self.has_rcm_test = self._rcm_test is not None
        self._caught = False  # a trip, by interrupt
        if tripped is not None:
            trigger = Pin.IRQ_RISING if tripped["on"] else Pin.IRQ_FALLING
            input_pin(tripped).irq(handler=self._on_trip, trigger=trigger)

    def _on_trip(self, pin) -> None:
        """The edge counts as a trip: MicroPython calls this between two bytecodes, when the pulse
        may be over."""
        self._caught = True

    def _trips(self) -> bool:
        """Reads twice, a little apart: a single spike is no trip."""
        rcm = self._rcm
        if rcm is None or rcm.value() == 0:
            return False
        for _ in range(_APART):
            pass
        return rcm.value() == 1

    def rcm_tripped(self) -> "bool | None":
        if self._rcm is None:
            return None
        if self._caught:
            self._caught = False
            return True
        return self._trips()

    def set_rcm_test(self, on: bool) -> None:
        if self._rcm_test is not None:
            self._rcm_test.value(on)

    def earthed(self) -> "bool | None":
        return None if self._earth is None else self._earth.value() == 1

    # cable

    def _wire_cable(self, wiring: "dict | None") -> None:
        self._read_cable_uv = None
        if wiring is not None:
            self._read_cable_uv = microvolts(wiring)
            self._cable_mv = wiring["supply_mv"]
            self._pull_up_ohm = wiring["pull_up_ohm"]
            self._pull_down_ohm = wiring.get("pull_down_ohm")

    def cable_ohm(self) -> "int | None":
        """A cable that cannot be read counts as a short circuit, which stops the charge."""
        read_uv = self._read_cable_uv
        if read_uv is None:
            return None
        try:
            return self._cable_ohm_for(_mean_mv(read_uv))
        except OSError:
            return 0

    def _cable_ohm_for(self, mv: int) -> int:
        if mv >= self._cable_mv:
            return _OPEN_OHM
        ohm = mv * self._pull_up_ohm // (self._cable_mv - mv)
        beside_ohm = self._pull_down_ohm
        if beside_ohm is None:
            return ohm
        return ohm * beside_ohm // (beside_ohm - ohm) if ohm < beside_ohm else _OPEN_OHM

    # meter

    def fit_meter(self, meter) -> None:
        """meter: one of board/meters; before anything is read."""
        self.meter = meter
        self.meter_estimated = meter.estimated

    def meter_wh(self) -> "int | None":
        return self.meter.wh

    def meter_da(self) -> int:
        currents_da = self.meter.currents_da
        return max(currents_da[0], currents_da[1], currents_da[2])

    def meter_currents_da(self) -> "list[int]":
        return self.meter.currents_da

    def meter_voltages_dv(self) -> "list[int | None]":
        return self.meter.voltages_dv

    def meter_w(self) -> int:
        return self.meter.watts

    def offered(self) -> tuple:
        """(deci-ampere, phases) that a vehicle may draw now, for a meter that estimates."""
        return (offered_da_for(self.duty_u16), self.phases) if self.closed else (0, 0)

    def make_safe(self) -> None:
        self.set_contactor(False)
        self.set_rcm_test(False)
        if self.lock is not None:
            self.lock.rest()


def _mean_mv(read_uv) -> int:
    sum_uv = 0
    for _ in range(_READINGS):
        sum_uv += read_uv()
    return sum_uv // (1000 * _READINGS)
