"""The control pilot circuit: what the station's ADC sees on the wire, in millivolts.

The EVSE drives +12 V and -12 V through 1 kOhm; the vehicle puts a resistor behind a diode (0.7 V)
to protective earth: 2.74 kOhm when plugged in (state B), with 1.3 kOhm beside it when it asks for
current (state C). Source: IEC 61851-1, annex A; values as in SAE J1772.

Rule: nothing here allocates. The levels are computed when the module is loaded.
"""

from micropython import const

STEADY_HIGH = const(65535)  # duty_u16 of steady +12 V
STEADY_LOW = const(0)  # duty_u16 of steady -12 V

_SOURCE_MV = const(12000)
_SOURCE_OHM = const(1000)
_DIODE_MV = const(700)
_B_OHM = const(2740)
_C_OHM = const(882)  # 2740 and 1300 in parallel


def _with_diode(ohm: int) -> int:
    return (_SOURCE_MV - _DIODE_MV) * ohm // (ohm + _SOURCE_OHM) + _DIODE_MV


def _without_diode(ohm: int) -> int:
    return _SOURCE_MV * ohm // (ohm + _SOURCE_OHM)


B_MV = _with_diode(_B_OHM)
C_MV = _with_diode(_C_OHM)
_B_WITHOUT_DIODE_MV = _without_diode(_B_OHM)
_C_WITHOUT_DIODE_MV = _without_diode(_C_OHM)


class Circuit:
    """One connector's control pilot wire. `read` sets high_mv and low_mv, the tops and bottoms of
    the wave."""

    def __init__(self) -> None:
        self.diode_broken = False
        self.fault: "str | None" = None  # "short", "open" or None
        self.high_mv = _SOURCE_MV
        self.low_mv = _SOURCE_MV

    def read(self, duty_u16: int, plugged: bool, asks: bool) -> None:
        high = _SOURCE_MV
        low = -_SOURCE_MV
        if self.fault == "short":
            high = low = 0
        elif plugged and self.fault is None:
            if self.diode_broken:
                high = _C_WITHOUT_DIODE_MV if asks else _B_WITHOUT_DIODE_MV
                low = -high
            else:
                high = C_MV if asks else B_MV
        self.high_mv = low if duty_u16 == STEADY_LOW else high
        self.low_mv = high if duty_u16 == STEADY_HIGH else low

    def carries_pilot(self) -> bool:
        """Does the vehicle see the wave that the station sends?"""
        return self.fault is None
