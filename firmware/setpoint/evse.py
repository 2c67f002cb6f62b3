"""One connector of the control loop (control.py, whose rules hold here): its hardware, its state
machine, its protection, and how often its contactor and phase relays may switch, since that wears
them out.

Rules of the rest:
1. Nothing delays an opening. Whoever asks for less current gets it at once.
2. After an opening that the station wanted (0 A, another number of phases, the end of a
   transaction), closing waits for `least_open_ms`, and for what is missing from `least_closed_ms`.
   So whoever asks, and however often, the contactor closes for one vehicle at most once in
   least_closed_ms + least_open_ms. `rest_ms` counts that down from the closing on, and stops at
   least_open_ms until the contactor opens.
3. What the vehicle itself does is counted only: it leaves state C, and the contactor has to open.
   Unplugging ends the wait: the next vehicle is another one. A fault has a rest of its own, state F.
4. Phase relays switch at most once in least_closed_ms + least_open_ms too, whoever is plugged in.
   The first switch after a start need not wait."""

from micropython import const

from .pilot.duty import offered_da_for
from .pilot.faults import PILOT_FAULTS, WELDED
from .pilot.protection import Protection
from .pilot.sequence import Sequence
from .units import MINIMUM_DA

# Steady +12 V between one and three phases: vehicles need it to notice, some are damaged without
_PHASE_PAUSE_MS = const(15000)
_LONG_MS = const(7200000)  # longer than the rest of phase relays


