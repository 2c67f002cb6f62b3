"""How often contactors and phase relays have switched, in flash: the document "wear".

The app has it written once an hour, where a count has changed, and before a restart that somebody
asked for. So at most an hour is missing after a power cut, and flash bears it for centuries."""

from .messaging.shapes import all_ints


def take_up(app) -> None:
    """Has the counts go on from what is stored: {"1": closings of connector 1's contactor,
    "1 phases": switches of its phase relays, ...}."""
    stored = app.documents.read("wear", {}, all_ints)
    for connector_id in app.control.evses:
        evse = app.control.evses[connector_id]
        evse.closings = stored.get(str(connector_id), 0)
        evse.phase_switches = stored.get("%d phases" % connector_id, 0)


def keep(app) -> None:
    """Stores the counts. The next call tries again where a write failed."""
    counts = {}
    for connector_id in app.control.evses:
        evse = app.control.evses[connector_id]
        if evse.closings:
            counts[str(connector_id)] = evse.closings
        if evse.phase_switches:
            counts["%d phases" % connector_id] = evse.phase_switches
    if counts != app.documents.read("wear", {}, all_ints):
        try:
            app.documents.write("wear", counts)
        except OSError as error:
            app.log("error", "control", "counts of contactors cannot be written: %s" % error)
