"""What the pins of each ESP32 module are good for: `MODULES["ESP32-WROOM-32"]`.

Sources: the modules' data sheets; ESP-IDF's GPIO and ADC pages for the ESP32, the ESP32-S2 and the ESP32-S3; MicroPython's quick
reference for the ESP32 (its linear ranges, and that ADC2 does not work beside Wi-Fi).
"""

from __future__ import annotations

from dataclasses import dataclass


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


def _esp32(there: str, flash: str) -> Module:
    return Module(
        there=_pins(there),
        flash=_pins(flash),
        strapping=_pins("0 2 5 12 15"),
        input_only=_pins("34-39"),
        adc1=_pins("32-39"),
        adc2=_pins("0 2 4 12-15 25-27"),
        console=_pins("1 3"),
        boot=_pins("1 3 5 14 15"),
        range_mv={0: (100, 950), 2.5: (100, 1250), 6: (150, 1750), 11: (150, 2450)},
    )


def _esp32s3(flash: str) -> Module:
    return Module(
        there=_pins("0-21 26-48"),
        flash=_pins(flash),
        strapping=_pins("0 3 45 46"),
        input_only=_pins(""),
        adc1=_pins("1-10"),
        adc2=_pins("11-20"),
        console=_pins("19 20 43 44"),
        boot=_pins("18 19 20"),
        range_mv={0: (0, 950), 2.5: (0, 1250), 6: (0, 1750), 11: (0, 3100)},
    )


MODULES = {
    "ESP32-WROOM-32": _esp32("0-19 21-23 25-27 32-36 39", "6-11"),
    "ESP32-WROVER": _esp32("0-19 21-23 25-27 32-36 39", "6-11 16 17"),
    "ESP32-MINI-1": _esp32("0-19 21-23 25-27 32-39", "6-8 11 16 17"),  # its flash is inside the chip
    "ESP32-S2": Module(  # without PSRAM, which would take 26
        there=_pins("0-21 26-46"),
        flash=_pins("27-32"),
        strapping=_pins("0 45 46"),
        input_only=_pins("46"),
        adc1=_pins("1-10"),
        adc2=_pins("11-20"),
        console=_pins("19 20 43 44"),
        boot=_pins("18"),
        range_mv={0: (0, 750), 2.5: (0, 1050), 6: (0, 1300), 11: (0, 2500)},
    ),
    "ESP32-S3": _esp32s3("26-32"),
    "ESP32-S3-octal": _esp32s3("26-37"),
}
