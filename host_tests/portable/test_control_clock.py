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


def test_the_clock_follows_whoever_should_know_but_not_for_the_way_of_a_message():
    clock = Clock(NOON)
    assert not clock.correct(NOON + 2) and not clock.correct(NOON - 2)
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
