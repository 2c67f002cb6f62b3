"""The state machine of a connector, closed over a small model of a vehicle. Time is moved in steps of 20 ms."""

from micropython import heap_lock, heap_unlock

from setpoint.pilot.duty import N12_U16, X1_U16, duty_u16_for, offered_da_for
from setpoint.pilot.faults import MANUAL, SELF_HEALING, UNPLUG
from setpoint.pilot.sequence import Sequence


class Plant:
    """A vehicle, its cable and the pilot circuit; `run` lets time pass and notes every change."""

    def __init__(self, ventilation=False, bits=16, pilot_switch=False):
        self.sequence = Sequence(ventilation, bits, pilot_switch)
        self.high_mv = 12000
        self.diode = True
        self.shorted = False
        self.limit_da = 160
        self.permitted = True
        self.fault = 0
        self.now_ms = 0
        self.states = []  # (time, state), at every change
        self.contactor = []  # (time, closed), at every change
        self.duties = []  # (time, duty_u16), at every change

    def unplug(self):
        self.high_mv = 12000

    def plug_in(self):
        self.high_mv = 9000

    def ask_for_current(self):
        self.high_mv = 6000

    def ask_for_ventilation(self):
        self.high_mv = 3000

    def run(self, duration_ms, step_ms=20):
        end_ms = self.now_ms + duration_ms
        while self.now_ms < end_ms:
            self.now_ms += step_ms
            self.step(step_ms)
        return self

    def step(self, elapsed_ms):
        sequence = self.sequence
        before = (sequence.state, sequence.contactor, sequence.duty_u16)
        duty_u16 = sequence.duty_u16
        high_mv = 0 if self.shorted else self.high_mv
        if sequence.pilot_open:
            high_mv = low_mv = 12000  # the wire's end hangs in the air: what is read means nothing
        elif duty_u16 == X1_U16:
            low_mv = high_mv
        elif duty_u16 == N12_U16:
            high_mv = low_mv = 0 if self.shorted else -12000
        else:
            low_mv = -12000 if self.diode and not self.shorted else -high_mv
        sequence.step(elapsed_ms, high_mv, low_mv, self.limit_da if self.permitted else 0, self.fault)
        if sequence.state != before[0]:
            self.states.append((self.now_ms, sequence.state))
        if sequence.contactor != before[1]:
            self.contactor.append((self.now_ms, sequence.contactor))
        if sequence.duty_u16 != before[2]:
            self.duties.append((self.now_ms, sequence.duty_u16))

    def charging(self):
        """As far as C2, and long enough in it for a change of duty to be free."""
        self.plug_in()
        self.run(1000)
        self.ask_for_current()
        self.run(6000)
        assert self.sequence.state == "C2", self.states
        self.states.clear()
        self.contactor.clear()
        self.duties.clear()
        return self


def test_a_charge_goes_through_the_states_of_the_standard_and_back():
    plant = Plant()
    for act in (plant.unplug, plant.plug_in, plant.ask_for_current, plant.plug_in, plant.unplug):
        act()
        plant.run(1000)
    assert [state for _, state in plant.states] == ["A", "B1", "B2", "C2", "B2", "A"]
    assert [closed for _, closed in plant.contactor] == [True, False]
    assert plant.duties[0][1] == duty_u16_for(160)
    assert plant.duties[-1][1] == X1_U16


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


def test_an_unplugged_vehicle_takes_the_pilot_back_to_12_v():
    plant = Plant().charging()
    plant.unplug()
    plant.run(100)
    assert plant.sequence.state == "A"
    assert plant.sequence.duty_u16 == X1_U16


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
    assert plant.sequence.state == "B2" and plant.sequence.vehicle == "B", "the open wire was not looked at"


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
    assert plant.sequence.state == "F" and not plant.sequence.pilot_open and plant.sequence.duty_u16 == X1_U16


def test_the_machine_stays_in_boot_until_self_tests_are_done():
    plant = Plant()
    plant.sequence.ready = False
    plant.plug_in()
    plant.run(10000)
    assert plant.sequence.state == "BOOT" and plant.sequence.duty_u16 == X1_U16
    plant.sequence.ready = True
    plant.run(100)
    assert [state for _, state in plant.states] == ["B1", "B2"]


def test_the_pwm_gets_duties_that_it_can_make():
    plant = Plant(bits=13)
    plant.limit_da = 60
    plant.charging()
    assert plant.sequence.duty_u16 == 820 << 3
    plant.limit_da = 163
    plant.run(40)
    assert plant.sequence.duty_u16 == duty_u16_for(163, 13)


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


def test_a_vehicle_that_waits_is_told_a_new_limit_too():
    plant = Plant()
    plant.plug_in()
    plant.run(10000)
    plant.limit_da = 80
    plant.run(20)
    assert plant.sequence.state == "B2" and plant.sequence.duty_u16 == duty_u16_for(80)


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
        assert [state for _, state in plant.states] == [state] and not plant.sequence.contactor, (permitted, stopped_before, state)


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
            assert plant.now_ms - began_ms == opens_ms and plant.sequence.state == state, (step_ms, plant.sequence.state)


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


def test_a_short_circuit_is_not_taken_for_a_missing_diode():
    plant = Plant()
    plant.plug_in()
    plant.run(1000)
    plant.shorted = True
    while plant.sequence.fault is None:
        plant.run(20)
    assert plant.sequence.fault == "short"
