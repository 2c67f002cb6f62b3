"""Surplus: when a vehicle starts and stops, what it gets between, on how many phases."""

from setpoint.house.surplus import Surplus
from setpoint.surplus_limit import SurplusLimit


class Sunny:
    """A reading a second, in amperes that the house would feed in without us, over all phases."""

    def __init__(self, phases=3, switch=False, vehicles=1, **settings):
        self.limit = Surplus(phases, switch)
        for name in settings:
            setattr(self.limit, name, settings[name])
        self.ms = 0
        self.vehicles = vehicles
        self.drawn = None

    def seconds(self, count, amps):
        """-> what was allowed at the end of each."""
        allowed = []
        for _ in range(count):
            self.ms += 1000
            da = int(amps * 10)
            self.limit.reading(self.ms, da, self.vehicles, self.drawn, 1)
            allowed.append(self.limit.da)
        return allowed

    def until(self, da, amps, most_s=7200):
        for second in range(1, most_s + 1):
            if self.seconds(1, amps)[-1] == da:
                return second
        return None


def charging(amps=30, **settings):
    sunny = Sunny(**settings)
    sunny.seconds(200, amps)
    return sunny


def test_a_charge_starts_once_6_a_on_each_phase_lasted_for_start_ms():
    sunny = Sunny()
    assert sunny.seconds(100, 17.9)[-1] == 0
    assert sunny.until(60, 18) == 60
    sunny = Sunny(start_ms=600000)
    assert sunny.until(60, 18) == 601


def test_a_gap_begins_the_time_anew():
    sunny = Sunny()
    sunny.seconds(59, 20)
    sunny.seconds(1, 17)
    assert sunny.until(60, 20) == 61 - 1


def test_up_to_the_least_of_20_s_in_whole_amperes_and_down_when_three_readings_agree():
    sunny = charging(18)
    assert sunny.limit.da == 60
    assert sunny.seconds(21, 31)[-2:] == [60, 100]
    assert sunny.seconds(2, 25) == [100, 100]
    assert sunny.seconds(1, 25) == [80]


def test_a_flicker_lets_nothing_rise_and_a_short_dip_costs_nothing_but_its_time():
    sunny = charging(24)
    assert sunny.limit.da == 80
    for _ in range(20):
        assert set(sunny.seconds(15, 45) + sunny.seconds(4, 24)) == {80}
    assert set(sunny.seconds(2, 0)) == {80}


def test_without_surplus_it_goes_on_with_6_a_for_stop_ms_and_then_pauses():
    sunny = charging(30)
    assert sunny.until(60, 0) == 3
    assert 170 <= sunny.until(0, 0) <= 180
    sunny = charging(30, stop_ms=0)
    assert sunny.until(0, 0) == 3, "and the contactor was closed for long"


def test_what_is_only_half_missing_may_be_missing_for_twice_as_long():
    sunny = charging(18)
    assert 350 <= sunny.until(0, 9) <= 365


def test_clouds_that_pass_do_not_stop_a_charge_and_clouds_that_do_not_pass_do():
    sunny = charging(30)
    for _ in range(10):
        sunny.seconds(60, 0)
        assert sunny.seconds(240, 30)[-1] == 100
    stopped = False
    for _ in range(10):
        stopped = stopped or 0 in sunny.seconds(60, 0)
        stopped = stopped or 0 in sunny.seconds(30, 30)
    assert stopped


def test_a_contactor_that_has_only_just_closed_stays_closed():
    sunny = Sunny(stop_ms=10000)
    assert sunny.until(60, 18) == 61
    assert 59 <= sunny.until(0, 0) <= 61


def test_the_minimum_holds_without_surplus_and_from_the_first_reading_on():
    sunny = Sunny(minimum_da=80)
    assert set(sunny.seconds(1000, -5)) == {80} and sunny.limit.words() == "surplus, its minimum"
    assert sunny.seconds(200, 45)[-1] == 150
    assert sunny.until(80, 0) == 3
    assert set(sunny.seconds(1000, 0)) == {80}
    sunny = Sunny(minimum_da=50)
    assert set(sunny.seconds(100, -5)) == {0}, "below 6 A there is none"


def test_two_vehicles_start_and_stop_one_after_the_other():
    sunny = Sunny(vehicles=2)
    allowed = sunny.seconds(400, 40)
    assert max(allowed[:110]) <= 110 and allowed[-1] == 130
    assert sunny.until(120, 20) == 3
    stops = sunny.until(110, 20) or sunny.until(60, 20)
    assert stops is not None and sunny.limit.da < 120
    assert set(sunny.seconds(600, 20)) == {60}, "one goes on"


def test_a_vehicle_that_leaves_takes_its_6_a_along():
    sunny = Sunny(vehicles=2)
    sunny.seconds(400, 40)
    sunny.vehicles = 1
    assert sunny.until(60, 18) == 3


