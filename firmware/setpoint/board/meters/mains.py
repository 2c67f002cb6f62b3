"""A meter at the grid connection, for the house limit: what each of the three phases carries, with
the direction.

    currents_da   list of three, deci-ampere, import positive; None: it tells nothing of that phase
    readings      how many there were: it grows with each that can be trusted
    problem       why the last try was none, in a sentence; None: it was one
    on_reading    called after each reading; the application sets it
    fuse_amps, safe_amps, rise_after_s, surplus, lag    as board.json has them (house/mains.py)

and `run()`, the task's coroutine. Here: over Modbus, by the table in mains_table.py.

Rule: a meter's currents have no sign. The sign of the active power of the same phase says which way
they flow."""

import struct

from ...clock import sleep_ms
from .frames import ModbusError, scaled_float

POLL_MS = 1000

# All bits set, or all but the sign: ABB meters do not know
_UNKNOWN = (0x7FFFFFFF, 0xFFFFFFFF)


class MainsMeter:
    """wiring: mains of board.json."""

    def __init__(self, wiring: dict, lag: int = 1) -> None:
        """lag: by so many readings the meters of the connectors may be late."""
        self.surplus = wiring.get("surplus", False)
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
    """bus: a Bus of modbus_rtu.py or of modbus_tcp.py."""

    def __init__(self, bus, address: int, kind: str, clock, wiring: dict, lag: int = 1) -> None:
        from .mains_table import METERS  # one row of it

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
