"""The control loop: every 20 ms, each connector's pilot is read, stepped and driven. It allocates nothing, and it
outlives the network, the central system and any exception in the agent.

What the agent hands over is a limit, a permission and a number of phases for each connector; what it gets back is
what the pilot's machine says, and the faults. Nothing else crosses, and nothing here waits for anybody.
"""

from micropython import const

from .clock import sleep_ms
from .pilot.duty import offered_da_for
from .pilot.protection import HOT, SELF_HEALING, WELDED, Derating, Protection
from .pilot.sequence import Sequence

PERIOD_MS = const(20)
_REST_MS = const(5)  # the least that is left to all others after a step
_PHASE_PAUSE_MS = const(15000)  # steady +12 V between one and three phases: vehicles need it to notice, some are damaged without
_HEALTHY_MS = const(200)  # a step that comes later feeds nobody
_PILOT_FAULTS = const(("diode", "short", "negative", "bad"))  # the first bits


class Point:
    """One connector's hardware, its state machine and its protection."""

    def __init__(self, outlet, rating_da: int, held: int = 0) -> None:
        """rating_da: what hardware and wiring bear, whatever anybody allows; held: protection.held as stored."""
        self.outlet = outlet
        self.sequence = Sequence(outlet.ventilation, outlet.pilot_bits, outlet.has_pilot_switch)
        self.protection = Protection(held, outlet.has_rcm_test)
        self.limit_da = 0
        self.permitted = False
        self.phases = outlet.phases
        self.lock_wanted = False  # whether the cable is to be locked in
        self.faults = 0  # bits (pilot/faults.py): what is there, and with F all that was there since it began
        self.told_faults = 0  # of these, those that the agent has told on
        self.fault = 0  # rule that ends a fault that the agent knows of (pilot/sequence.py), 0: none
        self._pause_ms = 0  # after a switch of phases
        self.changed = False  # something the agent has not seen yet
        self.rating_da = rating_da
        self._contactor = False
        self._duty_u16 = self.sequence.duty_u16
        self._pilot_open = False
        self._lock = False
        self._live = False  # as far as the contactor's feedback says
        self._held = held
        self._used = False  # since the last test of the residual current monitor
        self._seen_state = None
        self._seen_vehicle = None
        self._seen_faults = 0
        self._seen_cable_da = None

    def offered_da(self) -> int:
        """What a vehicle reads from the pilot now."""
        return offered_da_for(self._duty_u16)

    def acknowledge(self) -> None:
        """A person has seen to what only a person may clear."""
        protection = self.protection
        if protection.held:
            protection.acknowledge(self.outlet.contactor_closed())
        else:
            self.sequence.acknowledge()

    def step(self, elapsed_ms: int, most_da: int, fault: int) -> bool:
        """most_da, fault: what holds for all connectors, as rating_da and `fault` do for this one. True: all is well,
        or at least safe."""
        outlet = self.outlet
        sequence = self.sequence
        protection = self.protection
        outlet.read_pilot()
        protection.begin()
        if self._held and not protection.held:
            sequence.acknowledge()
        self._held = protection.held
        ok = outlet.pilot_ok()
        protection.pilot(elapsed_ms, ok)
        limit_da = self._watch(elapsed_ms, min(self.limit_da, self.rating_da, most_da))
        # Phases are switched with the contactor open only: until then there is no permission.
        if self.phases != outlet.phases and not sequence.contactor:
            outlet.set_phases(self.phases)
            self._pause_ms = _PHASE_PAUSE_MS
        elif self._pause_ms > 0:
            self._pause_ms -= min(elapsed_ms, self._pause_ms)
        permitted = self.permitted and self.phases == outlet.phases and self._pause_ms == 0
        sequence.ready = protection.ready
        sequence.step(
            elapsed_ms,
            outlet.high_mv,
            outlet.low_mv,
            limit_da,
            permitted and protection.ready and protection.locked,
            max(fault, self.fault, protection.latch),
        )
        self._drive()
        self._tell()
        return ok or not sequence.contactor

    def _watch(self, elapsed_ms: int, limit_da: int) -> int:
        """Tells the protection what the sensors say. Returns the limit with that of the cable."""
        outlet = self.outlet
        protection = self.protection
        closed = self._contactor
        plugged = self.sequence.vehicle is not None and self.sequence.vehicle != "A"
        feedback = outlet.contactor_closed()
        self._live = feedback is True
        if feedback is not None:
            protection.contactor(elapsed_ms, closed, feedback, plugged)
        tripped = outlet.rcm_tripped()
        if tripped is not None:
            self._used = self._used or closed
            if self._used and not plugged and not closed:
                self._used = False
                protection.test_again()
            protection.residual(elapsed_ms, tripped, not closed)
        earthed = outlet.earthed()
        if earthed is not None:
            protection.earth(elapsed_ms, earthed)
        if outlet.has_lock:
            locked = outlet.lock_closed()
            if locked is not None:
                protection.lock(elapsed_ms, self._lock, locked, closed)
        protection.current(elapsed_ms, offered_da_for(self._duty_u16), outlet.meter_da(), self.sequence.state == "C2")
        ohm = outlet.cable_ohm()
        if ohm is None:
            protection.cable_da = None
            return limit_da
        protection.cable(elapsed_ms, ohm, plugged, closed)
        return min(limit_da, protection.cable_da or 0)

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
        if outlet.has_lock:  # the plug is held as the agent says, and wherever it may be live
            self._lock = self.lock_wanted or sequence.contactor or self._live or self.protection.held >> WELDED & 1 == 1
            outlet.set_lock(self._lock)
        if outlet.has_rcm_test:
            outlet.set_rcm_test(self.protection.test)
        if sequence.contactor and not self._contactor:
            outlet.set_contactor(True)
        self._contactor = sequence.contactor

    def _tell(self) -> None:
        sequence = self.sequence
        faults = self.protection.faults
        if sequence.state == "F":
            faults |= self.faults  # what it began with counts until it ends
            if sequence.fault is not None:
                bit = _PILOT_FAULTS.index(sequence.fault)
                if not faults >> bit & 1:
                    self.protection.numbers[bit] = self.outlet.low_mv if bit == 0 else self.outlet.high_mv
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
            self.changed = True


