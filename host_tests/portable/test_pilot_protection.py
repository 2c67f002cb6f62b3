"""What is watched beside the pilot: each sensor at its limits, in steps of 20 ms. Bits as in pilot/faults.py."""

from micropython import heap_lock, heap_unlock

from setpoint.pilot import faults
from setpoint.pilot.faults import MANUAL, SELF_HEALING, UNPLUG
from setpoint.pilot.protection import Derating, Protection, cable_da_for

NAMES = tuple(faults.report_of(bit, 0)[1] for bit in range(faults.COUNT))


def named(bits):
    return [NAMES[bit] for bit in range(faults.COUNT) if bits >> bit & 1]


class Watched:
    """A Protection that is fed with one kind of observation, until it says something or the time is over."""

    def __init__(self, **arguments):
        self.protection = Protection(**arguments)
        self.now_ms = 0

    def run(self, what, duration_ms, *observed, step_ms=20):
        """Ends after the first step with a fault. Returns the faults' names."""
        watch = getattr(self.protection, what)
        end_ms = self.now_ms + duration_ms
        while self.now_ms < end_ms:
            self.now_ms += step_ms
            self.protection.begin()
            watch(step_ms, *observed)
            if self.protection.faults:
                break
        return named(self.protection.faults)


def test_every_fault_has_a_code_of_the_standard_and_an_info_that_fits():
    codes = (
        "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError", "OtherError",
        "OverCurrentFailure", "PowerSwitchFailure",
    )  # fmt: skip
    assert len(set(NAMES)) == faults.COUNT == 16
    for bit in range(faults.COUNT):
        for number in (0, 250, 1000, -12000 if bit < 4 else 9999999 if NAMES[bit] == "cable" else 63):
            code, name, info = faults.report_of(bit, number)
            assert code in codes and 0 < len(info) <= 50 and "~" not in info and "#" not in info, info
            assert faults.is_own(code, name)
    assert not faults.is_own("OtherError", "lock") and not faults.is_own("OtherError", None) and not faults.is_own("GroundFailure", "arth")


def test_each_bit_has_the_name_and_the_number_of_its_line():
    assert NAMES[:4] == ("diode", "short", "negative", "bad"), "as level.py says and evse.py counts them"
    for bit in range(4, faults.COUNT):
        assert getattr(faults, NAMES[bit].upper()) == bit


def test_a_fault_is_reported_with_what_was_measured():
    for bit, number, want in (
        (0, -5623, "No diode, low side -5.6 V: try another vehicle"),
        (1, -40, "Pilot shorted, 0.0 V: unplug, check the cable"),
        (1, -49, "Pilot shorted, 0.0 V: unplug, check the cable"),
        (3, 19960, "Pilot at 20.0 V, none of A to D: check the wiring"),
        (5, 413, "Drew 41.3 A, offered less: unplug, check vehicle"),
        (4, 47, "Cable coded 47 ohm: plug in another cable"),
        (13, 71, "71 C, no charging: check contacts, wait for 62 C"),
    ):
        assert faults.report_of(bit, number)[2] == want


def test_a_cable_is_known_by_its_resistor():
    # IEC 61851-1 table B.2: nominal 1500, 680, 220, 100 ohm and their windows; between two, the lower current
    for ohm, da in (
        (0, 0), (47, 0), (79, 0), (80, 630), (100, 630), (140, 630), (141, 320), (163, 320), (164, 320), (220, 320), (308, 320),
        (309, 200), (330, 200), (400, 200), (680, 200), (936, 200), (937, 130), (1100, 130), (1500, 130), (2460, 130), (2461, 0),
        (4500, 0), (1000000, 0),
    ):  # fmt: skip
        assert cable_da_for(ohm) == da, ohm


def test_a_cable_is_measured_as_it_is_plugged_in_and_kept_until_it_is_out():
    watched = Watched()
    protection = watched.protection
    watched.run("cable", 80, 220, True, False)
    assert protection.cable_da is None
    watched.run("cable", 20, 220, True, False)
    assert protection.cable_da == 320
    assert watched.run("cable", 10000, 100, True, True) == [] and protection.cable_da == 320, "it does not rise"
    watched.run("cable", 80, 680, True, True)
    assert protection.cable_da == 320
    watched.run("cable", 20, 680, True, True)
    assert protection.cable_da == 200, "but falls"
    watched.run("cable", 20, 1000000, False, False)
    assert protection.cable_da is None
    watched.run("cable", 200, 220, False, False)
    assert protection.cable_da is None, "no plug, no cable"


