"""What the control loop may do with each connector: what the station means now, whichever event it
was that changed it."""

from .units import MINIMUM_DA, tenths_text


def rests_ms(evse) -> int:
    """For so long its contactor does not close again."""
    return 0 if evse.sequence.contactor else evse.rest_ms


def assign(app) -> int:
    """Hands over limit, phases, permission and lock of every connector, and when its vehicle is
    woken; logs a new limit with its reason. Returns how many connectors have something new."""
    changes = 0
    station = app.station
    closed_ms = station.settings["ContactorMinimumClosedSeconds"] * 1000
    open_ms = station.settings["ContactorMinimumOpenSeconds"] * 1000
    for connector in station.facts.connectors:
        evse = app.control.evses[connector.id]
        evse.least_closed_ms, evse.least_open_ms = closed_ms, open_ms
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
            had_da, evse.limit_da = evse.limit_da, limit.da
            why = limit.why(station.facts.now)
            if app.house is not None and not app.house.tells(connector.id, had_da, limit.da, why):
                continue
            if limit.da >= MINIMUM_DA and rests_ms(evse):
                why += ", once the contactor has rested for %d s" % (evse.rest_ms // 1000)
            app.log(
                "info",
                "limit",
                "connector %d: %s A, %s" % (connector.id, tenths_text(limit.da), why),
            )
    return changes
