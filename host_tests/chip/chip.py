"""A model of an ESP32 at the level of its pins, and of what hangs on them: `CHIP`, which machine.py
and its neighbours drive.

    CHIP.start("ESP32-S3")           a chip after power-up, nothing wired; of a board.json's module,
                                     or a WROOM-32
    wire = CHIP.wire_pilot(pilot)    the pilot's circuit of a board.json: driver, divider, the
                                     vehicle's resistors and diode
    wire.vehicle.plug_in()
    CHIP.drive(13, 1)                a level from outside, as it comes; interrupts are called
    CHIP.stands_still(); CHIP.goes_on()   a stretch in C: interrupts come late, and the ninth and
                                          later ones never
    CHIP.timer_comes()               its callbacks are due, once, as those of pins
    CHIP.heap_grows(60000)           Python's heap takes bytes that it never gives back
    CHIP.closes[22] = (26, 1)        pin 22 follows pin 26, inverted or not: a contactor and its
                                     feedback
    CHIP.ohm[39] = (220, 1000, 3300) a resistor to earth in a divider, read by an ADC
    CHIP.serial = meter              what hangs on the UART: meter(bytes, uart) -> its answer, b""
                                     if it has none
    CHIP.i2c = CHIP.spi = model      what hangs on the bus; on SPI it is selected by the pin
                                     CHIP.spi_select

Time is virtual: an ADC reading takes `read_us`, and the PWM's wave goes on meanwhile. With
`real_time` the wave follows the host's clock. Sources: docs/esp32/quickref of MicroPython for pins
and ADC; IEC 61851-1, annex A, for the circuit.

Rule: `Wire.pin_uv` and `ticks_us` allocate nothing, so that a test can run the firmware's control
step with a locked heap."""

import time

_SOURCE_MV = 12000
_SOURCE_OHM = 1000
_DIODE_MV = 700
B_OHM, C_OHM, D_OHM = 2740, 882, 246
STEADY_HIGH = 65535
_SCHEDULED = 8  # MICROPY_SCHEDULER_DEPTH of the port

# Pins that are inputs only; bits of the PWM at 1 kHz and its period in tenths of a microsecond (a
# divider of 16 bits rounds: 998.4 Hz); fastest clock in MHz; the last UART, I2C and SPI bus;
# whether there is a counter of pulses; hardware timers. (MicroPython 1.28, ports/esp32.)
CHIPS = {
    "ESP32": ((34, 35, 36, 37, 38, 39), 16, 10016, 240, 2, 1, 2, True, 4),
    "ESP32-S2": ((46,), 13, 10000, 240, 1, 1, 2, True, 4),
    "ESP32-S3": ((), 13, 10000, 240, 2, 1, 2, True, 4),
    "ESP32-C3": ((), 13, 10000, 160, 1, 0, 1, False, 2),
    "ESP32-C6": ((), 16, 10016, 160, 1, 0, 1, True, 2),
}


class Panic(BaseException):
    """The chip aborts and restarts: nothing may catch it."""


class Vehicle:
    """Resistors behind a diode. It asks (882 Ohm) while it wants to and the pilot offers, unless
    `ohm` was set by hand."""

    def __init__(self, wire) -> None:
        self.wants = True
        self.plugged = False
        self.diode = True
        self._ohm = B_OHM
        self._by_hand = False
        self._wire = wire

    def plug_in(self) -> None:
        self.plugged = True
        self.decide()

    def plug_out(self) -> None:
        self.plugged = False
        self.decide()

    def show(self, ohm: int, diode: bool = True) -> None:
        """This resistor, whatever is offered."""
        self.plugged = self._by_hand = True
        self._ohm = ohm
        self.diode = diode
        self.decide()

    def decide(self) -> None:
        if not self._by_hand:
            offered = 65535 * 8 <= self._wire.duty_u16 * 100 <= 65535 * 97
            self._ohm = C_OHM if self.wants and offered else B_OHM
        self._wire.work_out(self._ohm if self.plugged else None, self.diode)


