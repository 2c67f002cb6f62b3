"""The bound of a connector at any instant, and when it will be another one.

Profiles and the weekly plan are asked for their own changes, on stacks of this file's own: those by
which the station charges are left alone. Every other source (the house, a dim input, the owner, the
cable, the wiring) holds as it is now: nobody knows its future.

A connector that shares a total with others is shown its bound, not its share, as by
GetCompositeSchedule."""

from ..schedule.profile import NOT_STARTED
from ..schedule.stack import Stack
from ..units import FOREVER

_MOST_LOOKS = 24  # for the next change: of periods that change nothing


class Bound:
    """The bound of one connector: `da` and `until` after each `at`."""

    def __init__(self, station, connector, started: "int | None") -> None:
        """started: of its transaction, as ChargingProfile.speaks takes it."""
        profiles = station.profiles
        transaction = connector.transaction
        self._supply = profiles.supply
        self._own = Stack(list(profiles.reaching(connector.id, transaction).profiles))
        self._top = Stack(list(profiles.of_station().profiles))
        self._started = started
        self._constant_da = lowest_constant(station, connector)
        self.da = 0
        self.until = FOREVER

    def at(self, instant: int) -> None:
        own, top, supply = self._own, self._top, self._supply
        own.ask(instant, self._started)
        top.ask(instant, None)
        rate = supply.own_rate
        for stack in (own, top):
            if stack.rate is not None and stack.rate < rate:
                rate = stack.rate
        self.da = rate // supply.rate_per_da
        if self._constant_da is not None and self._constant_da < self.da:
            self.da = self._constant_da
        self.until = min(own.until, top.until)


def constants(station, connector):
    """Yields (source, words, da) of what limits a connector whatever the time."""
    caps = station.limits.caps.get(connector.id, {})
    for source in caps:
        yield source, None, caps[source]
    totals = station.limits.totals or {}
    for source in totals:
        yield source, totals[source][1], totals[source][0]


def lowest_constant(station, connector) -> "int | None":
    found = None
    for _, _, da in constants(station, connector):
        if found is None or da < found:
            found = da
    return found


def next_change(station, connector, now: "int | None") -> "tuple[int, int] | None":
    """(instant, tenths of an ampere) of the connector's next other bound; None: none is known."""
    if now is None:
        return None
    transaction = connector.transaction
    bound = Bound(station, connector, NOT_STARTED if transaction is None else transaction.started)
    bound.at(now)
    da = bound.da
    for _ in range(_MOST_LOOKS):
        at = bound.until
        if at >= FOREVER:
            return None
        bound.at(at)
        if bound.da != da:
            return at, bound.da
    return None
