"""The state machine of a connector: which states follow each other, and what a step costs. Time is
moved in steps of 20 ms."""

from micropython import heap_lock, heap_unlock
from plant import Plant

from setpoint.pilot.duty import X1_U16, duty_u16_for, offered_da_for
from setpoint.pilot.faults import MANUAL, UNPLUG
from setpoint.pilot.sequence import Sequence


def test_a_charge_goes_through_the_states_of_the_standard_and_back():
    plant = Plant()
    for act in (plant.unplug, plant.plug_in, plant.ask_for_current, plant.plug_in, plant.unplug):
        act()
        plant.run(1000)
    assert [state for _, state in plant.states] == ["A", "B1", "B2", "C2", "B2", "A"]
    assert [closed for _, closed in plant.contactor] == [True, False]
    assert plant.duties[0][1] == duty_u16_for(160)
    assert plant.duties[-1][1] == X1_U16


def test_an_unplugged_vehicle_takes_the_pilot_back_to_12_v():
    plant = Plant().charging()
    plant.unplug()
    plant.run(100)
    assert plant.sequence.state == "A"
    assert plant.sequence.duty_u16 == X1_U16


def test_a_level_that_does_not_last_keeps_the_machine_in_boot():
    plant = Plant()
    for _ in range(10):
        plant.plug_in()
        plant.run(300)
        plant.unplug()
        plant.run(300)
    assert plant.sequence.state == "BOOT"


def test_a_power_up_with_a_vehicle_that_asks_waits_for_it_to_fall_back_and_then_charges():
    plant = Plant()
    plant.ask_for_current()
    plant.run(6000)
    assert [state for _, state in plant.states] == ["C1", "C1P", "C2"]
    (c1_ms, _), (c1p_ms, _), (c2_ms, _) = plant.states
    assert c1p_ms - c1_ms == 3000
    assert c2_ms - c1p_ms >= 500


def test_a_vehicle_that_asks_for_ventilation_where_there_is_none_keeps_pwm_and_an_open_contactor():
    plant = Plant()
    plant.plug_in()
    plant.run(1000)
    plant.ask_for_ventilation()
    plant.run(5000)
    assert plant.contactor == []
    assert plant.sequence.state == "B2"
    assert plant.sequence.vehicle == "D"
    assert offered_da_for(plant.sequence.duty_u16) == 160
    plant.ask_for_current()
    plant.run(600)
    assert plant.sequence.state == "C2"
    plant.ask_for_ventilation()
    plant.run(100)
    assert plant.sequence.state == "B2" and not plant.sequence.contactor


def test_with_ventilation_d_is_served_like_c():
    plant = Plant(ventilation=True)
    plant.plug_in()
    plant.run(1000)
    plant.ask_for_ventilation()
    plant.run(600)
    assert plant.sequence.state == "C2"
    plant.ask_for_current()
    plant.run(1000)
    assert plant.sequence.contactor


def test_time_that_runs_backwards_counts_as_no_time():
    plant = Plant().charging()
    plant.permitted = False
    plant.run(20)
    for _ in range(301):
        plant.step(-5000)
        plant.step(20)
    assert plant.sequence.state == "C1" and not plant.sequence.contactor


