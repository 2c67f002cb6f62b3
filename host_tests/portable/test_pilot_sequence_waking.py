"""The state machine of a connector: how a vehicle that sleeps is woken, and which one is not."""

from plant import Plant

from setpoint.pilot.duty import N12_U16, X1_U16, duty_u16_for
from setpoint.pilot.faults import SELF_HEALING


def asleep(pilot_switch=False):
    """A vehicle that does not answer to an offer, with waking after 90 s; 10 s before it is due."""
    plant = Plant(pilot_switch=pilot_switch)
    plant.sequence.wake_ms = 90000
    plant.plug_in()
    plant.run(1000)
    assert plant.sequence.state == "B2"
    plant.run(80000, 100)
    plant.states.clear()
    plant.duties.clear()
    return plant


def test_a_vehicle_that_sleeps_is_woken_once_by_minus_12_volts():
    plant = asleep()
    plant.run(20000)
    (wake_ms, _), (b2_ms, _) = plant.states
    assert [state for _, state in plant.states] == ["WAKE", "B2"]
    assert [duty_u16 for _, duty_u16 in plant.duties] == [N12_U16, X1_U16, duty_u16_for(160)]
    assert plant.duties[1][0] - plant.duties[0][0] == 4000
    assert 750 <= b2_ms - plant.duties[1][0] < 770
    plant.run(7000000, 5000)
    assert len(plant.states) == 2 and plant.contactor == []
    plant.ask_for_current()
    plant.run(600)
    assert plant.sequence.state == "C2"


def test_a_vehicle_that_sleeps_is_woken_twice_by_opening_the_pilot():
    plant = asleep(pilot_switch=True)
    opened = []
    for _ in range(12000):
        plant.run(20)
        if not opened or opened[-1][1] != plant.sequence.pilot_open:
            opened.append((plant.now_ms, plant.sequence.pilot_open))
    assert [is_open for _, is_open in opened] == [False, True, False, True, False]
    assert opened[2][0] - opened[1][0] == 4000 and opened[4][0] - opened[3][0] == 30000
    assert N12_U16 not in [duty_u16 for _, duty_u16 in plant.duties]
    assert plant.sequence.state == "B2" and plant.sequence.vehicle == "B", (
        "the open wire was not looked at"
    )


def test_a_pilot_switch_that_closes_slowly_is_no_vehicle_that_left():
    plant = asleep(pilot_switch=True)
    plant.run(12000)
    while plant.sequence.pilot_open:
        plant.run(20)
    plant.unplug()
    plant.run(60)
    plant.plug_in()
    plant.run(1000)
    assert [state for _, state in plant.states] == ["WAKE", "B2"]


def test_nobody_is_woken_unless_it_is_asked_for():
    plant = asleep()
    plant.sequence.wake_ms = 0
    plant.run(200000, 100)
    assert plant.states == []


def test_a_vehicle_that_stopped_by_itself_is_not_woken():
    plant = Plant().charging()
    plant.sequence.wake_ms = 90000
    plant.plug_in()
    plant.run(300000, 100)
    assert [state for _, state in plant.states] == ["B2"]


def test_a_vehicle_is_woken_again_after_a_later_pause_but_not_within_an_hour():
    plant = asleep()
    plant.run(20000)
    for pause_ms, want in ((1000, []), (2400000, []), (1200000, ["WAKE", "B2"])):
        plant.permitted = False
        plant.run(pause_ms, 1000)
        plant.permitted = True
        plant.states.clear()
        plant.run(200000, 100)
        assert [state for _, state in plant.states][1:] == want, pause_ms


def test_waking_ends_at_once_without_a_permit_and_when_the_vehicle_leaves():
    plant = asleep()
    plant.run(12000)
    assert plant.sequence.state == "WAKE"
    plant.permitted = False
    plant.run(20)
    assert plant.sequence.state == "B1" and plant.sequence.duty_u16 == X1_U16
    plant = asleep()
    plant.run(12000)
    plant.unplug()
    plant.run(2400)
    assert plant.sequence.state == "A" and [state for _, state in plant.states] == ["WAKE", "A"]


def test_time_that_leaps_while_a_vehicle_is_woken_gives_it_12_volts_all_the_same():
    plant = asleep()
    plant.run(12000)
    plant.step(3600000)
    assert plant.sequence.state == "WAKE" and plant.sequence.duty_u16 == X1_U16
    plant.run(700)
    assert plant.sequence.state == "WAKE"
    plant.run(100)
    assert plant.sequence.state == "B2"


def test_a_fault_while_a_vehicle_is_woken_gives_it_its_pilot_back():
    plant = asleep(pilot_switch=True)
    plant.run(12000)
    assert plant.sequence.pilot_open
    plant.fault = SELF_HEALING
    plant.run(20)
    assert (
        plant.sequence.state == "F"
        and not plant.sequence.pilot_open
        and plant.sequence.duty_u16 == X1_U16
    )


def test_a_vehicle_that_asked_and_thought_better_of_it_is_not_woken():
    plant = Plant()
    plant.sequence.wake_ms = 90000
    plant.ask_for_current()
    plant.run(4000)
    assert plant.sequence.state == "C1P"
    plant.plug_in()
    plant.run(200000, 100)
    assert [state for _, state in plant.states] == ["C1", "C1P", "B2"]


def test_the_next_vehicle_is_woken_too():
    plant = asleep()
    plant.run(20000)
    plant.unplug()
    plant.run(1000)
    plant.plug_in()
    plant.states.clear()
    plant.run(120000, 100)
    assert [state for _, state in plant.states] == ["B1", "B2", "WAKE", "B2"]


def test_a_vehicle_that_moved_but_did_not_ask_for_long_is_not_woken():
    for move in ("ask_for_current", "ask_for_ventilation"):
        plant = asleep()
        getattr(plant, move)()
        plant.run(200)
        plant.plug_in()
        plant.run(200000, 100)
        assert plant.states == [], move
