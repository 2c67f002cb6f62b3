"""A periodic timer for MicroPython's unix port, which has none: a thread that sleeps, and has the
interpreter call between two bytecodes what is due."""

import _thread

from micropython import schedule

from ...clock import sleep_to_ms, ticks_ms


class Ticker:
    """Calls callback(self) every period_ms until `stop`. What the interpreter could not come to for
    a while is called once.

    Rule: what the thread does allocates nothing, and each attribute is written by one side.
    """

    def __init__(self, callback, period_ms: int) -> None:
        self.paused = False  # while a leap lets time pass, and makes the steps itself
        self._callback = callback
        self._period_ms = period_ms
        self._runs = True
        self._asked = 0  # by the thread
        self._called = 0
        self._due = self._call  # made once: it takes memory
        _thread.start_new_thread(self._run, ())

    def stop(self) -> None:
        self._runs = False
        self._callback = None  # what it belongs to may be needed for others now

    def _run(self) -> None:
        due = ticks_ms()
        while self._runs:
            due = sleep_to_ms(due, self._period_ms)
            if self._runs and self._asked == self._called:
                self._asked += 1
                schedule(self._due, None)

    def _call(self, _) -> None:
        self._called = self._asked
        if self._runs and not self.paused:
            self._callback(self)
