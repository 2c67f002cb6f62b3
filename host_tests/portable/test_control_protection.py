"""One connector's sensors in the control loop: cable, contactor, lock, residual current, heat."""

from control_bench import Thermometer, charging, fix, loop, names_of, protected, run, watched_outlet
from memory import bytes_taken
from outlet import Outlet


def test_each_sensor_opens_the_contactor_in_its_time_and_is_reported_until_its_rule_ends_it():
    for attribute, value, name, most_ms, ends in (
        ("ohm", 1000000, "cable", 80, "heals"),
        ("feedback", False, "contactor", 260, "heals"),
        ("da", 300, "overcurrent", 1060, "unplug"),
        ("tripped", True, "residual", 20, "person"),
        ("earth", False, "earth", 540, "heals"),
        ("locked", False, "lock", 560, "unplug"),
        ("ok", False, "pilot", 60, "heals"),
    ):
        control, (evse,) = protected()
        outlet = evse.outlet
        outlet.done = []
        setattr(outlet, attribute, value)
        run(control, most_ms)
        assert not outlet.closed and "open" in outlet.done, (name, outlet.done)
        run(control, 400)
        assert names_of(evse) == [name] and evse.changes != evse.seen
        assert evse.sequence.state == "F" and evse.offered_da() == 0
        fix(outlet)
        run(control, 29000)
        assert names_of(evse) == [name] and not outlet.closed, name
        run(control, 12000)
        assert outlet.closed == (ends == "heals"), name
        if ends == "person":
            evse.acknowledge()
            run(control, 12000)
            assert outlet.closed
        elif ends == "unplug":
            outlet.show("A")
            run(control, 1000)
            outlet.show("C")
            run(control, 12000)
            assert outlet.closed
        assert names_of(evse) == [] and evse.faults == 0


def test_a_welded_contactor_is_never_closed_again_and_holds_the_plug_over_a_restart():
    control, (evse,) = protected()
    outlet = evse.outlet
    outlet.feedback = True
    outlet.show("B")
    run(control, 1200)
    assert names_of(evse) == ["welded"] and not outlet.closed
    latched = {"1": evse.protection.latched}
    for _ in range(2):
        outlet.show("A")
        run(control, 60000)
        assert outlet.lock is True and evse.sequence.state == "F"
        control, (evse,) = loop(outlets=[outlet], latched=latched)
        evse.limit_da = 160
        evse.permitted = True
        outlet.show("C")
        outlet.feedback = "follows"
        run(control, 60000)
        assert names_of(evse) == ["welded"] and not outlet.closed
        outlet.feedback = True
        evse.acknowledge()
        run(control, 2000)
        assert names_of(evse) == ["welded"], "it is live still"
    outlet.feedback = "follows"
    evse.acknowledge()
    run(control, 40000)
    assert outlet.closed and evse.faults == 0 and evse.protection.latched == 0


def test_a_contactor_that_never_closes_is_tried_three_times_a_vehicle():
    control, (evse,) = protected()
    outlet = evse.outlet
    outlet.show("B")
    run(control, 10000)
    outlet.feedback = False
    outlet.show("C")
    outlet.done = []
    run(control, 300000)
    assert outlet.done.count("close") == 3 and evse.sequence.state == "F"


def test_nothing_is_offered_before_the_cable_is_known_and_never_more_than_it_bears():
    control, (evse,) = loop(outlets=[watched_outlet()], rating_da=630)
    evse.outlet.ohm = 680
    run(control, 1000)
    evse.limit_da = 630
    evse.permitted = True
    evse.outlet.show("B")
    seen = set()
    for _ in range(400):
        control.step(20)
        seen.add(evse.offered_da())
    assert seen == {0, 200}


def test_heat_lowers_what_is_offered_and_stops_the_charge():
    control, (evse,) = charging(board=Thermometer)
    board = control._board
    for celsius, offered_da in ((65, 160), (68, 80), (71, 0)):
        board.celsius = celsius
        evse.limit_da = 320
        run(control, 8000)
        assert evse.offered_da() == offered_da, celsius
        assert control.has_news() and control.faults
    assert not evse.outlet.closed and evse.sequence.state == "F"
    board.celsius = 62
    run(control, 50000)
    assert evse.outlet.closed and evse.offered_da() == 320 and control.faults == 0


