"""What each ESP32 module has: its pins and what they are good for, its ADC, its clock, PWM and
buses. Sources: tools/modules.py.

Rule: a row holds for every module that goes by its name. Of the ESP32-C6 that is one with its flash
beside the chip (WROOM-1). Where the chip has a serial line behind USB pins (C3: 18, 19; C6: 12, 13),
MicroPython keeps these for it."""

# Pins, "0-5 12" is 0 to 5 and 12: those that are there; of flash and PSRAM; strapping; input only;
# ADC1; ADC2; the console's; those that move, or are pulled, at the start. Then what the ADC reads
# truly, in mV from and to, at 0, 2.5, 6 and 11 dB. Then the chip's: its fastest clock in MHz, bits
# of its PWM at 1 kHz, and its last UART, I2C and SPI bus.
_ESP32 = (
    "0 2 5 12 15", "34-39", "32-39", "0 2 4 12-15 25-27", "1 3", "1 3 5 14 15", (100, 950, 100, 1250, 150, 1750, 150, 2450), (240, 16, 2, 1, 2),
)  # fmt: skip
_S3 = (
    "0 3 45 46",
    "",
    "1-10",
    "11-20",
    "19 20 43 44",
    "18 19 20",
    (0, 950, 0, 1250, 0, 1750, 0, 3100),
    (240, 13, 2, 1, 2),
)
MODULES = {
    "ESP32-WROOM-32": ("0-19 21-23 25-27 32-36 39", "6-11") + _ESP32,
    "ESP32-WROVER": ("0-19 21-23 25-27 32-36 39", "6-11 16 17") + _ESP32,
    "ESP32-MINI-1": ("0-19 21-23 25-27 32-39", "6-8 11 16 17") + _ESP32,
    "ESP32-S2": (
        "0-21 26-46", "27-32", "0 45 46", "46", "1-10", "11-20", "19 20 43 44", "18",
        (0, 750, 0, 1050, 0, 1300, 0, 2500), (240, 13, 1, 1, 2),
    ),
    "ESP32-S3": ("0-21 26-48", "26-32") + _S3,
    "ESP32-S3-octal": ("0-21 26-48", "26-37") + _S3,
    "ESP32-C3": (
        "0-10 12-17 20 21", "12-17", "2 8 9", "", "0-4", "5", "20 21", "6 21",
        (0, 750, 0, 1050, 0, 1300, 0, 2500), (160, 13, 1, 0, 1),
    ),
    "ESP32-C6": (
        "0-11 15-30", "24-30", "4 5 8 9 15", "", "0-6", "", "16 17", "6 16 18-23",
        (0, 1000, 0, 1300, 0, 1900, 0, 3300), (160, 16, 1, 0, 1),
    ),
}  # fmt: skip


def fastest_hz(module: str) -> int:
    """The clock to ask for; the chip refuses a faster one."""
    return MODULES[module][9][0] * 1000000


def pwm_bits(module: str) -> int:
    """At 1 kHz. MicroPython uses one bit less where this is the PWM's full width: with all bits +12
    V would not be steady."""
    return MODULES[module][9][1]


def last_buses(module: str) -> tuple:
    """((where in board.json, the highest number there), ...)"""
    return tuple(zip((("rs485", "uart"), ("i2c", "bus"), ("spi", "bus")), MODULES[module][9][2:]))
