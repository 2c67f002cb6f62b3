"""Energy meters of the connectors over Modbus (register maps of the makers).

One request a second reads all registers that matter. If there is no answer (modbus_rtu.py), the
meter is asked again in the next second. After three misses its readings are stale, and power and
currents read 0. After 11 s it is lost; a meter that was never read is lost at once, since nobody
knows where its register stands.
"""

import struct

from ...clock import sleep_ms
from .frames import ModbusError, scaled_float

POLL_MS = 1000
STALE_AFTER = 3  # misses
LOST_MS = 11000

# name: (function, first register, count, number format, phases,
#        (voltage, current, power, energy), units of one in the register: (dV, dA, W, Wh) as
#        (multiply, divide))
# Where a quantity has one register a phase, the phases follow one another.
_FLOATS, _LOW_FIRST = "float32", "uint32 low word first"
METERS = {
    # Eastron SDM630, SDM72D-M: volts, amperes, watts, kWh
    "eastron_3p": (
        4,
        0x0000,
        0x4A,
        _FLOATS,
        3,
        (0x00, 0x06, 0x34, 0x48),
        ((10, 1), (10, 1), (1, 1), (1000, 1)),
    ),
    # Eastron SDM120, SDM230
    "eastron_1p": (
        4,
        0x0000,
        0x4A,
        _FLOATS,
        1,
        (0x00, 0x06, 0x0C, 0x48),
        ((10, 1), (10, 1), (1, 1), (1000, 1)),
    ),
    # PZEM-004T v3: the voltage alone is one register of 0.1 V; 1 mA, 0.1 W, 1 Wh
    "pzem004t": (
        4,
        0x0000,
        0x0A,
        _LOW_FIRST,
        1,
        (0x00, 0x01, 0x03, 0x05),
        ((1, 1), (1, 100), (1, 10), (1, 1)),
    ),
}


class ModbusMeter:
    """bus: modbus_rtu.py's; address: 1 to 247; kind: a name of METERS."""

    estimated = False

    def __init__(self, bus, address: int, kind: str, clock) -> None:
        self.wh: "int | None" = None
        self.watts = 0
        self.currents_da = [0, 0, 0]
        self.voltages_dv: "list[int | None]" = [None, None, None]
        self.lost = False
        self.problem: "str | None" = None  # of the last poll
        self._bus = bus
        self._address = address
        self._kind = METERS[kind]
        self._clock = clock
        self._misses = 0
        self._read_at_ms = clock.ticks_ms()

    async def run(self, on_lost) -> None:
        while True:
            started_ms = self._clock.ticks_ms()
            lost = self.lost
            await self.poll()
            if self.lost != lost:
                on_lost(self.problem)
            await sleep_ms(max(0, POLL_MS - (self._clock.ticks_ms() - started_ms)))

    async def poll(self) -> None:
        """Reads the meter once, and decides whether its readings are fresh, stale or lost."""
        function, first, count = self._kind[:3]
        try:
            self._take(await self._bus.read(self._address, function, first, count))
        except ModbusError as error:
            self.problem = str(error)
            self._misses += 1
            if self._misses >= STALE_AFTER:
                self.watts = 0
                self.currents_da = [0, 0, 0]
                self.voltages_dv = [None, None, None]
            if self.wh is None or self._clock.ticks_ms() - self._read_at_ms >= LOST_MS:
                self.lost = True
            return
        self.problem = None
        self.lost = False
        self._misses = 0
        self._read_at_ms = self._clock.ticks_ms()

    def _take(self, data: bytes) -> None:
        phases = self._kind[4]
        voltage, current, power, energy = self._kind[5]
        one = 1 if self._kind[3] == _LOW_FIRST else 2  # registers to the next phase
        volts = [self._number(data, voltage + one * phase, 0) for phase in range(phases)]
        amperes = [self._number(data, current + 2 * phase, 1) for phase in range(phases)]
        watts, wh = self._number(data, power, 2), self._number(data, energy, 3)
        if None in volts or None in amperes or watts is None or wh is None or wh < 0:
            raise ModbusError("a reading that is not a number")
        self.voltages_dv = volts + [None] * (3 - phases)
        self.currents_da = [abs(da) for da in amperes] + [0] * (3 - phases)
        self.watts = watts
        self.wh = wh if self.wh is None else max(wh, self.wh)

    def _number(self, data: bytes, register: int, quantity: int) -> "int | None":
        multiply, divide = self._kind[6][quantity]
        at = 2 * register
        if self._kind[3] == _FLOATS:
            return scaled_float(struct.unpack_from(">I", data, at)[0], multiply, divide)
        low = struct.unpack_from(">H", data, at)[0]
        high = 0 if quantity == 0 else struct.unpack_from(">H", data, at + 2)[0]
        return ((high << 16 | low) * multiply + divide // 2) // divide
