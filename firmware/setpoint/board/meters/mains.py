"""A meter at the grid connection, for the house limit: what each of the three phases carries, with
the direction.

    currents_da   list of three, deci-ampere, import positive; None: it tells nothing of that phase
    readings      how many there were: it grows with each that can be trusted
    problem       why the last try was none, in a sentence; None: it was one
    on_reading    called after each reading; the application sets it
    fuse_amps, safe_amps, rise_after_s, lag    as board.json has them (house/mains.py)

and `run()`, the task's coroutine. Here: over Modbus, by a table of meters.

Rule: a meter's currents have no sign. The sign of the active power of the same phase says which way
they flow."""

import struct

from ...clock import sleep_ms
from .modbus import ModbusError, scaled_float

POLL_MS = 1000

# name: (function, first register, count, number format, registers of the currents from there on,
#        of the powers, one in the register in deci-ampere as (multiply, divide))
# Formats: "f" IEEE 754 single, "i" signed integer, high word first; "F", "I" low word first.
METERS = {
    # Eastron SDM630, SDM72D-M v2 (v1 tells nothing of single phases), over a gateway too
    "eastron_3p": (4, 0x0006, 12, "f", (0, 2, 4), (6, 8, 10), (10, 1)),
    # Eastron SDM120, SDM230
    "eastron_1p": (4, 0x0006, 8, "f", (0,), (6,), (10, 1)),
    # Carlo Gavazzi EM24 (Ethernet), EM330, EM340, ET330, ET340: 1 mA, 0.1 W
    "carlo_gavazzi": (4, 0x000C, 12, "I", (0, 2, 4), (6, 8, 10), (1, 100)),
    # ABB B23, B24, A43, A44: 10 mA, 10 mW; all bits set, or all but the sign: unknown
    "abb": (3, 0x5B0C, 16, "i", (0, 2, 4), (10, 12, 14), (1, 10)),
    # Siemens PAC2200, PAC3200
    "siemens_pac": (4, 13, 18, "f", (0, 2, 4), (12, 14, 16), (10, 1)),
    # Shelly Pro 3EM, three phases
    "shelly_pro_3em": (4, 1022, 44, "F", (0, 20, 40), (2, 22, 42), (10, 1)),
    # Chint DTSU666: 1 mA, 0.1 W
    "chint_dtsu666": (3, 0x200C, 14, "f", (0, 2, 4), (8, 10, 12), (1, 100)),
}
_UNKNOWN = (0x7FFFFFFF, 0xFFFFFFFF)


class MainsMeter:
    """wiring: mains of board.json."""

    def __init__(self, wiring: dict, lag: int = 1) -> None:
        """lag: by so many readings the meters of the connectors may be late."""
        self.fuse_amps = wiring["fuse_amps"]
        self.safe_amps = wiring.get("safe_amps", 6)
        self.rise_after_s = wiring.get("rise_after_s", 30)
        self.lag = lag
        self.currents_da: "list[int | None]" = [None, None, None]
        self.readings = 0
        self.problem: "str | None" = "no answer"
        self.on_reading = None

    def take(self, currents_da: list) -> None:
        """A reading that can be trusted."""
        self.currents_da = currents_da
        self.problem = None
        self.readings += 1
        if self.on_reading is not None:
            self.on_reading()


class ModbusMains(MainsMeter):
    """bus: a Bus of modbus.py or of modbus_tcp.py."""

    def __init__(self, bus, address: int, kind: str, clock, wiring: dict, lag: int = 1) -> None:
        MainsMeter.__init__(self, wiring, lag)
        self._bus = bus
        self._address = address
        self._kind = METERS[kind]
        self._clock = clock

    async def run(self) -> None:
        while True:
            started_ms = self._clock.ticks_ms()
            await self.poll()
            await sleep_ms(max(0, POLL_MS - (self._clock.ticks_ms() - started_ms)))

    async def poll(self) -> None:
        """Asks once."""
        function, first, count = self._kind[:3]
        try:
            data = await self._bus.read(self._address, function, first, count)
            self.take(self._currents_in(data))
        except ModbusError as error:
            self.problem = str(error)

    def _currents_in(self, data: bytes) -> list:
        currents, powers, scale = self._kind[4:]
        found: "list[int | None]" = [None, None, None]
        for phase in range(len(currents)):
            da = self._number(data, currents[phase], scale)
            power = self._number(data, powers[phase], (1, 1))
            if da is None or power is None:
                raise ModbusError("a reading that is not a number")
            found[phase] = -abs(da) if power < 0 else abs(da)
        return found

    def _number(self, data: bytes, register: int, scale: tuple) -> "int | None":
        form = self._kind[3]
        first, second = struct.unpack_from(">HH", data, 2 * register)
        bits = second << 16 | first if form in "FI" else first << 16 | second
        if form in "fF":
            return scaled_float(bits, scale[0], scale[1])
        if form == "i" and bits in _UNKNOWN:
            return None
        number = bits - (1 << 32) if bits >> 31 else bits
        return (2 * number * scale[0] + scale[1]) // (2 * scale[1])