class Wire:
    """The pilot's wire. `zero_uv` and `per_10_v_mv` as the board's divider has them."""

    def __init__(self, pilot: dict, chip) -> None:
        self.zero_uv = pilot["mv_at_0_v"] * 1000
        self.per_10_v_mv = pilot["mv_per_10_v"]
        self.shorted = False
        self.duty_u16 = 0
        self.high_mv = self.low_mv = 0
        self._high_uv = self._low_uv = 0
        self._open_pin = pilot.get("open", {}).get("pin")
        self._chip = chip
        self.vehicle = Vehicle(self)

    def work_out(self, ohm: "int | None", diode: bool) -> None:
        if self._open_pin is not None and self._chip.level(self._open_pin):
            ohm = None  # what is behind the switch is not seen
        high, low = _SOURCE_MV, -_SOURCE_MV
        if self.shorted:
            high = low = 0
        elif ohm is not None and diode:
            high = (_SOURCE_MV - _DIODE_MV) * ohm // (ohm + _SOURCE_OHM) + _DIODE_MV
        elif ohm is not None:
            high = _SOURCE_MV * ohm // (ohm + _SOURCE_OHM)
            low = -high
        self.high_mv, self.low_mv = high, low
        self._high_uv = self.zero_uv + high * self.per_10_v_mv // 10
        self._low_uv = self.zero_uv + low * self.per_10_v_mv // 10

    def pin_uv(self, phase: int, period: int) -> int:
        """At the ADC's pin, `phase` into a period; both in tenths of a microsecond."""
        if self.duty_u16 == STEADY_HIGH or phase < period * self.duty_u16 // 65536:
            return self._high_uv
        return self._low_uv


