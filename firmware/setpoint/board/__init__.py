"""Makes the board of this machine. contract.pyi says what a board has and can do."""

import sys


def this():
    """The Board of this machine. On a PC the last argument of the command line is the start
    file."""
    if sys.platform == "esp32":
        from flashbdev import bdev  # MicroPython's own: the partition it started from

        from . import flash
        from .esp32.board import Board  # only the board in use is loaded

        flash.remount(bdev, "/")  # before its files are read
        return Board()
    from . import simulated

    return simulated.board_from(sys.argv[-1])