def test_a_cable_that_is_first_read_under_load_counts_at_once():
    watched = Watched()
    watched.run("cable", 20, 680, True, True)
    assert watched.protection.cable_da == 200


def test_each_plug_has_two_seconds_to_be_read():
    watched = Watched()
    for _ in range(3):
        assert watched.run("cable", 1900, 1000000, True, False) == []
        watched.run("cable", 20, 1000000, False, False)


def test_a_cable_that_nobody_can_read_is_a_fault_after_two_seconds():
    for ohm in (47, 1000000):
        watched = Watched()
        assert watched.run("cable", 10000, ohm, True, False) == ["cable"] and 2000 <= watched.now_ms <= 2020
        assert watched.protection.latch == SELF_HEALING and watched.protection.numbers[4] == ohm
    protection = Protection()
    for i in range(200):
        protection.begin()
        protection.cable(20, (220, 100)[i % 2], True, False)
    assert named(protection.faults) == ["cable"] and protection.cable_da is None


def test_a_plug_that_slips_out_under_load_is_a_fault_within_60_ms():
    watched = Watched()
    watched.run("cable", 100, 220, True, False)
    watched.now_ms = 0
    assert watched.run("cable", 1000, 1000000, True, True) == ["cable"] and watched.now_ms == 60
    watched.run("cable", 100, 220, True, True)
    assert watched.protection.faults == 0


def test_one_or_two_odd_readings_of_a_cable_are_nothing():
    protection = Protection()
    for i in range(300):
        protection.begin()
        protection.cable(20, 220 if i < 10 or i % 3 == 0 else 1000000, True, True)
        assert protection.faults == 0
    assert protection.cable_da == 320


def test_a_contactor_that_stays_on_is_welded_within_1_2_seconds_and_for_good():
    watched = Watched()
    assert watched.run("contactor", 5000, False, True, True) == ["welded"]
    assert 1000 <= watched.now_ms <= 1200
    protection = watched.protection
    assert protection.latch == MANUAL and protection.held
    watched.run("contactor", 1000, False, False, False)
    protection.begin()
    assert named(protection.faults) == ["welded"], "what is held is a fault whatever the sensors say"
    again = Protection(protection.held)
    again.begin()
    assert named(again.faults) == ["welded"] and again.latch == MANUAL, "over a restart"
    again.acknowledge(True)
    assert again.held, "it is live still"
    again.acknowledge(False)
    again.begin()
    assert again.held == again.faults == 0


def test_a_contactor_that_does_not_close_is_tried_three_times():
    watched = Watched()
    for tried, latch in enumerate((SELF_HEALING, SELF_HEALING, UNPLUG, UNPLUG)):
        watched.now_ms = 0
        assert watched.run("contactor", 5000, True, False, True) == ["contactor"], tried
        assert 200 <= watched.now_ms <= 250
        assert watched.protection.latch == latch, tried
        watched.run("contactor", 1000, False, False, True)
    watched.run("contactor", 20, False, False, False)
    watched.run("contactor", 5000, True, False, True)
    assert watched.protection.latch == SELF_HEALING, "the next vehicle begins anew"


def test_a_contactor_that_bounces_or_follows_late_is_not_a_fault():
    protection = Protection()
    for _i in range(1000):
        for coil in (True, False):
            protection.begin()
            for _ in range(10):
                protection.contactor(20, coil, not coil, True)
            protection.contactor(20, coil, coil, True)
            assert protection.faults == 0
    for elapsed_ms in (3600000, 20, 3600000):
        protection.contactor(elapsed_ms, False, True, True)
    assert protection.faults == 0, "a stall proves nothing"


def test_a_stall_of_the_loop_proves_nothing():
    protection = Protection(has_test=True)
    derating = Derating()
    protection.residual(20, False, True)
    for number in range(2):
        protection.begin()
        protection.cable(3600000, 1000000, True, False)
        protection.contactor(3600000, False, True, True)
        protection.current(3600000, 160, 800, True)
        protection.residual(3600000, False, True)
        protection.earth(3600000, number == 0)
        protection.lock(3600000, True, False, False)
        derating.step(3600000, 90)
        assert named(protection.faults) == [] and derating.quarters == 4


def test_a_fault_that_lasts_for_weeks_is_counted_up_to_a_minute():
    protection = Protection()
    for _ in range(300):
        protection.begin()
        protection.earth(500, False)
        protection.lock(500, True, False, True)
        protection.pilot(500, False)
    assert [protection.numbers[bit] for bit in (10, 11, 12)] == [60000] * 3