def test_the_plug_is_not_let_go_while_it_may_be_live():
    control, (evse,) = protected()
    outlet = evse.outlet
    evse.lock_wanted = False
    run(control, 1000)
    assert outlet.closed and outlet.lock is True
    outlet.show("B")
    outlet.feedback = True
    run(control, 100)
    assert not outlet.closed and outlet.lock is True, "the contactor's feedback says that it is"
    outlet.feedback = "follows"
    run(control, 100)
    assert outlet.lock is False


def test_the_contactor_waits_for_the_lock():
    control, (evse,) = loop(outlets=[watched_outlet()])
    outlet = evse.outlet
    outlet.locked = False
    evse.limit_da = 160
    evse.permitted = True
    run(control, 1000)
    outlet.show("C")
    evse.lock_wanted = True
    run(control, 4900)
    assert outlet.lock is True and not outlet.closed and evse.faults == 0
    outlet.locked = True
    run(control, 6000)
    assert outlet.closed


def test_the_monitor_is_tested_at_the_start_and_after_each_session():
    outlet = watched_outlet()
    driven = []
    outlet.set_rcm_test = lambda on: (
        driven.append(on) if not driven or driven[-1] != on else None,
        setattr(outlet, "tripped", on),
    )
    control, (evse,) = charging(outlets=[outlet])
    assert driven == [True, False]
    run(control, 20000)
    outlet.show("A")
    run(control, 1000)
    assert driven == [True, False, True, False] and evse.faults == 0


def test_a_protected_control_step_allocates_nothing():
    control, (evse,) = charging(outlets=[watched_outlet()], board=Thermometer)
    outlet = evse.outlet

    def wander():
        for i in range(4000):
            outlet.da = i % 400
            outlet.ohm = 220 if i % 50 else 5000
            if i % 500 == 0:
                outlet.show("A" if i % 1000 else "C")
            if i == 1700:
                outlet.feedback = False
            if i == 2500:
                fix(outlet)
                evse.acknowledge()
            control._board.celsius = i % 90
            control.step(20)

    assert bytes_taken(wander) == 0
    assert control.steps >= 4000


def test_a_person_who_came_before_another_fault_must_come_again():
    control, (evse,) = charging()
    evse.outlet.tripped = True
    run(control, 1000)
    evse.outlet.tripped = False
    run(control, 1000)
    evse.acknowledge()
    run(control, 100)
    assert evse.protection.latched == 0
    evse.outlet.earth = False
    run(control, 1000)
    evse.outlet.earth = True
    run(control, 60000)
    assert evse.sequence.state == "F"
    evse.acknowledge()
    run(control, 2000)
    assert evse.sequence.state != "F"


def test_a_monitor_that_takes_its_time_is_waited_for():
    class Slow(Outlet):
        has_rcm_test = True

        def set_rcm_test(self, on):
            pass

    outlet = Slow()
    outlet.tripped = False

    def answer():
        for outlet.tripped in (True, False):
            run(control, 20)

    control, (evse,) = loop(outlets=[outlet])
    run(control, 900)
    assert evse.sequence.state == "BOOT"
    answer()
    evse.limit_da = 160
    evse.permitted = True
    outlet.show("B")
    run(control, 1000)
    outlet.show("C")
    run(control, 2000)
    assert outlet.closed
    outlet.show("B")
    run(control, 2000)
    assert not outlet.closed and not evse.protection.test, "not before the vehicle has left"
    outlet.show("A")
    run(control, 100)
    assert evse.protection.test
    outlet.show("B")
    run(control, 700)
    assert evse.offered_da() == 0
    answer()
    run(control, 100)
    assert evse.offered_da() == 160


def test_the_plug_is_held_while_the_contactor_is_driven_or_known_to_be_welded():
    outlet = Outlet()
    outlet.has_lock = outlet.locked = True
    control, (evse,) = charging(outlets=[outlet])
    evse.lock_wanted = False
    run(control, 100)
    assert outlet.lock, "it is driven"
    outlet.show("B")
    run(control, 100)
    assert not outlet.lock
    for bit, held in ((6, True), (8, False)):  # welded, residual
        outlet = Outlet()
        outlet.has_lock = outlet.locked = True
        outlet.feedback = "follows"
        control, (evse,) = loop(outlets=[outlet], latched={"1": 1 << bit})
        run(control, 100)
        assert outlet.lock == held, bit
