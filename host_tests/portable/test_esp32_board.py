"""The ESP32's board on the model of a chip: contactor, sensors, files, watchdog, clock, and what a person sees and presses."""

from esp32_bench import CHIP, IDENTITY, Task, boot, description, machine, pass_time, virtual_time

from setpoint import clock
from setpoint.board.esp32 import board as boards
from setpoint.pilot.protection import Protection


class App:
    """Notes what the board tells."""

    def __init__(self):
        self.told = []

    def log(self, level, area, sentence):
        self.told.append((level, area, sentence))

    def on_network(self):
        self.told.append("network")

    def on_press(self, button):
        self.told.append("press " + button)

    def on_fault(self, *fault):
        self.told.append(fault)


def booted(identity=IDENTITY, **changes):
    CHIP.start()
    return boot(description(**changes), identity)[0]


def refusal(wiring, identity=IDENTITY):
    CHIP.start()
    try:
        boot(wiring, identity)
    except boards.UnfitBoard as error:
        return str(error)
    raise AssertionError("the board starts")


# contactor


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
    assert outlet.contactor_closed() is True, "a broken wire to the mirror contact reads as closed: the safe one"
    assert booted(connector_feedback=None).outlets[0].contactor_closed() is None


def test_phases_2_and_3_have_a_contactor_of_their_own():
    supply = {"volts": 230, "phases": 3, "phase_switch": True, "connector_amps": 16}
    outlet = booted(supply=supply, connector_phases_2_3={"pin": 21, "on": 1, "pull": "down"}).outlets[0]
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
        assert CHIP.outputs[26] == 0 and CHIP.outputs[4] == 0 and CHIP.wires[36].duty_u16 == 65535 == outlet.duty_u16
        assert not outlet.closed


# residual current and earth


def test_a_residual_current_trip_is_told_once_more_when_it_is_over():
    outlet = booted().outlets[0]
    assert outlet.rcm_tripped() is False
    CHIP.drive(13, 1)
    CHIP.drive(13, 0)
    assert outlet.rcm_tripped() is True, "the interrupt caught it"
    assert outlet.rcm_tripped() is False
    CHIP.irqs.clear()
    CHIP.drive(13, 1)
    assert outlet.rcm_tripped() is True and outlet.rcm_tripped() is True, "and without one, for as long as it is there"
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
        assert protection.ready and protection.held == 0


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


# cable


def test_a_cables_resistor_is_measured():
    beside = {"adc_pin": 34, "attenuation_db": 6, "supply_mv": 3300, "pull_up_ohm": 1000, "pull_down_ohm": 10000}
    for cable in (None, beside):
        accepted = description()["accepted"]
        if cable:
            accepted.append({"rule": "range", "pin": 34, "because": "what is above counts as open"})
        outlet = booted(accepted=accepted, **({"connector_cable": cable} if cable else {})).outlets[0]
        pin = cable["adc_pin"] if cable else 39
        for ohm in (100, 220, 680, 1000):
            seen = ohm if cable is None else ohm * 10000 // (ohm + 10000)
            CHIP.ohm[pin] = (seen, 1000, 3300)
            assert abs(outlet.cable_ohm() - ohm) <= 4 + ohm // 50, (ohm, outlet.cable_ohm())
        CHIP.ohm[pin] = (0, 1000, 3300)
        assert outlet.cable_ohm() < 60
    CHIP.ohm[34] = (None, 1000, 3300)  # 6 dB end at 1750 mV: above 1274 Ohm that is all that can be said
    assert outlet.cable_ohm() > 1100


def test_no_cable_reads_as_open():
    outlet = booted().outlets[0]
    CHIP.ohm[39] = (None, 1000, 3300)
    assert outlet.cable_ohm() == 1000000
    cable = {"adc_pin": 39, "attenuation_db": 11, "supply_mv": 3300, "pull_up_ohm": 1000, "pull_down_ohm": 10000}
    outlet = booted(connector_cable=cable).outlets[0]
    CHIP.ohm[39] = (10000, 1000, 3300)
    assert outlet.cable_ohm() >= 1000000, "what is left is the board's own resistor"


