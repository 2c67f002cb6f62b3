"""A station and a central system to break things on, and what must hold after each break."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from tools import bench
from tools.central_system import CallRefused, CentralSystem
from tools.traffic import violations

INSTALLED_DA = 320  # what the connector bears: no limit may ever be above it
_PATIENCE_S = 20  # for everything to reach the central system
_QUIET_S = 0.5
_ANSWER_S = 40  # until a valid request is answered again: a time-out of the WebSocket, and a new connection


class Lost(Exception):
    """Something that was answered for is gone, doubled or wrong; the argument is a sentence."""


class Bench:
    """One central system, one station with one connector, and a vehicle that stays plugged in through power cuts."""

    def __init__(self, folder: Path, interpreter: list[str]) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.central = CentralSystem()
        self.central.start()
        self.station = bench.StationProcess(
            folder,
            interpreter,
            csms_url=self.central.url,
            keys={"MeterValueSampleInterval": "1", "TransactionMessageRetryInterval": "1"},
            device={"reconnect": {"minimum_s": 0, "random_s": 0}},
            vehicles=[],
        )

    def close(self) -> None:
        self.station.close()
        self.central.stop()

    def keep_flash(self) -> None:
        """Remembers the flash (and the meter's memory) as it is; the station must be off."""
        shutil.copytree(self.folder / "flash", self.folder / "kept")

    def restore_flash(self) -> None:
        shutil.rmtree(self.folder / "flash")
        shutil.copytree(self.folder / "kept", self.folder / "flash")

    def start(self) -> None:
        """Power comes; returns when the station is registered again."""
        boots = len(self.central.seen("BootNotification"))
        self.station.start()
        self.central._wait(lambda: len(self.central.seen("BootNotification")) > boots, 15, "no BootNotification after power-up")
        self.station.wait_until(lambda state: state["registered"])

    def start_charging(self) -> None:
        """Power comes and a card is shown; returns when the vehicle is offered all there is and the transaction has its id."""
        self.start()
        self.station.cmd("swipe", tag="CARD")
        self.station.wait_until(lambda state: state["connectors"][0]["pilot"]["offered_amps"] == 32 and state["connectors"][0]["contactor"]["closed"])
        self.station.wait_until(lambda state: state["connectors"][0]["transaction"]["id"])

    def plugged(self, amps: int | None) -> None:
        """Whether a vehicle is at the connector from the next power-up on."""
        self.station.start_fields["vehicles"] = [] if amps is None else [{"connector": 1, "amps": amps, "phases": 3}]

    # ---- what must hold ----

    def profiles(self) -> dict[int, dict]:
        """What the station says is installed, by id."""
        answer = self.central.call("DataTransfer", {"vendorId": "Setpoint", "messageId": "Profiles"})
        return {profile["chargingProfileId"]: profile for profile in json.loads(answer["data"])}

    def limit_da(self) -> int:
        return round(10 * self.station.connector()["limit"]["amps"])

    def check_limit(self, allowed_da: set[int]) -> None:
        limit = self.limit_da()
        if limit not in allowed_da or limit > INSTALLED_DA:
            raise Lost("the limit is %.1f A, and may be %s" % (limit / 10, " or ".join("%.1f A" % (da / 10) for da in sorted(allowed_da))))

    def check_answers(self) -> None:
        """A valid request gets its answer, if need be on a new connection."""
        end = time.monotonic() + _ANSWER_S
        while True:
            try:
                self.central.call("GetConfiguration", {"key": ["HeartbeatInterval"]}, timeout=2)
                return
            except (TimeoutError, ConnectionError, CallRefused) as trouble:
                if time.monotonic() > end:
                    raise Lost("valid requests are no longer answered: %s" % trouble) from trouble
                time.sleep(0.1)

    def end_sessions(self) -> None:
        """The vehicle leaves; waits until the station has told all it has to tell."""
        self.station.cmd("plug_out", connector=1)
        self.station.wait_until(lambda state: state["connectors"][0]["transaction"] is None)
        end = time.monotonic() + _PATIENCE_S
        told, quiet_since = len(self.central.messages), time.monotonic()
        while time.monotonic() < end and (self._open() or time.monotonic() < quiet_since + _QUIET_S):
            time.sleep(0.05)
            if len(self.central.messages) != told:
                told, quiet_since = len(self.central.messages), time.monotonic()

    def _open(self) -> set[int]:
        """Transactions that began at the central system and have not ended there."""
        ended = {stop.payload["transactionId"] for stop in self.central.seen("StopTransaction")}
        return set(self.central.transactions.values()) - ended

    def check_transactions(self, least: int = 0, most: int | None = None) -> None:
        """Every transaction that the central system heard of began once and ended once, with a register that does not go back."""
        ids = set()
        ended = self.central.seen("StopTransaction")
        for (_, tag, meter, stamp), transaction in self.central.transactions.items():
            ids.add(transaction)
            stops = [stop for stop in ended if stop.payload["transactionId"] == transaction]
            if not stops:
                raise Lost("transaction %d of %s at %s never ended" % (transaction, tag, stamp))
            for stop in stops:
                if stop.payload != stops[0].payload:
                    raise Lost("transaction %d ended twice: %s and %s" % (transaction, stops[0].payload, stop.payload))
            if stops[0].payload["meterStop"] < int(meter):
                raise Lost("the register went back in transaction %d" % transaction)
        unknown = {stop.payload["transactionId"] for stop in ended} - ids
        if unknown:
            raise Lost("StopTransaction for %s, which never began" % unknown)
        if len(ids) < least or (most is not None and len(ids) > most):
            raise Lost("%d transactions reached the central system instead of %d to %s" % (len(ids), least, most))

    def check_traffic(self) -> None:
        faults = violations(list(self.central.messages))
        if faults:
            raise Lost("messages that OCPP 1.6 does not allow: " + "; ".join(faults))
