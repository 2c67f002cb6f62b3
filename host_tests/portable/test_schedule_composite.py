"""GetCompositeSchedule's plan (R32 to R35)."""

from schedule_words import (
    DAY,
    DEFAULT,
    HOUR,
    MAX,
    MINUTE,
    T0,
    TX,
    ChargePoint,
    Transaction,
    profile,
)

from setpoint.schedule.composite import composite_schedule


def plan(point, connector=1, duration=DAY, unit="A", now=T0, running=None, **other):
    running = {1: point.transaction} if running is None else running
    return composite_schedule(point.installed, connector, now, duration, unit, running, **other)


def test_a_plan_covers_the_whole_duration_and_gaps_are_the_hardware_maximum():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 100), start=T0 + HOUR, duration=HOUR)))  # R34
    assert plan(point) == ([(0, 320, 3), (HOUR, 100, 3), (2 * HOUR, 320, 3)], DAY)


def test_where_nothing_limits_neither_limit_nor_phases_are_minus_1():
    assert plan(ChargePoint()) == ([(0, 320, 3)], DAY)  # MicroOcpp fault 5
    assert plan(ChargePoint(phases=1), unit="W") == ([(0, 73600, 1)], DAY)
    assert plan(ChargePoint(watts=220800), unit="W") == ([(0, 220800, 3)], DAY)


def test_equal_neighbours_are_one_period_and_a_change_of_phases_is_a_new_one():
    point = ChargePoint(  # R34, OCTT TC_072
        (1, profile(1, DEFAULT, (0, 81), (300, 81), (600, 81, 1), (900, 320))),
        (0, profile(2, MAX, (0, 320), (100, 310))),
        switch=True,
    )
    assert plan(point, duration=1000)[0] == [(0, 81, 3), (600, 81, 1), (900, 310, 3)]


def test_equal_limits_of_two_levels_merge():
    point = ChargePoint(
        (1, profile(1, DEFAULT, (0, 100))),
        (1, profile(2, DEFAULT, (0, 100), level=1, duration=300)),
    )
    assert plan(point, duration=600)[0] == [(0, 100, 3)]  # R34


def test_duration_0_shows_the_value_of_now():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 100), (1, 60))))  # R35
    assert plan(point, duration=0) == ([(0, 100, 3)], 0)


def test_a_change_at_the_end_of_the_duration_is_not_part_of_the_plan():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 100), (60, 60))))
    assert plan(point, duration=60)[0] == [(0, 100, 3)]
    assert plan(point, duration=61)[0] == [(0, 100, 3), (60, 60, 3)]


def test_a_plan_is_never_cut_at_24_segments():
    # MicroOcpp fault 3: a day whose first 6 hours change every 15 minutes
    point = ChargePoint(
        (1, profile(1, DEFAULT, *[(i * HOUR, 60 + i) for i in range(24)], duration=DAY)),
        (
            1,
            profile(
                2,
                DEFAULT,
                *[(i * 15 * MINUTE, 200 + i) for i in range(24)],
                level=1,
                duration=6 * HOUR,
            ),
        ),
    )
    periods, duration = plan(point)
    assert len(periods) == 42 and duration == DAY
    assert periods[23:25] == [(23 * 15 * MINUTE, 223, 3), (6 * HOUR, 66, 3)]


def test_a_plan_that_would_be_too_long_says_a_shorter_duration():
    point = ChargePoint((1, profile(1, DEFAULT, *[(i * HOUR, 60 + i) for i in range(24)])))  # R35
    whole = plan(point)[0]
    assert plan(point, max_segments=24) == (whole, DAY)
    assert plan(point, max_segments=23) == (whole[:23], 23 * HOUR)
    assert plan(point, max_segments=1) == (whole[:1], HOUR)
    assert plan(point, connector=0, running={}, max_segments=5)[1] == 5 * HOUR


