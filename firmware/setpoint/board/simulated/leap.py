"""Lets time pass at once: all that falls due in it happens in order, as if one had waited.

A leap goes from one due moment of the station or a vehicle to the next. After a change it takes
small steps, so that pilot, vehicle and contactor follow each other; in between a step may be long.
The board's ticker stands still meanwhile, except while other tasks have their turn.
"""

from micropython import const

from ...clock import sleep_ms

# A stop takes 6 s, a new duty up to 5 s, and vehicles as long to follow
_SETTLING_MS = const(15000)
_SMALL_MS = const(100)
_STEPS_AT_ONCE = const(10)  # then the network has its turn
_PATIENCE_MS = const(500)  # the central system runs in real time: it needs this for the messages


class Leap:
    def __init__(self, app, board) -> None:
        self._app = app
        self._board = board
        self._left_ms = 0

    def add(self, seconds: int) -> None:
        self._left_ms += seconds * 1000

    async def run(self) -> None:
        while True:
            await sleep_ms(5)
            if self._left_ms > 0:
                await self._leap()

    async def _leap(self) -> None:
        self._board.ticker.paused = True
        try:
            await self._pass_time()
        finally:
            self._board.ticker.paused = False

    async def _pass_time(self) -> None:
        app = self._app
        settling_ms = _SETTLING_MS
        steps = 0
        while self._left_ms > 0:
            step_ms = _SMALL_MS
            if settling_ms <= 0:
                step_ms = max(step_ms, min(app.ms_to_wakeup(), self._vehicles_ms()))
            step_ms = min(self._left_ms, step_ms)
            self._left_ms -= step_ms
            settling_ms -= step_ms
            app.clock.advance(step_ms)
            app.control.step(step_ms)
            if app.wake():
                settling_ms = _SETTLING_MS
            steps += 1
            if steps % _STEPS_AT_ONCE == 0:
                await self._others(0)
            patience_ms = _PATIENCE_MS
            while patience_ms > 0 and app.waits_for_answers():
                patience_ms -= 2
                await self._others(2)

    async def _others(self, duration_ms: int) -> None:
        self._board.ticker.paused = False
        await sleep_ms(duration_ms)
        self._board.ticker.paused = True

    def _vehicles_ms(self) -> int:
        return min([outlet.vehicle.ms_to_next_change() for outlet in self._board.outlets])
