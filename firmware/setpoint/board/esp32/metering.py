"""Makes the meters that board.json names (board/meters). Loaded once for that, and dropped
afterwards (late.py)."""

import machine
from machine import Pin

from .pins import input_pin

_PULSES_LAG = 5  # seconds until the power by pulses is right (meters/pulse.py)


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


def fit(outlets: list, wiring: dict, supply: dict, clock):
    """Gives each outlet its meter. `wiring`: the whole board.json. Only the modules that it names
    are loaded. Returns the line that meters share, or None."""
    bus = None
    for outlet, connector in zip(outlets, wiring["connectors"]):
        meter = connector.get("meter") or {"kind": "none"}
        if meter["kind"] == "modbus":
            from ..meters.modbus import ModbusMeter

            if bus is None:  # one line, one speed
                bus = _bus(wiring, meter)
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
    return bus


def _bus(wiring: dict, meter: dict):
    from ..meters.modbus_rtu import Bus
    from .rs485 import Line

    line = Line(wiring["rs485"], meter["baud"], meter.get("parity", "none"))
    return Bus(line, line.byte_us)


def mains(wiring: dict, bus, supply: dict, network, clock):
    """The meter at the grid connection. wiring: the whole board.json, with mains; bus: the line
    that `fit` made, or None."""
    here = wiring["mains"]
    meter = here["meter"]
    kinds = [(connector.get("meter") or {}).get("kind") for connector in wiring["connectors"]]
    lag = _PULSES_LAG if "pulse" in kinds else 1
    if meter["kind"] == "p1":
        from ..meters.p1 import P1Meter
        from .rs485 import Line

        return P1Meter(
            Line(dict(meter, direction_pin=None), 115200, "none"), supply["volts"], here, lag
        )
    from ..meters.mains import ModbusMains

    if meter["kind"] == "modbus_tcp":
        from ..meters.modbus_tcp import TcpBus

        bus = TcpBus(network, meter["host"], meter.get("port", 502), clock)
    elif bus is None:
        bus = _bus(wiring, meter)
    return ModbusMains(bus, meter.get("address", 1), meter["model"], clock, here, lag)


def counter(number: int, wiring: dict):
    """The counter of a pin's pulses, with `value()`. An S0 output is a switch to GND: a pulse
    begins with a falling edge, unless the pin is pulled down. number: which of the chip's counters,
    from 0."""
    pin = input_pin(wiring)
    rising = wiring.get("chip_pull") == "down"
    if not hasattr(machine, "Counter"):
        return Pulses(pin, Pin.IRQ_RISING if rising else Pin.IRQ_FALLING)
    Counter = machine.Counter
    edge = Counter.RISING if rising else Counter.FALLING
    # 12 us, the longest that the hardware can
    made = Counter(number, pin, edge=edge, filter_ns=12700)
    input_pin(wiring)  # the counter's driver has pulled the pin up
    return made


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