def test_a_lesser_fault_does_not_soften_how_a_greater_one_ends():
    protection = Protection()
    for lesser in (protection.earth, protection.pilot):
        lesser(500, False)
        protection.begin()
        protection.residual(20, True, False)
        lesser(500, False)
        assert len(named(protection.faults)) == 2 and protection.latch == MANUAL
    protection = Protection()
    protection.earth(500, False)
    for _ in range(50):
        protection.begin()
        protection.lock(20, True, False, True)
        protection.earth(20, False)
    assert named(protection.faults) == ["earth", "lock"] and protection.latch == UNPLUG


def test_over_current_is_a_fault_after_seven_seconds_and_far_over_it_after_one():
    # (16 A + 0.5 A) x 1.10 = 18.15 A; 16 A x 1.5 = 24 A
    for da, least_ms, most_ms in ((181, None, None), (182, 7000, 7040), (240, 7000, 7040), (241, 1000, 1040), (800, 1000, 1040)):
        watched = Watched()
        found = watched.run("current", 20000, 160, da, True)
        assert found == ([] if least_ms is None else ["overcurrent"]), da
        if least_ms is not None:
            assert least_ms <= watched.now_ms <= most_ms, (da, watched.now_ms)
            assert watched.protection.latch == UNPLUG and watched.protection.numbers[5] == da


def test_a_vehicle_may_draw_the_old_current_for_as_long_as_it_may_take_to_follow():
    watched = Watched()
    assert watched.run("current", 2000, 320, 320, True) == []
    assert watched.run("current", 6900, 100, 320, True) == []
    assert watched.run("current", 20000, 100, 100, True) == []
    # it never follows: over since the fifth second; far over since the seventh, when the meter must have shown it
    watched = Watched()
    watched.run("current", 2000, 320, 320, True)
    watched.now_ms = 0
    assert watched.run("current", 20000, 100, 320, True) == ["overcurrent"] and 8000 <= watched.now_ms <= 8060
    watched = Watched()
    watched.run("current", 2000, 320, 320, True)
    watched.now_ms = 0
    assert watched.run("current", 20000, 280, 320, True) == ["overcurrent"] and 12000 <= watched.now_ms <= 12060
    # each lower offer has its own time
    watched = Watched()
    for offered_da in (320, 100, 320, 100):
        assert watched.run("current", 4900, offered_da, 320, True) == [], offered_da
    # a higher offer counts at once
    watched = Watched()
    watched.run("current", 6000, 100, 160, True)
    assert watched.run("current", 20000, 160, 160, True) == []


def drawn_over(offers, follows_ms, meter_ms, duration_ms=40000, step_ms=20):
    """offers: (from ms, deci-ampere), the first from 0. A vehicle draws all of it, each follows_ms later, and the meter shows that
    another meter_ms later. -> (names of the faults, ms of the first)"""
    protection = Protection()
    now_ms = 0

    def offered_da(at_ms):
        return [da for from_ms, da in offers if from_ms <= max(at_ms, 0)][-1]

    while now_ms < duration_ms:
        now_ms += step_ms
        protection.begin()
        offers_da = offered_da(now_ms)
        protection.current(step_ms, offers_da, offered_da(now_ms - follows_ms - meter_ms), offers_da > 0)
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
        for follows_ms, meter_ms in ((1000, 0), (3000, 0), (2000, 1000), (3000, 2000), (5000, 0), (5000, 1960)):
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
        assert named(protection.faults) == ["overcurrent"] and now_ms <= within_ms, (amperes, stays_at, now_ms)


def test_a_current_that_is_too_high_now_and_then_or_while_stopping_is_no_fault():
    protection = Protection()
    for i in range(2000):
        protection.begin()
        protection.current(20, 160, 320 if i % 50 else 160, True)
        protection.current(20, 0, 320, False)
    assert protection.faults == 0
    watched = Watched()
    assert watched.run("current", 20000, 0, 320, False) == []


def test_a_residual_current_is_a_fault_at_once_and_only_a_person_ends_it():
    watched = Watched()
    assert watched.run("residual", 1000, True, False) == ["residual"] and watched.now_ms == 20
    assert watched.protection.latch == MANUAL
    watched.run("residual", 1000, False, True)
    assert watched.protection.held
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
    assert protection.ready and protection.held == 0


