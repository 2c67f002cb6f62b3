"""One connector in the control loop: the order of its outputs, phases, ratings, and what the agent
is told."""

from control_bench import charging, loop, names_of, run
from outlet import Board, Outlet

from setpoint.control import Control


def test_the_contactor_opens_before_the_pilot_changes_and_closes_after():
    control, (evse,) = charging()
    evse.outlet.done = []
    evse.outlet.show("A")
    run(control, 100)
    assert evse.outlet.done == ["open", "duty"]
    evse.outlet.done = []
    evse.outlet.show("B")
    run(control, 6000)
    evse.outlet.show("C")
    run(control, 1500)
    assert evse.outlet.done == ["duty", "close"]


def test_no_limit_lifts_the_rating_of_the_hardware():
    control, (evse,) = charging()
    evse.limit_da = 800
    run(control, 6000)
    assert evse.offered_da() == 320


def test_a_charge_goes_on_while_its_limit_falls_faster_than_a_vehicle_follows():
    control, (evse,) = charging()
    evse.limit_da = 320
    run(control, 6000)
    offers = [evse.offered_da()] * 400  # of the last 8 s, the newest first
    for limit_da in (160, 100, 60, 320, 160, 60):
        evse.limit_da = limit_da
        for _ in range(250):
            offers = [evse.offered_da()] + offers[:-1]
            evse.outlet.da = offers[245]  # 4.9 s to follow and to be seen
            control.step(20)
            assert evse.faults == 0 and evse.outlet.closed, (limit_da, evse.outlet.da)


def without_rest(evse):
    evse.least_closed_ms = evse.least_open_ms = 0


def test_phases_are_switched_with_the_contactor_open_and_a_pause():
    control, (evse,) = charging()
    without_rest(evse)
    evse.outlet.done = []
    evse.phases = 1
    run(control, 40)
    assert evse.outlet.done == ["duty"] and evse.outlet.duty_u16 == 65535
    evse.outlet.show("B")
    run(control, 200)
    assert evse.outlet.done == ["duty", "open", "phases 1"]
    run(control, 14500)
    assert evse.offered_da() == 0
    run(control, 1000)
    assert evse.offered_da() == 160
    evse.outlet.show("C")
    run(control, 1500)
    assert evse.outlet.closed and evse.outlet.phases == 1


def test_a_vehicle_that_does_not_stop_is_cut_before_phases_are_switched():
    control, (evse,) = charging()
    evse.phases = 1
    run(control, 5900)
    assert evse.outlet.closed and evse.outlet.phases == 3
    run(control, 200)
    assert not evse.outlet.closed and evse.outlet.phases == 1


def test_a_fault_of_the_pilot_is_told_with_the_level_that_was_measured():
    control, (evse,) = charging()
    evse.outlet.n12_mv = -5600
    run(control, 1000)
    assert names_of(evse) == ["diode"] and evse.protection.numbers[0] == -5600
    control, (evse,) = charging()
    evse.outlet.high_mv = 40
    run(control, 1000)
    assert names_of(evse) == ["short"] and evse.protection.numbers[1] == 40
    evse.outlet.high_mv = 20000
    run(control, 1000)
    assert (
        names_of(evse) == ["short", "bad"]
        and evse.protection.numbers[3] == 20000
        and evse.protection.numbers[1] == 40
    )


def test_the_agent_is_told_once_of_each_thing_that_changes():
    told = []
    outlets = [Outlet(1), Outlet(2)]
    outlets[0].ohm = 220
    board = Board(outlets)
    board.has_thermometer = True
    control = Control(board, 60, lambda: told.append(1), {})
    evse = control.evses[1]

    def changes():
        was = evse.changes != evse.seen, len(told) > 0, control.changes != control.seen
        for part in (evse, control.evses[2], control):
            part.seen = part.changes
        told.clear()
        control.step(20)
        assert evse.changes == evse.seen and not told, "nothing has changed"
        return was

    outlets[0].show("B")
    run(control, 2000)
    assert changes() == (True, True, False)
    outlets[0].ohm = 680
    run(control, 200)
    assert changes() == (True, True, False), "the cable"
    evse.limit_da = 60
    evse.permitted = True
    run(control, 40)
    assert evse.sequence.state == "B2" and changes() == (True, True, False), "the state"
    evse.fault = 1
    run(control, 1000)
    assert evse.sequence.state == "F" and changes() == (True, True, False)
    outlets[0].earth = False
    run(control, 1000)
    assert changes() == (True, True, False), "the faults"
    outlets[0].show("C")
    run(control, 200)
    assert evse.sequence.state == "F" and changes() == (True, True, False), "the vehicle"
    board.celsius = 65
    run(control, 2100)
    assert control.most_da == 60 and changes() == (False, True, True), "the temperature"


def test_the_pilot_is_opened_and_closed_again_to_wake_a_vehicle():
    outlet = Outlet()
    outlet.has_pilot_switch = True
    control, (evse,) = loop(outlets=[outlet])
    evse.limit_da = 160
    evse.permitted = True
    evse.sequence.wake_ms = 2000
    outlet.show("B")
    run(control, 2000)
    outlet.done = []
    run(control, 2000)
    assert outlet.done == ["duty", "pilot open"] and evse.offered_da() == 0
    run(control, 5000)
    assert outlet.done[2:] == ["pilot back", "duty"] and evse.offered_da() == 160


def test_a_pause_of_the_phases_ends_whatever_the_steps_are():
    control, (evse,) = charging()
    without_rest(evse)
    evse.phases = 1
    evse.outlet.show("B")
    run(control, 200)
    for _ in range(600):
        control.step(33)
    assert evse.offered_da() == 160
