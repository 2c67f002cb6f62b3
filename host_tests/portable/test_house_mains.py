"""The house limit: what the main fuse leaves, when it falls, when it rises, and who it names."""

from setpoint.house.mains import Mains
from setpoint.house.rotation import phases_of

ALL = [0, 1, 2]


class House:
    """A reading a second. `house` is what flows without us, `own` what our vehicles draw."""

    def __init__(self, fuse_da=350, **settings):
        self.limit = Mains(fuse_da, **settings)
        self.ms = 0
        self.house = [20, 20, 20]
        self.own = [0, 0, 0]
        self.phases = ALL
        self.vehicles = 1
        self.assumed = False

    def seconds(self, count, house=None, own=None):
        """-> what was allowed at the end of each."""
        self.house = house or self.house
        self.own = own or self.own
        told = []
        for _ in range(count):
            self.ms += 1000
            mains = [a + b for a, b in zip(self.house, self.own)]
            self.limit.reading(self.ms, mains, self.own, self.phases, self.vehicles, self.assumed)
            told.append(self.limit.da)
        return told

    def silent(self, count):
        for _ in range(count):
            self.ms += 1000
            self.limit.silence(self.ms, self.vehicles)
        return self.limit.da


def charging(da=160, **settings):
    """A house in which our vehicle has long drawn what it may."""
    house = House(**settings)
    house.seconds(31, [340 - da] * 3)
    assert house.limit.da == da
    house.seconds(40, own=[da] * 3)
    assert house.limit.da == da
    return house


def test_before_the_first_reading_the_safe_current_holds():
    assert House().limit.da == 60 and House().limit.words() == "house, its meter is silent"
    assert House(fuse_da=50).limit.da == 0, "the fuse bears less"
    assert House(safe_da=100).limit.da == 100


def test_the_room_is_the_fuse_without_the_house_and_a_margin_on_the_fullest_phase():
    house = House()
    house.seconds(31, [50, 120, 80])
    assert house.limit.da == 350 - 120 - 10 and house.limit.words() == "house, L2"
    house.phases = [0]
    house.seconds(31)
    assert house.limit.da == 350 - 50 - 10 and house.limit.words() == "house, L1"


def test_what_our_own_vehicle_draws_is_no_part_of_the_house():
    house = charging(160)
    assert house.seconds(100) == [160] * 100


def test_a_kettle_that_overloads_the_fuse_is_seen_with_the_second_reading_at_the_latest():
    house = charging(160)
    told = house.seconds(2, [180, 280, 180])
    assert told[0] < 160 and told[1] == 60 and house.limit.words() == "house, L2"


def test_while_the_vehicle_follows_it_falls_no_further():
    for follows_s in range(1, 11):
        house = charging(160)
        assert set(house.seconds(follows_s, [210, 210, 210])) <= {120, 130}
        assert house.limit.da == 130 or follows_s == 1
        assert house.seconds(20, own=[130] * 3)[-1] == 130, follows_s


def test_a_vehicle_that_begins_to_draw_before_our_meter_shows_it_is_not_the_house():
    house = House()
    house.seconds(60, [180, 180, 180])
    assert house.limit.da == 160
    house.ms += 1000
    house.limit.reading(house.ms, [340] * 3, [0] * 3, ALL, 1, False)
    assert house.limit.da == 160
    house.ms += 1000
    house.limit.reading(house.ms, [352] * 3, [0] * 3, ALL, 1, False)  # a little above the fuse
    assert house.limit.da > 100, "it would have paused"
    assert house.seconds(30, own=[160] * 3)[-1] >= 140


def test_without_an_overload_it_falls_when_three_readings_agree():
    house = House()
    house.seconds(31, [80, 80, 80])
    assert house.limit.da == 260
    assert house.seconds(3, [200, 200, 200]) == [260, 260, 140]


def test_readings_that_come_seldom_need_not_agree_for_long():
    house = House()
    house.seconds(31, [80, 80, 80])
    told = []
    for _ in range(2):
        house.ms += 4000
        told += house.seconds(1, [200, 200, 200])
    assert told == [260, 140]


def test_the_phase_is_the_one_that_the_limit_is_for():
    house = House()
    house.seconds(31, [80, 81, 80])
    for _ in range(10):
        house.seconds(1, [82, 81, 80])
        assert house.limit.words() == "house, L2"
    house.seconds(3, [200, 81, 80])
    assert house.limit.words() == "house, L1"


def test_it_rises_to_the_least_room_of_thirty_seconds_and_not_before():
    house = charging(160)
    told = house.seconds(12, [80, 80, 80]) + house.seconds(1, [120, 120, 120])
    told += house.seconds(17, [80, 80, 80])
    assert told == [160] * 30
    assert house.seconds(1) == [350 - 120 - 10]
    assert house.seconds(31)[-1] == 260


def test_the_time_of_a_rise_can_be_set():
    house = House(rise_after_s=10)
    assert house.seconds(11, [50, 50, 50])[-2:] == [60, 290]


def test_room_that_comes_and_goes_lets_nothing_rise():
    house = charging(160)
    for _ in range(10):
        assert house.seconds(25, [20, 20, 20])[-1] == 160
        house.seconds(5, [180, 180, 180])
    assert house.limit.da == 160