class Evse:
    """What the agent sets: limit_da, permitted, phases, lock_wanted, fault, least_closed_ms and
    least_open_ms (each at most an hour). What it reads: pilot(), faults, rest_ms, closings,
    phase_switches, and through `protection` the numbers, cable_da and latched."""

    def __init__(self, outlet, latched: int = 0) -> None:
        """latched: protection.latched as stored."""
        self.outlet = outlet
        self.sequence = Sequence(outlet.ventilation, outlet.pilot_bits, outlet.has_pilot_switch)
        self.protection = Protection(latched, outlet.has_rcm_test)
        self.limit_da = 0
        self.permitted = False
        self.phases = outlet.phases
        self.lock_wanted = False  # whether the cable is to be locked in
        # Bits (pilot/faults.py): what is there, and with F all that was there since it began
        self.faults = 0
        self.reported_faults = 0  # of these, those that the agent has reported
        # Rule that ends a fault that the agent knows of (pilot/sequence.py), 0: none
        self.fault = 0
        self.least_closed_ms = self.least_open_ms = 60000
        self.rest_ms = 0
        self._since_switch_ms = _LONG_MS
        self.closings = self.phase_switches = 0  # since it was new, as far as they were counted
        self.changes = 0  # steps that left something new for the agent
        self.seen = 0  # of these, those that the agent has looked at
        self._acknowledgements = 0
        self._acknowledged = 0  # of these, those that a step has carried out
        self._contactor = False
        self._duty_u16 = self.sequence.duty_u16
        self._pilot_open = False
        self._lock = False
        self._latched = latched
        self._seen_state = None
        self._seen_vehicle = None
        self._seen_faults = 0
        self._seen_cable_da = None

    def offered_da(self) -> int:
        """What a vehicle reads from the pilot now."""
        return offered_da_for(self._duty_u16)

    def pilot(self) -> "tuple[str, str | None]":
        """State and vehicle, both as the same step left them. Where state D is served it counts as
        C."""
        while True:
            changes = self.changes
            state, vehicle = self.sequence.state, self.sequence.vehicle
            if changes == self.changes:
                return state, "C" if vehicle == "D" and self.outlet.ventilation else vehicle

    def acknowledge(self) -> None:
        """A person has seen to what only a person may clear; the next step carries it out."""
        self._acknowledgements += 1

    def step(self, elapsed_ms: int, most_da: int, fault: int) -> bool:
        """most_da, fault: what holds for all connectors, as `fault` does for this one. most_da is
        never more than hardware and wiring bear. True: all is well, or at least safe."""
        self.outlet.read_pilot()
        self._begin(elapsed_ms)
        self._watch(elapsed_ms)
        most_da = self._watch_cable(elapsed_ms, min(most_da, self.limit_da))
        fault = max(fault, self.fault, self.protection.recovery)
        if not self._may_charge(elapsed_ms):
            most_da = 0
        elif self.phases != self.outlet.phases and most_da > MINIMUM_DA:
            most_da = MINIMUM_DA
        self.sequence.step(elapsed_ms, self.outlet.high_mv, self.outlet.low_mv, most_da, fault)
        self._rest(elapsed_ms)
        self._drive()
        self._publish()
        return self.protection.pilot_ok or not self.sequence.contactor

    def _begin(self, elapsed_ms: int) -> None:
        protection = self.protection
        if self._acknowledged != self._acknowledgements:
            self._acknowledged = self._acknowledgements
            if protection.latched:
                protection.acknowledge(self.outlet.contactor_closed())
            else:
                self.sequence.acknowledge()
        protection.begin()
        if self._latched and not protection.latched:
            self.sequence.acknowledge()
        self._latched = protection.latched
        protection.pilot(elapsed_ms, self.outlet.pilot_ok())

    def _may_charge(self, elapsed_ms: int) -> bool:
        """Phases are switched with the contactor open only: until then, and for a while after it,
        there is no permission. A contactor that has only just closed stays so with the phases that
        it has, and 6 A, where more phases are allowed now; never where it is fewer."""
        outlet = self.outlet
        if self.phases != outlet.phases and not self.sequence.contactor:
            if self._since_switch_ms >= self.least_closed_ms + self.least_open_ms:
                outlet.set_phases(self.phases)
                self.phase_switches += 1
                self._since_switch_ms = 0
        ready = self.protection.ready
        self.sequence.ready = ready
        return (
            self.permitted
            and (
                self.phases == outlet.phases
                or (
                    self.phases > outlet.phases
                    and self._contactor
                    and self.rest_ms > self.least_open_ms
                )
            )
            and self._since_switch_ms >= _PHASE_PAUSE_MS
            and (self.rest_ms == 0 or self._contactor)
            and ready
            and self.protection.locked
        )

    def _rest(self, elapsed_ms: int) -> None:
        """After the state machine's step, before the contactor follows it."""
        sequence = self.sequence
        whole_ms = self.least_closed_ms + self.least_open_ms
        rest_ms = min(self.rest_ms, whole_ms)
        self._since_switch_ms = min(self._since_switch_ms + elapsed_ms, _LONG_MS)
        if sequence.contactor:
            if self._contactor:
                rest_ms = max(rest_ms - elapsed_ms, self.least_open_ms)
            else:
                self.closings += 1
                rest_ms = whole_ms
        elif self._contactor:
            if sequence.state == "B2" or sequence.state == "F":
                rest_ms = 0
        elif rest_ms > 0:
            rest_ms = max(rest_ms - elapsed_ms, 0)
            if rest_ms == 0:
                self.changes += 1
        self.rest_ms = 0 if sequence.state == "A" else rest_ms

    def _watch(self, elapsed_ms: int) -> None:
        """Tells the protection what the sensors say."""
        self._watch_contactor(elapsed_ms, self._plugged())
        self._watch_residual(elapsed_ms, self._plugged())
        earthed = self.outlet.earthed()
        if earthed is not None:
            self.protection.earth(elapsed_ms, earthed)
        locked = self.outlet.lock_closed() if self.outlet.has_lock else None
        if locked is not None:
            self.protection.lock(elapsed_ms, self._lock, locked, self._contactor)
        self.protection.current(
            elapsed_ms, self.offered_da(), self.outlet.meter_da(), self.sequence.state == "C2"
        )

    def _plugged(self) -> bool:
        vehicle = self.sequence.vehicle
        return vehicle is not None and vehicle != "A"

    def _watch_contactor(self, elapsed_ms: int, plugged: bool) -> None:
        feedback = self.outlet.contactor_closed()
        if feedback is not None:
            self.protection.contactor(elapsed_ms, self._contactor, feedback, plugged)

    def _watch_residual(self, elapsed_ms: int, plugged: bool) -> None:
        protection = self.protection
        closed = self._contactor
        tripped = self.outlet.rcm_tripped()
        if tripped is not None:
            if closed:
                protection.used = True
            elif protection.used and not plugged:
                protection.test_again()
            protection.residual(elapsed_ms, tripped, not closed)

    def _watch_cable(self, elapsed_ms: int, most_da: int) -> int:
        """What the cable leaves of it."""
        ohm = self.outlet.cable_ohm()
        if ohm is None:
            self.protection.cable_da = None
            return most_da
        self.protection.cable(elapsed_ms, ohm, self._plugged(), self._contactor)
        return min(most_da, self.protection.cable_da or 0)

    def _drive(self) -> None:
        """The outputs, in the order that pilot/sequence.py asks for."""
        outlet = self.outlet
        sequence = self.sequence
        if self._contactor and not sequence.contactor:
            outlet.set_contactor(False)
        if sequence.duty_u16 != self._duty_u16:
            self._duty_u16 = sequence.duty_u16
            outlet.set_duty_u16(sequence.duty_u16)
        if sequence.pilot_open != self._pilot_open:
            self._pilot_open = sequence.pilot_open
            outlet.set_pilot_open(sequence.pilot_open)
        if outlet.has_lock:  # the plug is locked as the agent says, and wherever it may be live
            self._lock = (
                self.lock_wanted
                or sequence.contactor
                or self.protection.live
                or self.protection.latched >> WELDED & 1 == 1
            )
            outlet.set_lock(self._lock)
        if outlet.has_rcm_test:
            outlet.set_rcm_test(self.protection.test)
        if sequence.contactor and not self._contactor:
            outlet.set_contactor(True)
        self._contactor = sequence.contactor

    def _publish(self) -> None:
        sequence = self.sequence
        faults = self.protection.faults
        if sequence.state == "F":
            faults |= self.faults  # what it began with counts until it ends
            if sequence.fault is not None:
                bit = PILOT_FAULTS.index(sequence.fault)
                if not faults >> bit & 1:
                    self.protection.numbers[bit] = (
                        self.outlet.low_mv if bit == 0 else self.outlet.high_mv
                    )
                    faults |= 1 << bit
        self.faults = faults
        cable_da = self.protection.cable_da
        if (
            sequence.state != self._seen_state
            or sequence.vehicle != self._seen_vehicle
            or faults != self._seen_faults
            or cable_da != self._seen_cable_da
        ):
            self._seen_cable_da = cable_da
            self._seen_state = sequence.state
            self._seen_vehicle = sequence.vehicle
            self._seen_faults = faults
            self.changes += 1