class Control:
    """All connectors. `on_change()` is called after a step in which one of them changed."""

    def __init__(self, board, rating_da: int, on_change, held: dict) -> None:
        """held: connector id as text: protection.held as stored."""
        self._board = board
        self._rating_da = rating_da
        self.points = {}
        for outlet in board.outlets:
            self.points[outlet.id] = Point(outlet, rating_da, held.get(str(outlet.id), 0))
        self._in_order = [self.points[outlet.id] for outlet in board.outlets]
        self._on_change = on_change
        self.derating = Derating() if board.has_thermometer else None
        self.most_da = rating_da  # what temperature leaves of it
        self.faults = 0  # bits, of all connectors: the temperature's
        self.told_faults = 0
        self.changed = False  # they are others than the agent has seen
        self.steps = 0
        self.worst_stall_ms = 0
        self._alive = False

    def step(self, elapsed_ms: int) -> bool:
        """True when it ended well everywhere."""
        fault = 0
        derating = self.derating
        changed = False
        if derating is not None:
            derating.step(elapsed_ms, self._board.temperature_c())
            most_da = derating.most_da(self._rating_da)
            if derating.faults != self.faults or most_da != self.most_da:
                self.faults = derating.faults
                self.most_da = most_da
                self.changed = changed = True
            if derating.faults >> HOT & 1:
                fault = SELF_HEALING
        healthy = True
        for point in self._in_order:
            if not point.step(elapsed_ms, self.most_da, fault):
                healthy = False
            changed = changed or point.changed
        self.steps += 1
        if changed:
            self._on_change()
        return healthy

    def halt(self) -> None:
        """Safe outputs, for good: a step that still comes changes nothing."""
        self._in_order.clear()  # allocates nothing: the memory may be what is over
        self._board.make_safe()

    async def run(self) -> None:
        """A period is 20 ms from one step's begin to the next's: what a step takes is part of it, as the time in which the
        contactor must open is counted in steps."""
        clock = self._board.clock
        clock.lap_ms()
        took_ms = 0
        while True:
            await sleep_ms(max(_REST_MS, PERIOD_MS - took_ms))
            elapsed_ms = took_ms + clock.lap_ms()
            if elapsed_ms - PERIOD_MS > self.worst_stall_ms:
                self.worst_stall_ms = elapsed_ms - PERIOD_MS
            if self.step(elapsed_ms) and elapsed_ms <= _HEALTHY_MS:
                self._alive = not self._alive
                self._board.set_alive(self._alive)
                self._board.feed_watchdog()
            took_ms = clock.lap_ms()
