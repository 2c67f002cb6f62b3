"""What main.py leaves behind for whoever stopped the program."""

import gc
import sys
import time

import setpoint.app
import setpoint.board
import setpoint.main
from setpoint.main import _empty_queue


class Large:
    def __init__(self):
        self.content = bytearray(20000)

    def called(self, _):
        pass


def test_a_callback_that_has_run_is_not_kept_with_all_that_it_belongs_to():
    if sys.implementation.name != "micropython":
        return  # its scheduler alone has such a queue
    from micropython import schedule

    gc.collect()
    before = gc.mem_alloc()
    for _ in range(8):
        schedule(Large().called, None)
        time.sleep_ms(1)
    gc.collect()
    assert gc.mem_alloc() - before > 60000, "the interpreter's queue has changed"
    _empty_queue()
    gc.collect()
    # One may still be in a register, where a collection sees it
    assert gc.mem_alloc() - before < 40000


class Program:
    """Board, app and control loop of a program that ends by `how`; it notes what main asks for."""

    root = ""

    def __init__(self, how):
        self.how = how
        self.asked = []
        self.control = self
        self.died = False

    def make_safe(self):
        self.asked.append("make_safe")

    def set_up(self):
        return None

    def halt(self):
        self.asked.append("halt")

    def reset(self):
        self.asked.append("reset")

    async def run(self):
        raise self.how


def asked_by_main(how):
    program = Program(how)
    kept = setpoint.board.this, setpoint.app.App, setpoint.main._forget_modules, setpoint.main._keep
    setpoint.board.this = lambda: program
    setpoint.app.App = lambda board, started: program
    setpoint.main._forget_modules = lambda: None
    setpoint.main._keep = lambda *what: None
    try:
        setpoint.main.run()
    finally:
        (
            setpoint.board.this,
            setpoint.app.App,
            setpoint.main._forget_modules,
            setpoint.main._keep,
        ) = kept
        gc.threshold(-1)
    return program.asked


def test_however_the_program_ends_the_control_loop_is_halted_before_anything_else():
    if sys.implementation.name != "micropython":
        return  # main sets its collector
    for how in (KeyboardInterrupt(), MemoryError(), ValueError("a fault of the program")):
        asked = asked_by_main(how)
        assert asked[:2] == ["make_safe", "halt"], (how, asked)
        assert asked[-1] == "make_safe", (how, asked)
