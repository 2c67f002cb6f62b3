"""The duty cycle for a limit. Expected values: IEC 61851-1 annex A, the two laws worked out in
tenths of a percent."""

from setpoint.pilot.duty import N12_U16, X1_U16, duty_u16_for, offered_da_for, percent_x100_for


def test_known_currents_give_the_duty_of_the_standard():
    # amps x10, percent x100, on-time at 1000 Hz in 0.1 us
    for limit_da, percent_x100, on_time_tenths_us in (
        (60, 1000, 1000),
        (100, 1667, 1667),
        (130, 2167, 2167),
        (160, 2667, 2667),
        (200, 3333, 3333),
        (250, 4167, 4167),
        (320, 5333, 5333),
        (400, 6667, 6667),
        (480, 8000, 8000),
        (510, 8500, 8500),
        (630, 8920, 8920),
        (800, 9600, 9600),
    ):
        duty_u16 = duty_u16_for(limit_da)
        assert percent_x100_for(duty_u16) == percent_x100, limit_da
        assert abs(duty_u16 * 10000 - on_time_tenths_us * 65535) <= 2 * 65535, limit_da


def test_a_vehicle_reads_what_was_meant_for_every_limit():
    for limit_da in range(60, 801):
        expected_da = 510 if 510 < limit_da <= 525 else limit_da
        assert offered_da_for(duty_u16_for(limit_da)) == expected_da, limit_da


def test_a_vehicle_never_reads_more_than_the_limit():
    # Exactly, as fractions: duty / 65535 * 60 A, above 85 % (duty / 65535 * 100 - 64) * 2.5 A.
    for limit_da in range(61, 801):
        duty_u16 = duty_u16_for(limit_da)
        if duty_u16 * 100 <= 85 * 65535:
            assert duty_u16 * 600 <= limit_da * 65535, limit_da
        else:
            assert duty_u16 * 2500 <= (limit_da + 1600) * 65535, limit_da


def test_six_amperes_do_not_fall_under_ten_percent():
    duty_u16 = duty_u16_for(60)
    assert duty_u16 * 10 >= 65536
    assert duty_u16 * 10 - 65535 < 10  # and not by more than one step, 0.015 us


def test_every_limit_with_every_resolution_as_a_vehicle_reads_it():
    # The chip keeps the upper `bits` of a duty: counts of 1 << bits. 5 us are 5/1000 of the period.
    for bits in range(8, 17):
        full = 1 << bits
        for limit_da in range(60, 801):
            duty_u16 = duty_u16_for(limit_da, bits)
            counts = duty_u16 >> (16 - bits)
            assert counts << (16 - bits) == duty_u16, "reads back as it was set"
            assert counts * 10 >= full and counts * 100 <= 96 * full, (bits, limit_da)
            if counts * 100 <= 85 * full:  # by the lower law
                assert (counts * 1000 - 5 * full) * 600 <= limit_da * full * 1000, (bits, limit_da)
                exact = counts * 600 <= limit_da * full
                most_da = min(limit_da, 510)
                assert (counts + 2) * 600 > most_da * full, "no more than two counts are given away"
            else:
                assert (counts * 1000 - 5 * full) * 2500 <= (limit_da + 1600) * full * 1000, (
                    bits,
                    limit_da,
                )
                exact = counts * 2500 <= (limit_da + 1600) * full
                assert (counts + 2) * 2500 > (limit_da + 1600) * full
            assert exact or (counts - 1) * 10 < full, (
                "more than the limit only where less is no current"
            )


def test_thirteen_bits_offer_six_amperes():
    assert duty_u16_for(60, 13) >> 3 == 820  # 10.01 %; 819 would be 9.998 %
    assert offered_da_for(duty_u16_for(60, 13)) == 60


def test_the_duty_never_falls_when_the_limit_rises():
    last = 0
    for limit_da in range(60, 900):
        assert duty_u16_for(limit_da) >= last, limit_da
        last = duty_u16_for(limit_da)


def test_below_six_amperes_nothing_is_offered():
    for limit_da in (-1, 0, 1, 30, 50, 58, 59):
        assert duty_u16_for(limit_da) == X1_U16 == 65535, limit_da
    assert offered_da_for(X1_U16) == 0
    assert offered_da_for(N12_U16) == 0


def test_above_eighty_amperes_eighty_are_offered():
    for limit_da in (800, 801, 1000, 100000):
        assert offered_da_for(duty_u16_for(limit_da)) == 800, limit_da
        assert duty_u16_for(limit_da) * 100 <= 96 * 65535, limit_da


def test_between_the_two_laws_51_amperes_are_offered():
    for limit_da in (510, 511, 518, 524, 525):
        assert offered_da_for(duty_u16_for(limit_da)) == 510, limit_da
    assert offered_da_for(duty_u16_for(526)) == 526


def test_a_vehicle_reads_each_range_of_duty_by_its_own_rule():
    for permille, offered_da in (
        (0, 0),
        (29, 0),
        (50, 0),  # digital communication only
        (75, 0),
        (79, 0),
        (81, 60),
        (99, 60),
        (101, 61),
        (500, 300),
        (849, 509),
        (852, 530),
        (958, 795),
        (961, 800),
        (969, 800),
        (971, 0),
        (1000, 0),
    ):
        assert offered_da_for(permille * 65535 // 1000) == offered_da, permille


def test_percent_is_given_in_hundredths():
    assert percent_x100_for(0) == 0
    assert percent_x100_for(65535) == 10000
    assert percent_x100_for(duty_u16_for(160)) == 2667
