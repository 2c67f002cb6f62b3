"""What a connector may draw at an instant and until when: combining, units, phases, unknown time
(R8, R25 to R32)."""

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

from setpoint.units import FOREVER, tenths, tenths_text

# Order of precedence


def test_the_highest_level_that_speaks_prevails():
    point = ChargePoint(  # R28.1
        (1, profile(1, DEFAULT, (0, 60))),
        (1, profile(2, DEFAULT, (0, 200), level=2, duration=100)),
        (1, profile(3, DEFAULT, (0, 100), level=1, start=T0 + 50, duration=100)),
    )
    for at, want, until in (
        (0, 200, 100),
        (50, 200, 100),
        (99, 200, 100),
        (100, 100, 150),
        (149, 100, 150),
        (150, 60, None),
    ):
        assert (point.amps(T0 + at), point.until(T0 + at)) == (want, until), at


def test_a_profile_that_ends_hands_over_to_the_one_below():
    point = ChargePoint(  # OCTT TC_066; R28.2
        (1, profile(1, DEFAULT, (0, 100))),
        (1, profile(2, TX, (0, 60), duration=300, kind="Relative")),
    )
    for at, want, until in ((0, 60, 300), (299, 60, 300), (300, 100, None)):
        assert (point.amps(T0 + at), point.until(T0 + at)) == (want, until), at


def test_a_tx_profile_stands_before_every_default_even_a_higher_level():
    # R28.2
    point = ChargePoint((1, profile(1, DEFAULT, (0, 60), level=8)), (1, profile(2, TX, (0, 200))))
    assert point.amps(T0) == 200


def test_an_own_default_stands_before_the_general_one_at_equal_level_only():
    # R8
    point = ChargePoint(
        (0, profile(1, DEFAULT, (0, 100))), (1, profile(2, DEFAULT, (0, 200), duration=100))
    )
    # The general one fills in
    assert [point.amps(T0 + at) for at in (0, 99, 100)] == [200, 200, 100]
    assert point.amps(T0, 2) == 100
    point.clear(connectorId=1)
    assert point.amps(T0) == 100  # and is back


def test_a_higher_general_default_stands_before_an_own_one():
    general, own = (0, profile(1, DEFAULT, (0, 60), level=1)), (1, profile(2, DEFAULT, (0, 100)))
    for order in ((general, own), (own, general)):
        assert ChargePoint(*order).amps(T0) == 60  # R8; MicroOcpp 2.1 no. 13


def test_the_charge_point_maximum_and_the_own_limits_always_bind():
    for tx, top, amps, grid, want in (  # R28.4
        (200, 100, 320, None, 100),
        (100, 200, 320, None, 100),
        (200, None, 160, None, 160),
        (200, None, 320, 80, 80),
        (200, 100, 320, 120, 100),
        (None, None, 320, None, 320),  # R28.3
        (None, 400, 320, None, 320),
        (None, None, 320, 400, 320),
        (400, 400, 320, 400, 320),
        (0, 100, 320, None, 0),
    ):
        point = ChargePoint(amps=amps, grid=grid)
        if tx is not None:
            point.set(1, profile(1, TX, (0, tx)))
        if top is not None:
            point.set(0, profile(2, MAX, (0, top)))
        assert point.amps(T0) == want, (tx, top, amps, grid)


def test_levels_of_the_charge_point_maximum_stack():
    point = ChargePoint(
        (0, profile(1, MAX, (0, 100))), (0, profile(2, MAX, (0, 200), level=1, duration=60))
    )
    assert [point.amps(T0 + at) for at in (0, 59, 60)] == [200, 200, 100]  # R28.4


def test_the_reason_is_the_profile_that_limits_or_nobody():
    for default, top, want in (
        (100, 200, 1),
        (200, 100, 2),
        (400, None, None),
        (400, 320, None),
        (None, None, None),
        (100, 100, 1),
    ):
        point = ChargePoint()
        if default is not None:
            point.set(1, profile(1, DEFAULT, (0, default)))
        if top is not None:
            point.set(0, profile(2, MAX, (0, top)))
        reason = point.installed.limit_at(1, T0, None)[3]
        assert (None if reason is None else reason.id) == want, (default, top)


# When to look again


