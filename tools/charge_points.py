"""What a central system's traffic tells about each charge point: registered, connectors."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.traffic import CALL, RESULT, Message

_KEPT = 200  # StartTransactions whose number a repetition gets again


@dataclass
class ChargePoint:
    """One charge point, by its id."""

    name: str
    connected: bool = False
    registered: bool = False  # on its present connection
    since: float = 0.0  # of the connection, or of its end
    booting: bool = False  # it sent a BootNotification on this connection
    starting: int = 0  # the connector of its last StartTransaction
    model: str = ""
    statuses: dict[int, str] = field(default_factory=dict)
    transactions: dict[int, int] = field(default_factory=dict)  # number: connector

    def line(self) -> str:
        """For `list`."""
        state = "registered" if self.registered else "not registered" if self.connected else "gone"
        clock = time.strftime("%H:%M:%S", time.localtime(self.since))
        parts = ["connector %d %s" % item for item in sorted(self.statuses.items())]
        parts += ["transaction %d at connector %d" % item for item in self.transactions.items()]
        head = "  %-16s %s since %s" % (self.name, state, clock)
        return ", ".join([head, *([self.model] if self.model else []), *parts])


class ChargePoints(dict[str, ChargePoint]):
    """All that came, by their ids. `hear` each message in order."""

    def connection(self, name: str, up: bool) -> None:
        point = self.setdefault(name, ChargePoint(name))
        point.connected, point.since = up, time.time()
        point.registered = point.booting = False
        self[name] = self.pop(name)  # the last that came stands last

    def latest(self) -> ChargePoint | None:
        """The one that connected last, of those that are there."""
        return next((point for point in reversed(self.values()) if point.connected), None)

    def hear(self, message: Message) -> None:
        point = self.get(message.charge_point)
        payload = message.payload
        if point is None or message.kind not in (CALL, RESULT) or not isinstance(payload, dict):
            return
        if message.kind == RESULT and message.to_station:
            if message.action == "BootNotification":
                point.registered = payload.get("status") == "Accepted"
            elif message.action == "StartTransaction" and "transactionId" in payload:
                point.transactions[payload["transactionId"]] = point.starting
        elif message.kind == CALL and not message.to_station:
            self._hear_call(point, message.action, payload)

    def _hear_call(self, point: ChargePoint, action: str | None, payload: dict[str, Any]) -> None:
        if action == "BootNotification":
            point.booting = True
            words = (payload.get("chargePointVendor"), payload.get("chargePointModel"))
            point.model = " ".join(str(word) for word in words if word)
            return
        if not point.booting:
            point.registered = True  # before this connection: only its start makes it ask again
        connector, number = payload.get("connectorId"), payload.get("transactionId")
        if action == "StatusNotification" and isinstance(connector, int):
            point.statuses[connector] = str(payload.get("status"))
        elif action == "StartTransaction" and isinstance(connector, int):
            point.starting = connector
        elif action == "StopTransaction" and isinstance(number, int):
            point.transactions.pop(number, None)
        elif action == "MeterValues" and isinstance(number, int) and isinstance(connector, int):
            point.transactions[number] = connector


class TransactionNumbers:
    """The central system's transaction numbers in a file, so that they go on after its restart."""

    def __init__(self, file: Path, central: Any) -> None:
        self._file, self._central = file, central
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            central.transactions = {tuple(key): number for key, number in kept["started"]}
            central.next_transaction_id = int(kept["next"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError):
            raise ValueError(
                "%s holds no transaction numbers: delete it to begin anew" % file
            ) from None

    def hear(self, message: Message) -> None:
        """Writes the file before the charge point gets the number."""
        if message.kind == RESULT and message.to_station and message.action == "StartTransaction":
            started = list(self._central.transactions.items())[-_KEPT:]
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside = self._file.with_suffix(".new")
            beside.write_text(
                json.dumps({"next": self._central.next_transaction_id, "started": started})
            )
            beside.replace(self._file)