def test_a_cable_that_cannot_be_read_is_a_short_circuit_and_a_fixed_one_is_none():
    outlet = booted().outlets[0]
    CHIP.broken_adc = True
    assert outlet.cable_ohm() == 0
    assert booted(connector_cable=None).outlets[0].cable_ohm() is None


# tasks


def test_the_lock_is_driven_in_pulses_and_again_while_it_does_not_get_there():
    wiring = {
        "close": {"pin": 21, "on": 1, "pull": "down"},
        "open": {"pin": 19, "on": 1, "pull": "down"},
        "pulse_ms": 300,
        "closed": {"pin": 35, "on": 1},
    }
    outlet = booted(connector_lock=wiring).outlets[0]
    assert outlet.has_lock and outlet.lock_closed() is False
    end = virtual_time()
    try:
        task = Task(outlet.lock.run())
        pass_time(1000, [task])
        assert (21, 1) not in CHIP.history and (19, 1) not in CHIP.history, "nobody asked"
        outlet.set_lock(True)
        pass_time(200, [task])
        assert CHIP.outputs[21] == 1
        pass_time(400, [task])
        assert CHIP.outputs[21] == 0
        pass_time(3000, [task])
        assert CHIP.history.count((21, 1)) == 1, "not asked again"
        outlet.set_lock(True)
        pass_time(2000, [task])
        assert CHIP.history.count((21, 1)) == 2, "it is not there yet"
        CHIP.drive(35, 1)
        outlet.set_lock(True)
        pass_time(2000, [task])
        assert CHIP.history.count((21, 1)) == 2 and outlet.lock_closed() is True
        outlet.set_lock(False)
        pass_time(200, [task])
        assert CHIP.outputs[19] == 1
        outlet.make_safe()
        assert CHIP.outputs[19] == 0
    finally:
        end()
    outlet = booted().outlets[0]
    outlet.set_lock(True)
    assert not outlet.has_lock and outlet.lock_closed() is None
    del wiring["closed"]
    assert booted(connector_lock=wiring).outlets[0].lock_closed() is None


def test_a_ds18b20_is_read_without_waiting_and_lost_after_three_failures():
    board = booted()
    assert board.has_thermometer and board.temperature_c() is None
    end = virtual_time()
    try:
        task = Task(board._thermometer.run())
        pass_time(1000, [task])
        assert board.temperature_c() == 21
        CHIP.celsius = 85.0  # what a sensor says that lost its power meanwhile
        pass_time(10000, [task])
        assert board.temperature_c() == 21
        CHIP.celsius = None
        pass_time(5000, [task])
        assert board.temperature_c() is None
        CHIP.celsius = -3.5
        pass_time(10000, [task])
        assert board.temperature_c() in (-3, -4)
    finally:
        end()


def test_an_analogue_thermometer():
    wiring = {"kind": "analogue", "adc_pin": 35, "attenuation_db": 6, "mv_at_0_c": 500, "uv_per_k": 10000}
    board = booted(temperature=wiring, reserved={})
    end = virtual_time()
    try:
        task = Task(board._thermometer.run())
        CHIP.uv[35] = 734000
        pass_time(100, [task])
        assert board.temperature_c() == 23
        for uv, celsius in ((210000, -29), (0, None), (150000, None), (1300000, 80), (734000, 23)):
            CHIP.uv[35] = uv  # a wire that fell off or is shorted to earth is no cold
            pass_time(6000, [task])
            assert board.temperature_c() == celsius, uv
        for failed in (1, 2):
            CHIP.failing_readings = range(CHIP.readings + 1, CHIP.readings + 1 + failed)
            pass_time(6000, [task])
            assert board.temperature_c() == 23, "a reading that fails halves nobody's current"
        CHIP.broken_adc = True
        pass_time(6000, [task])
        assert board.temperature_c() is None
    finally:
        end()
    board = booted(temperature=None)
    assert not board.has_thermometer and board.temperature_c() is None


