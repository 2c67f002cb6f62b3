"""Whoever attacks or breaks what is around it, the control loop goes on: its steps and outputs, looked at all the while."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from tools.bench import CommandFailed, StationDied
from tools.faults.bench import Bench

ISOLATION = "looks at pilot, contactor and control loop meanwhile"  # the row of the report
_EVERY_S = 0.05
_LONGEST_S = 2.5  # without a step: the host may be busy; the watchdog of a board bites after 8 s


class Watch:
    """Looks at a charging connector from a thread of its own, as often as it is answered, until it is stopped."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._wanted = _outputs(bench.station.connector())
        self._over = threading.Event()
        self._looks: list[str | None] = []
        self.steps = 0
        self.worst_stall_ms = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        last_step, stepped_at = -1, time.monotonic()
        while not self._over.wait(_EVERY_S):
            try:
                state = self._bench.station.state()
            except (StationDied, CommandFailed, OSError) as gone:
                self._looks.append("no answer: %s" % gone)
                return
            now = time.monotonic()
            trouble = None
            if state["loop"]["steps"] != last_step:
                last_step, stepped_at = state["loop"]["steps"], now
            elif now - stepped_at > _LONGEST_S:
                trouble = "no step for %.1f s" % (now - stepped_at)
            if _outputs(state["connectors"][0]) != self._wanted:
                trouble = "contactor, offer and state of the pilot were %s, and are %s" % (self._wanted, _outputs(state["connectors"][0]))
            self.steps, self.worst_stall_ms = last_step, state["loop"]["worst_stall_ms"]
            self._looks.append(trouble)

    def look_again(self, times: int) -> None:
        """Waits until it has looked so many times more, or has ended: then its last look says why."""
        wanted = len(self._looks) + times
        while len(self._looks) < wanted and self._thread.is_alive():
            time.sleep(_EVERY_S)

    def stop(self) -> Iterator[str | None]:
        """For each look what was wrong, or None."""
        self._over.set()
        self._thread.join()
        yield from self._looks


def _outputs(connector: dict) -> tuple[Any, ...]:
    return connector["contactor"]["closed"], connector["pilot"]["offered_amps"], connector["pilot"]["state"]
