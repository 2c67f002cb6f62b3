"""What the control loop found wrong: to the log, to the station, and to flash what only a person ends. Loaded when there is
something (late.py)."""

from .late import load


def tell(app, connector_id: int, point, numbers: "list[int] | int") -> None:
    """Of a connector, or (0) of the control loop as a whole; `numbers`: what was measured, by bit or for all of them."""
    for code, name, info, there in load("setpoint.pilot.faults").changes(point.told_faults, point.faults, numbers):
        text = "connector %d: %s %s" % (connector_id, name, info if there else "is over")
        app.log("error" if there else "info", "control", text)
        app.tell(app.station.on_fault, connector_id, code, name, info, there)
    point.told_faults = point.faults
    held = point.protection.held if connector_id else 0
    if held != app.held.get(str(connector_id), 0):
        app.held[str(connector_id)] = held
        try:
            app.documents.write("faults", app.held)
        except OSError as error:
            app.log("error", "control", "a fault that must be kept cannot be written: %s" % error)
