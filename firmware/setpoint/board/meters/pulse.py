"""A meter with a pulse output (S0, IEC 62053-31): energy by counting, power from the time that a
number of pulses took."""

from ...clock import sleep_ms

_WATT_MS_PER_KWH = 3600000000
_SILENCE_FACTOR = 3  # no pulse for three times their distance: nothing is drawn
_LEAST_SILENCE_MS = 1000
# Short enough for pilot/protection.py to see that a vehicle draws less; a late look makes an error
# of 3 %.
_WINDOW_MS = 2000
LOOK_MS = 50


class PulseMeter:
    """pulses(): the count since power-up."""

    estimated = False

    def __init__(self, pulses, pulses_per_kwh: int, volts: int, phases: int, clock) -> None:
        self.watts = 0
        self.currents_da = [0, 0, 0]
        self.voltages_dv: "list[int | None]" = []
        self._pulses = pulses
        self._per_kwh = pulses_per_kwh
        self._watt_ms = _WATT_MS_PER_KWH // pulses_per_kwh  # of a pulse
        self._volts = volts
        self._phases = phases
        self._clock = clock
        self._silence_ms = 0
        self._seen = pulses()
        self._seen_at_ms = clock.ticks_ms()
        self._window_count = self._seen  # where the present window began
        self._window_at_ms = self._seen_at_ms

    @property
    def wh(self) -> int:
        return self._pulses() * 1000 // self._per_kwh

    async def run(self, on_lost) -> None:
        while True:
            self.look()
            await sleep_ms(LOOK_MS)

    def look(self) -> None:
        """Works out the power from the pulses of the last seconds."""
        now_ms = self._clock.ticks_ms()
        count = self._pulses()
        waited_ms = now_ms - self._window_at_ms
        silent_ms = now_ms - self._seen_at_ms
        if count != self._seen:
            self._seen = count
            self._seen_at_ms = now_ms
            # After a pause that is its average; the next window measures the power
            if waited_ms >= _WINDOW_MS:
                came = count - self._window_count
                self._draws(came * self._watt_ms // waited_ms)
                self._silence_ms = max(_SILENCE_FACTOR * waited_ms // came, _LEAST_SILENCE_MS)
                self._window_count = count
                self._window_at_ms = now_ms
        elif self.watts and silent_ms > self._silence_ms:
            self._draws(0)
        elif self.watts * silent_ms > self._watt_ms:
            self._draws(self._watt_ms // silent_ms)  # with more, there would have been another one

    def _draws(self, watts: int) -> None:
        self.watts = watts
        da = watts * 10 // (self._volts * self._phases)
        self.currents_da = [da] * self._phases + [0] * (3 - self._phases)
