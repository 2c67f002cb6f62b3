"""Makes the meters that board.json names (board/meters). Loaded once for that, and dropped
afterwards (late.py)."""

import machine
from machine import Pin

from .pins import input_pin


class Pulses:
    """Counts pulses by interrupt, on a chip without a counter (ESP32-C3) and on a MicroPython
    before 1.26. S0 pulses are 30 ms and longer. If the interpreter stands still for longer than the
    time between two pulses, some are lost."""

    def __init__(self, pin: Pin, trigger: int) -> None:
        self._count = 0
        pin.irq(handler=self._on_pulse, trigger=trigger)

    def _on_pulse(self, pin) -> None:
        self._count += 1

    def value(self) -> int:
        return self._count


def fit(outlets: list, wiring: dict, supply: dict, clock) -> None:
    """Gives each outlet its meter. `wiring`: the whole board.json. Only the modules that it names
    are loaded."""
    bus = None
    for outlet, connector in zip(outlets, wiring["connectors"]):
        meter = connector.get("meter") or {"kind": "none"}
        if meter["kind"] == "modbus":
            from ..meters.modbus import Bus, ModbusMeter

            if bus is None:  # one line, one speed
                from .rs485 import Line

                line = Line(wiring["rs485"], meter["baud"], meter.get("parity", "none"))
                bus = Bus(line, line.byte_us)
            outlet.fit_meter(ModbusMeter(bus, meter["address"], meter["model"], clock))
        elif meter["kind"] == "pulse":
            from ..meters.pulse import PulseMeter

            pulses = counter(outlet.id - 1, meter)
            outlet.fit_meter(
                PulseMeter(
                    pulses.value, meter["pulses_per_kwh"], supply["volts"], supply["phases"], clock
                )
            )
        else:
            from ..meters.estimate import Estimate

            outlet.fit_meter(Estimate(outlet.offered, supply["volts"], clock))


def counter(number: int, wiring: dict):
    """The counter of a pin's pulses, with `value()`. An S0 output is a switch to GND: a pulse
    begins with a falling edge, unless the pin is pulled down. number: which of the chip's counters,
    from 0."""
    pin = input_pin(wiring)
    rising = wiring.get("chip_pull") == "down"
    if not hasattr(machine, "Counter"):
        return Pulses(pin, Pin.IRQ_RISING if rising else Pin.IRQ_FALLING)
    Counter = machine.Counter
    # 12 us, the longest that the hardware can
    return Counter(number, pin, edge=Counter.RISING if rising else Counter.FALLING, filter_ns=12700)


def loss_of(app, outlet):
    """The callback of this outlet's meter: it is called with a sentence when the meter is lost,
    with None when it is back."""

    def on_lost(problem: "str | None") -> None:
        lost = problem is not None
        app.log(
            "error" if lost else "info",
            "meter",
            "connector %d: %s" % (outlet.id, problem or "it answers"),
        )
        app.on_fault(
            outlet.id,
            "PowerMeterFailure",
            "meter",
            ("%s: check the meter" % problem)[:50] if lost else None,
            lost,
        )

    return on_lost
