"""Reset (OCPP 1.6, 5.14): transactions are ended first, and their end is reported if that is possible soon. A vehicle is given the
time to stop (6 s, IEC 61851-1): no contactor opens under load for a restart that was asked for.

A reset that does not come about is tried again ResetRetries times, and then reported as ResetFailure.
"""

from micropython import const

_PATIENCE_MS = const(30000)  # for the StopTransactions to be answered, and for the restart to come about


def answer(station, request: dict) -> dict:
    station.later(lambda: _begin(station, request["type"]))
    return {"status": "Accepted"}


def _begin(station, kind: str) -> None:
    station.log("warn", "%s reset asked by the central system" % kind)
    station.sessions.end_all(kind + "Reset")
    station.resets = 0
    station.reset_at_ms = station.up_ms + _PATIENCE_MS


def settle(station) -> None:
    """Restarts when everything is said and every contactor open, or it is time."""
    waits = station.resets or (station.online() and len(station.outbox)) or any([c.stopped is not None or c.live() for c in station.connectors])
    if waits and station.up_ms < station.reset_at_ms:
        return
    station.reset_at_ms = station.up_ms + _PATIENCE_MS
    if station.resets > station.settings["ResetRetries"]:
        station.reset_at_ms = None
        station.on_fault(0, "ResetFailure", None, "reset tried %d times" % station.resets, True)
    else:
        station.resets += 1
        station.actions.append(("reset",))
