"""What the pins of each ESP32 module are good for, and which image of MicroPython runs on it:
`MODULES["ESP32-WROOM-32"]`.

The table of pins is the firmware's, which judges its own board.json by it. A WROVER has PSRAM, a
MINI-1 its flash inside the chip; the ESP32-S2 is one without PSRAM, which would take 26; the
ESP32-C6 one with its flash beside the chip. Sources: the modules' data sheets; ESP-IDF's GPIO and
ADC pages for each chip; MicroPython's quick reference for the ESP32 (its linear ranges, and that
ADC2 does not work beside Wi-Fi), and its sources for clock, PWM and buses (ports/esp32:
modmachine.c, machine_pwm.c, machine_uart.c, machine_hw_spi.c)."""

from __future__ import annotations

from dataclasses import dataclass

from tools import on_cpython  # noqa: F401

from setpoint.board.esp32 import modules  # isort: skip


def _pins(text: str) -> frozenset[int]:
    """ "0-5 12" is 0, 1, 2, 3, 4, 5 and 12."""
    found: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


# module: (the folder in boards/images that its image is built from, whether it has PSRAM)
_IMAGES = {
    "ESP32-WROOM-32": ("esp32", False),
    "ESP32-WROVER": ("esp32_psram", True),
    "ESP32-MINI-1": ("esp32", False),
    "ESP32-S2": ("esp32s2", False),
    "ESP32-S3": ("esp32s3", False),
    "ESP32-S3-octal": ("esp32s3_octal", True),
    "ESP32-C3": ("esp32c3", False),
    "ESP32-C6": ("esp32c6", False),
}
FAMILIES = sorted({family for family, _ in _IMAGES.values()})


def family_of(module: str) -> str:
    """The family of images for a module as board.json names it: "esp32s3_octal". Raises KeyError
    for a module without one."""
    return _IMAGES[module][0]


def has_psram(module: str) -> bool:
    """Whether the module has memory beside the chip's own. Raises KeyError for a module that has no
    image."""
    return _IMAGES[module][1]


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
    buses: list[tuple[str, str, int]]  # ("rs485", "uart", 2): the last UART, I2C and SPI bus


def _module(name: str, row: tuple) -> Module:
    there, flash, strapping, input_only, adc1, adc2, console, boot = [
        _pins(text) for text in row[:8]
    ]
    range_mv = {
        decibels: (row[8][2 * i], row[8][2 * i + 1]) for i, decibels in enumerate((0, 2.5, 6, 11))
    }
    buses = [(bus, number, last) for (bus, number), last in modules.last_buses(name)]
    return Module(there, flash, strapping, input_only, adc1, adc2, console, boot, range_mv, buses)


MODULES = {name: _module(name, row) for name, row in modules.MODULES.items()}
