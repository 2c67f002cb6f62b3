"""Residual current, the monitor's own test, and protective earth."""

from watched import Watched, named

from setpoint.pilot.faults import MANUAL, SELF_HEALING
from setpoint.pilot.protection import Protection


def test_a_residual_current_is_a_fault_at_once_and_only_a_person_ends_it():
    watched = Watched()
    assert watched.run("residual", 1000, True, False) == ["residual"] and watched.now_ms == 20
    assert watched.protection.recovery == MANUAL
    watched.run("residual", 1000, False, True)
    assert watched.protection.latched
    watched.protection.acknowledge(None)
    assert watched.run("residual", 1000, False, True) == []
    assert watched.run("residual", 1000, True, True) == ["residual"]


def test_a_slow_monitor_has_a_second_to_trip_and_another_to_be_quiet():
    protection = Protection(has_test=True)
    protection.residual(20, False, True)
    for tripped in (False, True):
        for _ in range(45):
            protection.residual(20, tripped, True)
    protection.residual(20, False, True)
    assert protection.ready and protection.latched == 0


def test_one_look_by_a_person_ends_one_residual_current():
    protection = Protection(has_test=True)
    for _ in range(2):
        monitor(protection, 200)
        monitor(protection, 20, trips=True)
        assert named(protection.latched) == ["residual"]
        protection.test_again()
        monitor(protection, 200)
        assert named(protection.latched) == ["residual"], (
            "the test after a session is nobody's look"
        )
        protection.acknowledge(None)
    monitor(protection, 200)
    assert protection.latched == 0


def monitor(protection, duration_ms, dead=False, quiet=True, trips=False, idle=True):
    """A residual current monitor that answers to its test."""
    for _ in range(duration_ms // 20):
        tripped = trips or (protection.test or not quiet) and not dead
        protection.begin()
        protection.residual(20, tripped, idle)


def test_the_monitor_of_residual_current_is_tested_before_the_first_charge_and_after_each():
    protection = Protection(has_test=True)
    assert not protection.ready
    monitor(protection, 20)
    assert protection.test
    monitor(protection, 100)
    assert protection.ready and not protection.test and protection.latched == 0
    protection.test_again()
    monitor(protection, 1000, idle=False)
    assert not protection.ready and not protection.test, "not under load"
    monitor(protection, 100)
    assert protection.ready and protection.latched == 0


def test_a_monitor_that_fails_its_test_is_a_fault_until_it_passes():
    for arguments, want in (
        ({"dead": True}, "rcm"),
        ({"quiet": False}, "residual"),
        ({"trips": True}, "residual"),
    ):
        protection = Protection(has_test=True)
        monitor(protection, 980, **arguments)
        assert protection.latched == 0
        monitor(protection, 3100, **arguments)
        assert named(protection.latched) == [want], arguments
        protection.acknowledge(None)
        monitor(protection, 5100, **arguments)
        assert named(protection.latched) == [want], "still broken"
        monitor(protection, 5100)
        assert named(protection.latched) == [want], "nobody has looked since"
        protection.acknowledge(None)
        assert not protection.ready
        monitor(protection, 200)
        assert protection.latched == 0 and protection.ready


def test_a_monitor_whose_trip_ends_after_three_seconds_passes_its_test():
    protection = Protection(has_test=True)
    monitor(protection, 100, dead=True)
    monitor(protection, 3500, trips=True)
    assert not protection.ready and protection.latched == 0
    monitor(protection, 20)
    assert protection.ready and protection.latched == 0
    protection.test_again()
    monitor(protection, 20)
    monitor(protection, 4100, trips=True)
    assert named(protection.latched) == ["residual"], "that is no test any more"


def test_no_earth_for_half_a_second_is_a_fault_while_it_lasts():
    watched = Watched()
    assert watched.run("earth", 480, False) == []
    assert watched.run("earth", 20, True) == []
    watched.now_ms = 0
    assert watched.run("earth", 5000, False) == ["earth"] and 500 < watched.now_ms <= 540
    assert watched.protection.recovery == SELF_HEALING
    assert watched.run("earth", 20, True) == []


def test_a_residual_current_is_kept_over_a_restart_whose_self_test_passes():
    watched = Watched()
    watched.run("residual", 20, True, False)
    protection = Protection(watched.protection.latched, True)
    monitor(protection, 1000)
    assert protection.ready and named(protection.latched) == ["residual"], "nobody has looked"
    protection.acknowledge(None)
    monitor(protection, 1000)
    assert protection.latched == 0
