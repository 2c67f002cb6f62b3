"""The state machine of a connector: when its contactor closes and opens."""

from plant import Plant

from setpoint.pilot.duty import X1_U16, duty_u16_for


def test_the_contactor_closes_half_a_second_after_the_vehicle_asks():
    plant = Plant()
    plant.plug_in()
    plant.run(2000)
    plant.ask_for_current()
    asked_ms = plant.now_ms
    plant.run(1000)
    assert plant.contactor[0][1] is True
    assert 500 <= plant.contactor[0][0] - asked_ms <= 560


def test_a_vehicle_that_pulses_c_for_a_quarter_of_a_second_does_not_close_the_contactor():
    plant = Plant()
    plant.plug_in()
    plant.run(2000)
    for _ in range(20):
        plant.ask_for_current()
        plant.run(260)
        plant.plug_in()
        plant.run(20)
    assert plant.contactor == []


def test_the_contactor_opens_within_60_ms_after_the_vehicle_ends_c():
    for step_ms in (5, 10, 19, 20, 25, 40, 59):
        for act in (Plant.plug_in, Plant.unplug, Plant.ask_for_ventilation):
            plant = Plant().charging()
            act(plant)
            ended_ms = plant.now_ms
            plant.run(1000, step_ms)
            assert plant.contactor[0][1] is False
            # The vehicle may end C right after a burst: that is the last moment of the step before.
            assert plant.contactor[0][0] - ended_ms <= 60 + step_ms - 1, (step_ms, plant.contactor)
            if step_ms == 20:
                assert plant.contactor[0][0] - ended_ms == 60


def test_one_burst_after_a_stall_is_enough_to_open():
    plant = Plant().charging()
    plant.plug_in()
    plant.step(150)
    assert plant.sequence.contactor is False
    assert plant.sequence.state == "B2"


def test_one_or_two_odd_bursts_do_not_open_the_contactor():
    plant = Plant().charging()
    for _ in range(100):
        plant.plug_in()
        plant.run(40)
        plant.ask_for_current()
        plant.run(20)
    assert plant.contactor == []


def test_readings_that_differ_but_are_not_c_open_like_one_class():
    plant = Plant().charging()
    for high_mv in (9000, 20000, -5000):
        plant.high_mv = high_mv
        plant.run(20)
    assert plant.contactor == [(plant.now_ms, False)]


def test_the_contactor_stays_open_for_five_seconds_after_it_opened():
    plant = Plant().charging()
    plant.plug_in()
    plant.run(200)
    plant.ask_for_current()
    plant.run(7000)
    (opened_ms, _), (closed_ms, closed) = plant.contactor
    assert closed and 5000 <= closed_ms - opened_ms <= 5020


def test_a_vehicle_that_refuses_to_stop_is_opened_after_six_seconds():
    plant = Plant().charging()
    plant.permitted = False
    stopped_ms = plant.now_ms
    plant.run(20)
    assert plant.sequence.state == "C2S"
    assert plant.sequence.duty_u16 == X1_U16
    plant.run(7000)
    assert plant.contactor[0][1] is False
    assert 6000 <= plant.contactor[0][0] - stopped_ms <= 6100
    assert plant.sequence.state == "C1"


def test_a_vehicle_that_stops_when_told_is_opened_without_load():
    plant = Plant().charging()
    plant.permitted = False
    plant.run(500)
    assert plant.sequence.contactor is True
    plant.plug_in()
    plant.run(60)
    assert plant.sequence.contactor is False
    plant.run(100)
    assert [state for _, state in plant.states] == ["C2S", "B1"]


def test_a_short_pause_is_taken_back_with_the_contactor_closed_but_not_before_five_seconds():
    plant = Plant().charging()
    plant.limit_da = 0
    plant.run(1000)
    plant.limit_da = 100
    plant.run(6000)
    assert plant.contactor == []
    (stopped_ms, x1), (resumed_ms, duty_u16) = plant.duties
    assert x1 == X1_U16 and duty_u16 == duty_u16_for(100)
    assert resumed_ms - stopped_ms == 5000


def test_what_was_seen_before_a_stall_does_not_close_the_contactor():
    plant = Plant()
    plant.plug_in()
    plant.run(1000)
    plant.ask_for_current()
    plant.run(400)
    for elapsed_ms in (201, 1000, 3600000, 1 << 40):
        plant.step(elapsed_ms)
        assert plant.sequence.state == "B2", elapsed_ms
    plant.run(480)
    assert plant.sequence.state == "B2"
    plant.run(20)
    assert plant.sequence.state == "C2"


def test_time_that_leaps_while_a_vehicle_charges_does_not_disturb_it():
    plant = Plant().charging()
    plant.step(3600000)
    plant.run(1000)
    assert plant.contactor == [] and plant.sequence.state == "C2"


def test_time_that_leaps_over_the_six_seconds_opens_the_contactor():
    plant = Plant().charging()
    plant.permitted = False
    plant.run(20)
    plant.step(3600000)
    assert plant.sequence.state == "C1" and not plant.sequence.contactor


def test_the_contactor_opens_with_the_third_burst_or_after_60_ms():
    for step_ms, opens_ms in ((10, 30), (20, 60), (30, 60), (70, 70)):
        for stopping, state in ((False, "B2"), (True, "C1" if step_ms >= 30 else "B1")):
            plant = Plant().charging()
            plant.permitted = not stopping
            plant.run(100)
            plant.plug_in()
            began_ms = plant.now_ms
            while plant.sequence.contactor:
                plant.run(step_ms, step_ms)
            assert plant.now_ms - began_ms == opens_ms and plant.sequence.state == state, (
                step_ms,
                plant.sequence.state,
            )