def test_the_next_change_is_never_overwritten_by_a_later_period_start():
    # MicroOcpp fault 1: TxProfile boundaries 30 min off those of ChargePointMaxProfile.
    tx = [(0, 200)] + [(30 * MINUTE + i * HOUR, 100 + i) for i in range(24)]
    top = [(i * HOUR, 150 - 3 * i) for i in range(24)]
    point = ChargePoint(
        (1, profile(1, TX, *tx, duration=DAY)),
        (0, profile(2, MAX, *top, duration=DAY)),
        max_periods=30,
    )
    for minute in range(1440):
        at = minute * MINUTE
        want = min([p[1] for p in tx if p[0] <= at][-1], [p[1] for p in top if p[0] <= at][-1])
        assert point.amps(T0 + at) == want, minute
        assert point.until(T0 + at) == (minute // 30 + 1) * 30 * MINUTE, minute


def test_valid_to_is_a_point_of_change():
    point = ChargePoint(  # MicroOcpp fault 2
        (1, profile(1, DEFAULT, (0, 100))),
        (1, profile(2, DEFAULT, (0, 320), level=1, valid_to=T0 + 600)),
    )
    assert (point.amps(T0), point.until(T0)) == (320, 600)
    assert (point.amps(T0 + 600), point.until(T0 + 600)) == (100, None)


def test_a_higher_profile_that_begins_is_not_slept_through():
    # Section 1b: of every profile that can reach the connector, not only of the winner
    for higher in (
        profile(2, DEFAULT, (0, 60), level=1, start=T0 + 500),
        profile(2, DEFAULT, (0, 60), level=1, valid_from=T0 + 500),
        profile(
            2,
            DEFAULT,
            (0, 60),
            level=1,
            start=T0 + 500 - DAY,
            kind="Recurring",
            recurrency="Daily",
            duration=100,
        ),
        profile(2, TX, (0, 60), start=T0 + 500),
    ):
        point = ChargePoint((1, profile(1, DEFAULT, (0, 100), (1000, 120))), (1, higher))
        assert (point.amps(T0), point.until(T0)) == (100, 500), higher
        assert point.amps(T0 + 500) == 60
    point = ChargePoint(
        (1, profile(1, DEFAULT, (0, 100))), (0, profile(2, MAX, (0, 60), start=T0 + 500))
    )
    assert (point.until(T0), point.amps(T0 + 500)) == (500, 60)


def test_the_answer_does_not_depend_on_what_was_asked_before():
    point = ChargePoint(
        (1, profile(1, TX, (0, 200), (100, 150), (200, 180), kind="Relative")),
        (0, profile(2, DEFAULT, (0, 100), (50, 90), kind="Relative")),
        (0, profile(3, MAX, (0, 160), (120, 140), (240, 320))),
    )
    later = Transaction(handle=1, started=T0 + 60)
    other = Transaction(handle=2, started=T0)
    asked = [
        (at, who)
        for at in (0, 300, 110, 110, 130, 90, 250, 10)
        for who in (point.transaction, later, other, None)
    ]
    first = [point.installed.limit_at(1, T0 + at, who) for at, who in asked]
    for i in range(len(asked)):
        at, who = asked[i]
        fresh = ChargePoint()
        for p in point.installed:
            fresh.installed.install(p, [])
        assert fresh.installed.limit_at(1, T0 + at, who) == first[i], at


# Numbers


def test_limits_do_not_print_as_11_30000019():
    # MicroOcpp fault 4, libocpp fault 13; R25
    for number, text in (
        (11.3, "11.3"),
        (8.1, "8.1"),
        (7.77, "7.7"),
        (16, "16.0"),
        (0.1, "0.1"),
        (0, "0.0"),
    ):
        point = ChargePoint((1, profile(1, DEFAULT, (0, tenths(number)))))
        assert tenths_text(point.amps(T0)) == text, number


def test_watts_become_amperes_per_phase_by_the_phases_of_their_own_period():
    for watts, named, phases, switch, want in (  # R26
        (11000, None, 3, False, (159, 3)),
        (3680, None, 1, False, (160, 1)),
        (3680, 1, 3, True, (160, 1)),
        (3680, 1, 3, False, (53, 3)),
        (7360, 2, 3, False, (106, 3)),
        (7360, 2, 3, True, (106, 3)),  # a switch holds to one phase or to all
        (7360, 2, 2, True, (160, 2)),
        (7360, 3, 2, False, (160, 2)),
        (3680, 2, 1, False, (160, 1)),
        (3680, 3, 1, False, (160, 1)),
        (0, None, 3, False, (0, 3)),
    ):
        period = (0, watts * 10) if named is None else (0, watts * 10, named)
        point = ChargePoint(
            (1, profile(1, DEFAULT, period, unit="W")), phases=phases, switch=switch
        )
        assert point.limit(T0) == want, (watts, named, phases, switch)


def test_amperes_are_never_rescaled_by_phases():
    for named, phases, switch, want in (
        (1, 3, True, (160, 1)),
        (1, 3, False, (160, 3)),
        (3, 1, False, (160, 1)),
    ):
        point = ChargePoint((1, profile(1, DEFAULT, (0, 160, named))), phases=phases, switch=switch)
        assert point.limit(T0) == want  # R26


def test_each_profile_is_converted_with_its_own_phases_before_they_are_compared():
    point = ChargePoint(  # R26: 6900 W for the station and 32 A on one phase; libocpp gives 30 A
        (0, profile(1, MAX, (0, 69000), unit="W")), (1, profile(2, TX, (0, 320, 1))), switch=True
    )
    assert point.limit(T0) == (100, 1)


def test_a_charge_point_maximum_on_one_phase_holds_the_connectors_to_one():
    point = ChargePoint(  # 3680 W are 16 A on one phase, and would be 11 kW on three
        (0, profile(1, MAX, (0, 36800, 1), unit="W")),
        (1, profile(2, DEFAULT, (0, 200, 3))),
        switch=True,
    )
    assert point.limit(T0) == (160, 1)


def test_amperes_and_watts_compare_without_rounding():
    # 11040.0 W is 16.0 A
    for watts_tenths, da, want_reason in ((110400, 160, 1), (110399, 160, 1), (110401, 160, 2)):
        point = ChargePoint(
            (1, profile(1, DEFAULT, (0, watts_tenths), unit="W")), (0, profile(2, MAX, (0, da)))
        )
        limit_da, _, _, reason = point.installed.limit_at(1, T0, None)
        assert reason.id == want_reason and limit_da == (159 if watts_tenths < 110400 else 160), (
            watts_tenths
        )


def test_the_own_limit_may_be_given_in_watts_too():
    assert ChargePoint(watts=110400).amps(T0) == 160
    assert ChargePoint(watts=220800).amps(T0) == 320
    assert ChargePoint(watts=300000).amps(T0) == 320
    assert (
        ChargePoint(watts=36800, phases=1).amps(T0)
        == ChargePoint(watts=73600, phases=2).amps(T0)
        == 160
    )


def test_absurd_numbers_do_no_harm():
    point = ChargePoint((1, profile(1, DEFAULT, (0, 10**12), duration=10**15, start=-(10**9))))
    assert point.amps(T0) == 320
    assert point.installed.limit_at(1, T0, None)[2] > T0


# Idle connectors and unknown time


def test_an_idle_connector_has_the_limit_of_a_transaction_that_starts_now():
    point = ChargePoint(  # R32
        (0, profile(1, DEFAULT, (0, 60), (100, 80), kind="Relative", duration=200)),
        (1, profile(2, TX, (0, 50))),
    )
    for at in (0, 150, 500):
        assert point.installed.limit_at(1, T0 + at, None)[:3] == (60, 3, FOREVER), at


def test_while_the_time_is_unknown_the_lowest_period_of_all_profiles_counts():
    point = ChargePoint(  # R31
        (1, profile(1, TX, (0, 200), (100, 150), kind="Relative")),
        (1, profile(2, DEFAULT, (0, 120, 1), (60, 320), valid_from=T0 + 50 * DAY)),
        (2, profile(3, DEFAULT, (0, 60))),
        switch=True,
    )
    limit = point.installed.limit_at
    assert limit(1, None, point.transaction)[:3] == (120, 1, FOREVER)
    assert limit(1, None, None)[:2] == (120, 1)
    assert limit(2, None, None)[:2] == (60, 3)
    point.set(0, profile(4, MAX, (0, 320), (60, 70), duration=30))
    assert limit(1, None, None)[0] == 70 and limit(1, None, None)[3].id == 4
    assert point.installed.station_limit_at(None)[0] == 70
    assert limit(1, T0, None)[0] == 320  # the clock is known: normal rules at once


def test_without_the_time_the_fewest_phases_count_as_well_as_the_lowest_current():
    six_on_three, ten_on_one = (0, 60, 3), (0, 100, 1)
    # R31: any of them may be in force, so neither more current nor more phases than each allows
    for low, few in (
        ((1, DEFAULT, "A", six_on_three), (1, DEFAULT, "A", ten_on_one)),
        ((0, DEFAULT, "A", six_on_three), (1, DEFAULT, "A", ten_on_one)),
        ((1, DEFAULT, "A", six_on_three), (1, TX, "A", ten_on_one)),
        ((1, TX, "A", six_on_three), (1, DEFAULT, "A", ten_on_one)),
        ((1, DEFAULT, "W", (0, 41400, 3)), (1, DEFAULT, "W", (0, 23000, 1))),
        ((0, MAX, "A", six_on_three), (0, MAX, "A", ten_on_one)),
        ((0, MAX, "A", six_on_three), (1, DEFAULT, "A", ten_on_one)),
        ((1, DEFAULT, "A", six_on_three), (0, MAX, "A", ten_on_one)),
    ):
        for levels in ((0, 1), (1, 0)):
            point = ChargePoint(switch=True)
            for id, level, (connector, purpose, unit, period) in (
                (1, levels[0], low),
                (2, levels[1], few),
            ):
                assert (
                    point.set(connector, profile(id, purpose, period, level=level, unit=unit))
                    is None
                )
            da, phases, _, reason = point.installed.limit_at(1, None, point.transaction)
            assert (da, phases, reason.id) == (60, 1, 1), (low, few, levels)
    in_one = (0, 60, 3), (60, 100, 1)
    assert ChargePoint((1, profile(1, DEFAULT, *in_one)), switch=True).limit(None) == (60, 1)
    assert ChargePoint((0, profile(1, MAX, *in_one, kind="Relative")), switch=True).limit(None) == (
        60,
        1,
    )
    assert ChargePoint((1, profile(1, DEFAULT, *in_one)), switch=False).limit(None) == (60, 3), (
        "all wired phases may carry"
    )


def test_the_limit_of_the_station_is_known_without_the_time_whatever_was_asked_before():
    for asked in ((), (T0,), (T0 + 60,)):
        point = ChargePoint((0, profile(1, MAX, (0, 200), (60, 70), duration=90)))
        for at in asked:
            point.installed.station_limit_at(at)
        assert point.installed.station_limit_at(None)[0] == 70


def test_what_was_accepted_without_a_clock_counts_from_when_it_is_known():
    point = ChargePoint()  # R31, R17
    point.set(0, profile(1, MAX, (0, 100), (60, 80), (120, 200), kind="Relative"), now=None)
    assert point.amps(T0) == 80
    assert [p.id for p in point.installed.fix_starts(T0)] == [1]
    assert [point.amps(T0 + at) for at in (0, 60, 120)] == [100, 80, 200]
    assert point.installed.fix_starts(T0 + 5) == []


# The station as a whole


def test_the_limit_of_the_station_is_the_charge_point_maximum_and_the_grid():
    for top, grid, want, reason in (  # R29
        (None, None, None, None),
        (100, None, 100, 1),
        (None, 200, 200, None),
        (100, 200, 100, 1),
        (200, 100, 100, None),
        (400, None, 400, 1),  # above a connector's own limit: it is of all together
    ):
        point = ChargePoint(grid=grid)
        if top is not None:
            point.set(0, profile(1, MAX, (0, top), (60, 90)))
        limit_da, because = point.installed.station_limit_at(T0)
        assert (limit_da, None if because is None else because.id) == (want, reason), (top, grid)
        assert point.until(T0) == (None if top is None else 60)


def test_the_next_change_is_the_earliest_that_any_profile_could_make():
    def higher(id, speaks_from, by):
        fields = (
            {"level": id, "start": T0 + speaks_from}
            if by == "start"
            else {"level": id, "valid_from": T0 + speaks_from}
        )
        return (1, profile(id, DEFAULT, (0, 100), **fields))

    for one in (50, 100, 300):
        for other in (60, 90, 310):
            for by in ("start", "valid_from"):
                for other_by in ("start", "valid_from"):
                    point = ChargePoint(
                        (1, profile(9, DEFAULT, (0, 160), (200, 60))),
                        higher(1, one, by),
                        higher(2, other, other_by),
                    )
                    first = min(one, other, 200)
                    assert point.until(T0) == first, (one, other, by, other_by)
                    assert point.amps(T0 + first - 1) == 160 and point.amps(T0 + first) == (
                        60 if first == 200 else 100
                    )


def test_phases_follow_the_periods_from_one_to_the_next():
    point = ChargePoint(
        (
            1,
            profile(
                1,
                DEFAULT,
                (0, 160, 1),
                (50, 160, 3),
                (100, 160, 1),
                (150, 160),
                (200, 160, 1),
                (250, 160, 1),
            ),
        ),
        switch=True,
    )
    for at, phases in ((0, 1), (50, 3), (100, 1), (150, 3), (200, 1), (250, 1), (0, 1), (120, 1)):
        assert point.limit(T0 + at) == (160, phases), at


def test_without_the_time_the_lowest_profile_counts_wherever_it_stands():
    for purpose, connector in ((DEFAULT, 1), (MAX, 0)):
        for order in ((60, 200, 100), (200, 100, 60), (100, 60, 200)):
            profiles = [
                (connector, profile(1 + i, purpose, (0, 320), (99, order[i]), level=i))
                for i in range(3)
            ]
            point = ChargePoint(*profiles, connectors=1)
            assert point.limit(T0) == (320, 3)
            assert point.amps(None) == 60, (purpose, order)
            point.clear()
            assert point.amps(None) == 320
