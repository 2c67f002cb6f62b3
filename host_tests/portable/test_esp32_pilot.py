"""The ESP32's control pilot on the model of chip, divider and vehicle: what is sent, what is read,
what must not be trusted."""

from esp32_bench import CHIP, boot, described, description
from memory import bytes_taken
from noting_app import NotingApp

from setpoint.board.esp32.pilot import fewest_hits
from setpoint.pilot.duty import duty_u16_for

# (what is between pilot and earth, diode, high in mV, low in mV with PWM); IEC 61851-1, annex A,
# with 12 V, 1 kOhm and 0.7 V
VEHICLES = (
    (None, True, 12000, -12000),
    (2740, True, 8978, -12000),
    (882, True, 5995, -12000),
    (246, True, 2930, -12000),
    (2740, False, 8791, -8791),
    (882, False, 5623, -5623),
)
NEAR_MV = 15  # the ADC's whole millivolts, at 82.6 mV a volt


def booted(**changes):
    CHIP.start()
    board, wire = boot(description(**changes))
    return board.outlets[0], wire


def test_the_pilot_is_read_as_it_is_for_every_offer_and_vehicle():
    outlet, wire = booted()
    for ohm, diode, high_mv, low_mv in VEHICLES:
        if ohm is not None:
            wire.vehicle.show(ohm, diode)
        for limit_da in (60, 61, 100, 160, 320, 510, 525, 630):
            outlet.set_duty_u16(duty_u16_for(limit_da))
            outlet.read_pilot()
            assert abs(outlet.high_mv - high_mv) <= NEAR_MV, (ohm, limit_da, outlet.high_mv)
            assert abs(outlet.low_mv - low_mv) <= NEAR_MV, (ohm, limit_da, outlet.low_mv)
            assert outlet.pilot_ok()


def test_a_steady_pilot_has_no_lower_half_wave():
    outlet, wire = booted()
    wire.vehicle.show(882)
    outlet.set_duty_u16(65535)
    outlet.read_pilot()
    assert outlet.low_mv == outlet.high_mv and abs(outlet.high_mv - 5995) <= NEAR_MV
    outlet.set_duty_u16(0)
    outlet.read_pilot()
    assert outlet.low_mv == outlet.high_mv and abs(outlet.low_mv + 12000) <= NEAR_MV
    wire.shorted = True
    wire.vehicle.decide()
    outlet.set_duty_u16(10922)
    outlet.read_pilot()
    assert abs(outlet.high_mv) <= NEAR_MV and abs(outlet.low_mv) <= NEAR_MV


def test_a_single_spike_does_not_move_the_level():
    outlet, wire = booted()
    outlet.set_duty_u16(65535)
    steady = wire.pin_uv
    count = [0]

    def spiky(phase, period):
        count[0] += 1
        return steady(phase, period) - (600000 if count[0] % 100 == 50 else 0)

    CHIP.wires[36] = type("Spiky", (), {"pin_uv": staticmethod(spiky), "vehicle": wire.vehicle})()
    outlet.read_pilot()
    assert outlet.low_mv > 12000 - 600 * 10000 // 826 and outlet.high_mv > 11980


def test_the_pwm_is_made_at_12_v_and_only_its_duty_changes():
    outlet, wire = booted()
    assert wire.duty_u16 == 65535 == outlet.duty_u16
    assert list(CHIP.pwms) == [27] and outlet.pilot_bits == 16
    pwm = CHIP.pwms[27]
    outlet.set_duty_u16(17476)
    assert wire.duty_u16 == 17476 == outlet.duty_u16 and CHIP.pwms[27] is pwm


def test_an_esp32_s3_and_a_c3_make_13_bits_and_a_c6_all_16():
    for name, bits in (("esp32s3_devkitc", 13), ("esp32c3_devkitm", 13), ("esp32c6_devkitc", 16)):
        wiring = description(name)
        CHIP.start(wiring["module"])
        board, wire = boot(wiring)
        outlet = board.outlets[0]
        assert outlet.pilot_bits == bits == CHIP.pwm_bits
        for limit_da in range(60, 631, 3):
            outlet.set_duty_u16(duty_u16_for(limit_da) & -(1 << (16 - bits)))
            outlet.read_pilot()
            assert outlet.pilot_ok() and wire.duty_u16 == outlet.duty_u16, (name, limit_da)


def test_every_described_board_starts_safe_and_reads_its_pilot():
    names = described()
    assert len(names) >= 10
    for name in names:
        wiring = description(name)
        if wiring.pop("not_for_use", None) is not None:
            assert name.startswith("smartevse")
        CHIP.start(wiring["module"])
        board, wire = boot(wiring)
        outlet = board.outlets[0]
        contactor = wiring["connectors"][0]["contactor"]
        assert (
            CHIP.history[0] == (contactor["pin"], 1 - contactor["on"]) and wire.duty_u16 == 65535
        ), name
        outlet.set_duty_u16(17472)
        for ohm, diode, high_mv, _ in VEHICLES[1:4]:
            wire.vehicle.show(ohm, diode)
            outlet.read_pilot()
            assert outlet.pilot_ok() and abs(outlet.high_mv - high_mv) <= NEAR_MV, (
                name,
                ohm,
                outlet.high_mv,
            )
            assert -13500 < outlet.low_mv < -10000, (name, ohm, outlet.low_mv)


