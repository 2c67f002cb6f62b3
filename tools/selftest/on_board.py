"""The part of `make selftest` that runs on the board: measures with the board's own objects, and
runs its control loop.

It is sent as /selftest/bench.mpy beside the firmware's files that it uses, names as in the sources.
`do ...` on a line of its own asks a person for something. Rules:

1. The contactor closes through the control loop only, and only after `may_close` was set.
2. Every function that runs the loop leaves safe outputs behind, however it ends; while it runs a
   watchdog of 3 s does the same.
3. Nothing here judges: functions return what was measured.
"""

import gc
import json
import sys
import time
from binascii import hexlify

import machine

from setpoint import clock


class _Nap:
    """What a task of the board waits for; `BoardUnderTest.tasks` holds when it goes on."""

    def __init__(self, ms):
        self.ms = ms

    def __await__(self):
        yield self.ms

    __iter__ = __await__


async def _nap_ms(ms):
    await _Nap(ms)


clock.sleep_ms = _nap_ms  # before the board's files take it: their tasks run in this loop

from at_rest import AtRest  # noqa: E402

from setpoint.board.esp32.board import Board  # noqa: E402
from setpoint.control import Control  # noqa: E402
from setpoint.pilot.faults import COUNT  # noqa: E402
from setpoint.pilot.level import class_of  # noqa: E402

PERIOD_MS, WATCHDOG_MS, IDLE_MS = 20, 3000, 60000


