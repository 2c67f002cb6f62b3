"""The protection of one connector: its faults, the cable, the contactor, the lock."""

from micropython import heap_lock, heap_unlock
from watched import NAMES, Watched, named

from setpoint.pilot import fault_words, faults
from setpoint.pilot.faults import MANUAL, SELF_HEALING, UNPLUG
from setpoint.pilot.protection import Derating, Protection, cable_da_for


def test_every_fault_has_a_code_of_the_standard_and_an_info_that_fits():
    codes = (
        "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError", "OtherError",
        "OverCurrentFailure", "PowerSwitchFailure",
    )  # fmt: skip
    assert len(set(NAMES)) == faults.COUNT == 16
    for bit in range(faults.COUNT):
        for number in (
            0,
            250,
            1000,
            -12000 if bit < 4 else 9999999 if NAMES[bit] == "cable" else 63,
        ):
            code, name, info = fault_words.report_of(bit, number)
            assert code in codes and 0 < len(info) <= 50 and "~" not in info and "#" not in info, (
                info
            )
            assert fault_words.is_own(code, name)
    assert (
        not fault_words.is_own("OtherError", "lock")
        and not fault_words.is_own("OtherError", None)
        and not fault_words.is_own("GroundFailure", "arth")
    )


def test_each_bit_has_the_name_and_the_number_of_its_line():
    assert NAMES[:4] == ("diode", "short", "negative", "bad"), (
        "as level.py says and evse.py counts them"
    )
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
        assert fault_words.report_of(bit, number)[2] == want


def test_a_cable_is_known_by_its_resistor():
    # IEC 61851-1 table B.2: nominal 1500, 680, 220, 100 ohm and their windows; between two, the
    # lower current
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
    assert watched.run("cable", 10000, 100, True, True) == [] and protection.cable_da == 320, (
        "it does not rise"
    )
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
        assert (
            watched.run("cable", 10000, ohm, True, False) == ["cable"]
            and 2000 <= watched.now_ms <= 2020
        )
        assert watched.protection.recovery == SELF_HEALING and watched.protection.numbers[4] == ohm
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
    assert protection.recovery == MANUAL and protection.latched
    watched.run("contactor", 1000, False, False, False)
    protection.begin()
    assert named(protection.faults) == ["welded"], (
        "what is held is a fault whatever the sensors say"
    )
    again = Protection(protection.latched)
    again.begin()
    assert named(again.faults) == ["welded"] and again.recovery == MANUAL, "over a restart"
    again.acknowledge(True)
    assert again.latched, "it is live still"
    again.acknowledge(False)
    again.begin()
    assert again.latched == again.faults == 0


def test_a_contactor_that_does_not_close_is_tried_three_times():
    watched = Watched()
    for tried, recovery in enumerate((SELF_HEALING, SELF_HEALING, UNPLUG, UNPLUG)):
        watched.now_ms = 0
        assert watched.run("contactor", 5000, True, False, True) == ["contactor"], tried
        assert 200 <= watched.now_ms <= 250
        assert watched.protection.recovery == recovery, tried
        watched.run("contactor", 1000, False, False, True)
    watched.run("contactor", 20, False, False, False)
    watched.run("contactor", 5000, True, False, True)
    assert watched.protection.recovery == SELF_HEALING, "the next vehicle begins anew"


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
        assert len(named(protection.faults)) == 2 and protection.recovery == MANUAL
    protection = Protection()
    protection.earth(500, False)
    for _ in range(50):
        protection.begin()
        protection.lock(20, True, False, True)
        protection.earth(20, False)
    assert named(protection.faults) == ["earth", "lock"] and protection.recovery == UNPLUG


def test_a_lock_that_does_not_close_is_a_fault_sooner_under_load():
    for energised, after_ms in ((False, 5000), (True, 500)):
        watched = Watched()
        assert watched.run("lock", 10000, True, False, energised) == ["lock"]
        assert after_ms < watched.now_ms <= after_ms + 40 and watched.protection.recovery == UNPLUG
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
    assert named(protection.latched)
