"""The state of the station for people and programs at the bench, as one dict."""

import gc

from .outputs import rests_ms
from .pilot.duty import offered_da_for, percent_x100_for
from .protocol.iso8601 import text_from
from .units import FOREVER


def _instant(instant: "int | None") -> "str | None":
    return None if instant is None or instant >= FOREVER else text_from(instant)


def _fallback_at(app) -> "str | None":
    """When the fallback limit begins if the central system stays silent."""
    begins_ms = app.station.fallback.begins_ms()
    now = app.clock.now()
    if begins_ms is None or now is None:
        return None
    return text_from(now + (begins_ms - app.clock.uptime_ms()) // 1000)


def state_of(app) -> dict:
    station = app.station
    return {
        "now": _instant(app.clock.now()),
        "registered": station.facts.accepted,
        "connected": station.facts.link_up,
        "connectors": [_connector(app, connector) for connector in station.facts.connectors],
        "dimmed": None if station.dimming is None else bool(station.dimming.active),
        "memory": {
            "used": gc.mem_alloc(),
            "free": gc.mem_free(),
            "peak": max(app.peak_memory, gc.mem_alloc()),
        },
        "loop": {"steps": app.control.steps, "worst_stall_ms": app.control.worst_stall_ms},
        "flash": app.board.flash_stats(),
        "page": None if app.page is None else app.board.door(app.page.listener).url(),
    }


def _connector(app, connector) -> dict:
    evse = app.control.evses[connector.id]
    outlet = evse.outlet
    limit = app.station.limits.of[connector.id]
    status, error, _, _ = connector.reported()
    closed = outlet.contactor_closed()
    transaction = connector.transaction
    return {
        "id": connector.id,
        "status": status,
        "error": error,
        "pilot": {
            "state": evse.sequence.vehicle or "A",
            "high_mv": outlet.high_mv,
            "low_mv": outlet.low_mv,
            "duty_percent": percent_x100_for(outlet.duty_u16) / 100,
            "offered_amps": offered_da_for(outlet.duty_u16) / 10,
        },
        "locked": outlet.lock_closed(),
        "contactor": {
            "closed": evse.sequence.contactor if closed is None else closed,
            "phases": outlet.phases,
            "rests_s": (rests_ms(evse) + 999) // 1000,
            "closings": evse.closings,
            "phase_switches": evse.phase_switches,
        },
        "limit": {
            "amps": limit.da / 10,
            "phases": limit.phases,
            "source": limit.source,
            "next_change": _instant(limit.until),
            "reason": limit.why(app.station.facts.now),
            "fallback_at": _fallback_at(app),
        },
        "transaction": None
        if transaction is None
        else {
            "id": transaction.id,
            "id_tag": transaction.id_tag,
            "start": _instant(transaction.started),
        },
        "meter": {
            "wh": outlet.meter_wh(),
            "amps": outlet.meter_da() / 10,
            "watts": outlet.meter_w(),
        },
    }
