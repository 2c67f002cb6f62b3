"""Runs the station: safe outputs first, and safe again on every way out. It ends in a reset, or by Ctrl-C."""

import asyncio
import gc
import sys

# A small heap is lost to holes, not to what is kept: so garbage goes while it is fresh.
gc.threshold(1024)
board = None
try:
    from setpoint import board as boards

    board = boards.this()
    board.make_safe()
    from setpoint.app import App  # after the outputs are safe: this takes a second on a small chip

    app = App(board, globals().get("started", ""))  # boot.py's sentence, on a device
    gc.threshold(2048)
    asyncio.run(app.run())
    if not app.died and "forget_starts" in globals():
        globals()["forget_starts"]()  # a restart that was asked for is no crash
    board.reset()
except KeyboardInterrupt:
    print("stopped")
except Exception as error:
    if board is not None:
        board.make_safe()
    unfit = type(error).__name__ == "UnfitBoard"  # a sentence for people, and no fault of the program
    if unfit:
        print("This board is not started. %s" % error)
    else:
        sys.print_exception(error)
    try:
        from setpoint.log_ring import sentence_of, write

        if unfit or board is not None:
            write((board.root if board is not None else "") + "/state", "error main     " + (str(error) if unfit else sentence_of(error)))
    except Exception:
        pass  # it is on the serial line; the reset matters more
    if board is None:
        import machine

        machine.reset()  # boot.py's outputs stand, and it counts how often this happens
    board.reset()
finally:
    if board is not None:
        board.make_safe()
