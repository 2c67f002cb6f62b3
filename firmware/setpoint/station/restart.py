"""The restart that a Reset asks for (OCPP 1.6, 5.14): transactions are ended first, and their end
is reported if that is possible soon. A vehicle is given the time to stop (6 s, IEC 61851-1): no
contactor opens under load for a restart that was asked for.

A restart that does not come about is tried again ResetRetries times, and then reported as
ResetFailure. Loaded when it is asked for (late.py)."""

from micropython import const

# For the StopTransactions to be answered, and for the restart to come about
_PATIENCE_MS = const(30000)


def begin(station, kind: str) -> None:
    """A Reset was asked for, Hard or Soft. While it is tried there is one more part."""
    _begin(station, kind + "Reset", "%s reset asked by the central system" % kind)


def begin_for_owner(station) -> None:
    """The owner asked for it, at the station's own page."""
    _begin(station, "Reboot", "restart asked by the owner")


def _begin(station, reason: str, sentence: str) -> None:
    end(station)
    station.facts.log("warn", sentence)
    station.restart = Restart(reason, station)
    station.join(station.restart)


def end(station) -> None:
    if station.restart is not None:
        station.leave(station.restart)
        station.restart = None


class Restart:
    """A part of the station while it is tried. reason: of the transactions' end."""

    def __init__(self, reason: str, station) -> None:
        self._station = station
        self._facts = facts = station.facts
        self._tries = 0
        # When it is tried, whatever is still open
        self._at_ms = facts.up_ms + _PATIENCE_MS
        station.transactions.end_all(reason)

    def due_ms(self) -> int:
        return self._at_ms

    def settle(self) -> None:
        """Restarts when everything is said and every contactor open, or it is time."""
        facts = self._facts
        if facts.up_ms < self._at_ms and self._waits():
            return
        self._at_ms = facts.up_ms + _PATIENCE_MS
        if self._tries > facts.settings["ResetRetries"]:
            facts.charge_point.on_fault(
                "ResetFailure", None, "reset tried %d times" % self._tries, True
            )
            end(self._station)
        else:
            self._tries += 1
            facts.effects.append(("reset",))

    def _waits(self) -> bool:
        facts = self._facts
        if self._tries or (facts.online() and len(self._station.outbox)):
            return True
        return any([c.stopped is not None or c.live() for c in facts.connectors])
