"""Reads the temperature near the contactor: a DS18B20, or a sensor with a voltage. A task sleeps
while the sensor converts."""

from machine import Pin
from micropython import const

from ...clock import sleep_ms
from .pins import microvolts

_EVERY_MS = const(5000)
_CONVERSION_MS = const(750)
_AFTER_POWER_UP_C = const(85)  # what a DS18B20 answers that has not converted: never a reading
_LOST_AFTER = const(3)
_COLDEST_C = const(-30)  # a voltage below that means a broken wire, not a cold contactor


class Ds18b20:
    """`celsius`: None until there is a reading, and when three in a row have failed."""

    def __init__(self, wiring: dict) -> None:
        from ds18x20 import DS18X20  # of MicroPython's own frozen modules
        from onewire import OneWire

        self.celsius: "int | None" = None
        self._sensors = DS18X20(OneWire(Pin(wiring["pin"])))

    async def run(self) -> None:
        misses = 0
        rom = None
        while True:
            try:
                rom = rom or self._sensors.scan()[0]
                self._sensors.convert_temp()
                await sleep_ms(_CONVERSION_MS)
                celsius = round(self._sensors.read_temp(rom))
                if celsius == _AFTER_POWER_UP_C:
                    raise ValueError
                self.celsius = celsius
                misses = 0
            # No sensor, a wrong check sum (a plain Exception), a wire that fell off
            except Exception:
                misses += 1
                if misses >= _LOST_AFTER:
                    self.celsius = None
                    rom = None
            await sleep_ms(_EVERY_MS - _CONVERSION_MS)


class Analogue:
    def __init__(self, wiring: dict) -> None:
        self.celsius: "int | None" = None
        self._read_uv = microvolts(wiring)
        self._zero_uv = wiring["mv_at_0_c"] * 1000
        self._uv_per_k = wiring["uv_per_k"]

    async def run(self) -> None:
        while True:
            self.celsius = self._read()
            await sleep_ms(_EVERY_MS)

    def _read(self) -> "int | None":
        for _ in range(_LOST_AFTER):
            try:
                celsius = (self._read_uv() - self._zero_uv) // self._uv_per_k
                return celsius if celsius >= _COLDEST_C else None
            except OSError:
                pass
        return None
