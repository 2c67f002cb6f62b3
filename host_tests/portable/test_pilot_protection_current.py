"""Over-current, and the current that falls with the temperature."""

from watched import Watched, named

from setpoint.pilot.faults import UNPLUG
from setpoint.pilot.protection import Derating, Protection


def test_over_current_is_a_fault_after_seven_seconds_and_far_over_it_after_one():
    # (16 A + 0.5 A) x 1.10 = 18.15 A; 16 A x 1.5 = 24 A
    for da, least_ms, most_ms in (
        (181, None, None),
        (182, 7000, 7040),
        (240, 7000, 7040),
        (241, 1000, 1040),
        (800, 1000, 1040),
    ):
        watched = Watched()
        found = watched.run("current", 20000, 160, da, True)
        assert found == ([] if least_ms is None else ["overcurrent"]), da
        if least_ms is not None:
            assert least_ms <= watched.now_ms <= most_ms, (da, watched.now_ms)
            assert watched.protection.recovery == UNPLUG and watched.protection.numbers[5] == da


def test_a_vehicle_may_draw_the_old_current_for_as_long_as_it_may_take_to_follow():
    watched = Watched()
    assert watched.run("current", 2000, 320, 320, True) == []
    assert watched.run("current", 6900, 100, 320, True) == []
    assert watched.run("current", 20000, 100, 100, True) == []
    # it never follows: over since the fifth second; far over since the seventh, when the meter must
    # have shown it
    watched = Watched()
    watched.run("current", 2000, 320, 320, True)
    watched.now_ms = 0
    assert (
        watched.run("current", 20000, 100, 320, True) == ["overcurrent"]
        and 8000 <= watched.now_ms <= 8060
    )
    watched = Watched()
    watched.run("current", 2000, 320, 320, True)
    watched.now_ms = 0
    assert (
        watched.run("current", 20000, 280, 320, True) == ["overcurrent"]
        and 12000 <= watched.now_ms <= 12060
    )
    # each lower offer has its own time
    watched = Watched()
    for offered_da in (320, 100, 320, 100):
        assert watched.run("current", 4900, offered_da, 320, True) == [], offered_da
    # a higher offer counts at once
    watched = Watched()
    watched.run("current", 6000, 100, 160, True)
    assert watched.run("current", 20000, 160, 160, True) == []


def drawn_over(offers, follows_ms, meter_ms, duration_ms=40000, step_ms=20):
    """offers: (from ms, deci-ampere), the first from 0. A vehicle draws all of it, each follows_ms
    later, and the meter shows that another meter_ms later. -> (names of the faults, ms of the
    first)"""
    protection = Protection()
    now_ms = 0

    def offered_da(at_ms):
        return [da for from_ms, da in offers if from_ms <= max(at_ms, 0)][-1]

    while now_ms < duration_ms:
        now_ms += step_ms
        protection.begin()
        offers_da = offered_da(now_ms)
        protection.current(
            step_ms, offers_da, offered_da(now_ms - follows_ms - meter_ms), offers_da > 0
        )
        if protection.faults:
            break
    return named(protection.faults), now_ms


def ramp(every_ms, *amperes):
    return [(i * every_ms, da * 10) for i, da in enumerate(amperes)]


def test_a_vehicle_that_follows_a_ramp_in_time_is_no_over_current():
    for offers in (
        ramp(5000, 32, 16, 10),
        ramp(5000, 32, 24, 16, 12, 8, 6),
        ramp(5000, 32, 31, 30, 6),
        ramp(5000, 32, 6, 32, 16, 6),
        ramp(5000, 63, 40, 25, 16, 10, 6),
        ramp(5500, 32, 16, 10, 6),
        ramp(6980, 32, 16, 10, 6),
        ramp(9000, 32, 16, 10, 6),
        [(0, 320), (5000, 160), (10000, 0), (16000, 320), (21000, 160), (26000, 100)],
    ):
        for follows_ms, meter_ms in (
            (1000, 0),
            (3000, 0),
            (2000, 1000),
            (3000, 2000),
            (5000, 0),
            (5000, 1960),
        ):
            for step_ms in (20, 100):
                if offers[-1][0] == 26000 and follows_ms > 3000:
                    continue  # a vehicle has 3 s to end
                found = drawn_over(offers, follows_ms, meter_ms, step_ms=step_ms)
                assert found[0] == [], (offers, follows_ms, meter_ms, found)


