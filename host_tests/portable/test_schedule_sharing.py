"""One current shared among several connectors (R29)."""

from setpoint.schedule.sharing import shares


def test_max_min_fair_shares():
    for total, wants, want in (  # the oldest transaction first
        (320, [], []),
        (320, [160], [160]),
        (320, [400], [320]),
        (320, [160, 160], [160, 160]),
        (320, [320, 320], [160, 160]),
        (320, [320, 100], [220, 100]),
        (320, [100, 320], [100, 220]),
        (321, [320, 320], [160, 160]),  # R25: rounded down
        (300, [60, 320, 100, 320], [60, 80, 80, 80]),
        (300, [60, 320, 70, 320], [60, 85, 70, 85]),
        (200, [320, 320, 320], [66, 66, 66]),
        (0, [320], [0]),
        (0, [], []),
    ):
        assert shares(total, wants) == want, (total, wants)


def test_the_newest_gets_nothing_where_the_parts_would_be_too_small():
    for total, wants, want in (
        (179, [320, 320, 320], [89, 89, 0]),
        (119, [320, 320, 320], [119, 0, 0]),
        (50, [320, 320], [50, 0]),  # a single one gets what there is
        (100, [60, 320, 320], [60, 0, 0]),
        (130, [60, 320, 320], [60, 70, 0]),
        (120, [320, 320], [60, 60]),
        (119, [320, 320], [119, 0]),
        (0, [320, 320], [0, 0]),
    ):
        assert shares(total, wants) == want, (total, wants)


def test_a_small_want_is_not_too_small_a_part():
    assert shares(320, [40, 320]) == [40, 280]


def test_who_wants_nothing_takes_nobody_s_place():
    assert shares(50, [0, 320]) == [0, 50]
    assert shares(100, [320, 0, 320]) == [100, 0, 0]


def test_two_vehicles_do_not_each_get_the_whole_charge_point_maximum():
    assert shares(100, [320, 320], minimum_da=50) == [50, 50]  # MicroOcpp fault 11
    assert sum(shares(160, [160, 160])) <= 160
