"""What one profile says at a moment, and until when (R3, R14 to R18, R27)."""

from schedule_words import DAY, DEFAULT, HOUR, MAX, T0, TX, ChargePoint, Transaction, profile

from setpoint.schedule.profile import profile_from

WEEK = 7 * DAY


def says(fields, *table, **other):
    """table: (seconds after T0, deci-amperes, seconds after T0 of the next change or None), asked
    in order and by itself."""
    connector = 0 if fields["chargingProfilePurpose"] == MAX else 1
    point = ChargePoint((connector, fields))
    transaction = other.get("transaction")
    for at, want_da, want_until in table:
        for asked in (point, ChargePoint((connector, fields))):
            assert asked.amps(T0 + at, 1, transaction) == want_da, (
                at,
                asked.amps(T0 + at, 1, transaction),
            )
            assert asked.until(T0 + at, 1, transaction) == want_until, (
                at,
                asked.until(T0 + at, 1, transaction),
            )


def test_validity_begins_with_valid_from_and_ends_before_valid_to():
    says(  # R14
        profile(1, DEFAULT, (0, 60), valid_from=T0 + 100, valid_to=T0 + 200),
        (0, 320, 100),
        (99, 320, 100),
        (100, 60, 200),
        (199, 60, 200),
        (200, 320, None),
    )


def test_validity_does_not_move_the_base():
    # R14
    says(
        profile(1, DEFAULT, (0, 60), (150, 80), valid_from=T0 + 100),
        (100, 60, 150),
        (150, 80, None),
    )


def test_absolute_says_nothing_before_its_start():
    # R15
    says(profile(1, DEFAULT, (0, 60), start=T0 + 50), (0, 320, 50), (49, 320, 50), (50, 60, None))


def test_duration_ends_a_schedule_and_hides_the_periods_after_it():
    says(  # R18
        profile(1, DEFAULT, (0, 60), (100, 80), (300, 100), (400, 120), duration=300),
        (0, 60, 100),
        (99, 60, 100),
        (100, 80, 300),
        (299, 80, 300),
        (300, 320, None),
        (400, 320, None),
    )


def test_without_duration_the_last_period_holds_for_ever():
    # R18
    says(profile(1, DEFAULT, (0, 60), (100, 80)), (100, 80, None), (50 * 365 * DAY, 80, None))


def test_a_daily_schedule_starts_anew_every_day_and_is_silent_in_between():
    says(  # R16
        profile(
            1, DEFAULT, (0, 60), (HOUR, 80), duration=2 * HOUR, kind="Recurring", recurrency="Daily"
        ),
        (0, 60, HOUR),
        (HOUR, 80, 2 * HOUR),
        (2 * HOUR, 320, DAY),
        (DAY - 1, 320, DAY),
        (DAY, 60, DAY + HOUR),
        (1000 * DAY + HOUR, 80, 1000 * DAY + 2 * HOUR),
    )


def test_a_recurring_schedule_says_nothing_before_its_first_start():
    says(  # R16; MicroOcpp 2.1 no. 5 and libocpp 2.2 no. 15 read it otherwise
        profile(1, DEFAULT, (0, 60), start=T0 + HOUR, kind="Recurring", recurrency="Daily"),
        (0, 320, HOUR),
        (HOUR - 1, 320, HOUR),
        (HOUR, 60, HOUR + DAY),
    )


def test_the_next_start_cuts_what_is_longer_than_the_recurrence():
    says(  # R16
        profile(
            1,
            DEFAULT,
            (0, 60),
            (DAY - 10, 80),
            (DAY + 10, 100),
            duration=3 * DAY,
            kind="Recurring",
            recurrency="Daily",
        ),
        (DAY - 11, 60, DAY - 10),
        (DAY - 10, 80, DAY),
        (DAY, 60, 2 * DAY - 10),
        (DAY + 10, 60, 2 * DAY - 10),
    )


def test_a_weekly_schedule_without_duration_holds_to_the_next_start():
    says(  # R16
        profile(
            1,
            DEFAULT,
            (0, 60),
            (5 * DAY, 80),
            start=T0 - 100 * WEEK,
            kind="Recurring",
            recurrency="Weekly",
        ),
        (0, 60, 5 * DAY),
        (5 * DAY, 80, WEEK),
        (WEEK - 1, 80, WEEK),
        (WEEK, 60, WEEK + 5 * DAY),
    )


def test_validity_cuts_a_recurrence():
    says(
        profile(
            1,
            DEFAULT,
            (0, 60),
            kind="Recurring",
            recurrency="Daily",
            duration=HOUR,
            valid_to=T0 + DAY + 60,
        ),
        (DAY - 1, 320, DAY),
        (DAY, 60, DAY + 60),
        (DAY + 60, 320, None),
    )


def test_relative_counts_from_the_start_of_the_transaction():
    for fields in (  # R17
        profile(1, TX, (0, 60), (100, 80), duration=200, kind="Relative"),
        # Ignored
        profile(1, TX, (0, 60), (100, 80), duration=200, kind="Relative", start=T0 - DAY),
        # Absolute without start is the same
        profile(1, TX, (0, 60), (100, 80), duration=200, start=None),
        profile(1, DEFAULT, (0, 60), (100, 80), duration=200, kind="Relative"),
    ):
        says(
            fields,
            (1000, 60, 1100),
            (1099, 60, 1100),
            (1100, 80, 1200),
            (1200, 320, None),
            transaction=Transaction(started=T0 + 1000),
        )