def test_no_step_allocates():
    # steps, high, low with PWM, limit, permitted, fault: through every state
    script = (
        (40, 12000, -12000, 160, True, 0),
        (40, 9000, -12000, 160, True, 0),
        (40, 6000, -12000, 160, True, 0),
        (300, 6000, -12000, 320, True, 0),
        (30, 6000, -12000, 0, True, 0),
        (30, 6000, -12000, 100, True, 0),
        (400, 6000, -12000, 0, True, 0),
        (300, 6000, -12000, 800, True, 0),
        (40, 9000, -12000, 530, True, 0),
        (300, 6000, -12000, 530, True, 0),
        (40, 6000, -6000, 530, True, 0),
        (1640, 12000, -6000, 530, True, 0),
        (60, 0, 0, 530, False, 0),
        (1600, 12000, -6000, 530, True, 3),
        (40, 20000, -6000, 530, True, False),
        (40, -12000, -12000, 530, True, 1),
    )

    def play(sequence, seen):
        for steps, high_mv, low_mv, limit_da, permitted, fault in script:
            for _ in range(steps):
                sequence.step(20, high_mv, low_mv, limit_da if permitted else 0, fault)
                if seen is not None and sequence.state not in seen:
                    seen.append(sequence.state)

    seen = []
    play(Sequence(), seen)
    assert sorted(seen) == ["A", "B1", "B2", "BOOT", "C1", "C1P", "C2", "C2S", "F"]

    sequence = Sequence()
    heap_lock()
    try:
        play(sequence, None)
    finally:
        heap_unlock()
    assert sequence.state == "F"


def test_the_machine_stays_in_boot_until_self_tests_are_done():
    plant = Plant()
    plant.sequence.ready = False
    plant.plug_in()
    plant.run(10000)
    assert plant.sequence.state == "BOOT" and plant.sequence.duty_u16 == X1_U16
    plant.sequence.ready = True
    plant.run(100)
    assert [state for _, state in plant.states] == ["B1", "B2"]


def test_without_a_permit_the_state_follows_the_vehicle_and_no_current_is_offered():
    plant = Plant()
    plant.permitted = False
    for act, state in (
        (plant.plug_in, "B1"),
        (plant.ask_for_ventilation, "C1"),
        (plant.plug_in, "B1"),
        (plant.ask_for_current, "C1"),
        (plant.plug_in, "B1"),
    ):
        act()
        plant.run(5000)
        assert plant.sequence.state == state
    assert plant.duties == []
    plant = Plant()
    plant.ask_for_current()
    plant.run(4000)
    assert plant.sequence.state == "C1P"
    plant.permitted = False
    plant.run(20)
    assert plant.sequence.state == "C1" and plant.sequence.duty_u16 == X1_U16


def test_how_a_charge_ends_says_what_the_vehicle_did():
    for permitted, stopped_before, act, state in (
        (True, False, Plant.plug_in, "B2"),
        (True, False, Plant.unplug, "A"),
        (False, False, Plant.plug_in, "B1"),
        (False, True, Plant.plug_in, "B1"),
        (False, True, Plant.unplug, "A"),
        (False, True, Plant.ask_for_ventilation, "C1"),
    ):
        plant = Plant().charging()
        if stopped_before:
            plant.permitted = False
            plant.run(100)
            plant.states.clear()
        act(plant)
        plant.run(40)
        plant.permitted = permitted
        plant.run(20)
        assert [state for _, state in plant.states] == [state] and not plant.sequence.contactor, (
            permitted,
            stopped_before,
            state,
        )


def test_states_that_last_for_weeks_allocate_nothing():
    for high_mv, fault, later, ready, state in (
        (12000, 0, 0, True, "A"),
        (12000, MANUAL, MANUAL, True, "F"),
        (9000, UNPLUG, 0, True, "F"),
        (12000, 0, 0, False, "BOOT"),
    ):
        sequence = Sequence()
        sequence.ready = ready
        heap_lock()
        try:
            for _ in range(30):
                sequence.step(20, high_mv, high_mv, 160, fault)
            for _ in range(400):
                sequence.step(7200000, high_mv, high_mv, 0, later)
                sequence.step(200, high_mv, high_mv, 0, 0)
        finally:
            heap_unlock()
        assert sequence.state == state


def test_where_there_is_ventilation_a_vehicle_that_does_not_ask_is_not_served():
    plant = Plant(ventilation=True)
    plant.plug_in()
    plant.run(10000)
    assert plant.contactor == []
    plant.ask_for_ventilation()
    plant.run(1000)
    assert plant.sequence.state == "C2"
    plant.plug_in()
    plant.run(60)
    assert plant.sequence.state == "B2" and not plant.sequence.contactor
