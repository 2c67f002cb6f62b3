"""The words of a central system's prompt: its commands, what they take, and OCPP 1.6's names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import ocpp.v16

from tools import profile_files
from tools.traffic import schema_for

# Each command: (how it is written, what it does).
COMMANDS = {
    "list": ("", "the charge points: connectors, transactions"),
    "use": ("[ID]", "commands go to this one; without an id, to the last that connected"),
    "set": ("FILE [CONNECTOR]", "SetChargingProfile: a file, or an example's name"),
    "clear": ("[id=N] [connector=N] [purpose=TxDefaultProfile] [level=N]", ""),
    "composite": ("CONNECTOR SECONDS [A|W]", "GetCompositeSchedule, as a table"),
    "remote-start": ("TAG [CONNECTOR] [PROFILE-FILE]", ""),
    "remote-stop": ("[TRANSACTION]", "without a number: the last one that started"),
    "reserve": ("TAG [CONNECTOR] [MINUTES]", "ReserveNow: any connector, for 15 minutes"),
    "cancel": ("[RESERVATION]", "CancelReservation; without a number: the last one made here"),
    "trigger": ("MESSAGE [CONNECTOR]", "TriggerMessage: BootNotification, MeterValues ..."),
    "get-config": ("[KEY ...]", "all keys, or these"),
    "config": ("KEY VALUE", "ChangeConfiguration"),
    "reset": ("[Soft|Hard]", ""),
    "raw": ("ACTION [JSON|@FILE]", 'any call: raw UnlockConnector {"connectorId": 1}'),
    "answer": (
        "ACTION [STATUS|JSON|silence|error CODE]",
        "what calls get from now on; alone: as usual",
    ),
    "drop": ("[abrupt]", "ends the connection, with a close frame or without"),
    "wait": ("SECONDS", ""),
    "wait-for": ("STATUS|ACTION [CONNECTOR] [SECONDS]", "a connector's status, or a call; 60 s"),
    "expect": ("STATUS", "was this the last answer's status, or its error's code?"),
    "help": ("", ""),
    "quit": ("", ""),
}
CONNECTOR_STATUSES = (
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEVSE",
    "SuspendedEV",
    "Finishing",
    "Reserved",
    "Unavailable",
    "Faulted",
)
FROM_CHARGE_POINTS = (
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
)
_SCHEMAS = Path(ocpp.v16.__file__).parent / "schemas"


class Wrong(Exception):
    """A command that cannot be carried out; the argument says why."""


class Misused(Wrong):
    """A command that is written in another way."""


class Unexpected(Wrong):
    """`expect` or `wait-for` did not see what it should."""


def number_in(name: str, text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise Misused("%s must be a whole number, not %r" % (name, text))
    return int(text)


def object_in(text: str) -> dict:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Misused("this is no JSON (%s)" % error) from None
    if not isinstance(found, dict):
        raise Misused("the JSON must be an object")
    return found


def to_charge_points() -> list[str]:
    """The calls that a central system may make."""
    names = {path.stem for path in _SCHEMAS.glob("*.json") if not path.stem.endswith("Response")}
    return sorted(names - set(FROM_CHARGE_POINTS) | {"DataTransfer"})


def statuses_in_answer(action: str) -> list[str]:
    """The statuses that the schema of a call's answer allows."""
    schema = schema_for(action, False)
    fields: Any = schema.schema["properties"] if schema else {}
    if "idTagInfo" in fields:
        fields = fields["idTagInfo"]["properties"]
    return list(fields.get("status", {}).get("enum", ()))


def completions(before: str, ids: list[str], keys: list[str]) -> list[str]:
    """The words that may follow `before`, the words of a line that are there already."""
    given = before.split()
    if not given:
        return list(COMMANDS)
    trigger = schema_for("TriggerMessage", True)
    assert trigger is not None
    profiles = sorted(path.stem for path in profile_files.FOLDER.glob("*.json"))
    purposes = ["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]
    places: dict[tuple[str, int], list[str]] = {
        ("use", 1): ids,
        ("set", 1): profiles,
        ("remote-start", 3): profiles,
        ("composite", 3): ["A", "W"],
        ("trigger", 1): list(trigger.schema["properties"]["requestedMessage"]["enum"]),
        ("config", 1): keys,
        ("reset", 1): ["Soft", "Hard"],
        ("raw", 1): to_charge_points(),
        ("answer", 1): list(FROM_CHARGE_POINTS),
        ("drop", 1): ["abrupt"],
        ("wait-for", 1): [*CONNECTOR_STATUSES, *FROM_CHARGE_POINTS],
        ("expect", 1): ["Accepted", "Rejected", "NotSupported", "RebootRequired", "Unknown"],
    }
    if given[0] == "get-config":
        return keys
    if given[0] == "clear":
        return ["id=", "connector=", "level=", *["purpose=" + purpose for purpose in purposes]]
    if given[0] == "answer" and len(given) == 2:
        return [*statuses_in_answer(given[1]), "silence", "error"]
    return places.get((given[0], len(given)), [])