def test_the_light_says_what_the_board_knows():
    board = booted()
    outlet = board.outlets[0]
    app = App()
    end = virtual_time()
    try:
        task = Task(board._panel.run(app))
        outlet.read_pilot()
        pass_time(100, [task])
        assert CHIP.pixel == (30, 15, 0), "no network"
        board.network.up = True
        pass_time(100, [task])
        assert CHIP.pixel == (0, 30, 0)
        outlet.set_contactor(True)
        pass_time(100, [task])
        assert CHIP.pixel == (0, 0, 40)
        CHIP.broken_adc = True
        outlet.read_pilot()
        pass_time(100, [task])
        assert CHIP.pixel == (40, 0, 0)
    finally:
        end()


def test_lamps_and_a_button_that_counts_once():
    lamps = {"kind": "lamps"}
    for name, pin in (("ready", 18), ("charging", 21), ("fault", 19)):
        lamps[name] = {"pin": pin, "on": 1, "pull": "none"}
    board = booted(light=lamps)
    app = App()
    end = virtual_time()
    try:
        task = Task(board._panel.run(app))
        pass_time(2500, [task])
        blinks = CHIP.history.count((18, 1))
        assert 2 <= blinks <= 3, "without a network `ready` blinks"
        board.network.up = True
        pass_time(2500, [task])
        assert CHIP.outputs[18] == 1 and CHIP.history.count((18, 1)) <= blinks + 1
        board.outlets[0].set_contactor(True)
        pass_time(100, [task])
        assert (CHIP.outputs[18], CHIP.outputs[21], CHIP.outputs[19]) == (0, 1, 0)
        CHIP.drive(0, 0)
        pass_time(40, [task])
        CHIP.drive(0, 1)
        pass_time(200, [task])
        assert app.told == [], "a bounce"
        CHIP.drive(0, 0)
        pass_time(3000, [task])
        assert app.told == ["press button"]
    finally:
        end()
    assert booted(light=None, button=None)._panel is None
    board = booted(light=None)
    end = virtual_time()
    try:
        pass_time(200, [Task(board._panel.run(app))])
    finally:
        end()


def test_a_button_that_hangs_at_the_start_acknowledges_nothing():
    board = booted(light=None)
    CHIP.drive(0, 0)
    app = App()
    end = virtual_time()
    try:
        task = Task(board._panel.run(app))
        pass_time(3000, [task])
        assert app.told == [], "a person lets go of it in between"
        CHIP.drive(0, 1)
        pass_time(200, [task])
        CHIP.drive(0, 0)
        pass_time(200, [task])
        assert app.told == ["press button"]
    finally:
        end()


def test_an_emergency_stop_is_a_fault_while_it_is_pressed():
    board = booted(light=None, button=None, emergency_stop={"pin": 21, "on": 1, "chip_pull": "up"})
    CHIP.drive(21, 0)
    app = App()
    end = virtual_time()
    try:
        task = Task(board._panel.run(app))
        pass_time(1000, [task])
        CHIP.drive(21, 1)
        pass_time(40, [task])
        CHIP.drive(21, 0)
        pass_time(1000, [task])
        assert app.told == [], "a bounce"
        CHIP.drive(21, 1)
        pass_time(150, [task])
        pressed = [(0, "OtherError", "emergency_stop", "Emergency stop pressed: release it", True), "press emergency_stop"]
        assert app.told == pressed
        pass_time(10000, [task])
        assert app.told == pressed
        CHIP.drive(21, 0)
        pass_time(150, [task])
        assert app.told == pressed + [(0, "OtherError", "emergency_stop", None, False)]
    finally:
        end()


# the machine


def test_each_chip_is_asked_for_the_clock_that_it_has():
    for name, mhz in (("esp32_devkitc", 240), ("esp32evse_s2", 240), ("esp32s3_devkitc", 240), ("esp32c3_devkitm", 160), ("esp32c6_devkitc", 160)):
        wiring = description(name)
        CHIP.start(wiring["module"])
        boot(wiring)
        assert CHIP.mhz == mhz, name


def test_a_chip_that_is_another_than_the_file_says_is_not_started():
    CHIP.start("ESP32-C3")
    try:
        boot(description("esp32_devkitc"))
        raise AssertionError("it starts")
    except boards.UnfitBoard as error:
        assert str(error) == "/board.json: module is ESP32-WROOM-32, and this chip is another one: it has no such clock"
    assert CHIP.history == []


