"""A station and a central system to break things on, and what must hold after each break.

What is lost raises AssertionError with a sentence.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tools import expected, profile_files
from tools.central_system import CallRefused, CentralSystem
from tools.station_process import CommandFailed, StationDied, StationProcess
from tools.traffic import violations

INSTALLED_DA = 320  # what the connector bears: no limit may ever be above it
GONE = (StationDied, CommandFailed, TimeoutError, ConnectionError, CallRefused)
_PATIENCE_S = 20  # for everything to reach the central system
_QUIET_S = 0.5
_ANSWER_S = 40  # until a request is answered again: a time-out of the WebSocket, a new connection
_LOOK_S = 0.05
_LONGEST_S = 2.5  # without a step: the host may be busy; the watchdog of a board bites after 8 s


def schedule(number: int, kind: str, periods: list[tuple[int, float]], **more: Any) -> dict:
    """A TxDefaultProfile at the level of its number; a TxProfile if `more` has a transactionId."""
    purpose = "TxProfile" if "transactionId" in more else "TxDefaultProfile"
    return profile_files.made(number, purpose, kind, periods, number, **more)


def profile(number: int, amps: float, periods: int = 3) -> dict:
    """A Relative TxDefaultProfile with the same current in each of its hours."""
    return schedule(number, "Relative", [(3600 * hour, amps) for hour in range(periods)])


def local_list(version: int, numbers: Iterable[int], *gone: str) -> dict:
    """A SendLocalList: version 1 is the full list, a later one adds and removes cards."""
    cards: list[dict] = [
        {"idTag": "LISTED%d" % number, "idTagInfo": {"status": "Accepted"}} for number in numbers
    ]
    return {
        "listVersion": version,
        "updateType": "Full" if version == 1 else "Differential",
        "localAuthorizationList": cards + [{"idTag": tag} for tag in gone],
    }


def in_short(names: Iterable[str], *chosen: str) -> list[Any]:
    """A parameter for each name; the short form tries the chosen ones."""
    return [pytest.param(name, marks=[] if name in chosen else pytest.mark.slow) for name in names]


def trials(group: type) -> list[str]:
    """The names of a class's public methods."""
    return [name for name in vars(group) if not name.startswith("_")]


def wait_for(condition: Callable[[], Any], timeout: float, complaint: str) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, complaint
        time.sleep(0.02)


