"""What the control loop may do with each connector: what the station means now, whichever event it was that changed it."""

from .units import tenths_text


def assign(app) -> int:
    """Hands over limit, phases, permission and lock of every connector, and logs a new limit with its reason. Returns how many
    connectors have something new."""
    changes = 0
    station = app.station
    for connector in station.facts.connectors:
        point = app.control.points[connector.id]
        limit = station.limits.of[connector.id]
        permitted = connector.permitted()
        changes += (point.limit_da, point.phases, point.permitted) != (limit.da, limit.phases, permitted)
        point.phases, point.permitted = limit.phases, permitted
        point.lock_wanted = connector.has_lock and connector.lock_wanted()
        if point.limit_da != limit.da:
            point.limit_da = limit.da
            why = limit.why(station.facts.now)
            app.log("info", "limit", "connector %d: %s A, %s" % (connector.id, tenths_text(limit.da), why))
    return changes
