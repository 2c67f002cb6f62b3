"""Every request of OCPP 1.6's official schemas, as large as it may be and as nasty: what the
control loop must not notice.

Strings and lists have the length that the schema allows; those without one fill the message up.
"""

from __future__ import annotations

import json
from pathlib import Path

import ocpp.v16

MOST_BYTES = 8000  # about what the station takes in one message
_SCHEMAS = Path(ocpp.v16.__file__).parent / "schemas"
_DATA = {
    "properties": {"vendorId": {"type": "string", "maxLength": 255}, "data": {"type": "string"}}
}
_NASTY = ('\\"', "\\u0041", "\\ud83d\\ude00", "[{")  # as they stand in the message's text


def requests() -> list[tuple[str, str, str]]:
    """[(action, the largest text, the nastiest)]: in the nastiest every text is JSON inside a
    string, as far as it may be."""
    found = []
    for path in sorted(_SCHEMAS.glob("*.json")):
        action = path.stem
        if not action.endswith("Response"):
            schema = json.loads(path.read_text("utf-8-sig"))
            nasty = [_text(action, schema, filling) for filling in _NASTY]
            found.append((action, _text(action, schema, "x"), max(nasty, key=len)))
    for filling in _NASTY:
        text = _text("DataTransfer", _DATA, filling)
        found.append(("DataTransfer of %s" % filling, text, text))
    return found


def _text(action: str, schema: dict, filling: str) -> str:
    """With as many elements and characters where the schema sets no bound as the message holds."""
    text = ""
    for free in (1, 4, 24, 96, 400, 1000, 3000, 7000):
        longer = '[2,"%s","%s",%s]' % (action, action, _value(schema, filling, free))
        if len(longer.encode()) > MOST_BYTES and text:
            break
        text = longer
    return text


def _value(schema: dict, filling: str, free: int) -> str:
    """JSON text that the schema takes."""
    kind = schema.get("type", "object")
    if kind == "object":
        fields = schema.get("properties", {})
        return "{%s}" % ",".join(
            '"%s":%s' % (name, _value(fields[name], filling, free)) for name in fields
        )
    if kind == "array":
        count = min(schema.get("maxItems", 96), free, 96)
        items = [_value(schema["items"], filling, 1) for _ in range(count)]
        return "[%s]" % ",".join(items)
    if kind == "string":
        if "enum" in schema:
            return json.dumps(schema["enum"][-1])
        if schema.get("format") == "date-time":
            return '"2025-06-15T00:00:00.000000Z"'
        characters = 1 if filling in ("x", '\\"', "\\u0041", "\\ud83d\\ude00") else 2
        most = min(schema.get("maxLength", max(free, 1)), MOST_BYTES // len(filling))
        return '"%s"' % (filling * (most // characters))
    return {"integer": "2147483647", "number": "31.9", "boolean": "true"}[kind]
