"""How often contactors and phase relays have switched, in flash: the document "wear".

The app has it written once an hour, where a count has changed, and before a restart that somebody
asked for. So at most an hour is missing after a power cut, and flash bears it for centuries.

Before such a restart it notes how much of a contactor's time closed is missing (evse.py), too: who
restarts the station again and again must not wear the contactor out. The time open ends with the
restart, so that one in mid-charge costs the driver no more than the restart takes."""

from .messaging.shapes import all_ints


def take_up(app) -> None:
    """Has the counts go on from what is stored: {"1": closings of connector 1's contactor,
    "1 phases": switches of its phase relays, "1 rest": ms, ...}."""
    stored = app.documents.read("wear", {}, all_ints)
    rests = False
    for connector_id in app.control.evses:
        evse = app.control.evses[connector_id]
        evse.closings = stored.get(str(connector_id), 0)
        evse.phase_switches = stored.get("%d phases" % connector_id, 0)
        missing_ms = stored.get("%d rest" % connector_id)
        if missing_ms is not None:
            rests = True
            if app.board.reset_cause == "software":
                evse.rest_ms = max(missing_ms, 0)
    if rests:
        keep(app)  # it holds for this start only


def keep(app, restarts: bool = False) -> None:
    """Stores the counts; restarts: and what is missing of the time closed. The next call tries again
    where a write failed."""
    counts = {}
    for connector_id in app.control.evses:
        evse = app.control.evses[connector_id]
        if evse.closings:
            counts[str(connector_id)] = evse.closings
        if evse.phase_switches:
            counts["%d phases" % connector_id] = evse.phase_switches
        missing_ms = evse.rest_ms - evse.least_open_ms
        if restarts and missing_ms > 0:
            counts["%d rest" % connector_id] = missing_ms
    if counts != app.documents.read("wear", {}, all_ints):
        try:
            app.documents.write("wear", counts)
        except OSError as error:
            app.log("error", "control", "counts of contactors cannot be written: %s" % error)
