"""The meter at the grid connection of the simulated house: what the house draws, and our vehicles."""

from ...units import tenths


class SimulatedMains:
    """wiring: device.mains of the start file. A new reading each second, as long as it is not
    `silent`."""

    lag = 1

    def __init__(self, wiring: dict, outlets: list, clock) -> None:
        self.surplus = wiring["surplus"]
        self.fuse_amps = wiring["fuse_amps"]
        self.safe_amps = wiring["safe_amps"]
        self.rise_after_s = wiring["rise_after_s"]
        self.on_reading = None
        self.silent = False
        self.house_da = [tenths(amps) for amps in wiring["house"]]
        self._outlets = outlets
        self._clock = clock
        self._second = 0  # of the last reading

    def fall_silent(self, silent: bool) -> None:
        self._second = self.readings
        self.silent = silent

    @property
    def problem(self) -> "str | None":
        return "no answer" if self.silent else None

    @property
    def readings(self) -> int:
        if not self.silent:
            self._second = self._clock.uptime_ms() // 1000 + 1
        return self._second

    @property
    def currents_da(self) -> "list[int]":
        total_da = list(self.house_da)
        for outlet in self._outlets:
            drawn = outlet.meter_currents_da()
            for phase in range(3):
                total_da[phase] += drawn[phase]
        return total_da