class Bench:
    """One central system, one station, and a vehicle that stays plugged in through power cuts.

    start: fields of the start file; `keys` come in addition to the bench's own."""

    def __init__(self, folder: Path, interpreter: list[str], **start: Any) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.central = CentralSystem()
        self.central.start()
        keys = {
            "MeterValueSampleInterval": "1",
            "TransactionMessageRetryInterval": "1",
            # Its seconds are real ones: no charge waits for a contactor's rest
            "ContactorMinimumClosedSeconds": "0",
            "ContactorMinimumOpenSeconds": "0",
        }
        defaults = {
            "csms_url": self.central.url,
            "device": {"reconnect": {"minimum_s": 0, "random_s": 0}},
            "vehicles": [],
        }
        fields = {**defaults, **start, "keys": {**keys, **start.get("keys", {})}}
        self.station = StationProcess(folder, interpreter, **fields)
        self._watch: Watch | None = None

    def close(self) -> None:
        self.station.close()
        self.central.stop()

    def keep_flash(self) -> None:
        """Remembers the flash (and the meter's memory) as it is; the station must be off."""
        shutil.copytree(self.folder / "flash", self.folder / "kept")

    def restore_flash(self) -> None:
        shutil.rmtree(self.folder / "flash")
        shutil.copytree(self.folder / "kept", self.folder / "flash")

    def plugged(self, amps: int | None) -> None:
        """Whether a vehicle is at the connector from the next power-up on."""
        vehicle = {"connector": 1, "amps": amps, "phases": 3}
        self.station.start_fields["vehicles"] = [] if amps is None else [vehicle]

    def start(self) -> None:
        """Power comes; returns when the station is registered again."""
        since = len(self.central.messages)
        self.station.start()
        self.central.wait_for("BootNotification", since=since, timeout=15)
        self.station.wait_until(lambda state: state["registered"])

    def start_charging(self) -> None:
        """Power comes and a card is shown; from when the transaction has its id, outputs are
        watched."""
        self.start()
        self.station.cmd("swipe", tag="CARD")
        self.wait_charging(32)
        self.watch()

    def wait_charging(self, amps: float) -> None:
        """Waits until connector 1 is offered so much in a transaction with an id."""

        def charges(state: dict) -> Any:
            here = state["connectors"][0]
            offered = here["contactor"]["closed"] and here["pilot"]["offered_amps"] == amps
            return offered and (here["transaction"] or {}).get("id")

        self.station.wait_until(charges)

    def wait_transaction(self, timeout: float = 10) -> int:
        """Waits until the transaction of connector 1 has its id."""

        def known(state: dict) -> Any:
            return (state["connectors"][0]["transaction"] or {}).get("id")

        return known(self.station.wait_until(known, timeout))

    def wait_ended(self, timeout: float = 10) -> None:
        """Waits until connector 1 has no transaction."""
        self.station.wait_until(
            lambda state: state["connectors"][0]["transaction"] is None, timeout
        )

    def leap(self, seconds: int) -> None:
        """Time passes at once."""
        until = expected.instant(self.station.state()["now"]) + seconds
        self.station.cmd("clock", advance_s=seconds)
        self.station.wait_until(lambda state: expected.instant(state["now"]) >= until, 60)

    # ---- the outputs of connector 1, looked at all the while ----

    def watch(self) -> None:
        self.unwatch()
        self._before = _charge(self.station.connector())
        self._watch = Watch(self.station)

    def unwatch(self) -> tuple[int, int]:
        """The last looks; the station may go."""
        seen = self._watch.looked() if self._watch else (0, 0)
        if self._watch:
            self._watch.stop()
        self._watch = None
        return seen

    def looked(self) -> tuple[int, int]:
        """(looks since this was last asked, ms of the control loop's worst stall so far). Raises
        for the first that saw something else than at the beginning."""
        assert self._watch
        return self._watch.looked()

    def check_unmoved(self) -> tuple[int, int]:
        """The station answers, and the charge is what it was; as `looked`."""
        self.check_answers()
        now = _charge(self.station.connector())
        assert now == self._before, (
            "contactor, limit, offer or transaction changed from %s to %s" % (self._before, now)
        )
        return self.looked()

    # ---- what must hold ----

    def ask(self, action: str, payload: dict) -> None:
        status = self.central.call(action, payload)["status"]
        assert status == "Accepted", "%s is %s: %s" % (action, status, payload)

    def install(self, sent: dict, connector: int = 1) -> None:
        self.ask("SetChargingProfile", {"connectorId": connector, "csChargingProfiles": sent})

    def profiles(self) -> dict[int, dict]:
        """What the station says is installed, by id."""
        answer = self.central.call(
            "DataTransfer", {"vendorId": "Setpoint", "messageId": "Profiles"}
        )
        return {found["chargingProfileId"]: found for found in json.loads(answer["data"])}

    def key(self, name: str) -> str:
        return self.central.call("GetConfiguration", {"key": [name]})["configurationKey"][0][
            "value"
        ]

    def list_version(self) -> int:
        return self.central.call("GetLocalListVersion")["listVersion"]

    def limit_da(self) -> int:
        return round(10 * self.station.connector()["limit"]["amps"])

    def check_limit(self, allowed_da: set[int]) -> None:
        limit = self.limit_da()
        may = " or ".join("%.1f A" % (da / 10) for da in sorted(allowed_da))
        assert limit in allowed_da and limit <= INSTALLED_DA, (
            "the limit is %.1f A, and may be %s" % (limit / 10, may)
        )

    def check_answers(self) -> None:
        """A valid request gets its answer, if need be on a new connection."""
        end = time.monotonic() + _ANSWER_S
        while True:
            try:
                self.central.call("GetConfiguration", {"key": ["HeartbeatInterval"]}, timeout=2)
                return
            except (TimeoutError, ConnectionError, CallRefused) as trouble:
                assert time.monotonic() < end, "valid requests are no longer answered: %s" % trouble
                time.sleep(0.05)

    def end_sessions(self) -> None:
        """The vehicle leaves; waits until the station has told all it has to tell."""
        self.station.cmd("plug_out", connector=1)
        self.wait_ended()
        end = time.monotonic() + _PATIENCE_S
        told, quiet_since = len(self.central.messages), time.monotonic()
        while time.monotonic() < end and (
            self._open() or time.monotonic() < quiet_since + _QUIET_S
        ):
            time.sleep(0.05)
            if len(self.central.messages) != told:
                told, quiet_since = len(self.central.messages), time.monotonic()

    def _open(self) -> set[int]:
        """Transactions that began at the central system and have not ended there."""
        ended = {stop.payload["transactionId"] for stop in self.central.seen("StopTransaction")}
        return set(self.central.transactions.values()) - ended

    def check_transactions(self, least: int = 0, most: int | None = None) -> None:
        """Every transaction that the central system heard of began once and ended once, with a
        register that does not go back."""
        ended = self.central.seen("StopTransaction")
        for (_, tag, meter, stamp), transaction in self.central.transactions.items():
            stops = [stop.payload for stop in ended if stop.payload["transactionId"] == transaction]
            assert stops, "transaction %d of %s at %s never ended" % (transaction, tag, stamp)
            for stop in stops:
                assert stop == stops[0], "transaction %d ended twice: %s and %s" % (
                    transaction,
                    stops[0],
                    stop,
                )
            assert stops[0]["meterStop"] >= int(meter), (
                "the register went back in transaction %d" % transaction
            )
        ids = set(self.central.transactions.values())
        unknown = {stop.payload["transactionId"] for stop in ended} - ids
        assert not unknown, "StopTransaction for %s, which never began" % unknown
        enough = least <= len(ids) and (most is None or len(ids) <= most)
        assert enough, "%d transactions reached the central system instead of %d to %s" % (
            len(ids),
            least,
            most,
        )

    def check_traffic(self) -> None:
        faults = violations(list(self.central.messages))
        assert not faults, "messages that OCPP 1.6 does not allow: " + "; ".join(faults)


