"""Two connectors at which vehicles charge, for the control step: hardware that answers at once."""


class Outlet:
    """A connector's hardware: a vehicle that draws, and every sensor that a board may have."""

    has_lock = True
    has_rcm_test = True
    has_pilot_switch = False
    ventilation = False
    pilot_bits = 13
    high_mv = 6000
    low_mv = -12000
    phases = 3
    closed = False
    tripped = False

    def __init__(self, connector: int) -> None:
        self.id = connector

    def read_pilot(self) -> None:
        pass

    def set_duty_u16(self, duty_u16: int) -> None:
        pass

    def set_contactor(self, closed: bool) -> None:
        self.closed = closed

    def contactor_closed(self) -> bool:
        return self.closed

    def set_rcm_test(self, on: bool) -> None:
        self.tripped = on

    def rcm_tripped(self) -> bool:
        return self.tripped

    def set_lock(self, locked: bool) -> None:
        pass

    def pilot_ok(self) -> bool:
        return True

    lock_closed = earthed = pilot_ok

    def cable_ohm(self) -> int:
        return 220

    def meter_da(self) -> int:
        return 160


class Board:
    has_thermometer = True

    def __init__(self) -> None:
        self.outlets = [Outlet(1), Outlet(2)]

    def temperature_c(self) -> int:
        return 40


def charging():
    """A Control whose two connectors charge."""
    from setpoint.control import Control

    control = Control(Board(), 320, lambda: None, {})
    for evse in control.evses.values():
        evse.limit_da = 160
        evse.permitted = True
    for _ in range(500):
        control.step(20)
    states = [evse.sequence.state for evse in control.evses.values()]
    assert states == ["C2", "C2"], states
    return control
