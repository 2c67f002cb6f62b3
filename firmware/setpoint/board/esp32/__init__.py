"""The board on an ESP32, ESP32-S2, -S3, -C3 or -C6: the contract of board/contract.pyi on MicroPython's `machine` and `network`.

    board        what /board.json and /identity.json describe, put together; watchdog, clock, reset
    outlet       a connector: contactor, feedback, residual current, cable, meter
    pilot        its control pilot: PWM out, a burst of samples in
    wifi         the way to the central system
    lock, thermometer, panel, rs485     loaded only where board.json names them
    modules, description     what each module has, and whether a board.json fits it
    metering, reader     put together what board.json names of board/meters and board/readers, and are dropped again

boards/ has the descriptions; its schema says what each field means. Nothing here has run on a chip yet: it is checked against
MicroPython's type stubs and run, line by line, against a model of the chip and of the vehicle (host_tests/chip).
"""
