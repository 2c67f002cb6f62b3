"""What the pins of each ESP32 module are good for: `MODULES["ESP32-WROOM-32"]`.

The table is the firmware's, which judges its own board.json by it. A WROVER has PSRAM, a MINI-1 its flash inside the chip; the
ESP32-S2 is one without PSRAM, which would take 26. Sources: the modules' data sheets; ESP-IDF's GPIO and ADC pages for the ESP32,
the ESP32-S2 and the ESP32-S3; MicroPython's quick reference for the ESP32 (its linear ranges, and that ADC2 does not work beside
Wi-Fi).
"""

from __future__ import annotations

from dataclasses import dataclass

from tools import on_cpython  # noqa: F401

from setpoint.board.esp32 import description  # isort: skip


def _pins(text: str) -> frozenset[int]:
    """ "0-5 12" is 0, 1, 2, 3, 4, 5 and 12."""
    found: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


@dataclass(frozen=True)
class Module:
    there: frozenset[int]
    flash: frozenset[int]  # flash and PSRAM: never
    strapping: frozenset[int]  # read at reset: decide how the chip starts
    input_only: frozenset[int]  # and without pulls
    adc1: frozenset[int]
    adc2: frozenset[int]  # dead while Wi-Fi is on
    console: frozenset[int]  # the way to program the chip and to read its log
    boot: frozenset[int]  # move, or are pulled, while the chip starts
    range_mv: dict[float, tuple[int, int]]  # by attenuation in dB: what the ADC reads truly


def _module(row: tuple) -> Module:
    there, flash, strapping, input_only, adc1, adc2, console, boot = [_pins(text) for text in row[:8]]
    range_mv = {decibels: (row[8][2 * i], row[8][2 * i + 1]) for i, decibels in enumerate((0, 2.5, 6, 11))}
    return Module(there, flash, strapping, input_only, adc1, adc2, console, boot, range_mv)


MODULES = {name: _module(row) for name, row in description.MODULES.items()}
