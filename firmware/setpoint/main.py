"""Runs the station: safe outputs first, and safe again on every way out. It ends in a reset, or by
Ctrl-C."""

import gc
import sys

_NO_MEMORY = "There is not enough memory to start: on a chip without PSRAM the program belongs inside MicroPython's image, which make flash writes"


def run(started: str = "", forget_starts=None, restart_for_memory=None) -> None:
    """What boot.py hands over, on a device: its sentence, and what to call before a restart that
    was asked for, and in the place of one when there was no memory to start."""
    # A small heap is lost to holes, not to what is kept: so garbage goes while it is fresh.
    gc.threshold(1024)
    board = app = None
    running = False
    try:
        from .board import this

        board = this()
        board.make_safe()
        import asyncio

        way = board.set_up()
        if way is not None:
            set_up(board, way, started, forget_starts)
        from .app import App  # after the outputs are safe: this takes a second on a small chip

        app = App(board, started)
        gc.threshold(2048)
        running = True
        asyncio.run(app.run())
        if not app.died and forget_starts:
            forget_starts()  # a restart that was asked for is no crash
        board.reset()
    except KeyboardInterrupt:
        _make_safe(board, app)
        print("stopped")
        app = None
        _forget_modules()
    except Exception as error:
        _make_safe(board, app)
        no_memory = isinstance(error, MemoryError) and not running
        sentence = (
            _NO_MEMORY
            if no_memory
            else str(error)
            if type(error).__name__ == "UnfitBoard"
            else None
        )
        if no_memory:
            app = None
            _forget_modules()
        if sentence is None:
            sys.print_exception(error)
        else:
            # For people, and no fault of the program
            print("This board is not started. %s" % sentence)
        _keep(board, sentence, error)
        if no_memory and restart_for_memory:
            restart_for_memory()
        if board is None:
            import machine

            # The mark of a reset on purpose: this is no panic
            machine.RTC().memory(machine.RTC().memory() + b"R")
            machine.reset()  # boot.py's outputs stand, and it counts how often this happens
        board.reset()
    finally:
        _make_safe(board, None)


def set_up(board, way, started: str, forget_starts) -> None:
    """Set-up mode in the place of the agent (setup/mode.py); it ends in a restart."""
    import asyncio

    from .setup.mode import SetUp

    mode = SetUp(board, way, started)
    try:
        asyncio.run(mode.run())
    finally:
        way.close()
    if not mode.died and forget_starts:
        forget_starts()
    board.reset()


def _make_safe(board, app) -> None:
    """A step of the control loop may still wait in the interpreter's queue: where there is an app,
    that step changes nothing any more."""
    if app is not None:
        app.control.halt()
    elif board is not None:
        board.make_safe()


def _forget_modules() -> None:
    """What was imported of the program is dropped: there must be room for a sentence that says why,
    or for who interrupted."""
    core = sys.modules.get("asyncio.core")
    if core is not None:
        core.new_event_loop()  # what waits there holds the app
        core.cur_task = None
    others = {
        name: sys.modules[name]
        for name in sys.modules
        if name.split(".")[0] not in ("setpoint", "asyncio")
    }
    # Of a name that is only deleted, or whose import failed, the table keeps the module
    sys.modules.clear()
    sys.modules.update(others)
    _empty_queue()
    gc.collect()


def _empty_queue() -> None:
    """What the scheduler has called stays in its queue until something else takes the place, and
    with it the control loop, or whatever the callback belongs to."""
    from micropython import schedule

    for _ in range(8):  # its places on an ESP32; a PC has fewer
        try:
            schedule(bool, None)
        except RuntimeError:  # full of what is still to be called
            pass


def _keep(board, sentence: "str | None", error: Exception) -> None:
    """Writes into the log's ring why the station is not started, or ended."""
    if board is None and sentence is None:
        return
    try:
        from setpoint.log_ring import sentence_of, write

        write(
            (board.root if board is not None else "") + "/state",
            "error main     " + (sentence or sentence_of(error)),
        )
    except Exception:
        pass  # it is on the serial line; the reset matters more
