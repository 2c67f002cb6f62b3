"""The ESP32's outlets on the model of a chip: contactor, residual current, earth, cable."""

from esp32_bench import CHIP, booted, description

from setpoint.pilot.protection import Protection


def test_the_contactor_is_driven_open_before_anything_else():
    booted()
    assert CHIP.history[0] == (26, 0)
    contactor = {"pin": 26, "on": 0, "pull": "up"}
    outlet = booted(connector_contactor=contactor).outlets[0]
    assert CHIP.history[0] == (26, 1), "off is the other level of on"
    outlet.set_contactor(True)
    assert CHIP.outputs[26] == 0


def test_the_contactor_and_its_feedback():
    outlet = booted().outlets[0]
    assert outlet.contactor_closed() is False
    outlet.set_contactor(True)
    assert CHIP.outputs[26] == 1 and outlet.contactor_closed() is True
    outlet.set_contactor(False)
    assert CHIP.outputs[26] == 0 and outlet.contactor_closed() is False
    CHIP.closes.clear()
    assert outlet.contactor_closed() is True, (
        "a broken wire to the mirror contact reads as closed: the safe one"
    )
    assert booted(connector_feedback=None).outlets[0].contactor_closed() is None


def test_phases_2_and_3_have_a_contactor_of_their_own():
    supply = {"volts": 230, "phases": 3, "phase_switch": True, "connector_amps": 16}
    outlet = booted(
        supply=supply, connector_phases_2_3={"pin": 21, "on": 1, "pull": "down"}
    ).outlets[0]
    assert outlet.phases == 3 and CHIP.outputs[21] == 0
    outlet.set_contactor(True)
    assert (CHIP.outputs[26], CHIP.outputs[21]) == (1, 1)
    outlet.set_contactor(False)
    outlet.set_phases(1)
    outlet.set_contactor(True)
    assert (CHIP.outputs[26], CHIP.outputs[21]) == (1, 0)
    outlet.set_phases(3)
    assert outlet.phases == 3
    supply.update(phases=1, phase_switch=False)
    outlet = booted(supply=supply).outlets[0]
    outlet.set_phases(3)
    assert outlet.phases == 1, "more than there are"


def test_make_safe_opens_the_contactor_and_then_sets_the_pilot_to_12_v():
    board = booted()
    outlet = board.outlets[0]
    outlet.set_contactor(True)
    outlet.set_rcm_test(True)
    outlet.set_duty_u16(17476)
    for _ in range(2):
        board.make_safe()
        assert (
            CHIP.outputs[26] == 0
            and CHIP.outputs[4] == 0
            and CHIP.wires[36].duty_u16 == 65535 == outlet.duty_u16
        )
        assert not outlet.closed


def test_a_residual_current_trip_is_told_once_more_when_it_is_over():
    outlet = booted().outlets[0]
    assert outlet.rcm_tripped() is False
    CHIP.drive(13, 1)
    CHIP.drive(13, 0)
    assert outlet.rcm_tripped() is True, "the interrupt caught it"
    assert outlet.rcm_tripped() is False
    CHIP.irqs.clear()
    CHIP.drive(13, 1)
    assert outlet.rcm_tripped() is True and outlet.rcm_tripped() is True, (
        "and without one, for as long as it is there"
    )
    assert booted(connector_residual_current=None).outlets[0].rcm_tripped() is None


def test_a_residual_current_pulse_that_is_over_when_its_interrupt_comes_is_a_trip():
    falling = {"tripped": {"pin": 13, "on": 0, "chip_pull": "up"}}
    for changes, levels in (
        ({}, (1, 0)),
        ({}, (1, 0, 1, 0)),
        ({}, (1, 0) * 20),  # of so many interrupts at once MicroPython forgets most
        ({"connector_residual_current": falling}, (0, 1)),
    ):
        for stands_still in (True, False):
            outlet = booted(**changes).outlets[0]
            assert outlet.rcm_tripped() is False
            if stands_still:
                CHIP.stands_still()
            for level in levels:
                CHIP.drive(13, level)
            if stands_still:
                CHIP.goes_on()
            assert outlet.rcm_tripped() is True, (levels, stands_still)
            assert outlet.rcm_tripped() is False, "told once"


