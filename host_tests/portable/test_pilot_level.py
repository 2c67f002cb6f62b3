"""The class of the control pilot. Voltages: IEC 61851-1 annex A, and the worst case of parts within
tolerance."""

from setpoint.pilot.level import Level, Streak, class_of

LOW_MV = -12000


def test_nominal_voltages_are_told_apart():
    for high_mv, name in (
        (12000, "A"),
        (9000, "B"),
        (6000, "C"),
        (3000, "D"),
        (0, "E"),
        (-12000, "NEG"),
    ):
        assert class_of(high_mv, LOW_MV, True, None) == name, high_mv


def test_parts_at_the_ends_of_their_tolerances_are_told_apart_whatever_counted_before():
    for low_end_mv, high_end_mv, name in (
        (11400, 12600, "A"),
        (8370, 9590, "B"),
        (5470, 6530, "C"),
        (2620, 3250, "D"),
        (-1000, 1000, "E"),
    ):
        for present in (None, "A", "B", "C", "D", "E", "NEG", "BAD"):
            for high_mv in (low_end_mv, high_end_mv):
                assert class_of(high_mv, LOW_MV, True, present) == name, (high_mv, present)


def test_the_cut_moves_away_from_the_class_that_counts():
    for cut_mv, above, below in (
        (10500, "A", "B"),
        (7500, "B", "C"),
        (4500, "C", "D"),
        (1500, "D", "E"),
    ):
        assert class_of(cut_mv - 290, LOW_MV, True, above) == above, cut_mv
        assert class_of(cut_mv - 310, LOW_MV, True, above) == below, cut_mv
        assert class_of(cut_mv + 290, LOW_MV, True, below) == below, cut_mv
        assert class_of(cut_mv + 310, LOW_MV, True, below) == above, cut_mv
        assert class_of(cut_mv + 1, LOW_MV, True, None) == above, cut_mv
        assert class_of(cut_mv, LOW_MV, True, None) == below, cut_mv


def test_what_no_vehicle_can_cause_is_bad():
    for high_mv, low_mv, pwm in (
        (13501, -12000, True),
        (20000, 20000, False),
        (-5000, -12000, True),
        (-8900, -8900, False),
        (6000, 6501, True),  # the lower level above the higher one
        (6000, -14000, True),
    ):
        assert class_of(high_mv, low_mv, pwm, None) == "BAD", (high_mv, low_mv, pwm)


def test_noise_on_a_level_is_not_bad():
    assert class_of(6000, 6499, True, None) == "C"


def test_without_pwm_the_lower_level_does_not_matter():
    for low_mv in (-20000, -12000, 0, 9000, 20000):
        assert class_of(9000, low_mv, False, None) == "B", low_mv


def test_a_class_counts_after_three_bursts_that_agree():
    level = Level()
    seen = []
    for high_mv in (9000, 9000, 9000, 6000, 9000, 6000, 6000, 6000):
        level.take(20, high_mv, LOW_MV, True)
        seen.append(level.present)
    assert seen == [None, None, "B", "B", "B", "B", "B", "C"]


def test_the_diode_is_judged_only_with_pwm():
    level = Level()
    for low_mv, pwm, low_ok in (
        (-12000, True, True),
        (-10000, True, True),
        (-9999, True, False),
        (-6000, True, False),
        (-12000, False, None),
        (9000, False, None),
    ):
        level.take(20, 9000, low_mv, pwm)
        assert level.low_ok is low_ok, (low_mv, pwm)


def test_after_a_change_of_our_own_nothing_speaks_for_closing_or_for_a_fault_for_60_ms():
    level = Level()
    for high_mv, low_mv, streak in (
        (6000, -12000, "asking"),
        (6000, -12000, "good_diode"),
        (6000, -6000, "bad_diode"),
        (0, 0, "unusable"),
    ):
        level.take(20, 9000, -12000, True)
        level.take(20, 9000, 9000, False)
        level.settle()
        seen = []
        for _ in range(4):
            level.take(20, high_mv, low_mv, True)
            seen.append(getattr(level, streak).bursts)
        assert seen == [0, 0, 1, 2], streak


def test_after_a_change_of_our_own_what_speaks_against_counts_at_once():
    level = Level()
    for _ in range(10):
        level.take(20, 6000, -12000, True)
    level.settle()
    level.take(20, 9000, -6000, True)
    assert level.silent_bursts == 1 and level.asking.bursts == 0 and level.good_diode.bursts == 0


def test_after_a_change_of_our_own_one_good_burst_ends_what_was_wrong():
    for high_mv, low_mv, streak in ((6000, -6000, "bad_diode"), (0, 0, "unusable")):
        level = Level()
        for _ in range(9):
            level.take(20, high_mv, low_mv, True)
        level.settle()
        level.take(20, 6000, -12000, True)
        assert getattr(level, streak).ms == 0, streak


def test_a_missing_diode_is_a_fault_after_half_a_second_and_sooner_under_load():
    for closed, least_ms in ((False, 500), (True, 200)):
        level = Level()
        lasts_ms = -20
        while level.fault(closed) is None:
            level.take(20, 6000, -6000, True)
            lasts_ms += 20
        assert level.fault(closed) == "diode" and lasts_ms == least_ms


def test_d_asks_only_where_there_is_ventilation():
    for ventilation in (False, True):
        level = Level(ventilation)
        for _ in range(5):
            level.take(20, 3000, -12000, True)
        assert (level.asking.bursts, level.silent_bursts) == ((5, 0) if ventilation else (0, 5))


def test_a_streak_counts_from_its_first_burst_and_starts_anew_after_a_stall():
    streak = Streak()
    for yes, elapsed_ms, ms, bursts in (
        (True, 5000, 0, 1),
        (True, 20, 20, 2),
        (True, 200, 220, 3),
        (True, 201, 0, 1),
        (True, 20, 20, 2),
        (False, 20, 0, 0),
        (True, 20, 0, 1),
    ):
        streak.seen(yes, elapsed_ms)
        assert (streak.ms, streak.bursts) == (ms, bursts), (yes, elapsed_ms)
