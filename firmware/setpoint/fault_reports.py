"""Reports what the control loop found wrong to the log and the station, and stores what only a person
ends."""

from .pilot.fault_words import changes


def report(app, connector_id: int, evse, numbers: "list[int] | int") -> None:
    """Of a connector, or (0) of the control loop as a whole; `numbers`: what was measured, by bit
    or for all of them."""
    faults = evse.faults  # once: a control step may come between
    for code, name, info, there in changes(evse.reported_faults, faults, numbers):
        text = "connector %d: %s %s" % (connector_id, name, info if there else "is over")
        app.log("error" if there else "info", "control", text)
        app.dispatch(app.station.on_fault, connector_id, code, name, info, there)
    evse.reported_faults = faults
    keep(app)


def keep(app) -> None:
    """What only a person ends is to be in flash. Where a write failed, the next call tries
    again."""
    latched = {}
    for connector_id in app.control.evses:
        bits = app.control.evses[connector_id].protection.latched
        if bits:
            latched[str(connector_id)] = bits
    if latched != app.stored_faults:
        try:
            app.documents.write("faults", latched)
            app.stored_faults = latched
        except OSError as error:
            app.log("error", "control", "a fault that must be kept cannot be written: %s" % error)
