"""The state machine of a connector: faults of the pilot and from outside, and how they end."""

from plant import Plant

from setpoint.pilot.duty import N12_U16, X1_U16
from setpoint.pilot.faults import MANUAL, SELF_HEALING, UNPLUG


def test_a_vehicle_without_a_diode_is_never_closed():
    plant = Plant()
    plant.diode = False
    plant.plug_in()
    plant.run(300)
    plant.ask_for_current()
    plant.run(5000)
    assert plant.contactor == []
    assert plant.sequence.state == "F"
    assert plant.sequence.fault == "diode"
    assert plant.sequence.duty_u16 == X1_U16


def test_a_diode_that_is_there_now_and_then_is_never_closed():
    plant = Plant()
    plant.plug_in()
    plant.run(1000)
    plant.ask_for_current()
    for _ in range(100):
        plant.diode = False
        plant.run(20)
        plant.diode = True
        plant.run(40)
    assert plant.contactor == [] and plant.sequence.fault is None
    plant.run(40)
    assert plant.sequence.state == "C2"


def test_a_diode_that_fails_under_load_opens_within_300_ms():
    plant = Plant().charging()
    plant.diode = False
    failed_ms = plant.now_ms
    plant.run(300)
    assert plant.contactor[0][1] is False
    assert 200 <= plant.contactor[0][0] - failed_ms <= 300
    assert plant.sequence.fault == "diode"


def test_nine_odd_diode_readings_are_not_a_fault():
    plant = Plant().charging()
    for _ in range(50):
        plant.diode = False
        plant.run(180)
        plant.diode = True
        plant.run(20)
    assert plant.contactor == [] and plant.sequence.fault is None


def test_a_short_in_c_opens_like_an_unplugged_vehicle_and_is_a_fault_half_a_second_later():
    plant = Plant().charging()
    plant.shorted = True
    shorted_ms = plant.now_ms
    plant.run(2000)
    assert plant.contactor == [(shorted_ms + 60, False)]
    failed_ms, state = plant.states[-1]
    assert state == "F" and 500 <= failed_ms - shorted_ms <= 580
    assert plant.sequence.fault == "short"
    assert plant.sequence.vehicle == "E"


def test_a_short_before_the_charge_is_a_fault_too():
    plant = Plant()
    plant.plug_in()
    plant.run(2000)
    plant.shorted = True
    plant.run(1000)
    assert plant.sequence.fault == "short"


def test_a_fault_from_outside_opens_in_the_same_step_and_sends_f_for_300_ms():
    plant = Plant().charging()
    plant.fault = SELF_HEALING
    failed_ms = plant.now_ms + 20
    plant.run(1000)
    assert plant.contactor == [(failed_ms, False)]
    assert plant.duties == [(failed_ms, N12_U16), (failed_ms + 300, X1_U16)]
    assert plant.states == [(failed_ms, "F")]
    assert plant.sequence.vehicle == "C"  # what we send is not what the vehicle says


def test_a_fault_with_the_contactor_open_does_not_send_f():
    plant = Plant()
    plant.plug_in()
    plant.run(2000)
    plant.duties.clear()
    plant.fault = True
    plant.run(1000)
    assert [duty_u16 for _, duty_u16 in plant.duties] == [X1_U16]


def test_a_self_healing_fault_ends_30_s_after_it_is_gone():
    plant = Plant().charging()
    plant.fault = SELF_HEALING
    plant.run(60000)
    assert plant.sequence.state == "F"
    plant.fault = 0
    plant.run(29900)
    assert plant.sequence.state == "F"
    plant.run(6000)  # boot, 3 s without PWM, half a second of C
    assert [state for _, state in plant.states] == ["F", "BOOT", "C1", "C1P", "C2"]


def test_a_fault_that_comes_back_waits_again():
    plant = Plant().charging()
    for _ in range(3):
        plant.fault = SELF_HEALING
        plant.run(100)
        plant.fault = 0
        plant.run(20000)
    assert [state for _, state in plant.states] == ["F"]


def test_a_diode_fault_ends_only_when_the_vehicle_is_unplugged():
    plant = Plant()
    plant.diode = False
    plant.plug_in()
    plant.run(2000)
    assert plant.sequence.fault == "diode"
    plant.diode = True
    plant.run(100000)
    assert plant.sequence.state == "F"
    plant.unplug()
    plant.run(1000)
    assert plant.sequence.state == "A"
    assert plant.sequence.fault is None


def test_an_unplug_fault_that_is_over_early_still_takes_30_s():
    plant = Plant().charging()
    plant.fault = UNPLUG
    plant.run(20)
    plant.fault = 0
    plant.run(1000)
    plant.unplug()
    plant.run(1000)
    plant.plug_in()
    plant.run(27900)
    assert plant.sequence.state == "F"
    plant.run(1000)
    assert plant.sequence.state == "B2"


