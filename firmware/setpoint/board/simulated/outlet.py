"""One connector of the simulated board: pilot, contactor, cable and meter, with the vehicle behind
them.

Rules:
1. Time passes for the vehicle and the meter whenever the station reads or changes anything here. A
   leap (`advance`) stops at each change of the vehicle, so that the energy is the same as if one
   had waited.
2. What a control step calls takes no memory.
3. The register never falls below a value that was read, not even after a power cut: the value is in
   the meter's memory, a file of its own beside the flash image, before it is returned.
"""

import struct

from micropython import const

from ...pilot import duty
from .circuit import STEADY_HIGH, Circuit
from .vehicle import Vehicle

_WATT_MS_PER_WH = const(3600000)
_LONGEST_STEP_MS = const(10000)  # watts times this stays a small int up to 100 kW on a 32-bit chip


class Outlet:
    """`high_mv` and `low_mv`: as the last `read_pilot` saw them. The attributes from `stuck` on
    make things go wrong."""

    has_rcm_test = True
    has_pilot_switch = False
    meter_estimated = False
    ventilation = False
    pilot_bits = 16

    def __init__(
        self, connector: int, has_lock: bool, volts: int, phases: int, clock, memory
    ) -> None:
        """memory: the meter's own (MeterMemory)."""
        self.id = connector
        self.has_lock = has_lock
        self.duty_u16 = STEADY_HIGH
        self.phases = phases  # that the contactor closes
        self.high_mv = 0
        self.low_mv = 0
        self.stuck: "str | None" = None  # contactor: "open", "closed" or None
        self.leaks = False  # residual current
        self.rcm_dead = False  # its monitor does not trip, not even in its test
        self.unearthed = False
        self.jammed = False  # the lock stays open
        self._cable_ohm: "int | None" = None
        self._rcm_test = False
        self.circuit = Circuit()
        self.vehicle = Vehicle()
        self._volts = volts
        self._supply_phases = phases
        self._clock = clock
        self._coil = False
        self.locked = False
        self._settled_ms = clock.uptime_ms()
        self._metered_ms = clock.passed_ms()
        self._settling = False
        self._memory = memory
        self._wh = memory.wh
        self._watt_ms = 0

    # What the station reads.

    def read_pilot(self) -> None:
        self.settle()
        self.circuit.read(self.duty_u16, self.vehicle.plugged, self.vehicle.asks)
        self.high_mv = self.circuit.high_mv
        self.low_mv = self.circuit.low_mv

    def contactor_closed(self) -> bool:
        if self.stuck is not None:
            return self.stuck == "closed"
        return self._coil

    def pilot_ok(self) -> bool:
        return True

    def lock_closed(self) -> "bool | None":
        return self.locked and not self.jammed

    def rcm_tripped(self) -> "bool | None":
        return (self.leaks or self._rcm_test) and not self.rcm_dead

    def earthed(self) -> "bool | None":
        return not self.unearthed

    def cable_ohm(self) -> "int | None":
        return self._cable_ohm

    def meter_wh(self) -> int:
        self.settle()
        self._memory.keep(self._wh)
        return self._wh

    def meter_da(self) -> int:
        """Current per phase in use."""
        self.settle()
        return self.vehicle.draws_da(self.contactor_closed())

    def meter_currents_da(self) -> "list[int]":
        da = self.meter_da()
        phases = min(self.vehicle.phases, self.phases)
        return [da if phase < phases else 0 for phase in range(3)]

    def meter_voltages_dv(self) -> "list[int | None]":
        return [self._volts * 10 if phase < self._supply_phases else None for phase in range(3)]

    def meter_w(self) -> int:
        self.settle()
        return self._watts()

    # What the station does.

    def set_duty_u16(self, duty_u16: int) -> None:
        self.settle()
        self.duty_u16 = duty_u16
        self.look_at_pilot()

    def set_pilot_open(self, open: bool) -> None:
        """This board has no switch in the pilot's wire."""

    def set_contactor(self, closed: bool) -> None:
        self.settle()
        self._coil = closed

    def set_lock(self, locked: bool) -> None:
        self.locked = locked

    def set_rcm_test(self, on: bool) -> None:
        self._rcm_test = on

    def set_phases(self, phases: int) -> None:
        self.settle()
        self.phases = min(phases, self._supply_phases)

    # What the control channel does besides.

    def set_meter_wh(self, wh: int) -> None:
        self.settle()
        self._wh = wh
        self._watt_ms = 0
        self._memory.keep(wh)

    def set_cable(self, amps: "int | None") -> None:
        """Its coding resistor (IEC 61851-1, annex B); None: a fixed cable has none."""
        self._cable_ohm = (
            None
            if amps is None
            else 1500
            if amps == 13
            else 680
            if amps == 20
            else 220
            if amps == 32
            else 100
        )

    def look_at_pilot(self) -> None:
        """The vehicle reads the pilot; after every change on the wire."""
        sees = self.vehicle.plugged and self.circuit.carries_pilot()
        self.vehicle.see_offer(duty.offered_da_for(self.duty_u16) if sees else 0)

    def settle(self) -> None:
        """Lets the time since the last look pass for the vehicle and the meter."""
        if not self._settling:  # else a control step came into the midst of it
            self._settling = True
            self._settle()
            self._settling = False

    def _settle(self) -> None:
        uptime_ms = self._clock.uptime_ms()
        passed_ms = self._clock.passed_ms()
        elapsed_ms = uptime_ms - self._settled_ms
        energy_ms = passed_ms - self._metered_ms
        self._settled_ms = uptime_ms
        self._metered_ms = passed_ms
        while elapsed_ms > 0 or energy_ms > 0:
            step_ms = min(self.vehicle.ms_to_next_change(), _LONGEST_STEP_MS)
            self._integrate(min(step_ms, energy_ms))
            energy_ms -= min(step_ms, energy_ms)
            self.vehicle.pass_time(min(step_ms, elapsed_ms))
            elapsed_ms -= min(step_ms, elapsed_ms)

    def _integrate(self, duration_ms: int) -> None:
        self._watt_ms += self._watts() * duration_ms
        self._wh += self._watt_ms // _WATT_MS_PER_WH
        self._watt_ms %= _WATT_MS_PER_WH

    def _watts(self) -> int:
        phases = min(self.vehicle.phases, self.phases)
        return self.vehicle.draws_da(self.contactor_closed()) * self._volts * phases // 10


class MeterMemory:
    """The energy register as the meter keeps it: 8 bytes, written in place with one call."""

    def __init__(self, path: str) -> None:
        self.wh = 0
        try:
            self._file = open(path, "r+b")
        except OSError:  # a new meter
            self._file = open(path, "w+b")
        kept = self._file.read(8)
        if len(kept) == 8:
            self.wh = struct.unpack("<Q", kept)[0]

    def keep(self, wh: int) -> None:
        if wh != self.wh:
            self._file.seek(0)
            self._file.write(struct.pack("<Q", wh))
            self.wh = wh