def test_a_pwm_that_does_not_obey_is_found():
    outlet, wire = booted()
    outlet.set_duty_u16(17476)
    CHIP.wrong_duty = 65535
    assert outlet.pilot_ok(), (
        "judged with the next burst: the chip takes a duty over with the next period"
    )
    outlet.read_pilot()
    assert not outlet.pilot_ok()
    CHIP.wrong_duty = None
    outlet.read_pilot()
    assert outlet.pilot_ok()


def test_an_adc_that_fails_reads_as_no_vehicle_that_may_charge():
    outlet, wire = booted()
    wire.vehicle.show(882)
    CHIP.broken_adc = True
    outlet.read_pilot()
    assert not outlet.pilot_ok() and (outlet.high_mv, outlet.low_mv) == (0, 0)
    CHIP.broken_adc = False
    outlet.read_pilot()
    assert outlet.pilot_ok() and abs(outlet.high_mv - 5995) <= NEAR_MV


def test_samples_that_could_miss_a_half_wave_are_counted():
    # 6 A's half-wave of 100 us, less its edges: the step in us, five periods of samples, hits in
    # the worst phase
    for step_us, most, least in (
        (20, 20, 18),
        (35, 13, 11),
        (45, 10, 8),
        (50, 5, 4),
        (100, 0, 0),
        (125, 0, 0),
        (200, 0, 0),
    ):
        assert least <= fewest_hits(step_us, 5000 // step_us) <= most, step_us


def test_a_burst_is_five_periods_or_longer_where_samples_are_far_apart():
    for read_us, longest_us in ((15, 6100), (37, 5300), (80, 8100)):
        CHIP.start()
        CHIP.read_us = read_us
        outlet = boot()[0].outlets[0]
        before_us = CHIP.now_us
        outlet.read_pilot()
        assert 5008 <= CHIP.now_us - before_us <= longest_us, read_us
        assert outlet.pilot_ok() and outlet._pilot.step_us == read_us


def test_a_reading_that_fails_or_is_held_up_at_the_start_makes_no_burst_longer_or_shorter():
    whole = range(1, 400)
    for failing, slow in (
        ([1], {}),  # the first look at the ADC
        ([2], {}),  # the first reading that is measured: the bursts were of 5201 samples
        ([3], {}),
        ([34], {}),
        ([65], {}),
        ([2, 3, 70, 135], {}),
        ([], {2: 30000}),
        ([], {number: 200 for number in whole if number < 60}),
        ([5], {90: 2000}),
    ):
        CHIP.start()
        CHIP.failing_readings = failing
        CHIP.slow_readings = slow
        board, wire = boot()
        outlet = board.outlets[0]
        assert told_of(board) == [], (failing, slow)
        wire.vehicle.show(882)
        outlet.set_duty_u16(duty_u16_for(60))
        before_us = CHIP.now_us
        outlet.read_pilot()
        assert 5008 <= CHIP.now_us - before_us <= 5400, (failing, slow, CHIP.now_us - before_us)
        assert outlet.pilot_ok() and outlet.high_mv > 5900 and outlet.low_mv < -11900, (
            failing,
            slow,
        )


def test_a_pilot_whose_adc_fails_all_through_the_start_is_not_trusted_and_the_log_says_why():
    for comes_back in (False, True):
        CHIP.start()
        CHIP.broken_adc = True
        board, wire = boot()
        outlet = board.outlets[0]
        CHIP.broken_adc = not comes_back
        before_us = CHIP.now_us
        outlet.read_pilot()
        assert not outlet.pilot_ok() and CHIP.now_us - before_us < 8000, "the control loop goes on"
        assert told_of(board) == [
            (
                "error",
                "pilot",
                "connector 1 does not charge: the pilot's ADC fails; restart, then check the board",
            )
        ]


def test_a_board_whose_samples_lock_to_the_pwm_is_not_trusted():
    for read_us in (100, 125, 250):
        CHIP.start()
        CHIP.read_us = read_us
        outlet = boot()[0].outlets[0]
        outlet.read_pilot()
        assert not outlet.pilot_ok(), read_us


def told_of(board):
    """What the log gets to read of a board's pilots when it starts."""
    app = NotingApp()
    for _, coroutine in board.attach(app):
        coroutine.close()
    return [entry for entry in app.told if entry[1] == "pilot"]


def test_on_a_chip_without_calibration_the_pilot_is_not_trusted_and_the_log_says_why():
    CHIP.start()
    CHIP.calibrated = False
    board, wire = boot()
    outlet = board.outlets[0]
    wire.vehicle.show(882)
    outlet.read_pilot()
    assert not outlet.pilot_ok() and (outlet.high_mv, outlet.low_mv) == (0, 0)
    sentence = "connector 1 does not charge: this chip was made without the calibration of its ADC (error -258); use a module that has it"
    assert told_of(board) == [("error", "pilot", sentence)]


def test_a_micropython_that_cannot_hold_12_v_is_named():
    for name, holds in (
        ("esp32s3_devkitc", False),
        ("esp32evse_s2", False),
        ("esp32c3_devkitm", False),
        ("esp32c6_devkitc", True),
        ("esp32_devkitc", True),
    ):
        wiring = description(name)
        CHIP.start(wiring["module"])
        CHIP.micropython = (1, 25)
        board, _ = boot(wiring)
        outlet = board.outlets[0]
        outlet.read_pilot()
        assert outlet.pilot_ok() == holds, name
        sentence = "connector 1 does not charge: this MicroPython cannot hold the pilot at steady +12 V on this chip; install 1.28 or newer"
        assert told_of(board) == ([] if holds else [("error", "pilot", sentence)]), name


def test_samples_that_lock_to_the_pwm_are_told():
    CHIP.start()
    CHIP.read_us = 125
    sentence = "connector 1 does not charge: samples 125 us apart can miss a half-wave of the pilot; this chip's ADC is too slow"
    assert told_of(boot()[0]) == [("error", "pilot", sentence)]


def test_of_a_pilot_that_can_be_trusted_nothing_is_told():
    CHIP.start()
    assert told_of(boot()[0]) == []


def test_the_pilot_can_be_opened_to_wake_a_vehicle():
    outlet, wire = booted()
    assert outlet.has_pilot_switch and CHIP.outputs[16] == 0
    wire.vehicle.show(2740)
    outlet.set_pilot_open(True)
    outlet.read_pilot()
    assert abs(outlet.high_mv - 12000) <= NEAR_MV
    outlet.set_pilot_open(False)
    outlet.read_pilot()
    assert abs(outlet.high_mv - 8978) <= NEAR_MV
    pilot = description()["connectors"][0]["pilot"]
    del pilot["open"]
    outlet, wire = booted(connector_pilot=pilot)
    outlet.set_pilot_open(True)
    assert not outlet.has_pilot_switch


def test_what_the_control_step_calls_allocates_nothing():
    outlet, wire = booted()
    wire.vehicle.show(882)
    CHIP.adc_uv = lambda pin: 1000000  # the model of the chip takes memory itself

    def step():
        outlet.read_pilot()
        outlet.pilot_ok()
        outlet.set_duty_u16(17476)
        outlet.contactor_closed()
        outlet.rcm_tripped()
        outlet.earthed()
        outlet.lock_closed()
        outlet.cable_ohm()
        outlet.meter_da()
        outlet.set_phases(3)

    try:
        step()  # what is made at the first use
        taken = bytes_taken(step)
    finally:
        del CHIP.adc_uv
    assert taken == 0
    outlet.read_pilot()
    assert outlet.high_mv > 5900


def test_as_many_pilots_are_read_as_leave_a_contactor_100_ms_and_the_others_say_why_they_are_not():
    wiring = description()
    free = [(16, 36, 17), (18, 33, 22), (23, 32, 27)]  # PWM, ADC, contactor
    first = wiring["connectors"][0]
    wiring["connectors"] = [first] + [
        {
            "pilot": dict(first["pilot"], pwm_pin=pwm, adc_pin=adc, open=None),
            "contactor": {"pin": pin, "on": 1},
        }
        for pwm, adc, pin in free
    ]
    for connector in wiring["connectors"]:
        connector["pilot"].pop("open", None)
    for read_us, in_use, least_ms, most_ms in ((37, 4, 30, 33), (105, 3, 31, 33)):
        CHIP.start()
        CHIP.read_us = read_us
        # As the board finds it: it may have been forgotten, and imported anew
        from setpoint.board.esp32 import description as judge

        fault = judge.fault_in
        judge.fault_in = lambda wiring: None  # pins that are taken otherwise
        try:
            board, _ = boot(wiring)
        finally:
            judge.fault_in = fault
        problems = [outlet.pilot_problem for outlet in board.outlets]
        assert [problem is None for problem in problems] == [n < in_use for n in range(4)], problems
        assert least_ms <= board.period_ms <= most_ms, board.period_ms
        for outlet in board.outlets:
            before_us = CHIP.now_us
            outlet.read_pilot()
            assert outlet.pilot_ok() == (outlet.pilot_problem is None) == (CHIP.now_us > before_us)
    assert booted()[0].burst_us < 6000
