"""The control pilot wire of the simulated board, against the levels of IEC 61851-1 (A 12 V, B 9 V,
C 6 V, -12 V)."""

from setpoint.board.simulated.circuit import Circuit

PWM_16_A = 17476
STEADY_HIGH = 65535
STEADY_LOW = 0


def seen(duty_u16, plugged=False, asks=False, diode_broken=False, fault=None):
    circuit = Circuit()
    circuit.diode_broken = diode_broken
    circuit.fault = fault
    circuit.read(duty_u16, plugged, asks)
    return circuit.high_mv, circuit.low_mv


def near(value_mv, nominal_mv):
    return abs(value_mv - nominal_mv) <= 50


def test_each_state_of_the_vehicle_has_its_level():
    for plugged, asks, nominal_mv in (
        (False, False, 12000),
        (True, False, 9000),
        (True, True, 6000),
    ):
        high_mv, low_mv = seen(PWM_16_A, plugged, asks)
        assert near(high_mv, nominal_mv) and low_mv == -12000, (plugged, asks, high_mv, low_mv)


def test_a_steady_pilot_has_only_one_level():
    high_mv, low_mv = seen(STEADY_HIGH, plugged=True)
    assert near(high_mv, 9000) and low_mv == high_mv
    assert seen(STEADY_LOW, plugged=True) == (-12000, -12000)


def test_without_its_diode_the_vehicle_pulls_the_low_half_up_as_well():
    for asks, least_mv, most_mv in ((False, 8000, 9500), (True, 5000, 6500)):
        high_mv, low_mv = seen(PWM_16_A, True, asks, diode_broken=True)
        assert least_mv < high_mv < most_mv and low_mv == -high_mv, (asks, high_mv, low_mv)


def test_a_missing_diode_shows_only_when_the_pilot_goes_low():
    high_mv, low_mv = seen(STEADY_HIGH, True, False, diode_broken=True)
    assert low_mv == high_mv > 8000


def test_a_short_to_earth_is_zero_volts_whatever_is_sent():
    for duty_u16 in (STEADY_HIGH, PWM_16_A, STEADY_LOW):
        assert seen(duty_u16, True, True, fault="short") == (0, 0)


def test_an_open_wire_looks_like_no_vehicle():
    assert seen(PWM_16_A, True, True, fault="open") == seen(PWM_16_A)