def test_a_vehicle_that_does_not_follow_the_last_step_of_a_ramp_is_an_over_current_as_after_any_other():
    for amperes, stays_at, within_ms in (
        ((32, 16, 10), 32, 5000 + 8060),  # far over what was offered before the last step
        ((32, 16, 6), 16, 10000 + 8060),
        ((32, 16, 10, 8), 10, 15000 + 12060),
        ((32, 26, 20, 16), 20, 15000 + 12060),
    ):
        offers = ramp(5000, *amperes)
        protection = Protection()
        now_ms = 0
        while not protection.faults and now_ms < 60000:
            now_ms += 20
            protection.begin()
            offered_da = [da for from_ms, da in offers if from_ms <= now_ms][-1]
            protection.current(20, offered_da, max(offered_da, stays_at * 10), True)
        assert named(protection.faults) == ["overcurrent"] and now_ms <= within_ms, (
            amperes,
            stays_at,
            now_ms,
        )


def test_a_current_that_is_too_high_now_and_then_or_while_stopping_is_no_fault():
    protection = Protection()
    for i in range(2000):
        protection.begin()
        protection.current(20, 160, 320 if i % 50 else 160, True)
        protection.current(20, 0, 320, False)
    assert protection.faults == 0
    watched = Watched()
    assert watched.run("current", 20000, 0, 320, False) == []


def warm(derating, celsius, duration_ms=2100):
    for _ in range(duration_ms // 20):
        derating.step(20, celsius)
    return derating.quarters, named(derating.faults), derating.most_da(320)


def test_the_current_falls_with_the_temperature_and_comes_back_when_it_is_cool():
    derating = Derating()
    for celsius, quarters, faults_there, most_da in (
        (25, 4, [], 320),
        (64, 4, [], 320),
        (65, 2, ["derated"], 160),
        (63, 2, ["derated"], 160),
        (67, 2, ["derated"], 160),
        (68, 1, ["derated"], 80),
        (66, 1, ["derated"], 80),
        (70, 1, ["derated"], 80),
        (71, 0, ["hot"], 0),
        (69, 0, ["hot"], 0),
        (63, 0, ["hot"], 0),
        (62, 4, [], 320),
        (90, 0, ["hot"], 0),
        (-20, 4, [], 320),
    ):
        assert warm(derating, celsius) == (quarters, faults_there, most_da), celsius
    assert Derating().most_da(160) == 160
    warm(derating, 68)
    assert derating.most_da(160) == 60, "a quarter of 16 A is less than a pilot can offer"
    assert derating.most_da(50) == 50
    while derating.quarters:
        derating.step(20, 90)
    derating.step(20, 25)
    assert derating.quarters == 0, "one cool reading lets nobody charge again"


def test_a_lost_thermometer_halves_the_current_and_one_odd_reading_does_not():
    derating = Derating()
    for _ in range(100):
        assert warm(derating, 85, 1900)[0] == 4, "85 C is what a DS18B20 says after power-up"
        assert warm(derating, 25, 20)[0] == 4
    assert warm(derating, None) == (2, ["thermometer"], 160)
    assert warm(derating, 64) == (2, ["derated"], 160)
    assert warm(derating, 60) == (4, [], 320)
    warm(derating, 71)
    assert warm(derating, None) == (0, ["hot", "thermometer"], 0)


def test_an_offer_lowered_just_before_the_contactor_closes_may_be_followed_as_late_as_any():
    watched = Watched()
    watched.run("current", 1000, 320, 0, False)
    watched.run("current", 100, 60, 0, False)
    assert watched.run("current", 4800, 60, 320, True) == [], "the vehicle has 5 s to see it"
    assert watched.run("current", 5000, 60, 320, True) == ["overcurrent"]


def test_a_charge_that_begins_anew_is_judged_by_its_own_offer():
    watched = Watched()
    watched.run("current", 2000, 320, 320, True)
    watched.run("current", 100, 0, 0, False)
    watched.run("current", 100, 100, 0, False)
    watched.now_ms = 0
    assert (
        watched.run("current", 20000, 100, 130, True) == ["overcurrent"] and watched.now_ms <= 7040
    )