def test_relative_holds_its_first_period_when_the_clock_was_set_back_behind_the_start():
    says(
        profile(1, TX, (0, 60), (100, 80), kind="Relative"),
        (900, 60, 1100),
        transaction=Transaction(started=T0 + 1000),
    )
    says(profile(1, MAX, (0, 60), (100, 80), kind="Relative"), (-500, 60, 100))


def test_a_relative_charge_point_maximum_counts_from_its_acceptance():
    says(  # R17; MicroOcpp 2.1 no. 11, libocpp 2.2 no. 13
        profile(1, MAX, (0, 100), (3600, 200), kind="Relative"),
        (0, 100, 3600),
        (3600, 200, None),
        transaction=Transaction(started=T0 + 1000),
    )
    says(profile(1, MAX, (0, 100), (3600, 200), start=None), (0, 100, 3600), (3600, 200, None))


def test_a_start_of_unknown_time_means_the_lowest_period():
    point = ChargePoint((1, profile(1, TX, (0, 100), (60, 60), (120, 80), kind="Relative")))  # R31
    offline = Transaction(started=None)
    assert point.amps(T0, 1, offline) == 60 and point.until(T0, 1, offline) is None


def test_a_start_of_unknown_time_means_the_fewest_phases_too():
    for other in ({"kind": "Relative"}, {"start": None}):  # R31, R17
        point = ChargePoint((1, profile(1, TX, (0, 60, 3), (60, 100, 1), **other)), switch=True)
        assert point.limit(T0, transaction=Transaction(started=None)) == (60, 1), other
    point = ChargePoint(switch=True)
    point.set(0, profile(2, MAX, (0, 60, 3), (60, 100, 1), kind="Relative"), now=None)
    assert point.limit(T0) == (60, 1), "of unknown acceptance"


def test_a_start_of_unknown_time_does_not_hide_the_end_of_the_validity():
    point = ChargePoint(
        (1, profile(1, TX, (0, 100), kind="Relative", valid_to=T0 + 300)),
        (1, profile(2, DEFAULT, (0, 60))),
    )
    offline = Transaction(started=None)
    for at, want, until in ((0, 100, 300), (299, 100, 300), (300, 60, None)):
        assert (point.amps(T0 + at, 1, offline), point.until(T0 + at, 1, offline)) == (
            want,
            until,
        ), at


def test_min_charging_rate_never_raises_a_limit():
    fields = profile(1, DEFAULT, (0, 0))  # R27; MicroOcpp 2.1 no. 3
    fields["chargingSchedule"]["minChargingRate"] = 60
    assert ChargePoint((1, fields)).amps(T0) == 0


def test_every_width_of_the_table_gives_the_same_answers():
    for starts in (  # whole minutes, odd seconds, late starts, many
        (0, 60, 120),
        (0, 1, 59, 61),
        (0, 65535 * 60),
        (0, 65536 * 60),
        (0, 65535, 65536),
        (0, (1 << 30) - 1),
        [i * 900 for i in range(96)],
    ):
        for unit, scale in (("A", 1), ("W", 1000)):
            periods = [(s, (60 + i) * scale) for i, s in enumerate(starts)]
            point = ChargePoint(max_periods=100, amps=1000)
            point.set(1, profile(1, DEFAULT, *periods, unit=unit))
            ((own,)) = list(point.installed)
            assert [p[:2] for p in own.periods()] == periods
            for i, start in enumerate(starts):
                want = (60 + i) if unit == "A" else (60 + i) * 1000 // 690
                assert point.amps(T0 + start) == want, (starts, i)
                if i:
                    assert point.amps(T0 + start - 1) == (
                        59 + i if unit == "A" else (59 + i) * 1000 // 690
                    )


def test_evenly_spaced_periods_need_no_array_for_their_starts_and_any_others_get_one():
    most = (1 << 30) - 1
    for starts, are_even in (
        ([0], True),
        ([0, 900], True),
        ([i * 900 for i in range(96)], True),
        ([i * 7 for i in range(24)], True),
        ([0, most], True),
        ([0, most // 3, most // 3 * 2, most // 3 * 3], True),
        ([0, 60, 180], False),
        ([0, 60, 120, 181], False),
        ([0, 1, most], False),
        ([0, most - 2, most - 1, most], False),
        ([i * 900 for i in range(95)] + [95 * 900 + 60], False),
    ):
        fields = profile(1, DEFAULT, *[(start, 60 + i) for i, start in enumerate(starts)])
        made = profile_from(fields, 1, T0, None, ChargePoint().supply)
        assert (type(made.starts) is range) == are_even, starts[:5]
        assert [start for start, _, _ in made.periods()] == starts, starts[:5]


def test_profiles_that_differ_in_one_start_or_one_limit_are_not_the_same():
    supply = ChargePoint().supply

    def made(*periods):
        return profile_from(profile(1, DEFAULT, *periods), 1, T0, None, supply)

    assert made((0, 60), (900, 80)).same_as(made((0, 60), (900, 80)))
    assert made((0, 60), (60, 80), (180, 70)).same_as(made((0, 60), (60, 80), (180, 70)))
    others = (
        ((0, 60), (960, 80)),
        ((0, 60), (901, 80)),
        ((0, 60), (15, 80)),
        ((0, 60), (900, 81)),
        ((0, 60),),
        ((0, 60), (900, 80), (1800, 60)),
    )
    for other in others:
        assert not made((0, 60), (900, 80)).same_as(made(*other)), other