def test_a_pause_lasts_five_minutes_and_ends_with_a_margin():
    house = charging(100)
    assert house.seconds(3, [300, 240, 240])[-1] < 60
    house.own = [0, 0, 0]
    assert max(house.seconds(295, [40, 40, 40])) < 60
    assert house.seconds(45)[-1] == 300
    house = charging(100)
    house.seconds(3, [300, 240, 240])
    house.own = [0, 0, 0]
    assert max(house.seconds(600, [275, 275, 275])) < 60, "6.5 A are no margin"
    assert house.seconds(40, [265, 265, 265])[-1] == 75


def test_with_two_vehicles_the_second_rests_as_long():
    house = charging(160)
    house.vehicles = 2
    house.seconds(3, [250, 240, 240])
    assert house.limit.da < 120
    assert max(house.seconds(290, [100, 100, 100])) == 110
    assert house.seconds(60)[-1] == 240


def test_where_nobody_charges_nobody_pauses():
    house = House()
    house.vehicles = 0
    house.seconds(31, [50, 50, 50])
    house.seconds(3, [345, 20, 20])
    assert house.limit.da == 0
    assert house.seconds(31, [50, 50, 50])[-1] == 290


def test_what_the_house_feeds_in_is_room_up_to_the_fuse():
    house = House()
    house.seconds(31, [-100, -100, -100])
    assert house.limit.da == 350


def test_a_house_that_is_full_leaves_nothing():
    house = charging(160)
    house.seconds(3, [400, 180, 180])
    assert house.limit.da == 0 and house.limit.words() == "house, L1"


def test_a_silent_meter_leaves_the_safe_current_after_ten_seconds():
    house = charging(160)
    assert house.silent(9) == 160
    assert house.silent(2) == 60 and house.limit.silent
    assert house.limit.words() == "house, its meter is silent"
    assert house.seconds(31)[-1] == 160 and not house.limit.silent


def test_a_pause_goes_over_to_the_safe_current_only_after_its_five_minutes():
    house = charging(100)
    house.seconds(3, [300, 240, 240])
    paused_da = house.limit.da
    assert paused_da < 60 and house.silent(200) < 60
    assert house.silent(150) == 60


def test_what_cannot_be_counts_as_silence():
    for wrong in (None, 1751, -1751, 100000000):
        house = charging(160)
        for _ in range(12):
            house.ms += 1000
            house.limit.reading(house.ms, [200, wrong, 200], house.own, ALL, 1, False)
        assert house.limit.da == 60 and house.limit.silent, wrong
        house.limit.reading(house.ms, [200, 200, wrong], house.own, [0, 1], 1, False)
        assert not house.limit.silent, "a phase that we do not use"


def test_without_a_meter_of_our_own_what_was_offered_counts_until_the_vehicle_follows():
    for follows_s in range(1, 11):
        house = charging(160)
        house.assumed = True
        house.seconds(20)
        house.house = [210, 210, 210]
        drawn = 160
        for second in range(30):
            drawn = 130 if second >= follows_s else 160
            house.ms += 1000
            offered = [min(house.limit.da, 160)] * 3
            house.limit.reading(house.ms, [210 + drawn] * 3, offered, ALL, 1, True)
        assert house.limit.da == 130, follows_s


def test_without_a_meter_of_our_own_a_second_load_is_seen_while_the_vehicle_follows():
    house = charging(160)
    house.assumed = True
    house.seconds(20)
    offered = 160
    for _second, drawn, load in [(0, 160, 210)] * 3 + [(3, 130, 210)] * 2 + [(5, 130, 260)] * 3:
        house.ms += 1000
        house.limit.reading(house.ms, [load + drawn] * 3, [offered] * 3, ALL, 1, True)
        offered = house.limit.da
    assert house.limit.da == 80


def test_a_phase_that_comes_into_use_counts_from_the_next_reading_on():
    house = House()
    house.phases = [0]
    house.seconds(31, [20, 300, 20])
    assert house.limit.da == 320
    house.phases = ALL
    assert house.seconds(1) == [40]


def test_a_meter_of_our_own_that_is_late_is_given_its_time():
    house = House(lag=5)
    house.seconds(31, [180, 180, 180])
    for _ in range(5):
        house.ms += 1000
        house.limit.reading(house.ms, [345] * 3, [0] * 3, ALL, 1, False)
    assert house.limit.da >= 150
    assert house.seconds(20, own=[160] * 3)[-1] >= 150


def test_the_key_says_which_phase_of_the_grid_a_connector_s_first_is():
    for text, connector, wanted in (
        ("0.Unknown", 1, (0, 1, 2)),
        ("", 1, (0, 1, 2)),
        ("1.RST, 2.STR", 2, (1, 2, 0)),
        ("1.RST,2.TSR", 1, (0, 1, 2)),
        ("0.STR,1.RST", 1, (1, 2, 0)),
        ("0.STR,1.STR", 1, (2, 0, 1)),
        ("1.NotApplicable,11.TRS", 1, (0, 1, 2)),
        ("1.NotApplicable,11.TRS", 11, (2, 0, 1)),
    ):
        assert phases_of(text, connector) == wanted, text