def test_why_the_chip_restarted():
    for cause, memory, word in (
        (machine.PWRON_RESET, b"", "power"),
        (machine.PWRON_RESET, b"SPa\1R", "power"),
        (machine.WDT_RESET, b"", "watchdog"),
        (machine.HARD_RESET, b"SPa\1R", "software"),
        (machine.HARD_RESET, b"SPa\1", "panic"),
        (machine.SOFT_RESET, b"", "unknown"),
    ):
        CHIP.start()
        CHIP.reset_cause = cause
        CHIP.rtc_memory = memory
        assert boot()[0].reset_cause == word, (cause, memory)
        assert CHIP.rtc_memory == (memory[:4] or bytes(4)), "the mark is for one restart; what boot.py keeps stays"


def test_a_reset_makes_safe_and_leaves_its_mark():
    board = booted()
    board.outlets[0].set_contactor(True)
    CHIP.rtc_memory = b"SPa\1T"
    try:
        board.reset()
        raise AssertionError("it goes on")
    except machine.Resets:
        pass
    assert CHIP.outputs[26] == 0 and CHIP.rtc_memory == b"SPa\1TR"
    CHIP.restart()
    assert boot(root=board.root)[0].reset_cause == "software"
    CHIP.panics()
    assert boot(root=board.root)[0].reset_cause == "panic", "the same cause of reset, without the mark"


def test_the_watchdog_starts_with_its_first_food():
    board = booted()
    assert CHIP.watchdog_ms is None
    board.feed_watchdog()
    board.feed_watchdog()
    assert CHIP.watchdog_ms == 3000 and CHIP.feeds == 2


def test_the_alive_line_follows():
    board = booted()
    for high in (True, False):
        board.set_alive(high)
        assert CHIP.outputs[17] == int(high)
    booted(alive=None).set_alive(True)
    assert 17 not in CHIP.outputs


def test_the_chips_own_clock_is_set_to_no_year_that_it_cannot_count():
    """A certificate, or who sets the clock, may name any year; an ESP32 counts up to 2068."""
    booted()
    before, asked = clock.system_fields, []
    clock.system_fields = lambda instant: asked.append(instant) or (2000,) * 8
    try:
        for instant in (251824463999, 5680281599, 1 << 31, -63713433600, None):
            clock.set_machine_clock(instant)
    finally:
        clock.system_fields = before
    assert asked == [(1 << 30) - 1] * 3 + [-631152000] * 2


def test_the_clock_comes_from_the_rtc_if_that_was_set_and_leads_it():
    before = boards.system_instant
    system = [-631152000]  # 2000-01-01: power-up
    boards.system_instant = lambda: system[0]
    end = virtual_time()
    try:
        board = booted()
        assert board.clock.now() is None
        task = Task(board._keep_house())
        pass_time(11000, [task])
        assert CHIP.system_time_set == [], "nothing is known"
        board.clock.set(185500800)  # 2025-11-17T00:00:00Z
        pass_time(10000, [task])
        assert len(CHIP.system_time_set) == 1
        year, month, day, _, hour, minute, second, rest = CHIP.system_time_set[0]
        assert (year, month, day, hour, minute, rest) == (2025, 11, 17, 0, 0, 0) and second <= 10
        system[0] = board.clock.now() + 10
        pass_time(10000, [task])
        assert len(CHIP.system_time_set) == 1, "it runs with the clock"
        assert CHIP.rtc_memory == bytes(4) + b"T"
        CHIP.rtc_memory = b""
        system[0] = board.clock.now() + 9
        pass_time(10000, [task])
        assert CHIP.rtc_memory == bytes(4) + b"T", "what was right by chance is known now"
        system[0] = board.clock.now() + 13
        pass_time(10000, [task])
        assert len(CHIP.system_time_set) == 3, "it has drifted away"
        for cause, marked, known in ((2, True, True), (3, True, True), (2, False, False), (1, True, False)):
            CHIP.restart()
            CHIP.reset_cause = cause
            CHIP.rtc_memory = b"SPa\1T" if marked else b"SPa\1"
            clock = boot(root=board.root)[0].clock
            assert (clock.now() == system[0]) == known and (clock.now() is None) != known, (cause, marked)
        assert CHIP.rtc_memory == b"SPa\1"
    finally:
        end()
        boards.system_instant = before


