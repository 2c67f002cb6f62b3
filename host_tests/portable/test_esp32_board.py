"""The ESP32's board on the model of a chip: resets, watchdog, clock and files."""

from esp32_bench import (
    CHIP,
    IDENTITY,
    Task,
    boot,
    booted,
    description,
    machine,
    pass_time,
    virtual_time,
)
from noting_app import NotingApp

from setpoint import clock
from setpoint.board.esp32 import board as boards


def refusal(wiring, identity=IDENTITY):
    CHIP.start()
    try:
        boot(wiring, identity)
    except boards.UnfitBoard as error:
        return str(error)
    raise AssertionError("the board starts")


def test_each_chip_is_asked_for_the_clock_that_it_has():
    for name, mhz in (
        ("esp32_devkitc", 240),
        ("esp32evse_s2", 240),
        ("esp32s3_devkitc", 240),
        ("esp32c3_devkitm", 160),
        ("esp32c6_devkitc", 160),
    ):
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
        assert (
            str(error)
            == "/board.json: module is ESP32-WROOM-32, and this chip is another one: it has no such clock"
        )
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
        assert CHIP.rtc_memory == (memory[:4] or bytes(4)), (
            "the mark is for one restart; what boot.py keeps stays"
        )


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
    assert boot(root=board.root)[0].reset_cause == "panic", (
        "the same cause of reset, without the mark"
    )


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
        for cause, marked, known in (
            (2, True, True),
            (3, True, True),
            (2, False, False),
            (1, True, False),
        ):
            CHIP.restart()
            CHIP.reset_cause = cause
            CHIP.rtc_memory = b"SPa\1T" if marked else b"SPa\1"
            clock = boot(root=board.root)[0].clock
            assert (clock.now() == system[0]) == known and (clock.now() is None) != known, (
                cause,
                marked,
            )
        assert CHIP.rtc_memory == b"SPa\1"
    finally:
        end()
        boards.system_instant = before


def test_what_the_files_say_is_there():
    identity = {
        "vendor": "Acme",
        "model": "Wall",
        "basic_auth": "secret",
        "keys": {"HeartbeatInterval": "60"},
    }
    identity["reconnect"] = {"minimum_s": 1, "random_s": 0}
    board = booted(identity)
    assert (
        board.name == "esp32_devkitc"
        and board.supply["connector_amps"] == 16
        and board.supply["grid_amps"] is None
    )
    assert (
        board.identity["vendor"] == "Acme"
        and board.identity["model"] == "Wall"
        and board.identity["basic_auth"] == "secret"
    )
    assert board.keys == {"HeartbeatInterval": "60"} and board.reconnect == {
        "minimum_s": 1,
        "random_s": 0,
    }
    assert board.flash_stats() is None


def test_time_servers_are_asked_where_there_is_wifi_and_no_central_system_or_they_are_named():
    wifi = {"ssid": "home"}
    alone = {"wifi": wifi}
    for identity, servers in (
        (alone, ("pool.ntp.org",)),
        (dict(alone, time=[]), []),
        (dict(alone, time=["fritz.box", "10.0.0.1:124"]), ["fritz.box", "10.0.0.1:124"]),
        (IDENTITY, None),
        (dict(IDENTITY, time=["fritz.box"]), ["fritz.box"]),
        ({"keys": {}}, None),
        # Nobody knows to whom it shall talk
        (dict(alone, csms_url=7), None),
    ):
        assert booted(identity).identity.get("time") == servers, identity
    for wrong in (
        "fritz.box",
        [7],
        [""],
        ["a b"],
        [":123"],
        ["a:"],
        ["a:0"],
        ["a:65536"],
        ["a:b"],
        ["a"] * 5,
    ):
        board = booted(dict(IDENTITY, time=wrong))
        assert board.identity.get("time") is None and board.identity["csms_url"], wrong
        assert "time is not a list" in board._problem, board._problem


def test_a_board_without_identity_runs_offline_and_says_so():
    for broken, told in (
        ("", " is missing or broken"),
        ("{", " is missing or broken"),
        ("[1]", ": it is not a JSON object; make provision writes a new one"),
    ):
        board = booted(broken)
        assert (
            board.identity["csms_url"] == ""
            and board.identity["vendor"] == "Setpoint"
            and board.keys == {}
        )
        app = NotingApp()
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
    lock = {
        "close": {"pin": 21, "on": 1, "pull": "down"},
        "open": {"pin": 19, "on": 1, "pull": "down"},
        "pulse_ms": 300,
    }
    for changes, names in (
        ({}, ["wifi", "house", "thermometer", "panel", "meter 1"]),
        (
            {"temperature": None, "light": None, "button": None, "connector_lock": lock},
            ["wifi", "house", "meter 1", "lock 1"],
        ),
    ):
        tasks = booted(**changes).attach(NotingApp())
        assert [name for name, _ in tasks] == names
        for _, coroutine in tasks:
            coroutine.close()


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


def test_the_slot_that_runs_and_the_family_of_images_that_the_image_names_itself():
    from setpoint.board.esp32.slot import family_in

    slot, _ = booted().running_slot()
    assert slot.info()[4] == "ota_0" and slot.get_next_update().info()[4] == "ota_1"
    assert family_in("Setpoint 0.1.0 on esp32s3_octal with ESP32S3") == "esp32s3_octal"
    assert family_in("Generic ESP32 module with ESP32") == ""