def test_a_plan_of_a_century_comes_to_an_end():
    point = ChargePoint((0, profile(1, DEFAULT, (0, 100), kind="Recurring", recurrency="Daily")))
    for connector in (0, 1):
        periods, duration = plan(point, connector=connector, duration=100 * 365 * DAY, running={})
        assert len(periods) == 1 and 2 * DAY < duration < 100 * 365 * DAY


def test_a_plan_without_end_takes_no_more_steps_than_two_days_of_quarter_hours_at_four_connectors():
    hours = [(i * HOUR, 100) for i in range(24)]
    for connectors in (1, 3, 4):
        point = ChargePoint(
            (0, profile(1, DEFAULT, *hours, kind="Recurring", recurrency="Daily")),
            connectors=connectors,
        )
        for connector in (0, 1):
            periods, duration = plan(point, connector=connector, duration=2147483647, running={})
            assert len(periods) == 1 and 192 * HOUR <= duration <= 500 * HOUR, (
                connectors,
                connector,
                duration / DAY,
            )


def test_watt_profiles_are_not_ignored_when_amperes_are_asked():
    point = ChargePoint(
        (0, profile(1, MAX, (0, 41400), unit="W")), (1, profile(2, DEFAULT, (0, 200)))
    )
    assert plan(point)[0] == [(0, 60, 3)]  # MicroOcpp fault 6, 2.1 no. 17
    assert plan(point, unit="W")[0] == [(0, 41400, 3)]


def test_what_was_given_in_watts_comes_back_exactly():
    for watts_tenths in (110000, 110001, 1, 0, 99999):  # R25: not 15.9 A times 690
        point = ChargePoint((1, profile(1, DEFAULT, (0, watts_tenths), unit="W")))
        assert plan(point, unit="W")[0] == [(0, watts_tenths, 3)]
    point = ChargePoint((1, profile(1, DEFAULT, (0, 81))))
    assert plan(point, unit="W")[0] == [(0, 55890, 3)]


def test_watts_of_one_phase():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 100, 1), (60, 23000, 1))), switch=True)
    assert plan(point, unit="W", duration=100)[0] == [(0, 23000, 1), (60, 73600, 1)]


def test_the_default_is_in_the_plan_of_a_connector_without_a_transaction():
    point = ChargePoint(  # libocpp fault 14, MicroOcpp 2.1 no. 30; R32
        (0, profile(1, DEFAULT, (0, 100), (600, 60), kind="Relative", duration=900)),
        (1, profile(2, TX, (0, 50))),
    )
    assert plan(point, running={}, now=T0 + 777, duration=1000)[0] == [
        (0, 100, 3),
        (600, 60, 3),
        (900, 320, 3),
    ]


def test_a_running_transaction_is_planned_from_its_start():
    point = ChargePoint((1, profile(1, TX, (0, 100), (600, 60), kind="Relative", duration=900)))
    assert plan(point, now=T0 + 500, duration=1000)[0] == [(0, 100, 3), (100, 60, 3), (400, 320, 3)]


def test_connector_0_is_the_sum_of_all_bounded_by_the_station():
    cases = (  # R33: connectors, profiles, grid, amperes, watts
        (2, [], None, (640, 3), (441600, 3)),
        (2, [], 400, (400, 3), (276000, 3)),
        (2, [(0, profile(1, MAX, (0, 160)))], None, (160, 3), (110400, 3)),
        (2, [(0, profile(1, MAX, (0, 400)))], None, (400, 3), (276000, 3)),
        (
            2,
            [(1, profile(1, TX, (0, 100))), (2, profile(2, DEFAULT, (0, 60)))],
            None,
            (160, 3),
            (110400, 3),
        ),
        # libocpp 2.2 no. 7: 51.3 A (35420 W)
        (
            2,
            [(1, profile(1, DEFAULT, (0, 100))), (2, profile(2, DEFAULT, (0, 23000), unit="W"))],
            None,
            (133, 3),
            (92000, 3),
        ),
        (3, [(1, profile(1, DEFAULT, (0, 100)))], None, (740, 3), (510600, 3)),
    )
    for connectors, profiles, grid, amps, watts in cases:
        point = ChargePoint(*profiles, connectors=connectors, grid=grid)
        assert plan(point, 0)[0] == [(0, amps[0], amps[1])], profiles
        assert plan(point, 0, unit="W")[0] == [(0, watts[0], watts[1])], profiles


