"""What the vehicles saw and what the central system was told, and whether the two agree; what was
drawn, and what the rules allowed.

The rules are tools/expected.py's, which knows nothing of the firmware. While it is not certain
which of two sets of profiles holds (a request without an answer), either may."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import NamedTuple

from tools import expected
from tools.expected import Site
from tools.traffic import CALL, RESULT, Message

SITE = Site(amps=32, grid_amps=48, connectors=2)
# After a change of the limit: IEC 61851-1 gives a vehicle 5 s; the agent and the outlet's model the
# rest
_FOLLOWS_S = 10
# 44 kW for 5 s: what flows between the register's last reading and the open contactor
_AFTER_STOP_WH = 60
_MOST_TROUBLES = 20


class Visit(NamedTuple):
    """A vehicle at a connector, from plug to unplug; the register in Wh before and after."""

    connector: int
    tags: list
    before: int
    after: int


class Told(NamedTuple):
    """A StartTransaction or StopTransaction as the central system got it."""

    transaction: int
    payload: dict


class Accounts:
    """`troubles` are sentences about what does not agree."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self.starts: dict[str, Told] = {}
        self.stops: dict[int, dict] = {}
        # (transaction, connector, instant, highest amperes of a phase)
        self.samples: list[tuple[int, int, int, float]] = []
        self.visits: list[Visit] = []
        # Tag of each transaction that the station showed: its connector
        self.seen_charging: dict[str, int] = {}
        self.highest_a = 0.0  # drawn on one phase of one connector
        # The least that was left between what was drawn and what was allowed
        self.nearest_a: float | None = None
        self.looks = 0
        self._here: dict[int, tuple[list, int]] = {}
        # (instant from which on, what may be installed)
        self._history: list[tuple[int, list]] = [(0, [[]])]
        self._calls: dict[str, Message] = {}
        self._started: dict[int, int] = {}  # transaction: its beginning

    def trouble(self, sentence: str) -> None:
        if len(self.troubles) < _MOST_TROUBLES:
            self.troubles.append(sentence)
            print("WRONG: " + sentence, file=sys.stderr, flush=True)

    # ---- profiles ----

    def worlds(self) -> list:
        """Each list of Placed that may be installed now."""
        return self._history[-1][1]

    def profiles(self, worlds: list, at: int) -> None:
        different: list = []
        for world in worlds:
            if world not in different:
                different.append(world)
        self._history.append((at, different))

    def _worlds_at(self, at: int) -> Iterator[list]:
        """Everything that may have been installed in the last seconds before."""
        for place in range(len(self._history) - 1, -1, -1):
            since, worlds = self._history[place]
            if since <= at:
                yield from worlds
                if since <= at - _FOLLOWS_S:
                    return

    def _allowed_da(self, connector: int, at: int, running: tuple | None) -> int:
        instants = (at, at - _FOLLOWS_S // 2, at - _FOLLOWS_S)
        return max(
            expected.limit(SITE, world, connector, when, running)[0]
            for world in self._worlds_at(at)
            for when in instants
        )

    def _allowed_together_da(self, at: int) -> int:
        limits = [
            expected.station_limit(SITE, world, when)
            for world in self._worlds_at(at)
            for when in (at, at - _FOLLOWS_S)
        ]
        return max(limit for limit in limits if limit is not None)

    # ---- what the central system hears ----

    def hear(self, message: Message) -> None:
        if (
            message.kind == CALL
            and not message.to_station
            and message.action in ("StartTransaction", "StopTransaction", "MeterValues")
        ):
            self._calls[message.id or ""] = message
        elif message.kind == RESULT and message.to_station and message.id in self._calls:
            call = self._calls.pop(message.id)
            getattr(self, "_hear_" + str(call.action))(call.payload, message.payload)

    def _hear_StartTransaction(self, payload: dict, answer: dict) -> None:
        told = Told(answer["transactionId"], payload)
        if self.starts.setdefault(payload["idTag"], told) != told:
            self.trouble(
                "%s started twice: %s and %s"
                % (payload["idTag"], self.starts[payload["idTag"]], told)
            )
        self._started[told.transaction] = expected.instant(payload["timestamp"])

    def _hear_StopTransaction(self, payload: dict, answer: dict) -> None:
        if self.stops.setdefault(payload["transactionId"], payload) != payload:
            self.trouble("transaction %d stopped twice" % payload["transactionId"])

    def _hear_MeterValues(self, payload: dict, answer: dict) -> None:
        for meter_value in payload["meterValue"]:
            amps = [
                float(v["value"])
                for v in meter_value["sampledValue"]
                if v.get("measurand") == "Current.Import"
            ]
            if amps and payload.get("transactionId") is not None:
                at = expected.instant(meter_value["timestamp"])
                self.samples.append(
                    (payload["transactionId"], payload["connectorId"], at, max(amps))
                )

    def open(self) -> set[int]:
        """Transactions that began and did not end."""
        return {told.transaction for told in self.starts.values()} - set(self.stops)

    # ---- what happens at the vehicles ----

    def arrive(self, connector: int, tag: str, wh: int) -> None:
        if connector in self._here:  # the one before left in a power cut
            self.leave(connector, wh)
        self._here[connector] = ([tag], wh)

    def leave(self, connector: int, wh: int) -> None:
        tags, before = self._here.pop(connector, ([], wh))
        self.visits.append(Visit(connector, tags, before, wh))

    def look(self, state: dict, at: int) -> None:
        """The station's state at an instant, when everything has settled."""
        self.looks += 1
        together = 0.0
        for connector in state["connectors"]:
            running = connector["transaction"]
            amps = connector["meter"]["amps"]
            together += amps
            if running is not None:
                self.seen_charging.setdefault(running["id_tag"], connector["id"])
            if amps and (running is None or not connector["contactor"]["closed"]):
                self.trouble(
                    "at %s connector %d draws %s A without a transaction"
                    % (state["now"], connector["id"], amps)
                )
            # A transaction whose id the station does not know yet has no profiles of its own, and
            # yet a beginning.
            self._judge(
                connector["id"],
                at,
                amps,
                running and (running["id"], expected.instant(running["start"])),
                "drawn",
            )
        if together * 10 > self._allowed_together_da(at):
            self.trouble(
                "at %s both draw %.1f A, and %.1f A are allowed"
                % (state["now"], together, self._allowed_together_da(at) / 10)
            )

    def _judge(
        self, connector: int, at: int, amps: float, running: tuple | None, what: str
    ) -> None:
        if not amps:
            return
        left_da = self._allowed_da(connector, at, running) - round(amps * 10)
        self.highest_a = max(self.highest_a, amps)
        self.nearest_a = min(
            left_da / 10, left_da / 10 if self.nearest_a is None else self.nearest_a
        )
        if left_da < 0:
            self.trouble(
                "%s A %s at connector %d, %.1f A above what the rules allow, %d s since 2020"
                % (amps, what, connector, -left_da / 10, at)
            )

    # ---- do they agree? ----

    def compare(self) -> dict[str, int]:
        """Adds what does not agree to `troubles`; the figures."""
        energy = {told.payload["idTag"]: self._energy(told) for told in self.starts.values()}
        for tag in self.seen_charging:
            if tag not in self.starts:
                self.trouble("%s charged, and the central system does not know" % tag)
        for tag, told in self.starts.items():
            if told.transaction not in self.stops:
                self.trouble("%s never ended at the central system" % tag)
        for visit in self.visits:
            told_wh = sum(energy.get(tag, 0) for tag in visit.tags)
            if not 0 <= visit.after - visit.before - told_wh <= _AFTER_STOP_WH:
                self.trouble(
                    "%s took %d Wh, and %d Wh were told"
                    % (visit.tags, visit.after - visit.before, told_wh)
                )
        for transaction, connector, at, amps in self.samples:
            self._judge(
                connector, at, amps, (transaction, self._started[transaction]), "in a meter value"
            )
        return {
            "at the vehicles": len(self.seen_charging),
            "started": len(self.starts),
            "stopped": len(self.stops),
            "Wh at the vehicles": sum(visit.after - visit.before for visit in self.visits),
            "Wh told": sum(energy.values()),
        }

    def _energy(self, told: Told) -> int:
        stop = self.stops.get(told.transaction)
        if stop is None:
            return 0
        wh = stop["meterStop"] - told.payload["meterStart"]
        if wh < 0:
            self.trouble("the register went back in %s: %s" % (told, json.dumps(stop)))
        return wh