class BoardUnderTest(AtRest):
    def __init__(self, connector=1, patience_ms=120000):
        """patience_ms: how long a person may take."""
        with open("/board.json") as file:
            self.wiring = json.load(file)["connectors"][connector - 1]
        self.board = Board()
        self.board.make_safe()
        self.outlet = self.board.outlets[connector - 1]
        self.rating_da = int(self.board.supply["connector_amps"] * 10)
        self.patience_ms = patience_ms
        self.may_close = False
        self._food = machine.WDT(timeout=IDLE_MS).feed
        self.tasks = []
        self._replaced = []

    def facts(self):
        outlet = self.outlet
        return {
            "board": self.board.name,
            "loop_back": self.wiring["pilot"].get("loop_back_pin") is not None,
            "switch": outlet.has_pilot_switch,
            "feedback": outlet.contactor_closed() is not None,
            "cable": outlet.cable_ohm() is not None,
            "rcm": outlet.rcm_tripped() is not None,
            "rcm_test": outlet.has_rcm_test,
            "thermometer": self.board.has_thermometer,
            "ventilation": outlet.ventilation,
            "bits": outlet.pilot_bits,
            "rating_da": self.rating_da,
            "zero_mv": self.wiring["pilot"]["mv_at_0_v"],
            "mv_per_10_v": self.wiring["pilot"]["mv_per_10_v"],
            "micropython": sys.version.split("; ")[-1],
            "id": hexlify(machine.unique_id()).decode() if hasattr(machine, "unique_id") else "",
            "machine": getattr(sys.implementation, "_machine", "?"),
        }

    def do(self, what):
        print("do", what)

    # -- the control loop

    def begin(self, latched=None):
        """A fresh loop, as after a restart, that may charge with all that the board bears."""
        if not self.may_close:
            raise RuntimeError("nobody has allowed the contactor to close")
        self.board.make_safe()
        self.control = Control(self.board, self.rating_da, self._nothing, latched or {})
        self.evse = self.control.evses[self.outlet.id]
        self.evse.limit_da = self.rating_da
        self.evse.permitted = True
        self.evse.lock_wanted = self.outlet.has_lock
        self.load = None
        self.log = []  # (ms since begin, state)
        self.closings = []  # ms from the first C to the coil
        self.wrong = 0  # steps with the coil on outside C2 and C2S
        self.worst_ms = 0
        self._state = None
        self._c_us = None  # the first burst of C in a row
        # End of the last burst: "C", "not C", "E", "diode" (lower level above -10 V) and when it
        # was first so
        self.seen_us = {}
        self.coil = False
        self.coil_us = 0  # when it last changed
        self.now_us = self.before_us = time.ticks_us()  # the last two steps
        self._began_ms = self._last_ms = time.ticks_ms()
        self.tasks = [
            [part.run(), self._began_ms]
            for part in (self.outlet.lock, self.board._thermometer)
            if part is not None
        ]
        self._food = machine.WDT(timeout=WATCHDOG_MS).feed

    def end(self):
        self.board.make_safe()
        if self.outlet.has_lock:
            self.outlet.set_lock(False)
            for _ in range(30):
                time.sleep_ms(100)
                self._run_tasks()
        self.outlet.set_pilot_open(False)
        for thing, name in self._replaced:
            delattr(thing, name)
        self._replaced = []
        self.tasks = []
        self._food = machine.WDT(timeout=IDLE_MS).feed

    def replace(self, thing, name, function):
        """A method of the board or the outlet, until the end of this loop."""
        setattr(thing, name, function)
        self._replaced.append((thing, name))

    def _nothing(self):
        pass

    def _run_tasks(self):
        for task in self.tasks:
            while time.ticks_diff(time.ticks_ms(), task[1]) >= 0:
                task[1] = time.ticks_add(task[1], task[0].send(None))

    def step(self):
        """Waits for the next period and takes a step."""
        passed_ms = time.ticks_diff(time.ticks_ms(), self._last_ms)
        if passed_ms < PERIOD_MS:
            time.sleep_ms(PERIOD_MS - passed_ms)
        ticks_ms = time.ticks_ms()
        elapsed_ms = time.ticks_diff(ticks_ms, self._last_ms)
        self._last_ms = ticks_ms
        self.worst_ms = max(self.worst_ms, elapsed_ms)
        if self.load is not None:
            self.load()
        healthy = self.control.step(elapsed_ms)
        if healthy:
            self._food()
        self._run_tasks()
        self._look()

    def _look(self):
        self.before_us = self.now_us
        self.now_us = now_us = time.ticks_us()
        outlet = self.outlet
        sequence = self.evse.sequence
        burst = class_of(outlet.high_mv, outlet.low_mv, outlet.low_mv != outlet.high_mv, None)
        self._c_us = (self._c_us or now_us) if burst == "C" else None
        seen = self.seen_us
        for name, yes in (
            ("C", burst == "C"),
            ("E", burst == "E"),
            ("diode", outlet.low_mv > -10000 and burst in "BCD"),
        ):
            if not yes:
                seen.pop("first " + name, None)
            else:
                seen[name] = now_us
                seen.setdefault("first " + name, now_us)
        if outlet.closed != self.coil:
            self.coil = outlet.closed
            self.coil_us = now_us
            if self.coil and self._c_us is not None:
                self.closings.append(time.ticks_diff(now_us, self._c_us) // 1000)
        if self.coil and sequence.state not in ("C2", "C2S"):
            self.wrong += 1
        if sequence.state != self._state:
            self._state = sequence.state
            self.log.append((time.ticks_diff(self._last_ms, self._began_ms), sequence.state))

    def run(self, ms, until=None):
        """Steps for so long, or until that is true. How long it took in ms, None: in vain."""
        started_ms = time.ticks_ms()
        while True:
            self.step()
            passed_ms = time.ticks_diff(time.ticks_ms(), started_ms)
            if until is not None and until():
                return passed_ms
            if passed_ms >= ms:
                return None if until is not None else passed_ms

    def reach(self, what, state):
        """Asks for it, and waits for the state. False: it did not come."""
        self.do(what)
        return self.run(self.patience_ms, lambda: self.evse.sequence.state == state) is not None

    def charge(self):
        """Begins, and has a vehicle charge. Raises RuntimeError, with what it sees instead."""
        self.begin()
        for what, state in (("A", "A"), ("B", "B2"), ("C", "C2")):
            if not self.reach(what, state):
                raise self._other_than(state)
        if self.run(400, lambda: not self.coil) is not None:
            raise self._other_than("C2 for long")

    def _other_than(self, wanted):
        seen = self.evse.sequence.state, ", ".join(self.faults()) or "none", self.outlet.high_mv
        return RuntimeError(
            "no state %s: it is in %s, faults: %s; pilot at %d mV" % ((wanted,) + seen)
        )

    def faults(self):
        from setpoint.pilot.fault_words import report_of

        bits = self.evse.faults
        return [report_of(bit, 0)[1] for bit in range(COUNT) if bits >> bit & 1]

    def opening_us(self, since_us, within_ms=2000):
        """From then until the contactor is seen open, or its coil off where nothing sees it; None:
        not within that time."""
        if self.run(within_ms, lambda: not self.coil) is None:
            return None
        while self.outlet.contactor_closed():
            time.sleep_us(500)
            if time.ticks_diff(time.ticks_us(), since_us) > within_ms * 1000:
                return None
        end_us = time.ticks_us() if self.outlet.contactor_closed() is False else self.coil_us
        return time.ticks_diff(end_us, since_us)

    def guarded(self, function, *arguments):
        """What it returns, as a line `= ...`; safe outputs in any case."""
        try:
            print("=", repr(function(self, *arguments)))
        finally:
            self.end()
            gc.collect()
