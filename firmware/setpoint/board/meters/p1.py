"""The P1 port of a smart meter (DSMR 5.0.2 P1 companion standard): a telegram a second, which the
meter sends by itself.

    /ISK5\\2M550T-1012            the first line
    1-3:0.2.8(50)                version 5.0
    0-0:1.0.0(261130235959W)     the meter's clock
    1-0:32.7.0(230.1*V)          voltage L1; 52, 72: L2, L3
    1-0:31.7.0(012*A)            current L1, whole amperes without a sign; 51, 71
    1-0:21.7.0(02.797*kW)        active power L1, import; 41, 61
    1-0:22.7.0(00.000*kW)        export; 42, 62
    !EF2F                        check sum of all from / to !

Rule 1: a telegram counts once its check sum is right, and its clock has gone on since the last one.
Rule 2: a current is what power and voltage say, and at least the whole amperes: the meter cuts the
        fraction, and power alone leaves out what is reactive.
Rule 3: meters before DSMR 5 send every 10 s. That is too slow for a fuse: they count as silent.
Rule 4: no telegram is ever in memory as a whole."""

from ...clock import sleep_ms
from .frames import crc16
from .mains import MainsMeter

_LONGEST_LINE = 60  # of those that are read
_SLOWEST_S = 5
# Lines that are read, each with its phase: current, import, export, voltage
_CURRENT = (b"1-0:31.7.0", b"1-0:51.7.0", b"1-0:71.7.0")
_IMPORT = (b"1-0:21.7.0", b"1-0:41.7.0", b"1-0:61.7.0")
_EXPORT = (b"1-0:22.7.0", b"1-0:42.7.0", b"1-0:62.7.0")
_VOLTAGE = (b"1-0:32.7.0", b"1-0:52.7.0", b"1-0:72.7.0")
_VERSION = b"1-3:0.2.8"
_CLOCK = b"0-0:1.0.0"


class P1Meter(MainsMeter):
    """stream: with the coroutine `read(count)`. volts: where the meter tells none."""

    def __init__(self, stream, volts: int, wiring: dict, lag: int = 1) -> None:
        MainsMeter.__init__(self, wiring, lag)
        self._stream = stream
        self._volts = volts
        self._line = bytearray()
        self._crc: "int | None" = None  # of the telegram so far; None: outside one
        self._found: dict = {}
        self._time = None  # of the last telegram

    async def run(self) -> None:
        while True:
            try:
                data = await self._stream.read(64)
            except OSError as error:
                self.problem = "the line fails: %s" % error
                data = b""
            if data:
                self.feed(data)
            else:
                await sleep_ms(1000)

    def feed(self, data: bytes) -> None:
        """What came next from the meter, in pieces of any size."""
        at = data.find(b"/")
        if at >= 0:  # a telegram begins, whatever was before
            self._piece(data[:at])
            self._begin()
            data = data[at:]
        self._piece(data)

    def _begin(self) -> None:
        self._crc = 0
        self._line = bytearray()
        self._found = {}

    def _piece(self, data: bytes) -> None:
        while data and self._crc is not None:
            end = data.find(b"\n")
            piece = data if end < 0 else data[: end + 1]
            data = data[len(piece) :]
            line = self._line
            last = line[:1] == b"!" or (not line and piece[:1] == b"!")
            if last:
                if not line:
                    self._crc = crc16(b"!", self._crc)
            else:
                self._crc = crc16(piece, self._crc)
            if len(line) <= _LONGEST_LINE:
                line.extend(piece[: _LONGEST_LINE + 1])
            if end >= 0:
                self._line = bytearray()
                if last:
                    self._end(bytes(line))
                elif len(line) <= _LONGEST_LINE:
                    self._take_line(bytes(line))

    def _take_line(self, line: bytes) -> None:
        name, bracket, rest = line.partition(b"(")
        if bracket and name in (_VERSION, _CLOCK) + _CURRENT + _IMPORT + _EXPORT + _VOLTAGE:
            self._found[name] = rest.partition(b")")[0]

    def _end(self, line: bytes) -> None:
        crc, self._crc = self._crc, None
        found, self._found = self._found, {}
        if line[1:5].upper() != b"%04X" % (crc or 0):
            self.problem = "a telegram with a wrong check sum"
            return
        try:
            self._judge(found)
        except ValueError:
            self.problem = "a telegram that cannot be read"

    def _judge(self, found: dict) -> None:
        time = found.get(_CLOCK, b"")
        before, self._time = self._time, time
        seconds = _seconds(time)
        if time == before:
            self.problem = "the meter's clock stands still"
        elif found.get(_VERSION, b"50")[:1] < b"5" or (
            before is not None and _SLOWEST_S <= seconds - _seconds(before) < 60
        ):
            self.problem = "a telegram every 10 s: too slow"
        else:
            currents_da = [self._current_da(found, phase) for phase in range(3)]
            if currents_da[0] is None:
                self.problem = "a telegram without currents"
            else:
                self.take(currents_da)

    def _current_da(self, found: dict, phase: int) -> "int | None":
        amperes = found.get(_CURRENT[phase])
        taken, given = found.get(_IMPORT[phase]), found.get(_EXPORT[phase])
        whole_da = None if amperes is None else _milli(amperes) // 100
        if taken is None and given is None:
            # The fraction that was cut off counts as drawn
            return None if whole_da is None else whole_da + 9
        volts_mv = _milli(found.get(_VOLTAGE[phase], b"")) if _VOLTAGE[phase] in found else 0
        if volts_mv < 50000:
            volts_mv = self._volts * 1000
        watts = (_milli(taken) if taken else 0) - (_milli(given) if given else 0)
        da = -(-watts * 10000 // volts_mv)  # up: towards import
        return da if da < 0 or whole_da is None else max(da, whole_da)


def _milli(text: bytes) -> int:
    """b"02.797*kW" is 2797. Raises ValueError."""
    number = text.partition(b"*")[0]
    whole, _, fraction = number.partition(b".")
    return int(whole) * 1000 + int((fraction + b"000")[:3])


def _seconds(time: bytes) -> int:
    """Of the day, for a clock like b"261130235959W". Raises ValueError."""
    if len(time) < 12:
        raise ValueError
    return int(time[6:8]) * 3600 + int(time[8:10]) * 60 + int(time[10:12])
