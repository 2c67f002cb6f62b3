"""What happens to the station, day by day: charges, outages, profiles, restarts, faults. All of it
comes from one seed.

A day goes from 03:00 to 03:00. In the last minutes nobody charges and every profile is cleared, so
that the heap of one night can be compared with that of another."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tools import expected
from tools.central_system import CallRefused, CentralSystem
from tools.soak.accounts import SITE, Accounts
from tools.station_process import CommandFailed, StationDied, StationProcess

BEGIN = datetime(2026, 1, 5, 3, tzinfo=timezone.utc)  # a Monday
DAY_S = 86400
_NIGHT_S = 15 * 60  # before the end of the day: everybody has left
PATIENCE_S = 60
UNANSWERED = (CallRefused, TimeoutError, ConnectionError)
_KEYS = {
    "AllowOfflineTxForUnknownId": "true",
    "MeterValueSampleInterval": "300",
    "MeterValuesSampledData": "Energy.Active.Import.Register,Current.Import",
    "TransactionMessageRetryInterval": "1",
    "WebSocketPingInterval": "0",
}

# (begins by, ends by, how likely on a day, for how long at most): methods of Events.
_TROUBLES = (
    ("lose_link", "find_link", 0.6, 8 * 3600),
    ("stop_central_system", "start_central_system", 0.3, 3 * 3600),
    ("fill_flash", "mend_flash", 0.2, 2400),
    ("break_something", "mend_everything", 0.6, 600),
    ("fail_a_write", None, 0.7, 0),
    ("cut_power", None, 0.15, 0),
    ("cut_power_in_a_write", None, 0.2, 0),
    ("reset", None, 0.15, 0),
)


def text_of(second: int) -> str:
    return (BEGIN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Life:
    """One station with two connectors. `now` counts simulated seconds from the first day's
    beginning."""

    def __init__(self, folder: Path, interpreter: list[str], heap: str | None, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = 0
        self.accounts = Accounts()
        self.counts: dict[str, int] = {}
        self.heap_marks: list[tuple[int, int]] = []  # (number of the start, bytes in use at night)
        self.worst_stall_ms = 0
        self.writes = 0
        self._writes_of_start = 0
        self.starts = 0
        self.vehicles: dict[int, dict] = {}
        self.central = CentralSystem(on_message=self.accounts.hear)
        self.central.start()
        folder.mkdir(parents=True, exist_ok=True)
        self.flash = folder / "flash"
        self.station = StationProcess(
            folder,
            interpreter,
            heap=heap,
            csms_url=self.central.url,
            connectors=[{"id": 1}, {"id": 2}],
            keys=_KEYS,
            device={
                "reconnect": {"minimum_s": 0, "random_s": 0},
                "grid_amps": SITE.grid_amps,
                "phase_switch": False,
            },
        )
        self.link = True
        self.listens = True
        self.cut_is_due = False
        self.full = False  # the flash
        self.mending: dict | None = None  # the command that ends the fault there is
        self.next_tag = 1

    def close(self) -> None:
        self.station.close()
        self.central.stop()

    # ---- time and power ----

    @property
    def online(self) -> bool:
        return self.link and self.listens

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def start(self) -> None:
        """Power comes back, with whoever is plugged in."""
        self.station.kill()
        self.starts += 1
        self.link = True
        self._writes_of_start = 0
        self.station.start_fields["clock"] = {"at": text_of(self.now), "frozen": True}
        self.station.start_fields["vehicles"] = [
            {"connector": number, **vehicle} for number, vehicle in self.vehicles.items()
        ]
        self.station.start()
        if self.online:
            self.station.wait_until(lambda state: state["registered"], PATIENCE_S)
        self.pass_until(self.now + 30)

    def pass_until(self, second: int) -> dict:
        """Lets time pass, across power cuts; the state then, which the accounts have looked at."""
        while True:
            try:
                if second > self.now:
                    self.station.cmd("clock", advance_s=second - self.now)
                    self.now = second
                state = self.station.wait_until(
                    lambda state: state["now"] == text_of(self.now), PATIENCE_S, every=0.02
                )
                break
            except (StationDied, TimeoutError):
                self.now = max(second, self.now)
                self._after_death()
        self.worst_stall_ms = max(self.worst_stall_ms, state["loop"]["worst_stall_ms"])
        self.writes += state["flash"]["writes"] - self._writes_of_start
        self._writes_of_start = state["flash"]["writes"]
        self.accounts.look(state, self.instant())
        return state

    def instant(self) -> int:
        return expected.instant(text_of(self.now))

    def _after_death(self) -> None:
        """It may die of a power cut in a write only."""
        if self.cut_is_due and self.station.ends_within(5):
            self.count("power cuts in the middle of a write")
        else:
            self.accounts.trouble(
                "the station ended with code %s at %s: %s"
                % (self.station.exit_code, text_of(self.now), self.station.log[-3:])
            )
        self.cut_is_due = False
        self.start()

    # ---- a day ----

    def days(self, count: int) -> Iterator[int]:
        """Lives so many days; the number of each when it is over."""
        self.start()
        for number in range(1, count + 1):
            begin = (number - 1) * DAY_S
            for second, name, arguments in self._plan():
                self._do(begin + second, name, arguments)
            self._rest(begin + DAY_S)
            yield number
        self._settle()

    def _plan(self) -> list[tuple[int, str, tuple]]:
        """(second of the day, what, arguments), in order."""
        chance = self.chance
        last = DAY_S - _NIGHT_S - 600
        plan: list[tuple[int, str, tuple]] = []
        for connector in (1, 2):
            at = 600 + chance.randrange(3 * 3600)
            while at < last - 1200:
                leaves = min(at + chance.randrange(600, 5 * 3600), last)
                plan += [(at, "arrive", (connector,)), (leaves, "leave", (connector,))]
                at = leaves + chance.randrange(300, 3 * 3600)
        at = 300
        while at < last:
            plan.append((at, "change_profiles", ()))
            at += chance.randrange(1200, 5400)
        for begins_by, ends_by, likely, longest_s in _TROUBLES:
            if chance.random() < likely:
                begins = chance.randrange(1800, last - 60)
                plan.append((begins, begins_by, ()))
                if ends_by:
                    plan.append((min(begins + chance.randrange(60, longest_s), last), ends_by, ()))
        return sorted(plan)

    def _do(self, second: int, name: str, arguments: tuple) -> None:
        self.pass_until(max(second, self.now))
        try:
            getattr(self, name)(*arguments)
        except UNANSWERED:
            self.count("requests without an answer")
        except CommandFailed as refusal:
            self.accounts.trouble("%s: %s" % (name, refusal))
        except StationDied:
            self._after_death()

    def _rest(self, until: int) -> None:
        """The night: everybody gone, everything mended and cleared; how much heap is in use."""
        self._do(self.now, "mend_everything", ())
        for connector in list(self.vehicles):
            self._do(self.now, "leave", (connector,))
        self.pass_until(max(self.now, until - _NIGHT_S + 300))
        self._do(self.now, "mend_flash", ())
        self._do(self.now, "start_central_system", ())
        self._do(self.now, "find_link", ())
        while not self._cleared():
            self.pass_until(self.now + 5)
        self.pass_until(max(self.now, until))
        used = min(self.station.state()["memory"]["used"] for _ in range(8))
        self.heap_marks.append((self.starts, used))

    def _cleared(self) -> bool:
        """No profile is left."""
        try:
            self.central.call("ClearChargingProfile", {})
        except UNANSWERED:
            return False
        self.accounts.profiles([[]], self.instant())
        return True

    def _settle(self) -> None:
        """Everything is told."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up and self.accounts.open():
            self.pass_until(self.now + 60)
