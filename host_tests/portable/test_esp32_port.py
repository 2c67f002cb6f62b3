"""The model of the chip behaves as MicroPython's port does where that differs from what one expects
(host_tests/chip)."""

from esp32_bench import CHIP, boot, machine, wifi
from flashbdev import FLASH_FAILS, Disk

network = wifi.network


def raised(kind, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        return error
    raise AssertionError("nothing is raised")


def test_interrupts_come_late_while_the_interpreter_stands_still_and_the_ninth_is_lost():
    CHIP.start()
    seen = []
    machine.Pin(21, machine.Pin.IN).irq(
        handler=lambda pin: seen.append(CHIP.level(21)), trigger=machine.Pin.IRQ_RISING
    )
    CHIP.drive(21, 1)
    assert seen == [1]
    CHIP.stands_still()
    for _ in range(9):
        CHIP.drive(21, 0)
        CHIP.drive(21, 1)
    CHIP.drive(21, 0)
    assert seen == [1]
    CHIP.goes_on()
    assert seen == [1] + [0] * 8, "what they find is what is there by then"


def test_the_radio_takes_its_time_to_start():
    CHIP.start()
    wlan = network.WLAN(network.STA_IF)
    assert not wlan.active()
    before_us = CHIP.now_us
    wlan.active(True)
    assert wlan.active() and CHIP.now_us - before_us == CHIP.radio_starts_us
    wlan.active(False)
    assert str(raised(OSError, wlan.connect, "home", "secret")) == "Wifi Not Started"


def test_names_are_counted_in_bytes():
    network.hostname("x" * 32)
    raised(ValueError, network.hostname, "x" * 31 + "\u00e4")
    raised(ValueError, network.country, "\u00d6S")


def test_a_flash_that_fails_raises_the_negative_error_of_esp_idf():
    disk = Disk()
    disk.error = FLASH_FAILS
    for function in (disk.readblocks, disk.writeblocks):
        assert raised(OSError, function, 0, bytearray(16)).args[0] == -0x6001


def test_each_chip_refuses_what_it_has_not_got():
    CHIP.start("ESP32-C3")
    raised(ValueError, machine.freq, 240000000)
    assert not hasattr(machine, "Counter")
    raised(
        ValueError,
        lambda: machine.UART(
            2, baudrate=9600, bits=8, parity=None, stop=1, rx=5, tx=6, timeout=0, timeout_char=0
        ),
    )
    raised(ValueError, lambda: machine.I2C(1, scl=5, sda=6, freq=100000))
    raised(
        ValueError,
        lambda: machine.SPI(2, baudrate=1000000, polarity=0, phase=0, sck=5, mosi=6, miso=7),
    )
    CHIP.start("ESP32-C6")
    assert hasattr(machine, "Counter")
    CHIP.start()
    raised(ValueError, machine.Pin, 6)


def test_a_panic_leaves_what_a_reset_leaves():
    CHIP.start()
    board, _ = boot()
    CHIP.rtc_memory = b"SPa\1T"
    CHIP.panics()
    assert machine.reset_cause() == machine.HARD_RESET and CHIP.rtc_memory == b"SPa\1T"
    raised(machine.Resets, board.reset)
    assert machine.reset_cause() == machine.HARD_RESET and CHIP.rtc_memory == b"SPa\1TR"
