"""The state machine of a connector: what its pilot offers, and how a new limit is told."""

from plant import Plant

from setpoint.pilot.duty import X1_U16, duty_u16_for, offered_da_for


def test_a_limit_below_six_amperes_pauses_and_resumes_without_a_fault():
    plant = Plant().charging()
    plant.limit_da = 59  # R38
    plant.run(1000)
    assert plant.sequence.duty_u16 == X1_U16
    plant.plug_in()
    plant.run(10000)
    assert plant.sequence.state == "B1"
    plant.limit_da = 60
    plant.run(100)
    assert plant.sequence.state == "B2"
    assert plant.sequence.duty_u16 == duty_u16_for(60)
    plant.ask_for_current()
    plant.run(600)
    assert plant.sequence.state == "C2"
    assert plant.sequence.fault is None


def test_without_a_permit_nothing_is_offered():
    plant = Plant()
    plant.permitted = False
    plant.plug_in()
    plant.run(2000)
    plant.ask_for_current()
    plant.run(2000)
    assert [state for _, state in plant.states] == ["B1", "C1"]
    assert plant.duties == [] and plant.contactor == []


def test_ten_limits_in_a_second_become_one_duty_and_the_newest_wins():
    plant = Plant().charging()
    for limit_da in range(100, 200):
        plant.limit_da = limit_da
        plant.run(100)
    plant.run(6000)
    times = [at_ms for at_ms, _ in plant.duties]
    assert len(times) == 3
    assert times[1] - times[0] >= 5000 and times[2] - times[1] >= 5000
    assert plant.duties[-1][1] == duty_u16_for(199)


def test_a_limit_that_falls_before_the_contactor_closes_is_told_at_once():
    for asks_first in (False, True):  # B2 and C1P
        plant = Plant()
        plant.limit_da = 320
        plant.permitted = not asks_first
        plant.plug_in()
        plant.run(700)
        if asks_first:
            plant.ask_for_current()
            plant.run(3100)
            plant.permitted = True
        plant.run(100)
        assert plant.sequence.state == ("C1P" if asks_first else "B2")
        assert plant.sequence.duty_u16 == duty_u16_for(320)
        plant.limit_da = 100
        plant.run(20)
        assert plant.sequence.duty_u16 == duty_u16_for(100)
        plant.limit_da = 130
        plant.run(4960)
        assert plant.sequence.duty_u16 == duty_u16_for(100), "up it goes no sooner than before"
        plant.run(40)
        assert plant.sequence.duty_u16 == duty_u16_for(130)


def test_the_contactor_never_closes_on_an_offer_above_the_limit():
    plant = Plant()
    plant.limit_da = 320
    plant.plug_in()
    plant.run(700)
    plant.ask_for_current()
    plant.run(500)
    assert plant.sequence.state == "B2"
    plant.limit_da = 60  # what the central system says a moment after the transaction began
    plant.run(2000)
    assert plant.contactor and plant.duties[-1][0] <= plant.contactor[0][0]
    assert offered_da_for(plant.sequence.duty_u16) == 60


def test_a_stop_does_not_wait_for_the_spacing():
    plant = Plant().charging()
    plant.limit_da = 100
    plant.run(20)
    assert plant.sequence.duty_u16 == duty_u16_for(100)
    plant.limit_da = 0
    plant.run(20)
    assert plant.sequence.duty_u16 == X1_U16


def test_the_pwm_gets_duties_that_it_can_make():
    plant = Plant(bits=13)
    plant.limit_da = 60
    plant.charging()
    assert plant.sequence.duty_u16 == 820 << 3
    plant.limit_da = 163
    plant.run(40)
    assert plant.sequence.duty_u16 == duty_u16_for(163, 13)


def test_a_pilot_without_a_usable_level_is_offered_nothing_and_moves_nothing():
    for act in (Plant.unplug, Plant.plug_in, Plant.ask_for_current):
        plant = Plant()
        plant.permitted = False
        act(plant)
        plant.run(10000)
        plant.states.clear()
        plant.shorted = True
        plant.run(80)
        plant.permitted = True
        plant.run(100)
        assert plant.states == [] and plant.duties == [], act


def test_a_vehicle_that_waits_is_told_a_new_limit_too():
    plant = Plant()
    plant.plug_in()
    plant.run(10000)
    plant.limit_da = 80
    plant.run(20)
    assert plant.sequence.state == "B2" and plant.sequence.duty_u16 == duty_u16_for(80)
