"""Security events (OCPP 1.6 security whitepaper): SecurityEventNotification. Loaded for one use
(late.py)."""

from ..protocol.iso8601 import text_from
from .calls import SET_ASIDE

_MOST_EVENTS = 8
_MOST_INFO = 255  # characters


def happened(facts, kind: str, info: "str | None") -> None:
    """Something that the central system should know of, as soon as it can be sent. Of many, the
    latest are kept."""
    facts.log("security", "security event %s%s" % (kind, ": " + info if info else ""))
    _keep(facts, (facts.now, facts.up_ms, kind[:50], (info or "")[:_MOST_INFO]))


def _keep(facts, entry: tuple) -> None:
    facts.security_events = facts.security_events[1 - _MOST_EVENTS :] + [entry]


def report(facts, calls) -> None:
    """Sends SecurityEventNotification for what has happened. Only when online, and the time is
    known."""
    entries = facts.security_events
    facts.security_events = []
    for entry in entries:
        _send(facts, calls, entry)


def _send(facts, calls, entry: tuple) -> None:
    instant, up_ms, kind, info = entry
    if instant is None:
        instant = facts.now - (facts.up_ms - up_ms) // 1000
    payload = {"type": kind, "timestamp": text_from(instant)}
    if info:
        payload["techInfo"] = info

    def answered(payload, error):
        # Not a CALLERROR with its code: link or central system is away
        if error is not None and ":" not in error and error != SET_ASIDE:
            _keep(facts, entry)

    calls.ask("SecurityEventNotification", payload, answered)
