"""The duty cycle for a limit, and what a vehicle reads from a duty cycle (IEC 61851-1, annex A).

    duty            a vehicle reads                 we send it
    below 3 %       no current                      never
    3 to 7 %        digital communication decides   never: there is no modem
    7 to 8 %        no current                      never
    8 to 10 %       6 A                             never on purpose
    10 to 85 %      duty x 0.6 A       (to 51 A)    yes
    85 to 96 %      (duty - 64) x 2.5 A (to 80 A)   yes
    96 to 97 %      80 A                            never
    above 97 %      no current                      100 % only: steady +12 V, "x1"

Duty is MicroPython's duty_u16: 65535 is steady +12 V, 0 is steady -12 V, and n is n/65535 of the
period, cut to the PWM's resolution: 13 bits on an ESP32-S3 at 1 kHz (micropython,
ports/esp32/machine_pwm.c: duty >> (16 - resolution)). Every product here stays below 2**30, so it
is a small int on a 32-bit chip."""

from micropython import const

from ..units import MINIMUM_DA

X1_U16 = const(65535)  # steady +12 V: nothing to offer now
N12_U16 = const(0)  # steady -12 V: state F, not available

_FULL = const(65535)
_TENTH = const(6554)  # 10 %, the first duty not below it
_LOWER_LAW_MAX_DA = const(510)  # 85 %
_UPPER_LAW_MIN_DA = const(525)  # 85 % again: the two laws do not meet
_MAX_DA = const(800)


def duty_u16_for(limit_da: int, bits: int = 16) -> int:
    """The duty that offers `limit_da` (0.1 A), or X1_U16 below 6 A, where nothing can be offered.

    `bits`: the PWM's resolution, 8 to 16. The answer is a duty that the PWM can make, rounded down,
    so that a vehicle never reads more than the limit. There are two exceptions. A duty below 10 %
    is rounded up to the first one that is not, because below 10 % some vehicles do not read 6 A.
    That is 0.006 us too long with 16 bits, 0.1 us with 13 and 1.6 us with 8; IEC 61851-1 allows 5
    us. And 52.5 A lies on the border of the two laws: like every limit between 51 and 52.5 A it is
    offered as 51 A.
    """
    if limit_da < MINIMUM_DA:
        return X1_U16
    if limit_da <= _LOWER_LAW_MAX_DA:
        duty_u16 = limit_da * _FULL // 600
    elif limit_da < _UPPER_LAW_MIN_DA:
        duty_u16 = _LOWER_LAW_MAX_DA * _FULL // 600
    else:
        duty_u16 = (min(limit_da, _MAX_DA) + 1600) * _FULL // 2500
    step_u16 = 1 << (16 - bits)
    return max(duty_u16 & -step_u16, (_TENTH + step_u16 - 1) & -step_u16)


def offered_da_for(duty_u16: int) -> int:
    """The current that a vehicle reads from a duty, to the nearest 0.1 A. 0: it reads none."""
    percent_x_full = duty_u16 * 100
    if percent_x_full < 8 * _FULL or percent_x_full > 97 * _FULL:
        return 0
    if percent_x_full < 10 * _FULL:
        return MINIMUM_DA
    if percent_x_full <= 85 * _FULL:
        return (duty_u16 * 600 + _FULL // 2) // _FULL
    if percent_x_full <= 96 * _FULL:
        return (duty_u16 * 2500 + _FULL // 2) // _FULL - 1600
    return _MAX_DA


def percent_x100_for(duty_u16: int) -> int:
    """The duty in hundredths of a percent, to the nearest one: 2667 for 16 A."""
    return (duty_u16 * 10000 + _FULL // 2) // _FULL
