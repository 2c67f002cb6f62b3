"""One line about each connector, for who watches the log; tools/board_state.py reads it."""

from .units import tenths_text


def log(app, connector_ids) -> None:
    """connector 1: Charging, 16.0 A, transaction 5, online
    connector 2: Faulted (overcurrent: Drew 41.3 A, offered less: unplug, check vehicle), 16.0 A,
    online"""
    station = app.station
    link = "online" if station.facts.online() else "offline"
    for connector_id in connector_ids:
        connector = station.facts.connector(connector_id)
        fault = connector.fault()
        status = "Faulted (%s)" % fault.words() if fault else connector.status()
        of = ", transaction %s" % connector.transaction.id if connector.transaction else ""
        limit = tenths_text(station.limits.of[connector_id].da)
        app.log(
            "info",
            "state",
            "connector %d: %s, %s A%s, %s" % (connector_id, status, limit, of, link),
        )
