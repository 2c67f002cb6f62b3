"""OCPP-J messages as the bench sees them: recorded, printed readably, and judged.

The judges are the official JSON schemas in the `ocpp` package, read with exact decimals
(11.30000019 is not a multiple of 0.1, and 11.3 is), and what OCPP-J 1.6 says about ids, answers and
one call in flight at a time."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import ocpp.v16

CALL, RESULT, ERROR = 2, 3, 4
ERROR_CODES = {
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",  # spelt so in the standard
    "TypeConstraintViolation",
    "GenericError",
}
_SCHEMAS = Path(ocpp.v16.__file__).parent / "schemas"
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# A second call this soon after an unanswered one was not sent because of a time-out
_IN_FLIGHT_S = 1


@dataclass
class Message:
    """One text that crossed the wire. `kind` is None when it is not an OCPP-J message at all."""

    text: str
    to_station: bool
    connection: int = 0  # counts the connections
    deliberate: bool = False  # wrong on purpose: not judged
    at: float = field(default_factory=time.time)
    kind: int | None = None
    id: str | None = None
    action: str | None = None  # of a result or an error: that of the call it answers
    payload: Any = None
    code: str | None = None
    description: str | None = None
    charge_point: str = ""

    def __post_init__(self) -> None:
        try:
            parts = json.loads(self.text)
        except (ValueError, RecursionError):
            return
        shapes = {
            (CALL, 4): ("action", "payload"),
            (RESULT, 3): ("payload",),
            (ERROR, 5): ("code", "description", "payload"),
        }
        names = (
            shapes.get((parts[0], len(parts)))
            if isinstance(parts, list) and parts and isinstance(parts[0], int)
            else None
        )
        if names and isinstance(parts[1], str):
            self.kind, self.id = parts[:2]
            for name, value in zip(names, parts[2:], strict=True):
                setattr(self, name, value)


class Record(list):
    """The messages in order. Knows which call a result answers."""

    def add(self, message: Message) -> Message:
        if message.kind in (RESULT, ERROR):
            message.action = next((m.action for m in reversed(self) if is_answer(message, m)), None)
        self.append(message)
        return message


def is_answer(answer: Message, call: Message) -> bool:
    return call.kind == CALL and call.id == answer.id and call.to_station != answer.to_station


# ---- readable ----


def readable(message: Message) -> str:
    """One line: time, direction, action, the fields that matter."""
    clock = time.strftime("%H:%M:%S", time.localtime(message.at))
    return "%s  %s  %s" % (clock, "->" if message.to_station else "<-", gist(message))


def gist(message: Message) -> str:
    if message.kind is None:
        return "not an OCPP-J message: %.200s" % message.text
    if message.kind == ERROR:
        return "%-22s  %s: %s" % (message.action or "?", message.code, message.description)
    return (
        "%-22s  %s%s"
        % (message.action or "?", "" if message.kind == CALL else "= ", fields(message.payload))
    ).rstrip()


def fields(payload: Any) -> str:
    """An object's fields in one line: `connectorId 1, status Charging`. Schedules and meter values
    have their own form."""
    if not isinstance(payload, dict):
        return json.dumps(payload)
    texts = []
    for name, value in payload.items():
        if name in ("csChargingProfiles", "chargingProfile"):
            texts.append(profile_text(value))
        elif name == "chargingSchedule":
            texts.append(schedule_text(value))
        elif name == "meterValue":
            texts.append("; ".join(meter_text(item) for item in value))
        elif name == "configurationKey":
            few = ["%s=%s" % (item.get("key"), item.get("value")) for item in value[:3]]
            texts.append(
                "; ".join(few + ["%d more keys" % (len(value) - 3)] if len(value) > 3 else few)
            )
        elif name == "idTagInfo":
            texts.append(str(value.get("status")))
        elif isinstance(value, (dict, list)):
            texts.append("%s %s" % (name, json.dumps(value, separators=(",", ":"))))
        else:
            texts.append("%s %s" % (name, value))
    return ", ".join(texts)


def profile_text(profile: Any) -> str:
    """`TxProfile 7, level 3, Absolute: 16 A; from 60 s 10 A`"""
    try:
        head = (
            "%(chargingProfilePurpose)s %(chargingProfileId)s, level %(stackLevel)s, %(chargingProfileKind)s"
            % profile
        )
        return "%s: %s" % (head, schedule_text(profile["chargingSchedule"]))
    except (KeyError, TypeError):
        return json.dumps(profile)


def schedule_text(schedule: Any) -> str:
    try:
        unit = schedule["chargingRateUnit"]
        periods = schedule["chargingSchedulePeriod"]
        texts = [
            ("from %d s " % p["startPeriod"] if p["startPeriod"] else "")
            + "%s %s" % (p["limit"], unit)
            for p in periods[:6]
        ]
        more = ["%d more" % (len(periods) - 6)] if len(periods) > 6 else []
        return "; ".join(texts + more)
    except (KeyError, TypeError):
        return json.dumps(schedule)


def meter_text(item: Any) -> str:
    texts = []
    for value in item.get("sampledValue", ()):
        name = value.get("measurand", "Energy.Active.Import.Register")
        short = {
            "Energy.Active.Import.Register": "energy",
            "Power.Active.Import": "power",
            "Current.Offered": "offered",
        }.get(name, name)
        texts.append(
            "%s%s %s %s"
            % (
                short,
                " " + value["phase"] if "phase" in value else "",
                value.get("value"),
                value.get("unit", "Wh"),
            )
        )
    return ", ".join(texts)


# ---- judged ----


@lru_cache(maxsize=None)
def schema_for(action: str, is_call: bool) -> jsonschema.Draft4Validator | None:
    """The official schema, or None when OCPP 1.6 has no such action."""
    path = _SCHEMAS / ("%s%s.json" % (action, "" if is_call else "Response"))
    if not re.fullmatch(r"\w+", action) or not path.exists():
        return None
    formats = jsonschema.FormatChecker(formats=())
    formats.checks("date-time")(
        lambda text: not isinstance(text, str) or bool(_DATE_TIME.fullmatch(text))
    )
    return jsonschema.Draft4Validator(
        json.loads(path.read_text("utf-8-sig"), parse_float=Decimal), format_checker=formats
    )


def faults_in(message: Message) -> list[str]:
    """What is wrong with one message by itself."""
    try:
        parts = json.loads(
            message.text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except ValueError as error:
        return ["not JSON: %s" % error]
    if message.kind is None:
        return ["not an OCPP-J message"]
    if message.kind == ERROR:
        faults = (
            []
            if message.code in ERROR_CODES
            else ["error code %r is not one of OCPP-J 1.6" % message.code]
        )
        if not isinstance(message.description, str) or len(message.description) > 255:
            faults.append("the error description is not a text of at most 255 characters")
        return (
            faults
            if isinstance(message.payload, dict)
            else faults + ["the error details are not an object"]
        )
    if len(message.id or "") > 36:
        return ["the id has more than 36 characters"]
    if message.action is None:
        return []  # an answer to nothing: the record says so
    schema = schema_for(message.action, message.kind == CALL)
    if schema is None:
        return ["OCPP 1.6 has no action %r" % message.action]
    return [
        "%s: %s" % ("/".join(map(str, error.path)) or "payload", error.message)
        for error in schema.iter_errors(parts[-1])
    ]


def _refuse_constant(name: str) -> None:
    raise ValueError("%s is not JSON" % name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands twice in one object")
    return found


def violations(record: list[Message]) -> list[str]:
    """Every fault in both directions, with the message it is in. What was wrong on purpose is not
    judged."""
    found = []
    waiting: dict[tuple[int, bool], Message] = {}  # the call in flight by connection and direction
    ids = set()
    injected = "".join(
        message.text for message in record if message.deliberate and message.to_station
    )
    answered: set[tuple[int, bool, str]] = set()

    for message in record:
        faults = [] if message.deliberate else faults_in(message)
        lane = (message.connection, message.to_station)
        if message.kind == CALL:
            if not message.to_station:
                if message.id in ids:
                    faults.append("this id has been used before")
                ids.add(message.id)
                before = waiting.get(lane)
                if before is not None and message.at - before.at < _IN_FLIGHT_S:
                    faults.append("sent while %s was still in flight" % before.action)
            waiting[lane] = message
        elif message.kind in (RESULT, ERROR):
            call = waiting.get((message.connection, not message.to_station))
            if call is not None and call.id == message.id:
                del waiting[(message.connection, not message.to_station)]
            key = (*lane, message.id or "")
            if not message.to_station:
                if (
                    message.action is None
                    and message.id != "-1"
                    and json.dumps(message.id) not in injected
                ):
                    faults.append("answers a call that nobody made")
                if (
                    key in answered
                    and message.id != "-1"
                    and json.dumps(message.id) not in injected
                ):
                    faults.append("answers the same call again")
            answered.add(key)
        found += ["%s\n    %s" % (readable(message), fault) for fault in faults]
    return found
