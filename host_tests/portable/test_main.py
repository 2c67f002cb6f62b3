"""What main.py leaves behind for whoever stopped the program."""

import gc
import sys
import time

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