def test_one_look_by_a_person_ends_one_residual_current():
    protection = Protection(has_test=True)
    for _ in range(2):
        monitor(protection, 200)
        monitor(protection, 20, trips=True)
        assert named(protection.held) == ["residual"]
        protection.test_again()
        monitor(protection, 200)
        assert named(protection.held) == ["residual"], "the test after a session is nobody's look"
        protection.acknowledge(None)
    monitor(protection, 200)
    assert protection.held == 0


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
    assert protection.ready and not protection.test and protection.held == 0
    protection.test_again()
    monitor(protection, 1000, idle=False)
    assert not protection.ready and not protection.test, "not under load"
    monitor(protection, 100)
    assert protection.ready and protection.held == 0


def test_a_monitor_that_fails_its_test_is_a_fault_until_it_passes():
    for arguments, want in (({"dead": True}, "rcm"), ({"quiet": False}, "residual"), ({"trips": True}, "residual")):
        protection = Protection(has_test=True)
        monitor(protection, 980, **arguments)
        assert protection.held == 0
        monitor(protection, 3100, **arguments)
        assert named(protection.held) == [want], arguments
        protection.acknowledge(None)
        monitor(protection, 5100, **arguments)
        assert named(protection.held) == [want], "still broken"
        monitor(protection, 5100)
        assert named(protection.held) == [want], "nobody has looked since"
        protection.acknowledge(None)
        assert not protection.ready
        monitor(protection, 200)
        assert protection.held == 0 and protection.ready


def test_a_monitor_whose_trip_ends_after_three_seconds_passes_its_test():
    protection = Protection(has_test=True)
    monitor(protection, 100, dead=True)
    monitor(protection, 3500, trips=True)
    assert not protection.ready and protection.held == 0
    monitor(protection, 20)
    assert protection.ready and protection.held == 0
    protection.test_again()
    monitor(protection, 20)
    monitor(protection, 4100, trips=True)
    assert named(protection.held) == ["residual"], "that is no test any more"


def test_no_earth_for_half_a_second_is_a_fault_while_it_lasts():
    watched = Watched()
    assert watched.run("earth", 480, False) == []
    assert watched.run("earth", 20, True) == []
    watched.now_ms = 0
    assert watched.run("earth", 5000, False) == ["earth"] and 500 < watched.now_ms <= 540
    assert watched.protection.latch == SELF_HEALING
    assert watched.run("earth", 20, True) == []


def test_a_lock_that_does_not_close_is_a_fault_sooner_under_load():
    for energised, after_ms in ((False, 5000), (True, 500)):
        watched = Watched()
        assert watched.run("lock", 10000, True, False, energised) == ["lock"]
        assert after_ms < watched.now_ms <= after_ms + 40 and watched.protection.latch == UNPLUG
        assert watched.protection.locked is False
    watched = Watched()
    assert watched.run("lock", 10000, False, False, False) == []
    assert watched.run("lock", 10000, True, True, True) == [] and watched.protection.locked


def test_a_pilot_that_is_not_what_was_set_is_a_fault_within_60_ms():
    watched = Watched()
    assert watched.run("pilot", 1000, False) == ["pilot"] and watched.now_ms == 60
    watched = Watched()
    for _ in range(100):
        assert watched.run("pilot", 40, False) == [] and watched.run("pilot", 20, True) == []


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


def test_watching_allocates_nothing():
    protection = Protection(has_test=True)
    derating = Derating()
    heap_lock()
    try:
        for i in range(2000):
            protection.begin()
            protection.cable(20, 220 if i % 7 else 5000, i > 100, i > 200)
            protection.contactor(20, i % 300 > 150, i % 290 > 150, True)
            protection.current(20, 160, i % 500, True)
            protection.residual(20, i == 1500, i % 1000 < 500)
            protection.earth(20, i % 100 < 60)
            protection.lock(20, True, i % 200 < 100, i > 300)
            protection.pilot(20, i % 100 < 90)
            derating.step(20, None if i > 1700 else i % 100)
            if i == 1600:
                protection.acknowledge(None)
            if i == 400:
                protection.test_again()
    finally:
        heap_unlock()
    assert named(protection.held)


def test_a_residual_current_is_kept_over_a_restart_whose_self_test_passes():
    watched = Watched()
    watched.run("residual", 20, True, False)
    protection = Protection(watched.protection.held, True)
    monitor(protection, 1000)
    assert protection.ready and named(protection.held) == ["residual"], "nobody has looked"
    protection.acknowledge(None)
    monitor(protection, 1000)
    assert protection.held == 0


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
    assert watched.run("current", 20000, 100, 130, True) == ["overcurrent"] and watched.now_ms <= 7040
