"""`machine` of an ESP32, as far as the firmware uses it, on the model in chip.py. It refuses what a
chip refuses."""

from chip import CHIP

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5


class Resets(BaseException):
    """The chip restarts here."""


def reset():
    CHIP.reset_cause = HARD_RESET
    raise Resets()


def reset_cause():
    return CHIP.reset_cause


def freq(hz):
    if hz > CHIP.fastest_mhz * 1000000 or hz not in (
        20000000,
        40000000,
        80000000,
        160000000,
        240000000,
    ):
        raise ValueError(
            "frequency must be 20MHz, 40MHz, 80Mhz or 160MHz"
            + (", or 240MHz" if CHIP.fastest_mhz == 240 else "")
        )
    CHIP.mhz = hz // 1000000


class Pin:
    IN, OUT = 1, 3
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING = 1, 2

    def __init__(self, number, mode=-1, pull=-1, *, value=None):
        if number in (6, 7, 8, 11) and CHIP.name == "ESP32":
            raise ValueError("invalid pin")
        if number in CHIP.input_only and (mode == self.OUT or pull != -1):
            raise ValueError("pin can only be input")
        self.number = number
        if mode == self.OUT:
            CHIP.put(number, CHIP.level(number) if value is None else int(bool(value)))
        elif mode == self.IN:
            CHIP.outputs.pop(number, None)
            CHIP.pulls[number] = pull

    def value(self, level=None):
        if level is None:
            return CHIP.level(self.number)
        CHIP.put(self.number, int(bool(level)))

    def irq(self, handler, trigger):
        CHIP.irqs[self.number] = (handler, trigger)


class Signal:
    def __init__(self, pin, invert=False):
        self._pin = pin
        self._invert = invert

    def value(self, yes=None):
        if yes is None:
            return self._pin.value() ^ self._invert
        self._pin.value(bool(yes) ^ self._invert)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class PWM:
    def __init__(self, pin, *, freq, duty_u16):
        assert pin.number not in CHIP.pwms, "a PWM is made once"
        assert freq == 1000
        self._pin = pin.number
        CHIP.pwms[pin.number] = self
        self.duty_u16(duty_u16)

    def duty_u16(self, duty=None):
        if duty is None:
            return self._duty_u16 if CHIP.wrong_duty is None else CHIP.wrong_duty
        if not 0 <= duty <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        left_out = 16 - CHIP.pwm_bits  # bits of `duty`
        full = duty == 65535
        # One bit more, and the full width is one step short: 65532
        if CHIP.micropython < (1, 26) and left_out:
            left_out -= 1
            full = False
        self._duty_u16 = duty if full else duty >> left_out << left_out
        CHIP.set_duty(self._pin, self._duty_u16)


class ADC:
    ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3
    _MOST_UV = (950000, 1250000, 1750000, 3300000)

    def __init__(self, pin, *, atten):
        self._number = pin.number
        self._most_uv = self._MOST_UV[atten]

    def read_uv(self):
        if not CHIP.calibrated:
            raise OSError(-258, "ESP_ERR_INVALID_ARG")
        uv = CHIP.adc_uv(self._number)
        if uv > self._most_uv:
            uv = self._most_uv
        return uv // 1000 * 1000 if uv > 100000 else 0


class WDT:
    def __init__(self, timeout):
        CHIP.watchdog_ms = timeout

    def feed(self):
        CHIP.feeds += 1


class Timer:
    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, number):
        if not 0 <= number < CHIP.timer_count:
            raise ValueError("Timer(%d) doesn't exist" % number)
        self._number = number

    def init(self, *, mode, period, callback):
        CHIP.timers[self._number] = (self, mode, period, callback)
        CHIP.callbacks[self._number] = callback

    def deinit(self):
        CHIP.timers.pop(self._number, None)


class RTC:
    def memory(self, data=None):
        if data is None:
            return CHIP.rtc_memory
        CHIP.rtc_memory = bytes(data)

    def datetime(self, fields):
        CHIP.system_time_set.append(fields)


def __getattr__(name):
    if name == "Counter" and CHIP.has_counter:
        return _Counter
    raise AttributeError(name)


class _Counter:
    RISING, FALLING = 1, 2

    def __init__(self, unit, pin, *, edge, filter_ns):
        assert 0 <= unit < 4 and filter_ns * 80 // 1000 <= 1023, "of every chip"
        self._edge = edge
        self._count = 0
        CHIP.counters[pin.number] = self
        CHIP.pulls[pin.number] = Pin.PULL_UP  # ESP-IDF's pcnt_legacy.c does that

    def sees(self, level):
        if self._edge == (self.RISING if level else self.FALLING):
            self._count += 1

    def value(self):
        return self._count


class UART:
    """One line with two ends: what is heard while the transceiver sends is lost, and so is what is
    sent while it listens."""

    INV_RX = 32

    def __init__(
        self, number, *, baudrate, bits, parity, stop, rx, tx, timeout, timeout_char, **more
    ):
        assert timeout == timeout_char == 0, "a read would wait"
        if not 0 <= number <= CHIP.last_uart:
            raise ValueError("UART(%d) does not exist" % number)
        assert number > 0 and (bits, stop) == (8, 1), "0 is the console's"
        self.number, self.baudrate, self.parity, self.rx, self.tx = number, baudrate, parity, rx, tx
        self.rxbuf, self.invert = more.get("rxbuf", 256), more.get("invert", 0)
        self._out = b""
        self._answer = b""
        self._in = b""
        CHIP.uart = self

    def _sends(self):
        return CHIP.direction_pin is None or CHIP.level(CHIP.direction_pin) == 1

    def write(self, data):
        self._out += data
        return len(data)

    def flush(self):
        if self._sends():
            self._in += self._out if CHIP.echoes else b""
            self._answer = CHIP.serial(self._out, self) if CHIP.serial else b""
        self._out = b""

    def read(self, count=None):
        data = self._in[:count]
        self._in = self._in[len(data) :]
        if CHIP.direction_pin is None or not self._sends():
            self._in += self._answer
        self._answer = b""
        return data or None


class I2C:
    def __init__(self, bus, *, scl, sda, freq):
        if not 0 <= bus <= CHIP.last_i2c:
            raise ValueError("I2C(%d) doesn't exist" % bus)
        assert freq <= 400000
        self.writeto, self.readfrom = CHIP.i2c.writeto, CHIP.i2c.readfrom


class SPI:
    def __init__(self, bus, *, baudrate, polarity, phase, sck, mosi, miso):
        if not 1 <= bus <= CHIP.last_spi:
            raise ValueError("SPI(%d) doesn't exist" % bus)
        assert (polarity, phase) == (0, 0) and baudrate <= 10000000

    def write(self, data):
        CHIP.spi.select(CHIP.level(CHIP.spi_select))
        CHIP.spi.write(data)

    def write_readinto(self, out, into):
        CHIP.spi.select(CHIP.level(CHIP.spi_select))
        CHIP.spi.write_readinto(out, into)