class Chip:
    def start(self, module: str = "ESP32-WROOM-32") -> None:
        """Power-up: every pin an input, and an empty memory."""
        self.name = module[:8] if module[:8] in CHIPS else "ESP32"
        (
            self.input_only,
            self.pwm_bits,
            self.period,
            self.fastest_mhz,
            self.last_uart,
            self.last_i2c,
            self.last_spi,
            self.has_counter,
            self.timer_count,
        ) = CHIPS[self.name]
        self.real_time = False
        self.read_us = 37
        self.now_us = 0
        self.phase = 0
        self.wires = {}  # ADC pin: Wire
        self.driven = {}  # PWM pin: Wire
        self.ohm = {}
        self.uv = {}  # ADC pin: microvolts, from anything else
        self.closes = {}
        self.broken_adc = False
        self.readings = 0  # of the ADC, since power-up
        self.failing_readings = ()  # of these, the ones that fail
        self.slow_readings = {}  # number: microseconds that something else takes meanwhile
        self.calibrated = True  # the eFuse holds what read_uv needs
        self.micropython = (1, 28)  # that drives the chip; 1.25 drives the PWM differently
        self.serial = None
        self.direction_pin = None  # of an RS-485 transceiver
        self.echoes = False  # what the UART sends it hears too
        self.i2c = self.spi = self.spi_select = None
        self.wifi_connects = False
        # What connect raises: OSError, or RuntimeError("Wifi Unknown Error 0x3001")
        self.wifi_error = None
        self.wifi_log = []
        self.hostname = "mpy-esp32"
        self.radio_error = None  # what active(True) raises
        self.wifi_status = 1001  # STAT_CONNECTING
        self.wifi_found = ()  # what a scan finds
        self.ap_needs_open = self.ap_ignores_security = False  # versions of the port
        self.ap_error = OSError("Wifi Invalid Mode")
        self.radio_starts_us = 90000  # active(True) waits so long
        self.dns_server = "0.0.0.0"  # in the lease
        self.celsius = 21.0625  # None: no sensor
        self.pixel = None
        self.system_time_set = []
        self.rtc_memory = b""
        self.reset_cause = 1
        self.restart()

    def restart(self) -> None:
        """What a reset does: pins let go, interrupts gone, watchdog off; flash, RTC memory and what
        is wired stay."""
        self.mhz = 160
        self.outputs = {}
        self.outside = {}
        self.pulls = {}
        self.irqs = {}
        self.pwms = {}
        self.uart = None
        self.counters = {}  # pin: Counter
        self.timers = {}  # number: (Timer, mode, period in ms, callback)
        self.callbacks = {}  # number: the last callback, which a timer that ended keeps
        self.late_irqs = None  # a list: the interpreter stands still, and interrupts wait in it
        self.radio = None  # "off", "on" or "failed"; None: nobody made it
        self.radio_calibrated = self.wifi_connecting = self.ap_is_open = False
        self.ap = {}  # settings of the access point
        self.idf_bytes = self.idf_free = 142600  # what Python's heap, the radio and TLS share
        self.watchdog_ms = None
        self.feeds = 0
        self.history = []  # changes of outputs: (pin, level)
        self.wrong_duty = None  # what a PWM that does not obey reads back
        for wire in self.wires.values():
            wire.duty_u16 = STEADY_HIGH  # the resistor at the driver
            wire.vehicle.decide()

    def panics(self) -> None:
        """It aborts and restarts: the cause of reset is that of machine.reset()."""
        self.reset_cause = 2
        self.restart()

    def ticks_us(self) -> int:
        return time.ticks_us() if self.real_time else self.now_us

    def wire_pilot(self, pilot: dict) -> Wire:
        wire = Wire(pilot, self)
        self.wires[pilot["adc_pin"]] = self.driven[pilot["pwm_pin"]] = wire
        wire.duty_u16 = STEADY_HIGH
        wire.vehicle.decide()
        return wire

    def level(self, pin: int) -> int:
        if pin in self.outputs:
            return self.outputs[pin]
        if pin in self.closes:
            other, inverted = self.closes[pin]
            return self.level(other) ^ inverted
        if pin in self.outside:
            return self.outside[pin]
        return 1 if self.pulls.get(pin) == 2 else 0

    def put(self, pin: int, level: int) -> None:
        """The firmware drives a pin."""
        if self.outputs.get(pin) == level:
            return
        self.outputs[pin] = level
        self.history.append((pin, level))
        for wire in self.wires.values():
            wire.vehicle.decide()

    def drive(self, pin: int, level: int) -> None:
        before = self.level(pin)
        self.outside[pin] = level
        if pin in self.irqs and before != level:
            handler, trigger = self.irqs[pin]
            if trigger != (1 if level else 2):
                pass
            elif self.late_irqs is None:
                handler(pin)
            elif len(self.late_irqs) < _SCHEDULED:
                self.late_irqs.append((handler, pin))
        if pin in self.counters and before != level:
            self.counters[pin].sees(level)

    def stands_still(self) -> None:
        """A stretch in C begins, such as a JSON text or a flash erase: MicroPython's interrupts run
        between bytecodes."""
        self.late_irqs = []

    def timer_comes(self) -> None:
        for timer, _, _, callback in list(self.timers.values()):
            if self.late_irqs is None:
                callback(timer)
            elif len(self.late_irqs) < _SCHEDULED:
                self.late_irqs.append((callback, timer))

    def goes_on(self) -> None:
        late, self.late_irqs = self.late_irqs, None
        for handler, pin in late:
            handler(pin)

    def heap_grows(self, by: int) -> None:
        assert by <= self.idf_free, "MemoryError"
        self.idf_free -= by

    def set_duty(self, pin: int, duty_u16: int) -> None:
        wire = self.driven.get(pin)
        if wire is not None:
            wire.duty_u16 = duty_u16
            wire.vehicle.decide()

    def adc_uv(self, pin: int) -> int:
        """One reading; it takes its time."""
        self.readings += 1
        waited_us = self.slow_readings.get(self.readings, 0)
        self.now_us += waited_us
        self.phase = (self.phase + waited_us * 10) % self.period
        if self.broken_adc or self.readings in self.failing_readings:
            raise OSError(5)
        if self.real_time:
            until = time.ticks_add(time.ticks_us(), self.read_us)
            while time.ticks_diff(until, time.ticks_us()) > 0:
                pass
            self.phase = time.ticks_us() * 10 % self.period
        else:
            self.now_us = (self.now_us + self.read_us) & 0x3FFFFFFF
            self.phase = (self.phase + self.read_us * 10) % self.period
        if pin in self.wires:
            return self.wires[pin].pin_uv(self.phase, self.period)
        if pin in self.ohm:
            ohm, pull_up_ohm, supply_mv = self.ohm[pin]
            return (
                supply_mv * 1000 if ohm is None else supply_mv * ohm // (ohm + pull_up_ohm) * 1000
            )
        return self.uv.get(pin, 0)


CHIP = Chip()
CHIP.start()
