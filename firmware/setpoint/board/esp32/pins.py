"""Pins as board.json describes them. `on` is the level that means yes; Signal hides it."""

from machine import ADC, Pin, Signal


def output(wiring: dict) -> Signal:
    """Off from its first moment on."""
    off = 1 - wiring["on"]
    return Signal(Pin(wiring["pin"], Pin.OUT, value=off), invert=off == 1)


def input_pin(wiring: dict) -> Pin:
    pull = wiring.get("chip_pull")
    if pull is None:
        return Pin(wiring["pin"], Pin.IN)
    return Pin(wiring["pin"], Pin.IN, Pin.PULL_UP if pull == "up" else Pin.PULL_DOWN)


def switch(wiring: "dict | None") -> "Signal | None":
    """An output that a board may lack."""
    return None if wiring is None else output(wiring)


def sensor(wiring: "dict | None") -> "Signal | None":
    """An input that a board may lack."""
    return None if wiring is None else Signal(input_pin(wiring), invert=wiring["on"] == 0)


def microvolts(wiring: dict):
    """The function that reads adc_pin, in microvolts at the pin, as far as the chip was calibrated.
    It raises OSError."""
    steps = (0, 2.5, 6, 11)
    attenuation = (ADC.ATTN_0DB, ADC.ATTN_2_5DB, ADC.ATTN_6DB, ADC.ATTN_11DB)[
        steps.index(wiring["attenuation_db"])
    ]
    return ADC(Pin(wiring["adc_pin"]), atten=attenuation).read_uv