def test_a_manual_fault_waits_for_a_person():
    plant = Plant().charging()
    plant.sequence.acknowledge()  # before the fault: does not count
    plant.fault = MANUAL
    plant.run(1000)
    plant.sequence.acknowledge()  # while it is still there: does not count
    plant.run(1000)
    plant.fault = 0
    plant.unplug()
    plant.run(100000)
    assert plant.sequence.state == "F"
    plant.sequence.acknowledge()
    plant.run(1000)
    assert plant.sequence.state == "A"


def test_the_strictest_of_several_faults_counts():
    plant = Plant().charging()
    plant.fault = MANUAL
    plant.run(100)
    plant.fault = SELF_HEALING
    plant.run(100)
    plant.fault = 0
    plant.unplug()
    plant.run(100000)
    assert plant.sequence.state == "F"


def test_a_pilot_that_is_negative_or_unreadable_heals_by_itself():
    for high_mv, name, vehicle in ((-12000, "negative", "F"), (20000, "bad", "E")):
        plant = Plant()
        plant.plug_in()
        plant.run(1000)
        plant.high_mv = high_mv
        plant.run(1000)
        assert plant.sequence.fault == name
        assert plant.sequence.vehicle == vehicle
        plant.plug_in()
        plant.run(29900)
        assert plant.sequence.state == "F"
        plant.run(1000)
        assert plant.sequence.state == "B2" and plant.sequence.fault is None


def test_a_pilot_that_stays_bad_now_and_then_does_not_heal():
    plant = Plant()
    plant.plug_in()
    plant.high_mv = 20000
    plant.run(1000)
    assert plant.sequence.fault == "bad"
    for _ in range(10):
        plant.plug_in()
        plant.run(20000)
        plant.high_mv = 20000
        plant.run(20)
    assert plant.sequence.state == "F"


def test_a_short_circuit_ends_with_the_plug_and_not_before():
    plant = Plant().charging()
    plant.shorted = True
    plant.run(1000)
    assert plant.sequence.fault == "short"
    plant.shorted = False
    plant.run(120000, 100)
    assert plant.sequence.state == "F"
    plant.unplug()
    plant.run(1000)
    assert plant.sequence.state == "A" and plant.sequence.fault is None


def test_a_fault_that_outlasts_the_plug_stays():
    plant = Plant().charging()
    plant.fault = UNPLUG
    plant.run(1000)
    plant.unplug()
    plant.states.clear()
    plant.run(120000)
    assert plant.states == []
    plant.fault = 0
    plant.run(1000)
    assert [state for _, state in plant.states] == ["BOOT", "A"]


def test_a_fault_that_a_person_ended_does_not_make_the_next_one_wait_for_a_person():
    plant = Plant().charging()
    plant.fault = MANUAL
    plant.run(31000)
    plant.fault = 0
    plant.sequence.acknowledge()
    plant.run(31000)
    plant.fault = SELF_HEALING
    plant.run(1000)
    assert plant.sequence.state == "F"
    plant.fault = 0
    plant.run(40000)
    assert plant.sequence.state == "C2"


def test_a_fault_of_the_pilot_keeps_its_name_beside_other_faults():
    plant = Plant().charging()
    plant.diode = False
    plant.run(300)
    plant.fault = SELF_HEALING
    plant.run(1000)
    assert plant.sequence.fault == "diode"


def test_minus_12_volts_in_a_fault_are_our_own_and_for_a_closed_contactor_only():
    plant = Plant().charging()
    plant.fault = SELF_HEALING
    plant.run(200)
    assert plant.sequence.duty_u16 == N12_U16 and plant.sequence.vehicle == "C"
    plant = Plant()
    plant.plug_in()
    plant.run(1000)
    plant.fault = SELF_HEALING
    plant.run(1000)
    assert plant.sequence.state == "F" and N12_U16 not in [duty_u16 for _, duty_u16 in plant.duties]


def test_the_echo_of_a_contactor_or_a_new_duty_is_no_bad_diode():
    plant = Plant()
    plant.plug_in()
    plant.run(10000)
    plant.ask_for_current()
    while not plant.sequence.contactor:
        plant.run(20)
    for _ in range(2):
        plant.diode = False
        plant.run(240)
        plant.diode = True
        assert plant.sequence.state == "C2"
        plant.run(10000)
        plant.limit_da = 80
        plant.run(20)


def test_a_short_circuit_is_not_taken_for_a_missing_diode():
    plant = Plant()
    plant.plug_in()
    plant.run(1000)
    plant.shorted = True
    while plant.sequence.fault is None:
        plant.run(20)
    assert plant.sequence.fault == "short"