# files


def test_what_the_files_say_is_there():
    identity = {"vendor": "Acme", "model": "Wall", "basic_auth": "secret", "keys": {"HeartbeatInterval": "60"}}
    identity["reconnect"] = {"minimum_s": 1, "random_s": 0}
    board = booted(identity)
    assert board.name == "esp32_devkitc" and board.supply["connector_amps"] == 16 and board.supply["grid_amps"] is None
    assert board.identity["vendor"] == "Acme" and board.identity["model"] == "Wall" and board.identity["basic_auth"] == "secret"
    assert board.keys == {"HeartbeatInterval": "60"} and board.reconnect == {"minimum_s": 1, "random_s": 0}
    assert board.flash_stats() is None


def test_a_board_without_identity_runs_offline_and_says_so():
    for broken, told in (("", " is missing or broken"), ("{", " is missing or broken"), ("[1]", ": it is not a JSON object; make provision writes a new one")):
        board = booted(broken)
        assert board.identity["csms_url"] == "" and board.identity["vendor"] == "Setpoint" and board.keys == {}
        app = App()
        tasks = board.attach(app)
        assert app.told == [("error", "board", "/identity.json" + told)]
        for _, coroutine in tasks:
            coroutine.close()


def test_a_board_that_must_not_be_used_does_not_start():
    assert refusal("{") == refusal({}) == "/board.json is missing or broken: copy one from boards/"
    assert refusal(description(not_for_use="Calibrate it first.")) == "Calibrate it first."
    assert CHIP.history == [], "no pin was touched"


def test_the_energy_estimated_is_what_was_offered():
    board = booted()
    outlet = board.outlets[0]
    end = virtual_time()
    try:
        task = Task(outlet.meter.run(None))
        outlet.set_duty_u16(17476)
        pass_time(5000, [task])
        assert outlet.meter_w() == 0 and outlet.meter_da() == 0, "the contactor is open"
        outlet.set_contactor(True)
        pass_time(362000, [task])
        assert outlet.meter_w() == 160 * 230 * 3 // 10 and outlet.meter_da() == 160
        assert outlet.meter_currents_da() == [160, 160, 160] and outlet.meter_voltages_dv() == []
        told = outlet.meter_wh()
        assert 1090 <= told <= 1110, told
    finally:
        end()


def test_the_tasks_of_a_board_are_what_it_has():
    lock = {"close": {"pin": 21, "on": 1, "pull": "down"}, "open": {"pin": 19, "on": 1, "pull": "down"}, "pulse_ms": 300}
    for changes, names in (
        ({}, ["wifi", "house", "thermometer", "panel", "meter 1"]),
        ({"temperature": None, "light": None, "button": None, "connector_lock": lock}, ["wifi", "house", "meter 1", "lock 1"]),
    ):
        tasks = booted(**changes).attach(App())
        assert [name for name, _ in tasks] == names
        for _, coroutine in tasks:
            coroutine.close()


# files


def test_a_file_system_that_failed_is_mounted_anew_and_the_folder_is_as_before():
    import os

    import flashbdev
    import vfs

    board = booted()
    board.root = "/chip"
    if hasattr(vfs.VfsLfs2, "mkfs"):
        vfs.VfsLfs2.mkfs(flashbdev.bdev)
    vfs.mount(flashbdev.bdev, "/chip")
    folder = os.getcwd()
    if hasattr(vfs.VfsLfs2, "mkfs"):
        with open("/chip/kept", "w") as file:
            file.write("kept")
    board.remount()
    assert os.getcwd() == folder
    if hasattr(vfs.VfsLfs2, "mkfs"):
        with open("/chip/kept") as file:
            assert file.read() == "kept"
    vfs.umount("/chip")
