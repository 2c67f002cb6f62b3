"""The board on an ESP32, ESP32-S2, -S3, -C3 or -C6: the contract of board/contract.pyi on
MicroPython's `machine` and `network`.

    board        the board that /board.json and /identity.json describe; watchdog, clock, reset
    outlet       a connector: contactor, feedback, residual current, cable, meter
    pilot        its control pilot: PWM out, a burst of samples in
    wifi         the way to the central system
    lock, thermometer, panel, rs485     loaded only where board.json names them
    modules, description     what each module has, and whether a board.json fits it
    metering, reader     make the meters and readers that board.json names; dropped afterwards

boards/ has the descriptions; its schema says what each field means. Nothing here has run on a chip
yet. The tests check it against MicroPython's type stubs, and run every line on a model of the chip
and of the vehicle (host_tests/chip).
"""