def test_connector_0_counts_each_connector_on_its_own_phases():
    point = ChargePoint(  # R33
        (1, profile(1, DEFAULT, (0, 100, 1))), (2, profile(2, DEFAULT, (0, 60))), switch=True
    )
    assert plan(point, 0)[0] == [(0, 160, 3)]
    assert plan(point, 0, unit="W")[0] == [(0, 23000 + 41400, 3)]
    point = ChargePoint(
        (0, profile(1, DEFAULT, (0, 100, 1))), (0, profile(2, MAX, (0, 150))), switch=True
    )
    assert plan(point, 0)[0] == [(0, 150, 1)]
    assert plan(point, 0, unit="W")[0] == [(0, 34500, 1)]


def test_connector_0_changes_when_any_of_its_parts_does():
    point = ChargePoint(
        (1, profile(1, DEFAULT, (0, 100), (500, 120))),
        (2, profile(2, DEFAULT, (0, 60), (300, 80))),
        (0, profile(3, MAX, (0, 320), (700, 90), duration=900)),
    )
    assert plan(point, 0, duration=1000)[0] == [
        (0, 160, 3),
        (300, 180, 3),
        (500, 200, 3),
        (700, 90, 3),
        (900, 200, 3),
    ]


def test_the_plan_of_a_connector_is_its_bound_and_not_its_share():
    point = ChargePoint((0, profile(1, MAX, (0, 160))))  # R34
    both = {1: point.transaction, 2: Transaction(handle=2)}
    assert plan(point, 1, running=both)[0] == plan(point, 2, running=both)[0] == [(0, 160, 3)]


def test_boundaries_30_minutes_apart_are_all_in_the_plan():
    tx = [(0, 200)] + [(30 * MINUTE + i * HOUR, 100 + i) for i in range(24)]  # MicroOcpp fault 1
    top = [(i * HOUR, 150 - 3 * i) for i in range(24)]
    point = ChargePoint(
        (1, profile(1, TX, *tx, duration=DAY)),
        (0, profile(2, MAX, *top, duration=DAY)),
        max_periods=30,
    )
    want = []
    for half in range(48):
        at = half * 30 * MINUTE
        value = min([p[1] for p in tx if p[0] <= at][-1], [p[1] for p in top if p[0] <= at][-1])
        if not want or want[-1][1] != value:
            want.append((at, value, 3))
    assert plan(point)[0] == want


def test_a_schedule_that_began_years_ago_costs_no_more_than_a_new_one():
    for years in (0, 30):
        point = ChargePoint(
            (
                1,
                profile(
                    1,
                    DEFAULT,
                    *[(i * HOUR, 60 + i) for i in range(24)],
                    start=T0 - years * 365 * DAY,
                    kind="Recurring",
                    recurrency="Daily",
                ),
            )
        )
        (own,) = list(point.installed)
        counting = Counting(own)
        point.installed.reaching(1, None).profiles[0] = counting
        periods, _ = plan(point, duration=7 * DAY, running={})
        assert len(periods) == 7 * 24
        assert counting.asked == 7, years  # once a day; the periods within it are steps


class Counting:
    """A profile that counts how often it is asked."""

    def __init__(self, profile):
        self._profile = profile
        self.valid_from = profile.valid_from
        self.starts, self.step, self.words = profile.starts, profile.step, profile.words
        self.worth = profile.worth
        self.asked = 0

    def speaks(self, at, started, stack):
        self.asked += 1
        return self._profile.speaks(at, started, stack)
