"""One line about each connector, for who watches the log; tools/board_state.py reads it."""

from .units import tenths_text


def tell(app, connector_ids) -> None:
    """connector 1: Charging, 16.0 A, transaction 5, online"""
    station = app.station
    link = "online" if station.online() else "offline"
    for connector_id in connector_ids:
        connector = station.connectors[connector_id - 1]
        of = ", transaction %s" % connector.transaction.id if connector.transaction else ""
        limit = tenths_text(station.limits.grants[connector_id].da)
        app.log("info", "state", "connector %d: %s, %s A%s, %s" % (connector_id, connector.status(), limit, of, link))
