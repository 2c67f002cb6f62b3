"""Runs the station: safe outputs first, and safe again on every way out. It ends in a reset, or by Ctrl-C."""

import asyncio
import gc
import sys

from setpoint import board as boards

# A small heap is lost to holes, not to what is kept: so garbage goes while it is fresh.
gc.threshold(1024)
board = boards.this()
board.make_safe()
try:
    from setpoint.app import App  # after the outputs are safe: this takes a second on a small chip

    app = App(board)
    gc.threshold(2048)
    asyncio.run(app.run())
    board.reset()
except KeyboardInterrupt:
    print("stopped")
except Exception as error:
    board.make_safe()
    sys.print_exception(error)
    board.reset()
finally:
    board.make_safe()