class Watch:
    """Looks at a charging connector from a thread of its own, as often as it is answered, until
    it is stopped."""

    def __init__(self, station: StationProcess) -> None:
        self._station = station
        self._wanted = _outputs(station.connector())
        self._over = threading.Event()
        self._trouble: str | None = None
        self._looks = self._told = 0
        self._worst_stall_ms = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        last_step, stepped_at = -1, time.monotonic()
        while not self._over.wait(_LOOK_S):
            try:
                state = self._station.state()
            except (StationDied, CommandFailed, OSError) as gone:
                self._trouble = self._trouble or "no answer: %s" % gone
                return
            now, outputs = time.monotonic(), _outputs(state["connectors"][0])
            if state["loop"]["steps"] != last_step:
                last_step, stepped_at = state["loop"]["steps"], now
            elif now - stepped_at > _LONGEST_S:
                self._trouble = self._trouble or "no step for %.1f s" % (now - stepped_at)
            if outputs != self._wanted:
                what = "contactor, offer and state of the pilot were %s, and are %s"
                self._trouble = self._trouble or what % (self._wanted, outputs)
            self._worst_stall_ms = state["loop"]["worst_stall_ms"]
            self._looks += 1

    def looked(self) -> tuple[int, int]:
        """As Bench.looked; at least one look began after this was asked."""
        wanted = self._looks + 2
        wait_for(lambda: self._looks >= wanted or self._trouble, 60, "nobody looks")
        trouble, self._trouble = self._trouble, None
        assert not trouble, trouble
        looks, self._told = self._looks - self._told, self._looks
        return looks, self._worst_stall_ms

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def _outputs(connector: dict) -> tuple[Any, ...]:
    return (
        connector["contactor"]["closed"],
        connector["pilot"]["offered_amps"],
        connector["pilot"]["state"],
    )


def _charge(connector: dict) -> tuple[Any, ...]:
    return (
        *_outputs(connector)[:2],
        connector["limit"]["amps"],
        (connector["transaction"] or {}).get("id"),
    )
