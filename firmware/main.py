"""Runs the station: safe outputs first, and safe again on every way out. It ends in a reset, or by Ctrl-C."""

import asyncio
import sys

from setpoint import board as boards

board = boards.this()
board.make_safe()
try:
    from setpoint.app import App  # after the outputs are safe: this takes a second on a small chip

    asyncio.run(App(board).run())
    board.reset()
except KeyboardInterrupt:
    print("stopped")
except Exception as error:
    board.make_safe()
    sys.print_exception(error)
    board.reset()
finally:
    board.make_safe()
