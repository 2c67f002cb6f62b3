"""What the control loop may do with each connector: what the station means now, whichever event it
was that changed it."""

from .units import tenths_text


def assign(app) -> int:
    """Hands over limit, phases, permission and lock of every connector, and when its vehicle is
    woken; logs a new limit with its reason. Returns how many connectors have something new."""
    changes = 0
    station = app.station
    for connector in station.facts.connectors:
        evse = app.control.evses[connector.id]
        limit = station.limits.of[connector.id]
        permitted = connector.permitted()
        changes += (evse.limit_da, evse.phases, evse.permitted) != (
            limit.da,
            limit.phases,
            permitted,
        )
        evse.phases, evse.permitted = limit.phases, permitted
        evse.sequence.wake_ms = station.settings["WakeUpAfterSeconds"] * 1000
        evse.lock_wanted = connector.has_lock and connector.lock_wanted()
        if evse.limit_da != limit.da:
            evse.limit_da = limit.da
            why = limit.why(station.facts.now)
            app.log(
                "info",
                "limit",
                "connector %d: %s A, %s" % (connector.id, tenths_text(limit.da), why),
            )
    return changes
