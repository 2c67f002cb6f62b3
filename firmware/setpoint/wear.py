"""How often contactors and phase relays have switched, in flash: the document "wear".

The app has it written once an hour, where a count has changed, and before a restart that somebody
asked for. So at most an hour is missing after a power cut, and flash bears it for centuries."""


def keep(app) -> None:
    """{"1": closings of connector 1's contactor, "1 phases": switches of its phase relays, ...}. The
    next call tries again where a write failed."""
    counts = {}
    for connector_id in app.control.evses:
        rest = app.control.evses[connector_id].rest
        if rest.closings:
            counts[str(connector_id)] = rest.closings
        if rest.switches:
            counts["%d phases" % connector_id] = rest.switches
    if counts != app.stored_wear:
        try:
            app.documents.write("wear", counts)
            app.stored_wear = counts
        except OSError as error:
            app.log("error", "control", "counts of contactors cannot be written: %s" % error)