def test_a_vehicle_that_uses_one_phase_is_seen_and_gets_all_of_it_there():
    sunny = charging(18)
    sunny.drawn = [60, 0, 0]
    sunny.seconds(60, 18)
    assert sunny.limit.da == 180
    assert sunny.until(60, 5) == 3
    sunny = charging(18)
    sunny.drawn = [60, 60, 60]
    assert set(sunny.seconds(600, 18)) == {60}


def test_a_vehicle_that_takes_more_phases_counts_on_them_at_once():
    sunny = charging(18)
    sunny.drawn = [60, 0, 0]
    sunny.seconds(60, 18)
    sunny.drawn = [180, 180, 180]
    assert sunny.until(60, 18) == 1


def test_another_vehicle_is_another_one():
    sunny = charging(18)
    sunny.drawn = [60, 0, 0]
    sunny.seconds(60, 18)
    sunny.vehicles, sunny.drawn = 0, [0, 0, 0]
    sunny.seconds(60, 18)
    sunny.vehicles = 1
    sunny.seconds(1, 18)
    assert sunny.limit.da == 60


def test_with_a_switch_one_phase_where_three_are_too_many():
    sunny = Sunny(switch=True)
    assert sunny.until(60, 10) == 61 and sunny.limit.phases == 1
    assert sunny.seconds(30, 10)[-1] == 100 and sunny.limit.words() == "surplus, on one phase"


def test_on_one_phase_there_are_16_a_at_most():
    sunny = Sunny(switch=True)
    sunny.until(60, 10)
    assert max(sunny.seconds(400, 30)) == 160 and sunny.limit.phases == 1


def test_three_phases_again_after_ten_minutes_and_only_where_they_last():
    sunny = Sunny(switch=True)
    sunny.until(60, 10)
    switched_ms = sunny.ms
    while sunny.limit.phases == 1:
        sunny.seconds(1, 30)
    assert sunny.ms - switched_ms == 600000
    sunny = Sunny(switch=True)
    sunny.until(60, 10)
    sunny.seconds(600, 17)
    for _ in range(10):
        sunny.seconds(55, 30)
        sunny.seconds(2, 17)
        assert sunny.limit.phases == 1


def test_two_vehicles_on_one_phase_make_room_for_one_on_three():
    sunny = Sunny(switch=True, vehicles=2)
    sunny.until(120, 13)
    assert sunny.limit.phases == 1
    sunny.seconds(700, 24)
    assert sunny.limit.phases is None and sunny.limit.da == 80


def test_at_most_one_switch_in_ten_minutes_and_a_pause_where_it_is_wanted_sooner():
    sunny = charging(30, switch=True)
    assert sunny.limit.phases is None
    since_ms = sunny.ms
    while sunny.limit.phases is None:
        sunny.seconds(1, 8)
    assert 300000 < sunny.ms - since_ms < 340000, "10 A of 18 are missing"
    switched_ms = sunny.ms
    sunny.seconds(100, 30)
    assert sunny.until(0, 0) is not None
    while sunny.limit.phases == 1:
        sunny.seconds(1, 30)
    assert sunny.ms - switched_ms >= 600000
    switched_ms = sunny.ms
    assert sunny.until(0, 8) is not None and sunny.ms - switched_ms < 600000
    while sunny.limit.phases is None:
        assert sunny.seconds(1, 8) == [0] or sunny.limit.phases == 1
    assert sunny.ms - switched_ms >= 600000


def test_one_vehicle_on_one_phase_never_wants_three_twice():
    sunny = Sunny(switch=True)
    sunny.until(60, 10)
    sunny.seconds(700, 30)
    assert sunny.limit.phases is None
    sunny.drawn = [160, 0, 0]
    sunny.seconds(60, 30)
    sunny.seconds(2000, 8)
    assert sunny.limit.phases is None and sunny.limit.da == 80


def test_a_board_with_one_phase_switches_nothing():
    sunny = Sunny(phases=1, switch=True)
    assert sunny.until(60, 6) == 61 and sunny.limit.phases is None


def test_nobody_switches_for_a_vehicle_that_is_not_there():
    sunny = Sunny(switch=True, vehicles=0)
    seen = set()
    for _ in range(20):
        sunny.seconds(650, 8)
        seen.add(sunny.limit.phases)
        sunny.seconds(650, 30)
        seen.add(sunny.limit.phases)
    assert seen == {None}


class TheApp:
    class station:
        class facts:
            class supply:
                phases = 3
                can_switch_phases = False


def test_the_log_has_one_change_a_minute_of_each_connector_and_each_pause_and_start():
    tells = SurplusLimit(TheApp).tells
    told = []
    for second in range(180):  # one ampere up or down each second
        if tells(second * 1000, 1, 60 + second % 2 * 10, 70 - second % 2 * 10):
            told.append(second)
    assert told == [0, 60, 120]
    assert tells(179000, 2, 60, 70), "another connector"
    assert tells(180500, 1, 70, 0) and tells(180600, 1, 0, 60)
    assert not tells(181000, 1, 60, 70), "the start was for the log"
