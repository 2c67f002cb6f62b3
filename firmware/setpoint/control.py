"""The control loop: every 20 ms, each connector's pilot is read, stepped and driven.

Rules:
1. A step is no task of asyncio: the board's timer calls it between two bytecodes of whatever runs.
   So no Python code can hold it up; what can is a stretch in C, such as a TLS handshake, a flash
   erase or a collection.
2. What the agent hands over is a limit, a permission and a number of phases for each connector;
   what it gets back is what the pilot's machine says, and the faults. All of these are single
   integers, booleans and names, each written by one side only, as a step may come between any two
   bytecodes of the agent.
3. A step allocates nothing. MicroPython takes the frame of a function from the heap when it has
   more than 11 words (arguments, locals, and the deepest expression): hence the small functions
   here, in the pilot's room and in the boards.
4. It outlives the network, the central system and any exception in the agent. An exception in a
   step makes the outputs safe.
5. A hardware watchdog is fed by healthy steps only, and only while the agent shows signs of life.
   When these have been missing for a minute, every offer ends and every contactor opens in
   its order; then the watchdog has its way.
"""

from micropython import const

from .clock import sleep_ms
from .evse import Evse
from .pilot.faults import HOT, SELF_HEALING
from .pilot.protection import Derating

# A call of the timer that comes sooner after a step is one that was missed: others have their turn
# first
_REST_MS = const(2)
# The agent looks up every second; the start with a full flash, or a name that nobody answers, takes
# seconds
_AGENT_MS = const(60000)
_GIVEN_UP_MS = const(70000)  # a vehicle that goes on after its offer ended is cut after 6 s
_LOOK_MS = const(100)
_HEALTHY_MS = const(200)  # a step that comes later feeds nobody


class Control:
    """All connectors. `on_change()` is called after each step that finds news that the agent has
    not looked at."""

    def __init__(self, board, rating_da: int, on_change, latched: dict) -> None:
        """rating_da: what hardware and wiring bear, whatever anybody allows. latched: connector id
        as text: protection.latched as stored."""
        self._board = board
        self._rating_da = rating_da
        self.evses = {}
        for outlet in board.outlets:
            self.evses[outlet.id] = Evse(outlet, latched.get(str(outlet.id), 0))
        self._in_order = [self.evses[outlet.id] for outlet in board.outlets]
        self._on_change = on_change
        self.derating = Derating() if board.has_thermometer else None
        self.most_da = rating_da  # what temperature leaves of it
        self.faults = 0  # bits, of all connectors: the temperature's
        self.reported_faults = 0
        self.changes = 0  # of the temperature, that is
        self.seen = 0  # of these, those that the agent has looked at
        self.signs_of_life = 0  # counted by the agent
        self.steps = 0
        self.worst_stall_ms = 0
        self.error: "BaseException | None" = None  # what a step raised
        self._heard = 0  # signs of life
        self._silent_ms = 0  # since the last one
        self._rested_ms = 0  # since the last step
        self._took_ms = 0  # the last step
        self._alive = False
        self._halted = False

    def step(self, elapsed_ms: int) -> bool:
        """True when it ended well everywhere."""
        self._feel(elapsed_ms)
        healthy = True
        for i in range(len(self._in_order)):
            if not self._step_at(i, elapsed_ms):
                healthy = False
        self.steps += 1
        if self.has_news():
            self._on_change()
        return healthy

    def _step_at(self, i: int, elapsed_ms: int) -> bool:
        most_da = self.most_da if self._silent_ms < _AGENT_MS else 0
        return self._in_order[i].step(
            elapsed_ms, most_da, SELF_HEALING if self.faults >> HOT & 1 else 0
        )

    def has_news(self) -> bool:
        """Is there something that the agent has not looked at?"""
        for evse in self._in_order:
            if evse.changes != evse.seen:
                return True
        return self.changes != self.seen

    def _feel(self, elapsed_ms: int) -> None:
        """What the temperature leaves."""
        derating = self.derating
        if derating is None:
            return
        derating.step(elapsed_ms, self._board.temperature_c())
        most_da = derating.most_da(self._rating_da)
        if derating.faults != self.faults or most_da != self.most_da:
            self.faults = derating.faults
            self.most_da = most_da
            self.changes += 1

    def tick(self, _timer) -> None:
        """The board's timer calls it. Calls that the interpreter could not come to for a while come
        together, and count as one."""
        with self:
            if not self._halted:
                self._look_at_clock()

    def __enter__(self) -> None:
        """For `tick`: a frame with `except ... as` would come from the heap."""

    def __exit__(self, _kind, error: "BaseException | None", _traceback) -> bool:
        """Nobody sees what a tick raises, not even Ctrl-C, which may fall into it. So all of it is
        kept here, and raised by `run`."""
        if error is not None:
            self.error = error
            self.halt()
        return True

    def _look_at_clock(self) -> None:
        clock = self._board.clock
        self._rested_ms += clock.lap_ms()
        if self._rested_ms >= _REST_MS:
            self._step_in_time(self._took_ms + self._rested_ms)
            self._rested_ms = 0
            self._took_ms = clock.lap_ms()

    def _step_in_time(self, elapsed_ms: int) -> None:
        board = self._board
        if elapsed_ms - board.period_ms > self.worst_stall_ms:
            self.worst_stall_ms = elapsed_ms - board.period_ms
        if self.signs_of_life != self._heard:
            self._heard = self.signs_of_life
            self._silent_ms = 0
        elif self._silent_ms < _GIVEN_UP_MS:
            self._silent_ms += elapsed_ms
        if self.step(elapsed_ms) and elapsed_ms <= _HEALTHY_MS and self._silent_ms < _GIVEN_UP_MS:
            self._alive = not self._alive
            board.set_alive(self._alive)
            board.feed_watchdog()

    def halt(self) -> None:
        """Safe outputs, for good: a step that still comes changes nothing."""
        self._halted = True
        self._in_order.clear()  # allocates nothing: the memory may be what is over
        self._board.make_safe()

    async def run(self) -> None:
        """From here on the timer calls the step. Ends only by what a step raises, and leaves the
        outputs safe however it ends."""
        try:
            self._board.clock.lap_ms()
            self._board.run_steps(self.tick)
            while self.error is None:
                await sleep_ms(_LOOK_MS)
            raise self.error
        finally:
            self.halt()
