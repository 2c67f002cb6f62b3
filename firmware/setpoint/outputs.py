"""What the control loop may do with a connector: what the station means now, whichever event it was that changed it."""

from .units import tenths_text


def assign(app, connector_id: int) -> None:
    """A new limit is logged with its reason."""
    point = app.control.points[connector_id]
    connector = app.station.connector(connector_id)
    grant = app.station.limits.grants[connector_id]
    point.phases, point.permitted, point.lock_wanted = grant.phases, connector.permitted(), bool(connector.locked)
    if point.limit_da != grant.da:
        point.limit_da = grant.da
        why = grant.why(app.station.now)
        app.log("info", "limit", "connector %d: %s A, %s" % (connector_id, tenths_text(grant.da), why))
