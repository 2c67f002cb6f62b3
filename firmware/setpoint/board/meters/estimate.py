"""Without a meter: assumes that a vehicle takes all that it is offered while the contactor is
closed. An upper bound."""

from ...clock import sleep_ms

_WATT_MS_PER_WH = 3600000
LOOK_MS = 1000


class Estimate:
    """offered(): (deci-ampere that the pilot offers, phases) while the contactor is closed, else
    (0, 0)."""

    estimated = True

    def __init__(self, offered, volts: int, clock) -> None:
        self.wh = 0
        self.watts = 0
        self.currents_da = [0, 0, 0]
        self.voltages_dv: "list[int | None]" = []
        self._offered = offered
        self._volts = volts
        self._clock = clock
        self._watt_ms = 0
        self._looked_at_ms = clock.ticks_ms()

    async def run(self, on_lost) -> None:
        while True:
            self.look()
            await sleep_ms(LOOK_MS)

    def look(self) -> None:
        """Adds what was offered since the last look."""
        now_ms = self._clock.ticks_ms()
        self._watt_ms += self.watts * (now_ms - self._looked_at_ms)
        self._looked_at_ms = now_ms
        self.wh += self._watt_ms // _WATT_MS_PER_WH
        self._watt_ms %= _WATT_MS_PER_WH
        da, phases = self._offered()
        self.watts = da * self._volts * phases // 10
        self.currents_da = [da] * phases + [0] * (3 - phases)