def test_the_trip_of_the_monitors_own_test_is_no_residual_current_however_late_its_interrupt_comes():
    for late in (False, True):
        outlet = booted().outlets[0]
        protection = Protection(has_test=True)
        for _ in range(50):
            protection.begin()
            protection.residual(20, outlet.rcm_tripped(), True)
            outlet.set_rcm_test(protection.test)
            if late:
                CHIP.stands_still()
            CHIP.drive(13, CHIP.outputs[4])
            if late:
                CHIP.goes_on()
        assert protection.ready and protection.latched == 0


def test_a_spike_on_the_wire_is_no_trip():
    outlet = booted().outlets[0]
    levels = [1, 0]  # as the pin is read, twice
    level = CHIP.level
    CHIP.level = lambda pin: levels.pop(0) if pin == 13 and levels else level(pin)
    try:
        assert outlet.rcm_tripped() is False
    finally:
        CHIP.level = level


def test_a_trip_may_be_a_falling_level():
    tripped = {"pin": 13, "on": 0, "chip_pull": "up"}
    outlet = booted(connector_residual_current={"tripped": tripped}).outlets[0]
    assert outlet.rcm_tripped() is False and not outlet.has_rcm_test
    outlet.set_rcm_test(True)  # nothing to drive
    CHIP.drive(13, 0)
    CHIP.drive(13, 1)
    assert outlet.rcm_tripped() is True


def test_the_monitors_test_input_is_driven():
    outlet = booted().outlets[0]
    assert outlet.has_rcm_test
    outlet.set_rcm_test(True)
    assert CHIP.outputs[4] == 1
    outlet.set_rcm_test(False)
    assert CHIP.outputs[4] == 0


def test_protective_earth_is_read_where_there_is_a_sensor():
    assert booted().outlets[0].earthed() is None
    outlet = booted(connector_ground={"pin": 35, "on": 1}).outlets[0]
    assert outlet.earthed() is False
    CHIP.drive(35, 1)
    assert outlet.earthed() is True


def test_a_cables_resistor_is_measured():
    beside = {
        "adc_pin": 34,
        "attenuation_db": 6,
        "supply_mv": 3300,
        "pull_up_ohm": 1000,
        "pull_down_ohm": 10000,
    }
    for cable in (None, beside):
        accepted = description()["accepted"]
        if cable:
            accepted.append({"rule": "range", "pin": 34, "because": "what is above counts as open"})
        outlet = booted(accepted=accepted, **({"connector_cable": cable} if cable else {})).outlets[
            0
        ]
        pin = cable["adc_pin"] if cable else 39
        for ohm in (100, 220, 680, 1000):
            seen = ohm if cable is None else ohm * 10000 // (ohm + 10000)
            CHIP.ohm[pin] = (seen, 1000, 3300)
            assert abs(outlet.cable_ohm() - ohm) <= 4 + ohm // 50, (ohm, outlet.cable_ohm())
        CHIP.ohm[pin] = (0, 1000, 3300)
        assert outlet.cable_ohm() < 60
    # 6 dB end at 1750 mV: above 1274 Ohm that is all that can be said
    CHIP.ohm[34] = (None, 1000, 3300)
    assert outlet.cable_ohm() > 1100


def test_no_cable_reads_as_open():
    outlet = booted().outlets[0]
    CHIP.ohm[39] = (None, 1000, 3300)
    assert outlet.cable_ohm() == 1000000
    cable = {
        "adc_pin": 39,
        "attenuation_db": 11,
        "supply_mv": 3300,
        "pull_up_ohm": 1000,
        "pull_down_ohm": 10000,
    }
    outlet = booted(connector_cable=cable).outlets[0]
    CHIP.ohm[39] = (10000, 1000, 3300)
    assert outlet.cable_ohm() >= 1000000, "what is left is the board's own resistor"


def test_a_cable_that_cannot_be_read_is_a_short_circuit_and_a_fixed_one_is_none():
    outlet = booted().outlets[0]
    CHIP.broken_adc = True
    assert outlet.cable_ohm() == 0
    assert booted(connector_cable=None).outlets[0].cable_ohm() is None
