"""The control loop over outlets that a test moves."""

from outlet import Board, Outlet

from setpoint.control import Control
from setpoint.pilot import faults
from setpoint.pilot.fault_words import report_of


def loop(connectors=1, rating_da=320, latched=None, outlets=None, board=Board):
    outlets = outlets or [Outlet(i + 1) for i in range(connectors)]
    control = Control(board(outlets), rating_da, lambda: None, latched or {})
    return control, [control.evses[outlet.id] for outlet in outlets]


def run(control, ms):
    for _ in range(ms // 20):
        control.step(20)


def charging(connectors=1, **loop_arguments):
    control, evses = loop(connectors, **loop_arguments)
    run(control, 1000)
    for evse in evses:
        evse.limit_da = 160
        evse.permitted = True
        evse.lock_wanted = True
        evse.outlet.show("B")
    run(control, 200)
    for evse in evses:
        evse.outlet.show("C")
    run(control, 1500)
    for evse in evses:
        assert evse.outlet.closed and evse.offered_da() == 160
    return control, evses


def watched_outlet():
    """With every sensor, all of them content."""
    outlet = Outlet()
    outlet.has_lock = outlet.has_rcm_test = outlet.locked = outlet.earth = True
    outlet.tripped = False
    outlet.feedback = "follows"
    outlet.ohm = 220
    return outlet


def protected(**loop_arguments):
    return charging(outlets=[watched_outlet()], **loop_arguments)


def names_of(evse):
    return [report_of(bit, 0)[1] for bit in range(faults.COUNT) if evse.faults >> bit & 1]


def fix(outlet):
    outlet.earth = outlet.locked = True
    outlet.tripped = False
    outlet.feedback = "follows"
    outlet.ohm = 220
    outlet.da = 0
    outlet.ok = True


class Thermometer(Board):
    has_thermometer = True
