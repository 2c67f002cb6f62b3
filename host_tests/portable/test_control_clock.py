"""The clock that everything goes by."""

from station_bench import NOON

from setpoint.clock import Clock


def test_a_clock_that_is_set_goes_on_from_there():
    clock = Clock(None, True)  # frozen: nothing passes but what `advance` says
    assert clock.now() is None
    for at in (NOON, 0, -5, NOON + 86400 * 365 * 30):
        clock.advance(1234)
        clock.set(at)
        assert clock.now() == at and clock.into_second_ms() == 0
        clock.advance(999)
        assert clock.now() == at and clock.into_second_ms() == 999
        clock.advance(1)
        assert clock.now() == at + 1 and clock.into_second_ms() == 0
        clock.advance(2001)
        assert clock.now() == at + 3 and clock.into_second_ms() == 1


def test_a_clock_that_is_told_a_fraction_of_a_second_goes_on_from_it():
    for passed_ms in (0, 1, 400, 999, 61234):
        for into_ms in (0, 1, 600, 999):
            clock = Clock(None, True)
            clock.advance(passed_ms)
            assert clock.correct(NOON, into_ms)
            assert (clock.now(), clock.into_second_ms()) == (NOON, into_ms), (passed_ms, into_ms)
            clock.advance(1000 - into_ms)
            assert (clock.now(), clock.into_second_ms()) == (NOON + 1, 0), (passed_ms, into_ms)


def test_a_clock_that_is_behind_what_it_is_told_is_set_and_one_that_is_a_little_ahead_is_not():
    for at_ms, told_ms, is_set in (  # both after noon
        (0, 900, True),  # it began a whole second late in that second
        (0, 100, True),
        (0, 99, False),  # not worth a line in the log
        (999, 1000, False),
        (900, 1000, True),
        (1500, 0, False),  # the message took long
        (2900, 0, False),
        (3000, 0, True),
        (900, 0, False),  # a central system that cuts fractions
        (0, 86400000, True),
        (86400000, 0, True),
    ):
        clock = Clock(None)
        clock.passed_ms = lambda: 0  # no time passes between two lines
        clock.set(NOON + at_ms // 1000, at_ms % 1000)
        assert clock.correct(NOON + told_ms // 1000, told_ms % 1000) == is_set, (at_ms, told_ms)
        want_ms = told_ms if is_set else at_ms
        said_ms = (clock.now() - NOON) * 1000 + clock.into_second_ms()
        assert said_ms == want_ms, (at_ms, told_ms)


def test_whole_seconds_leave_the_clock_at_most_a_second_behind():
    for true_ms in range(0, 1000, 37):  # when in its second the first message comes
        passed_ms = [0]
        clock = Clock(None)
        clock.passed_ms = lambda: passed_ms[0]
        for _ in range(40):
            now_ms = true_ms + passed_ms[0]
            clock.correct(NOON + now_ms // 1000)
            behind_ms = now_ms - (clock.now() - NOON) * 1000 - clock.into_second_ms()
            assert 0 <= behind_ms < 1000, (true_ms, passed_ms)
            passed_ms[0] += 12345
        assert behind_ms < 300, "each message early in its second brings the clock nearer"


def test_the_clock_follows_the_central_system_but_not_for_the_way_of_a_message():
    clock = Clock(NOON)
    assert not clock.correct(NOON - 2)
    assert clock.correct(NOON + 3) and clock.now() == NOON + 3
    clock.advance(3600000)
    assert not clock.correct(NOON + 3), "who is told the time at the bench did not leap with us"
    assert clock.correct(NOON + 100) and clock.now() == NOON + 100
    frozen = Clock(NOON, True)
    assert not frozen.correct(NOON + 1000) and frozen.now() == NOON


def test_a_frozen_clock_that_is_unset_learns_the_time_and_then_stands_still():
    clock = Clock(None, True)
    assert clock.now() is None
    assert clock.correct(NOON) and clock.now() == NOON
    assert not clock.correct(NOON + 1000) and clock.now() == NOON
    clock.advance(5000)
    assert clock.now() == NOON + 5
    late = Clock(None, True)
    late.advance(1500)  # time may pass before it is told
    assert late.correct(NOON) and late.now() == NOON
