"""The control loop: every 20 ms, each connector's pilot is read, stepped and driven. It allocates nothing, and it
outlives the network, the central system and any exception in the agent.

What the agent hands over is a limit, a permission and a number of phases for each connector; what it gets back is
what the pilot's machine says. Nothing else crosses, and nothing here waits for anybody.
"""

from .clock import sleep_ms
from .pilot.duty import offered_da_for
from .pilot.sequence import Sequence

PERIOD_MS = 20
_PHASE_PAUSE_MS = 15000  # steady +12 V between one and three phases: vehicles need it to notice, some are damaged without


class Point:
    """One connector's hardware and its state machine."""

    def __init__(self, outlet, rating_da: int) -> None:
        """rating_da: what hardware and wiring bear, whatever anybody allows."""
        self.outlet = outlet
        self.sequence = Sequence()
        self.limit_da = 0
        self.permitted = False
        self.phases = outlet.phases
        self.lock_wanted = False  # whether the cable is to be locked in
        self.fault = 0  # rule that ends a fault outside the pilot (pilot/sequence.py), 0: none
        self._pause_ms = 0  # after a switch of phases
        self.changed = False  # something the agent has not seen yet
        self._rating_da = rating_da
        self._contactor = False
        self._locked = False
        self._duty_u16 = self.sequence.duty_u16
        self._seen_state = None
        self._seen_vehicle = None
        self._seen_fault = None

    def offered_da(self) -> int:
        """What a vehicle reads from the pilot now."""
        return offered_da_for(self._duty_u16)

    def step(self, elapsed_ms: int) -> None:
        outlet = self.outlet
        sequence = self.sequence
        outlet.read_pilot()
        limit_da = self.limit_da
        if limit_da > self._rating_da:
            limit_da = self._rating_da
        # Phases are switched with the contactor open only: until then there is no permission.
        if self.phases != outlet.phases and not sequence.contactor:
            outlet.set_phases(self.phases)
            self._pause_ms = _PHASE_PAUSE_MS
        elif self._pause_ms > 0:
            self._pause_ms -= min(elapsed_ms, self._pause_ms)
        permitted = self.permitted and self.phases == outlet.phases and self._pause_ms == 0
        sequence.step(elapsed_ms, outlet.high_mv, outlet.low_mv, limit_da, permitted, self.fault)
        if self._contactor and not sequence.contactor:
            outlet.set_contactor(False)
        if sequence.duty_u16 != self._duty_u16:
            self._duty_u16 = sequence.duty_u16
            outlet.set_duty_u16(sequence.duty_u16)
        if self.lock_wanted != self._locked and outlet.has_lock and (self.lock_wanted or not sequence.contactor):
            self._locked = self.lock_wanted
            outlet.set_lock(self._locked)
        if sequence.contactor and not self._contactor:
            outlet.set_contactor(True)
        self._contactor = sequence.contactor
        if (
            sequence.state != self._seen_state
            or sequence.vehicle != self._seen_vehicle
            or sequence.fault != self._seen_fault
        ):
            self._seen_state = sequence.state
            self._seen_vehicle = sequence.vehicle
            self._seen_fault = sequence.fault
            self.changed = True


class Control:
    """All connectors. `on_change()` is called after a step in which one of them changed."""

    def __init__(self, board, rating_da: int, on_change) -> None:
        self._board = board
        self.points = {}
        for outlet in board.outlets:
            self.points[outlet.id] = Point(outlet, rating_da)
        self._in_order = [self.points[outlet.id] for outlet in board.outlets]
        self._on_change = on_change
        self.steps = 0
        self.worst_stall_ms = 0

    def step(self, elapsed_ms: int) -> None:
        changed = False
        for point in self._in_order:
            point.step(elapsed_ms)
            changed = changed or point.changed
        self.steps += 1
        if changed:
            self._on_change()

    async def run(self) -> None:
        clock = self._board.clock
        last = clock.ticks_ms()
        while True:
            await sleep_ms(PERIOD_MS)
            ticks = clock.ticks_ms()
            elapsed_ms = ticks - last
            last = ticks
            if elapsed_ms - PERIOD_MS > self.worst_stall_ms:
                self.worst_stall_ms = elapsed_ms - PERIOD_MS
            self.step(elapsed_ms)
            self._board.feed_watchdog()
