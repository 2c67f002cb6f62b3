"""Request payloads that are nearly right: made from the official schemas, then broken in one or two
places."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import ocpp.v16

_SCHEMAS = Path(ocpp.v16.__file__).parent / "schemas"
# What would end a charge or the station by right is left out: it is tested where it belongs.
ACTIONS = (
    "ChangeConfiguration", "ClearCache", "ClearChargingProfile", "DataTransfer",
    "GetCompositeSchedule", "GetConfiguration", "SetChargingProfile", "TriggerMessage",
    "UnlockConnector", "ChangeAvailability", "RemoteStartTransaction", "RemoteStopTransaction",
    "Reset", "ReserveNow", "CancelReservation",
)  # fmt: skip
_NASTY = (
    None, True, -1, 0, 2**31, -(2**63), 1e308, 0.1, "", "\x00", "../../etc", "%s%n", "é" * 40,
    "A" * 2000, [], [[]], {}, {"a": {"b": []}}, "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z",
)  # fmt: skip


@lru_cache(None)
def _schema(action: str) -> dict:
    """Without the ban on fields that it does not name: those a charge point ignores."""
    text = (_SCHEMAS / (action + ".json")).read_text(encoding="utf-8-sig")
    return json.loads(text.replace('"additionalProperties": false', '"additionalProperties": true'))


def _legal(schema: dict, chance: random.Random) -> Any:
    """A value that the schema allows."""
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        wanted = schema.get("required", [])
        names = [
            name for name in schema.get("properties", {}) if name in wanted or chance.random() < 0.5
        ]
        return {name: _legal(schema["properties"][name], chance) for name in names}
    if kind == "array":
        return [
            _legal(schema["items"], chance)
            for _ in range(chance.randint(schema.get("minItems", 0), 3))
        ]
    if kind == "integer":
        return chance.randint(-1, 5)
    if kind == "number":
        return chance.randint(0, 400) / 10
    if kind == "boolean":
        return chance.random() < 0.5
    if schema.get("format") == "date-time":
        return "2026-%02d-%02dT%02d:00:00Z" % (
            chance.randint(1, 12),
            chance.randint(1, 28),
            chance.randint(0, 23),
        )
    return "x" * chance.randint(0, min(20, schema.get("maxLength", 20)))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside."""
    keys: Any = (
        list(value)
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    found = []
    for key in keys:
        found += [(value, key), *_places(value[key])]
    return found


def hostile_payloads(chance: random.Random, count: int) -> Iterator[tuple[str, dict]]:
    """(action, payload) that no charge point may take: each breaks the schema of its action."""
    while count:
        action = chance.choice(ACTIONS)
        payload = _legal(_schema(action), chance)
        for _ in range(chance.randint(1, 2)):
            places = _places(payload)
            if not places or chance.random() < 0.1:
                payload[chance.choice(("x", "", "connectorId", "__init__"))] = copy.deepcopy(
                    chance.choice(_NASTY)
                )
                continue
            container, key = chance.choice(places)
            if isinstance(container, dict) and chance.random() < 0.3:
                del container[key]
            else:
                container[key] = copy.deepcopy(chance.choice(_NASTY))
        if _broken(action, payload):
            count -= 1
            yield action, payload


def mutated(value: Any, chance: random.Random) -> Any:
    """A JSON value with something else in one or two places, or in its own."""
    whole = {"": copy.deepcopy(value)}
    for _ in range(chance.randint(1, 2)):
        container, key = chance.choice(_places(whole))
        if isinstance(container, dict) and key and chance.random() < 0.3:
            del container[key]
        else:
            container[key] = copy.deepcopy(chance.choice(_NASTY))
    return whole[""]


def _broken(action: str, payload: dict) -> bool:
    try:
        jsonschema.validate(payload, _schema(action))
    except jsonschema.ValidationError:
        return True
    return False
