"""A meter with a pulse output (S0, IEC 62053-31): energy by counting, power from the time between pulses."""

from ...clock import sleep_ms

_WATT_MS_PER_WH = 3600000
_SILENCE_FACTOR = 3  # no pulse for three times the last interval: less is drawn than power says
_LONGEST_INTERVAL_MS = 300000
LOOK_MS = 200


class PulseMeter:
    """pulses(): how many were counted since power-up. register: a Register."""

    estimated = False
    lost = False

    def __init__(self, pulses, pulses_per_kwh: int, register, volts: int, phases: int, clock) -> None:
        self.watts = 0
        self.currents_da = [0, 0, 0]
        self.voltages_dv: "list[int | None]" = [None, None, None]
        self._pulses = pulses
        self._per_kwh = pulses_per_kwh
        self._register = register
        self._first_wh = register.wh
        self._volts = volts
        self._phases = phases
        self._clock = clock
        self._seen = pulses()
        self._started_at = self._seen
        self._seen_at_ms = clock.ticks_ms()
        self._interval_ms = _LONGEST_INTERVAL_MS

    @property
    def wh(self) -> int:
        self._count()
        return self._register.told()

    def _count(self) -> None:
        self._register.count(self._first_wh + (self._pulses() - self._started_at) * 1000 // self._per_kwh)

    async def run(self) -> None:
        while True:
            self.look()
            await sleep_ms(LOOK_MS)

    def look(self) -> None:
        """Works out the power from the pulses since the last look."""
        now_ms = self._clock.ticks_ms()
        count = self._pulses()
        waited_ms = now_ms - self._seen_at_ms
        if count != self._seen:
            self._interval_ms = max(1, waited_ms // (count - self._seen))
            self._seen = count
            self._seen_at_ms = now_ms
        elif waited_ms > _SILENCE_FACTOR * self._interval_ms or waited_ms > _LONGEST_INTERVAL_MS:
            self._interval_ms = _LONGEST_INTERVAL_MS
        self._count()
        drawing = self._interval_ms < _LONGEST_INTERVAL_MS
        self.watts = _WATT_MS_PER_WH * 1000 // self._per_kwh // self._interval_ms if drawing else 0
        da = self.watts * 10 // (self._volts * self._phases)
        self.currents_da = [da] * self._phases + [0] * (3 - self._phases)
