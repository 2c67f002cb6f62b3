"""The calls that a central system's prompt makes: one method each, named as the command."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable

from tools import profile_files
from tools.central_system import CallRefused, CentralSystem
from tools.central_words import Misused, Wrong, number_in, object_in
from tools.charge_points import ChargePoint, ChargePoints
from tools.composite_table import composite_table

UNREGISTERED_S = 10  # a charge point that was registered before need not say so again
_UNITS = ("A", "W")


class Calls:
    """`patience_s`: how long a call waits for a charge point to register; 0 at a terminal."""

    def __init__(
        self,
        central: CentralSystem,
        points: ChargePoints,
        say: Callable[[str], None],
        patience_s: float,
    ) -> None:
        self.central, self.points, self.say, self.patience_s = central, points, say, patience_s
        self.chosen: str | None = None  # by `use`
        self.reservation = 0  # the last one that was made here; 0: none
        self.last = ""  # the status of the last answer, or its error's code
        self.refused = False  # the last answer was a CALLERROR

    def point(self) -> ChargePoint | None:
        """The charge point that commands go to."""
        return self.points.get(self.chosen) if self.chosen is not None else self.points.latest()

    def call(self, action: str, payload: dict) -> dict:
        """Calls the charge point; without a terminal, once one is registered. {} after an error."""
        if self.patience_s:
            self._await_registration()
        point = self.point()
        if point is None or not point.connected:
            raise Wrong(
                "%s is not connected" % self.chosen
                if self.chosen
                else "no charge point is connected"
            )
        self.refused = False
        try:
            answer = self.central.call(action, payload, charge_point=point.name)
        except CallRefused as error:
            self.refused, self.last = True, error.code  # the traffic shows it
            return {}
        self.last = str(answer.get("status", ""))
        return answer

    def _await_registration(self) -> None:
        def ready() -> bool:
            point = self.point()
            return (
                point is not None
                and point.connected
                and (
                    point.registered
                    or not point.booting
                    and time.time() - point.since > UNREGISTERED_S
                )
            )

        if not self.happens(ready, self.patience_s):
            raise Wrong("no charge point has registered within %d s" % self.patience_s)

    def happens(self, condition: Callable[[], Any], within_s: float) -> bool:
        end = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def do_set(self, file: str, connector: str | None = None) -> None:
        self.call(
            "SetChargingProfile",
            profile_files.read(
                file, None if connector is None else number_in("CONNECTOR", connector)
            ),
        )

    def do_clear(self, *filters: str) -> None:
        names = {
            "id": "id",
            "connector": "connectorId",
            "purpose": "chargingProfilePurpose",
            "level": "stackLevel",
        }
        payload: dict[str, Any] = {}
        for text in filters:
            name, _, value = text.partition("=")
            if name not in names:
                raise Misused("clear knows %s" % ", ".join(names))
            payload[names[name]] = value if name == "purpose" else number_in(name, value)
        self.call("ClearChargingProfile", payload)

    def do_composite(self, connector: str, seconds: str, unit: str | None = None) -> None:
        payload: dict[str, Any] = {
            "connectorId": number_in("CONNECTOR", connector),
            "duration": number_in("SECONDS", seconds),
        }
        if unit:
            if unit.upper() not in _UNITS:
                raise Misused("%s is no unit" % unit)
            payload["chargingRateUnit"] = unit.upper()
        answer = self.call("GetCompositeSchedule", payload)
        for line in composite_table(answer) if not self.refused else ():
            self.say(line)

    def do_remote_start(
        self, tag: str, connector: str | None = None, file: str | None = None
    ) -> None:
        payload: dict[str, Any] = {"idTag": tag}
        if connector is not None:
            payload["connectorId"] = number_in("CONNECTOR", connector)
        if file is not None:
            payload["chargingProfile"] = profile_files.read(file)["csChargingProfiles"]
        self.call("RemoteStartTransaction", payload)

    def do_remote_stop(self, transaction: str | None = None) -> None:
        point = self.point()
        running = list(point.transactions) if point else []
        number = (
            number_in("TRANSACTION", transaction)
            if transaction
            else running[-1]
            if running
            else self.central.next_transaction_id - 1
        )
        if number < 1:
            raise Wrong("no transaction has started")
        self.call("RemoteStopTransaction", {"transactionId": number})

    def do_reserve(self, tag: str, connector: str = "0", minutes: str = "15") -> None:
        ends = time.gmtime(time.time() + 60 * number_in("MINUTES", minutes))
        # Another number than those of a console that ran before
        number = max(self.reservation + 1, int(time.time()) % 2**31)
        payload = {
            "connectorId": number_in("CONNECTOR", connector),
            "expiryDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", ends),
            "idTag": tag,
            "reservationId": number,
        }
        self.call("ReserveNow", payload)
        if self.last == "Accepted":
            self.reservation = number

    def do_cancel(self, reservation: str | None = None) -> None:
        number = number_in("RESERVATION", reservation) if reservation else self.reservation
        if not number:
            raise Wrong("nothing was reserved")
        self.call("CancelReservation", {"reservationId": number})

    def do_trigger(self, message: str, connector: str | None = None) -> None:
        payload: dict[str, Any] = {"requestedMessage": message}
        if connector is not None:
            payload["connectorId"] = number_in("CONNECTOR", connector)
        self.call("TriggerMessage", payload)

    def do_get_config(self, *keys: str) -> None:
        answer = self.call("GetConfiguration", {"key": list(keys)} if keys else {})
        for item in sorted(answer.get("configurationKey", ()), key=lambda item: item["key"]):
            self.say(
                "  %-40s %s%s"
                % (
                    item["key"],
                    item.get("value", ""),
                    "   (read-only)" if item.get("readonly") else "",
                )
            )
        for key in answer.get("unknownKey", ()):
            self.say("  %-40s unknown" % key)

    def do_config(self, key: str, value: str) -> None:
        self.call("ChangeConfiguration", {"key": key, "value": value})

    def do_reset(self, kind: str = "Soft") -> None:
        if kind.capitalize() not in ("Soft", "Hard"):
            raise Misused("%s is no kind of reset" % kind)
        self.call("Reset", {"type": kind.capitalize()})

    def do_raw(self, rest: str) -> None:
        action, _, text = rest.partition(" ")
        if not action:
            raise Misused("too few words")
        if text.startswith("@"):
            try:
                text = Path(text[1:]).expanduser().read_text()
            except OSError as error:
                raise Wrong("%s cannot be read: %s" % (text[1:], error.strerror)) from None
        self.call(action, object_in(text or "{}"))
