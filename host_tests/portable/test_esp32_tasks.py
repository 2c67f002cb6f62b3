"""The tasks of the ESP32's board on the model of a chip: lock, thermometers, light, lamps,
buttons."""

from esp32_bench import CHIP, Task, booted, pass_time, virtual_time
from noting_app import NotingApp

from setpoint.board.esp32.dim_contact import watch


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
    wiring = {
        "kind": "analogue",
        "adc_pin": 35,
        "attenuation_db": 6,
        "mv_at_0_c": 500,
        "uv_per_k": 10000,
    }
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
    app = NotingApp()
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
        CHIP.idf_free, free = 0, CHIP.idf_free
        outlet.set_contactor(False)
        pass_time(100, [task])
        assert CHIP.pixel == (0, 0, 40), "no memory to say it"
        CHIP.idf_free = free
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
    app = NotingApp()
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
    app = NotingApp()
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
    app = NotingApp()
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
        pressed = [
            (0, "OtherError", "emergency_stop", "Emergency stop pressed: release it", True),
            "press emergency_stop",
        ]
        assert app.told == pressed
        pass_time(10000, [task])
        assert app.told == pressed
        CHIP.drive(21, 0)
        pass_time(150, [task])
        assert app.told == pressed + [(0, "OtherError", "emergency_stop", None, False)]
    finally:
        end()


def test_the_grid_operators_contact_is_told_at_the_start_and_after_each_change():
    dim = {"pin": 21, "on": 1, "chip_pull": "up", "watts": 4200}
    board = booted(light=None, button=None, dim=dim)
    assert board.dim_watts == 4200 and booted().dim_watts is None
    CHIP.drive(21, 0)
    app = NotingApp()
    end = virtual_time()
    try:
        task = Task(watch(dim, app))
        pass_time(200, [task])
        assert app.told == ["no dim"]
        CHIP.drive(21, 1)
        pass_time(60, [task])
        CHIP.drive(21, 0)
        pass_time(1000, [task])
        assert app.told == ["no dim"], "a bounce"
        CHIP.drive(21, 1)
        pass_time(200, [task])
        assert app.told == ["no dim", "dim"], "within 200 ms"
        pass_time(10000, [task])
        CHIP.drive(21, 0)
        pass_time(200, [task])
        assert app.told == ["no dim", "dim", "no dim"]
    finally:
        end()
    # A wire that breaks at a contact that opens to dim
    del CHIP.outside[21]
    app = NotingApp()
    end = virtual_time()
    try:
        pass_time(200, [Task(watch(dim, app))])
    finally:
        end()
    assert app.told == ["dim"]
