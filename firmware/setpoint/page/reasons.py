"""What limits a connector, as JSON, and what else several answers have in common: in the words of the log, and for a page in other languages.

    {"kind": "profile", "purpose": "TxProfile", "id": 7, "level": 3, "shared": false, "lowest": false}
    {"kind": "plan", "shared": false, "lowest": false}
    {"kind": "source", "source": "house", "words": "house, L2"}

shared: it is the connector's share of that. lowest: the time is not known, so the lowest period
counts."""

import json

from ..protocol.iso8601 import text_from
from ..units import FOREVER


def reason_of(source: str, reason, now: "int | None") -> str:
    """source, reason: as charging/limits.py's ConnectorLimit has them."""
    if reason is None or type(reason) is str:
        return '{"kind":"source","source":%s,"words":%s}' % (
            json.dumps(source),
            json.dumps(source if reason is None else reason),
        )
    rest = '"shared":%s,"lowest":%s}' % (
        truth(source == "sharing"),
        truth(now is None),
    )
    if reason.id is None:
        return '{"kind":"plan",' + rest
    return '{"kind":"profile","purpose":"%s","id":%d,"level":%d,%s' % (
        reason.purpose,
        reason.id,
        reason.level,
        rest,
    )


def instant(at: "int | None") -> str:
    """As JSON; null where it is not known, or never comes."""
    return "null" if at is None or abs(at) >= FOREVER else '"%s"' % text_from(at)


def truth(value) -> str:
    return "true" if value else "false"
